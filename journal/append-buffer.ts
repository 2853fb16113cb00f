import { Invalid, Unavailable } from '../core/errors.ts'
import { entrySize, HEADER, isWritable } from './group.ts'
import type { Draft } from './journal.ts'

/** What one `append` brought, until it is on the disk. */
export type Waiting = {
  drafts: Draft[]
  bytes: number
  resolve: (positions: number[]) => void
  reject: (error: Error) => void
}

/** What waits for the disk, in order, bounded. */
export class AppendBuffer {
  /** bytes not yet on the disk, those under way included */
  bytes = 0
  #maxBytes: number
  #queue: Waiting[] = []
  #taken = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isEmpty(): boolean {
    return this.#taken === this.#queue.length
  }

  /** Rejects with `Unavailable('journal-full')` at the bound, unless it is the journal's `own` word. */
  push(drafts: Draft[], own = false): Promise<number[]> {
    let bytes = 0
    for (const draft of drafts) {
      if (!isWritable(draft))
        return Promise.reject(
          new Invalid('bad-entry', 'an entry takes at least one position and its names are short', { kind: draft.kind }),
        )
      bytes += entrySize(draft)
    }
    if (!own && this.bytes > 0 && this.bytes + bytes > this.#maxBytes) {
      return Promise.reject(
        new Unavailable('journal-full', 'the disk does not keep up: too much waits to be written', { pendingBytes: this.bytes }),
      )
    }
    this.bytes += bytes
    return new Promise((resolve, reject) => this.#queue.push({ drafts, bytes, resolve, reject }))
  }

  /** The next ones, together at most `maxBytes`, but at least one. */
  take(maxBytes: number): Waiting[] {
    let bytes = HEADER
    let end = this.#taken
    while (end < this.#queue.length && (end === this.#taken || bytes + this.#queue[end]!.bytes <= maxBytes))
      bytes += this.#queue[end++]!.bytes
    const group = this.#queue.slice(this.#taken, end)
    this.#taken = end
    // A long queue is not moved up for each group.
    if (this.#taken === this.#queue.length) {
      this.#queue = []
      this.#taken = 0
    } else if (this.#taken > 1024 && this.#taken * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#taken)
      this.#taken = 0
    }
    return group
  }

  /** A group has been answered. */
  done(group: Waiting[]): void {
    for (const { bytes } of group) this.bytes -= bytes
  }

  rejectAll(error: Error): void {
    const waiting = this.take(Infinity)
    this.done(waiting)
    for (const { reject } of waiting) reject(error)
  }
}
