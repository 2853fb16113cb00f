import type { Clock } from '../core/clock.ts'
import type { Part } from '../core/part.ts'

/**
 * The durable record between the parts: one ascending order of entries in two streams. `readings` carries what devices send
 * (kinds `block`, `quarantine`, `connection`) and is kept for days; `record` carries alarm changes, operators' actions and
 * configuration, is hash-chained and kept for ever.
 */
export type Stream = 'readings' | 'record'

/** An entry as it is handed in. `count` is how many positions it takes: the rows of a block, 1 for everything else. */
export type Draft = {
  stream: Stream
  kind: string
  payload: Uint8Array
  count: number
  /**
   * Unique in `record` among all entries newer than the slowest cursor: appending a key again writes nothing and returns
   * the position of the first (semantics 7). Recovery re-emits only keys of entries its cursor has not passed.
   */
  key?: string
}

/** An entry as it is read back. `receivedAt` (ms UTC, the writer's clock) never goes backwards from one entry to the next. */
export type Entry = {
  pos: number
  count: number
  stream: Stream
  kind: string
  receivedAt: number
  payload: Uint8Array
  key: string | null
}

/** A stretch of the journal that could not be read back: named and skipped, never served. `toPos` is the next good entry. */
export type Damage = { file: string; offset: number; bytes: number; fromPos: number; toPos: number }

/**
 * What a reader gets: durable entries in order, where to read on, and how far time has come: every entry with
 * `receivedAt` < `clock` that will ever exist is at or before `next` (so ticks up to `clock` may be derived, semantics 2).
 * `clock` is given only when `next` is the head, else it is the last entry's receivedAt.
 */
export type Batch = { entries: Entry[]; next: number; clock: number; damaged: Damage[] }

export interface Journal extends Part {
  /** The writer's clock, milliseconds UTC: never backwards, also across restarts. Stamp what you append with it. */
  readonly clock: Clock
  /**
   * Resolves with the drafts' positions after they are flushed to disk, in order and all or none. While the disk is full or
   * failing it stays pending and resumes by itself. Rejects with `Unavailable('journal-full')` when the append buffer
   * (64 MiB) is at its bound: pause the source and try again.
   */
  append(drafts: Draft[]): Promise<number[]>
  /** Bytes waiting for the disk; a source pauses when this nears the bound. */
  pendingBytes(): number
  /** The position the next durable entry will be looked for at: everything below it is on disk. */
  head(): number
  /** The oldest position still kept in `readings`. */
  tail(): number
  /** Durable entries from `from` on, about `maxBytes` of them (default 4 MiB, always at least one entry if there is any). */
  read(from: number, maxBytes?: number): Batch | Promise<Batch>
  /**
   * Hands every durable entry from `from` on to `handle`, in order, waiting for each batch to be handled; afterwards batches
   * with no entries arrive as the clock goes on (about every 250 ms, and at once when a second boundary passes).
   * `cursor` must be one of the names declared when the journal was opened, and `from` not beyond the head: a reader that
   * knows more than the journal belongs to another one. A `handle` that throws stops the process.
   */
  follow(cursor: string, from: number, handle: (batch: Batch) => void | Promise<void>): Follower
  /** Entries of `record` with these kinds from `from` on: for projections that start from nothing. */
  readRecord(from: number, kinds: string[]): Promise<Entry[]>
}

export interface Follower {
  /** Everything below `pos` is safe with the follower: retention may remove it. Cheap; persisted within seconds. */
  release(pos: number): void
  stop(): Promise<void>
}
