import { PlatformError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { BlockBuilder, type Series } from '../core/reading.ts'
import { blockDraft, recordDraft } from '../journal/codec.ts'
import type { Draft, Journal } from '../journal/journal.ts'

/** Somebody who owes acknowledgements for what is in the buffer. */
export interface Waiter {
  /** The group is closed: what was owed so far belongs to it, what comes now to the next. */
  sealed(): void
  /** The group is on disk. */
  durable(): void
}

const ROW_BYTES = 25
const RETRY_MS = 100

/**
 * Group commit: collects what has come in while the last group is being flushed, then appends all of it at once. No timer:
 * the disk sets the pace, and under load the groups grow by themselves.
 */
export class ReadingBuffer {
  readonly rows = new BlockBuilder(4096)
  groups = 0
  #journal: Journal
  #log: Log
  #maxBytes: number
  #newSeries: Series[] = []
  #drafts: Draft[] = []
  #draftBytes = 0
  #waiters: Waiter[] = []
  #flushing = false
  #scheduled = false
  #blocked: (() => void)[] = []
  #idle: (() => void)[] = []

  constructor(journal: Journal, log: Log, maxBytes = 16 << 20) {
    this.#journal = journal
    this.#log = log
    this.#maxBytes = maxBytes
  }

  /** At the bound nothing more may be handed in: sources pause, and are told by `whenRoom`. */
  get full(): boolean {
    return this.rows.count * ROW_BYTES + this.#draftBytes >= this.#maxBytes
  }

  get pendingBytes(): number {
    return this.rows.count * ROW_BYTES + this.#draftBytes
  }

  /** A series number's meaning goes into the record before (or with) its first reading. */
  define(series: Series): void {
    this.#newSeries.push(series)
    this.#draftBytes += 100
    this.#schedule()
  }

  add(draft: Draft): void {
    this.#drafts.push(draft)
    this.#draftBytes += draft.payload.byteLength + 100
    this.#schedule()
  }

  /** Tells the waiter once the group that now collects is on disk. */
  whenDurable(waiter: Waiter): void {
    this.#waiters.push(waiter)
    this.#schedule()
  }

  /** Rows were added to `rows`, perhaps for nobody who waits: they leave with this group. */
  rowsAdded(): void {
    this.#schedule()
  }

  whenRoom(resume: () => void): void {
    this.#blocked.push(resume)
  }

  /** Resolves when nothing is on its way to the disk any more. */
  settled(): Promise<void> {
    return this.#flushing || this.#scheduled ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve()
  }

  #schedule(): void {
    if (this.#scheduled || this.#flushing) return
    this.#scheduled = true
    // After this turn's sockets have been read: they share the group.
    setImmediate(this.#flush)
  }

  #flush = (): void => {
    this.#scheduled = false
    const drafts: Draft[] = []
    if (this.#newSeries.length > 0) {
      drafts.push(recordDraft({ kind: 'series.defined', series: this.#newSeries }))
      this.#newSeries = []
    }
    const count = this.rows.count
    if (count > 0) drafts.push(blockDraft(this.rows.take(), count))
    if (this.#drafts.length > 0) {
      for (const draft of this.#drafts) drafts.push(draft)
      this.#drafts = []
    }
    this.#draftBytes = 0
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.sealed()
    this.#flushing = true
    this.#append(drafts, waiters)
    if (this.#blocked.length > 0) this.#unblock()
  }

  #append(drafts: Draft[], waiters: Waiter[]): void {
    if (drafts.length === 0) return queueMicrotask(() => this.#durable(waiters))
    this.#journal.append(drafts).then(
      () => this.#durable(waiters),
      (error: unknown) => {
        if (!(error instanceof PlatformError)) throw error
        // The journal is at its bound: the group waits here, un-acknowledged, and sources pause as the next one fills.
        this.#log.debug('journal takes nothing more for now', { code: error.code })
        setTimeout(() => this.#append(drafts, waiters), RETRY_MS)
      },
    )
  }

  #durable(waiters: Waiter[]): void {
    this.groups++
    this.#flushing = false
    for (const waiter of waiters) waiter.durable()
    if (this.rows.count > 0 || this.#draftBytes > 0 || this.#waiters.length > 0) return this.#flush()
    const idle = this.#idle
    this.#idle = []
    for (const resolve of idle) resolve()
  }

  #unblock(): void {
    const blocked = this.#blocked
    this.#blocked = []
    for (const resume of blocked) resume()
  }
}
