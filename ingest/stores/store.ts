import type { Aggregate, LatestReading } from '../../core/history.ts'
import { PlatformError } from '../../core/errors.ts'
import type { ReadingBlock, Series } from '../../core/reading.ts'

/** A number means another series here than in the journal: the two belong to different platforms. */
export class ForeignHistory extends PlatformError {
  override readonly code = 'foreign-history'
}

/** Raises `ForeignHistory` when a number is given to a second series. */
export function checkSame(known: Series, defined: Series): void {
  if (known.mode === defined.mode && known.device === defined.device && known.metric === defined.metric) return
  throw new ForeignHistory(
    'the history does not belong to this journal: restore both from the same backup, or move the history away to build a new one',
    { known, defined },
  )
}

/**
 * Where history is kept. Written by one caller, in journal order; asked at any time, also while a write or a checkpoint is
 * under way. Identity is (series, measuredAt): the first value stands, the same again changes nothing, another one is
 * refused to `conflict` (semantics 10). What is not checkpointed may be gone after a crash: the journal is replayed from
 * `cursor()`, and writing again what is already in changes nothing.
 */
export interface Store {
  /** Everything journalled below this is safe here; 0 for a store that has never been checkpointed. */
  cursor(): number
  /** Names the series of blocks to come; naming one again changes nothing, naming it otherwise raises `ForeignHistory`. */
  define(series: readonly Series[]): void
  all(): Iterable<Series>
  /**
   * Takes a block's rows in order; `conflict` hears of each that has another value than the one that stands, `repeated` of each
   * that was not taken in because it is there already (or its series has no name).
   */
  write(block: ReadingBlock, conflict: Conflict, repeated?: (row: number) => void): void | Promise<void>
  /** Makes everything written, and `cursor` with it, survive a crash: all or none. Not to be called while a write is under way. */
  checkpoint(cursor: number): Promise<void>
  /** Readings one by one, ascending within each series, series in the selection's order. */
  readings(selection: Selection, sink: Sink): Promise<void>
  /** One point per bucket that holds a reading which is not `bad`, at the bucket's start. */
  buckets(selection: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void>
  /** The newest reading of every series of a mode. */
  latest(mode: string): LatestReading[] | Promise<LatestReading[]>
  /**
   * Removes the readings of `series` measured before a time, a little with every step, yielding how many went. They are out
   * of sight from the first step on; the newest reading of a series stays known to `latest`. Repeated after every start.
   */
  trim(series: readonly Series[], before: number): Iterator<number> | AsyncIterator<number>
  /**
   * About how many rows of a series lie in a range, counting no further than `most`, and between when; null for none. For
   * stores that know without reading them.
   */
  extent?(series: Series, from: number, to: number, most: number): { rows: number; first: number; last: number } | null
  /** Since when a series has readings rather than sums, and since when sums by the minute. For stores that have sums. */
  summed?(series: Series): { raw: number; fine: number } | null
  /** Stores that can keep sums of what they trim. */
  readonly sums?: Sums
  figures(): Record<string, number>
  /** Without a checkpoint: what was not checkpointed is replayed next time. */
  close(): void | Promise<void>
}

/**
 * Sums that stay when readings go: by minute, later by hour. They answer `buckets` where there are no readings any more; a
 * bucket narrower than a sum is then empty but for the one the sum begins in. `bad` readings are left out and counted.
 */
export interface Sums {
  /** As `trim`, but what goes is summed up first; only whole buckets of `into` go. */
  trim(series: readonly Series[], before: number, into: Buckets): Iterator<number>
  /** Sums this wide that end before a time go into wider ones, or away; yields how many went. */
  age(series: readonly Series[], before: number, widthMs: number, into: Buckets | null): Iterator<number>
}

export type Conflict = (row: number, standing: number) => void

export type Selection = {
  series: readonly Series[]
  from: number
  /** exclusive */
  to: number
  /** the first series starts here instead: a continued query */
  firstFrom?: number
}

/** Takes what a query finds. */
export interface Sink {
  /** The points that follow are of this series. */
  begin(series: Series): void
  /** False: this point was not taken, no more are wanted. `quality` and `receivedAt` have a meaning for readings only. */
  point(at: number, value: number, quality: number, receivedAt: number): boolean
}

/** How time is cut. A bucket holds `start` ≤ t < `end`; buckets follow each other without gaps. */
export interface Buckets {
  readonly everyMs: number
  readonly zone: string
  at(time: number): { start: number; end: number }
}

/** What was true of a device when a reading of it was journalled. */
export type About = { enterprise: string; region: string; kind: string }

export type AcceptedReading = {
  series: Series
  about: About
  measuredAt: number
  receivedAt: number
  value: number
  quality: number
  deviceTime: number | undefined
}

/** The archive cannot be reached or is overloaded; the same request may work later. */
export class ArchiveAway extends PlatformError {
  override readonly code = 'archive-away'
}

/** The archive does not let us in, or has no such database: somebody has to change a setting. */
export class ArchiveRefuses extends PlatformError {
  override readonly code = 'archive-refuses'
}

/** The archive will never take these lines as they are; others it would. */
export class LinesRefused extends PlatformError {
  override readonly code = 'lines-refused'
}

/** The archive cannot write down what it computed; from the readings themselves it can be. */
export class NotComputed extends PlatformError {
  override readonly code = 'not-computed'
}

/**
 * A server that keeps readings for long. It does not decide what is accepted: a store on this machine does, and only what
 * that took in is sent. Sending a reading again changes nothing.
 */
export interface Archive {
  /** A reading as it is sent. */
  line(reading: AcceptedReading): string
  /** All lines in one request. Raises `ArchiveAway`, `ArchiveRefuses` or `LinesRefused`; then some may be stored. */
  send(lines: string[]): Promise<void>
  /** As a store's. Raises `Unavailable` when the archive does not answer. */
  readings(selection: Selection, sink: Sink): Promise<void>
  /** As a store's; may raise `NotComputed`. */
  buckets(selection: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void>
}

/** What opens a store. `readOnly`: somebody else may be writing it. */
export type StoreOptions = { dataDir: string; readOnly?: boolean }
