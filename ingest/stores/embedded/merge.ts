import type { Sink } from '../store.ts'
import type { Rows } from './codec.ts'

type Cursor = { rows: Rows; row: number; end: number }

/** Hands rows of several sorted pieces to a sink in one ascending order, as far as that is certain. */
export class Merge {
  #from: number
  #to: number
  #sink: Sink
  #cursors: Cursor[] = []

  constructor(from: number, to: number, sink: Sink) {
    this.#from = from
    this.#to = to
    this.#sink = sink
  }

  add(rows: Rows): void {
    const row = firstNotBefore(rows, this.#from)
    const end = firstNotBefore(rows, this.#to)
    if (row < end) this.#cursors.push({ rows, row, end })
  }

  /** Emits everything before `limit`; every piece that reaches before it has been added. False: the sink wants no more. */
  emitBefore(limit: number): boolean {
    for (;;) {
      let first: Cursor | null = null
      let firstAt = limit
      let secondAt = limit
      for (const cursor of this.#cursors) {
        const at = cursor.rows.measuredAt[cursor.row]!
        if (at < firstAt) {
          secondAt = firstAt
          firstAt = at
          first = cursor
        } else if (at < secondAt) secondAt = at
      }
      if (first === null) return true
      const { rows, end } = first
      while (first.row < end && rows.measuredAt[first.row]! < secondAt) {
        const row = first.row
        if (!this.#sink.point(rows.measuredAt[row]!, rows.value[row]!, rows.quality[row]!, rows.receivedAt[row]!)) return false
        first.row++
      }
      if (first.row === end) this.#cursors.splice(this.#cursors.indexOf(first), 1)
    }
  }
}

/** The first row at or after `time`. */
export function firstNotBefore(rows: Rows, time: number, low = 0, high = rows.n): number {
  const times = rows.measuredAt
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! < time) low = middle + 1
    else high = middle
  }
  return low
}
