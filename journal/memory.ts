import type { Clock } from '../core/clock.ts'
import type { PartStatus } from '../core/part.ts'
import type { Batch, Draft, Entry, Follower, Journal } from './journal.ts'

/** A journal that forgets when the process ends: for tests and the MQTT conformance run. Same contract, same suite. */
export class MemoryJournal implements Journal {
  readonly clock: Clock
  #entries: Entry[] = []
  #head = 1
  #keys = new Map<string, number>()
  #wake = new Set<() => void>()
  #lastReceivedAt = 0

  constructor(clock: Clock = { now: () => Date.now() }) {
    this.clock = { now: () => (this.#lastReceivedAt = Math.max(this.#lastReceivedAt, clock.now())) }
  }

  append(drafts: Draft[]): Promise<number[]> {
    const receivedAt = this.clock.now()
    const positions = drafts.map((draft) => {
      const known = draft.key === undefined ? undefined : this.#keys.get(draft.key)
      if (known !== undefined) return known
      const pos = this.#head
      this.#head += draft.count
      if (draft.key !== undefined) this.#keys.set(draft.key, pos)
      this.#entries.push({ ...draft, key: draft.key ?? null, pos, receivedAt })
      return pos
    })
    for (const wake of this.#wake) wake()
    return Promise.resolve(positions)
  }

  pendingBytes(): number {
    return 0
  }

  head(): number {
    return this.#head
  }

  tail(): number {
    return 1
  }

  read(from: number, maxBytes = 4 << 20): Batch {
    const entries: Entry[] = []
    let bytes = 0
    for (let i = this.#indexOf(from); i < this.#entries.length && (entries.length === 0 || bytes < maxBytes); i++) {
      entries.push(this.#entries[i]!)
      bytes += this.#entries[i]!.payload.byteLength
    }
    const last = entries.at(-1)
    const next = last ? last.pos + last.count : Math.max(from, 1)
    return { entries, next, clock: next >= this.#head ? this.clock.now() : last!.receivedAt, damaged: [] }
  }

  follow(_cursor: string, from: number, handle: (batch: Batch) => void | Promise<void>): Follower {
    let stopped = false
    let next = from
    let nudge = () => {}
    const wake = () => nudge()
    this.#wake.add(wake)
    const done = (async () => {
      await Promise.resolve() // the caller has the follower in hand before the first batch comes
      while (!stopped) {
        const batch = this.read(next)
        await handle(batch)
        next = batch.next
        if (next < this.#head) continue
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 50)
          nudge = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    })()
    return {
      release() {},
      stop: async () => {
        stopped = true
        nudge()
        this.#wake.delete(wake)
        await done
      },
    }
  }

  readRecord(from: number, kinds: string[]): Promise<Entry[]> {
    return Promise.resolve(this.#entries.filter((e) => e.stream === 'record' && e.pos >= from && kinds.includes(e.kind)))
  }

  status(): PartStatus {
    return { name: 'journal', state: 'ok', figures: { watchfire_journal_head: this.#head } }
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  #indexOf(pos: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle]!
      if (entry.pos + entry.count <= pos) low = middle + 1
      else high = middle
    }
    return low
  }
}
