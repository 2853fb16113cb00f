/** Ticks are whole seconds. */
export const tickAtOrAfter = (ms: number): number => Math.ceil(ms / 1000) * 1000

/** Something that wants to be looked at when a tick comes. */
export type Due = {
  at: number
  kind: 'alarm' | 'case' | 'device' | 'explained' | 'group' | 'position' | 'series' | 'window'
  id: string | number
}

const order = (a: Due, b: Due): number => {
  if (a.at !== b.at) return a.at - b.at
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/**
 * A heap of due times, so that a tick touches only what is due. The order is total (time, kind, id): what is put in after a
 * restart comes out as it would have before. An owner that changes its mind leaves the old entry and ignores it when it comes.
 */
export class DueTimes {
  #heap: Due[] = []

  /** The earliest due time, or Infinity. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity
  }

  add(due: Due): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(due)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (order(heap[parent]!, due) <= 0) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = due
  }

  take(): Due | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && order(heap[child + 1]!, heap[child]!) < 0) child++
      if (order(last, heap[child]!) <= 0) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}
