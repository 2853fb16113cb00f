import { Unavailable } from '../core/errors.ts'
import type { RecordEntry } from '../core/record.ts'
import { recordDraft } from '../journal/codec.ts'
import type { Journal } from '../journal/journal.ts'
import { signed } from './whence.ts'

const APPLY_MS = 10_000

/** What has been waited for so long: the work itself goes on, for who waits for the disk may be anybody's turn. */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      late.reject(
        new Unavailable('unavailable', 'it is not on disk yet and may still get there: look again before repeating it'),
      ),
    ms,
  )
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}

type Waiter = { pos: number; resolve: () => void }

/** Writes to the record for people, and says when a write is durable and has reached everything this thread decides by. */
export class Recorder {
  #journal: Journal
  #reached: number
  #turnMs: number
  #waiting: Waiter[] = []
  #turns = new Map<string, Promise<unknown>>()

  constructor(journal: Journal, from: number, turnMs = APPLY_MS) {
    this.#journal = journal
    this.#turnMs = turnMs
    this.#reached = from
  }

  /** Durable, and applied here: a token made by it is valid, a list shows it. */
  async write(entries: RecordEntry[], key?: string): Promise<number> {
    const positions = await this.#journal.append(entries.map((entry) => recordDraft(signed(entry), key)))
    const pos = positions.at(-1)!
    await this.#appliedThrough(pos)
    return pos
  }

  /** Durable only: for what nobody waits to see applied. */
  async append(entry: RecordEntry, key?: string): Promise<number> {
    return (await this.#journal.append([recordDraft(signed(entry), key)]))[0]!
  }

  /** Together or not at all, in order. */
  appendAll(entries: RecordEntry[]): Promise<number[]> {
    return this.#journal.append(entries.map((entry) => recordDraft(signed(entry))))
  }

  /** The main thread has applied everything below `next`. */
  reached(next: number): void {
    this.#reached = Math.max(this.#reached, next)
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter(({ pos }) => pos < this.#reached)
    this.#waiting = this.#waiting.filter(({ pos }) => pos >= this.#reached)
    for (const { resolve } of due) resolve()
  }

  /** One at a time per subject: what is read, decided and written about it is not interleaved, not even when nobody waits any more. */
  inTurn<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(subject) ?? Promise.resolve()).then(work, work)
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#turns.set(subject, settled)
    void settled.then(() => {
      if (this.#turns.get(subject) === settled) this.#turns.delete(subject)
    })
    return within(this.#turnMs, turn)
  }

  #appliedThrough(pos: number): Promise<void> {
    if (pos < this.#reached) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(new Unavailable('catching-up', 'it is recorded but not in force yet; look again before repeating it', { pos })),
        APPLY_MS,
      )
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#waiting.push({ pos, resolve: done })
    })
  }
}
