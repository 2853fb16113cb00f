import type { Rows } from './codec.ts'
import { firstNotBefore } from './merge.ts'
import { Sums } from './sums.ts'

/** Most rows a series keeps in memory: at one a second more than five minutes, also just after the oldest were dropped. */
export const MOST_ROWS = 448

/** Rows in memory, sorted by measuredAt without two of the same. */
export class Columns implements Rows {
  n = 0
  measuredAt: Float64Array
  value: Float64Array
  receivedAt: Float64Array
  quality: Uint8Array
  deviceTimes: Map<number, number> | null = null
  #sums: Sums | null = null

  constructor(capacity = 16) {
    this.measuredAt = new Float64Array(capacity)
    this.value = new Float64Array(capacity)
    this.receivedAt = new Float64Array(capacity)
    this.quality = new Uint8Array(capacity)
  }

  /** Where `time` stands or would stand: the first row not before it. */
  search(time: number): number {
    return firstNotBefore(this, time)
  }

  /** The same for readings that come at an even pace: looks first where the row should be, which touches less memory. */
  near(time: number): number {
    const { measuredAt: times, n } = this
    if (n === 0 || time <= times[0]!) return 0
    const last = times[n - 1]!
    if (time > last) return n
    const guess = Math.floor(((time - times[0]!) / (last - times[0]!)) * (n - 1))
    let [low, high, step] = [guess, guess, 1]
    while (low > 0 && times[low]! >= time) [high, low, step] = [low, Math.max(0, low - step), step * 2]
    if (high === guess) {
      step = 1
      while (times[high]! < time) [low, high, step] = [high, Math.min(n - 1, high + step), step * 2]
    }
    return firstNotBefore(this, time, low, high)
  }

  /** Makes room for a row at `row`, for the caller to fill. */
  open(row: number): void {
    if (this.n === this.measuredAt.length) this.#grow()
    if (row < this.n) {
      this.#sums?.changedFrom(row)
      this.measuredAt.copyWithin(row + 1, row, this.n)
      this.value.copyWithin(row + 1, row, this.n)
      this.receivedAt.copyWithin(row + 1, row, this.n)
      this.quality.copyWithin(row + 1, row, this.n)
    }
    this.n++
  }

  /** Forgets the oldest rows. */
  dropFirst(count: number): void {
    if (this.deviceTimes) for (let i = 0; i < count; i++) this.deviceTimes.delete(this.measuredAt[i]!)
    this.measuredAt.copyWithin(0, count, this.n)
    this.value.copyWithin(0, count, this.n)
    this.receivedAt.copyWithin(0, count, this.n)
    this.quality.copyWithin(0, count, this.n)
    this.n -= count
    this.#sums?.dropFirst(count)
  }

  /** Puts older rows before the first. */
  prepend(pieces: Rows[]): void {
    const count = pieces.reduce((sum, { n }) => sum + n, 0)
    while (this.measuredAt.length < this.n + count) this.#grow()
    for (const column of [this.measuredAt, this.value, this.receivedAt, this.quality]) column.copyWithin(count, 0, this.n)
    let row = 0
    for (const piece of pieces) {
      this.measuredAt.set(piece.measuredAt, row)
      this.value.set(piece.value, row)
      this.receivedAt.set(piece.receivedAt, row)
      this.quality.set(piece.quality, row)
      row += piece.n
    }
    this.n += count
    this.#sums?.changedFrom(0)
  }

  get sums(): Sums {
    return (this.#sums ??= new Sums(MOST_ROWS))
  }

  mark(measuredAt: number, deviceTime: number): void {
    this.deviceTimes ??= new Map()
    this.deviceTimes.set(measuredAt, deviceTime)
  }

  /** A copy of some rows, untouched by what happens later. */
  slice(from: number, to: number): Rows {
    return {
      n: to - from,
      measuredAt: this.measuredAt.slice(from, to),
      value: this.value.slice(from, to),
      receivedAt: this.receivedAt.slice(from, to),
      quality: this.quality.slice(from, to),
      deviceTimes: null,
    }
  }

  /** Takes over rows read from disk. */
  static of(rows: Rows): Columns {
    const columns = new Columns(Math.max(16, rows.n))
    columns.n = rows.n
    columns.measuredAt.set(rows.measuredAt)
    columns.value.set(rows.value)
    columns.receivedAt.set(rows.receivedAt)
    columns.quality.set(rows.quality)
    columns.deviceTimes = rows.deviceTimes
    return columns
  }

  #grow(): void {
    const capacity = Math.min(this.measuredAt.length * 2, MOST_ROWS)
    const grown = <T extends Float64Array | Uint8Array>(bigger: T, old: T): T => {
      bigger.set(old)
      return bigger
    }
    this.measuredAt = grown(new Float64Array(capacity), this.measuredAt)
    this.value = grown(new Float64Array(capacity), this.value)
    this.receivedAt = grown(new Float64Array(capacity), this.receivedAt)
    this.quality = grown(new Uint8Array(capacity), this.quality)
  }
}
