import type { Aggregate, LatestReading } from '../core/history.ts'
import { isBad } from '../core/quality.ts'
import type { ReadingBlock, Series } from '../core/reading.ts'
import type { OutboxBook } from './outbox-book.ts'
import { NotComputed, type Archive, type Buckets, type Conflict, type Selection, type Sink, type Store } from './stores/store.ts'

/** What the store needs of the outbox that fills the archive. */
export type Sending = {
  /** Resolves when everything below a position is with the archive. */
  reached(pos: number): Promise<void>
  current(): boolean
  /** position below which everything is decided */
  decided(): number
}

/** Where the local store begins, and up to where the archive must be for what lies before. */
type Boundary = Pick<OutboxBook, 'localSince' | 'oldThrough' | 'set' | 'save'>

/**
 * Two stores as one: the local one decides what is accepted and answers for what was measured lately, the archive answers
 * for what has left it. A query over both is put together at the millisecond where the local store begins.
 */
export class TieredStore implements Store {
  #local: Store
  #archive: Archive
  #book: Boundary
  #sending: Sending

  constructor(local: Store, archive: Archive, book: Boundary, sending: Sending) {
    this.#local = local
    this.#archive = archive
    this.#book = book
    this.#sending = sending
  }

  cursor(): number {
    return this.#local.cursor()
  }

  define(series: readonly Series[]): void {
    this.#local.define(series)
  }

  all(): Iterable<Series> {
    return this.#local.all()
  }

  write(block: ReadingBlock, conflict: Conflict, repeated?: (row: number) => void): void | Promise<void> {
    return this.#local.write(block, conflict, repeated)
  }

  checkpoint(cursor: number): Promise<void> {
    return this.#local.checkpoint(cursor)
  }

  async readings(selection: Selection, sink: Sink): Promise<void> {
    const since = this.#book.localSince
    if (startOf(selection) >= since) return this.#local.readings(selection, sink)
    await this.#sending.reached(this.#book.oldThrough)
    if (selection.to <= since) return this.#archive.readings(selection, sink)
    for (const { series, from, to } of oneByOne(selection)) {
      const both = new JoinedSink(sink)
      if (from < since) await this.#archive.readings({ series, from, to: since }, both)
      if (both.full) return
      await this.#local.readings({ series, from: Math.max(from, since), to }, both)
      if (both.full) return
    }
  }

  /** Not what only the archive has: counting there would be as much work as the answer. */
  extent(series: Series, from: number, to: number, most: number) {
    return this.#local.extent?.(series, Math.max(from, this.#book.localSince), to, most) ?? null
  }

  /** Sums made before there was an archive: what they were made of was never sent. */
  summed(series: Series) {
    return this.#local.summed?.(series) ?? null
  }

  async buckets(selection: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void> {
    const since = this.#book.localSince
    if (startOf(selection) >= since) return this.#local.buckets(selection, fn, buckets, sink)
    if (!selection.series.some((one) => this.summed(one))) return this.#unsummed(selection, fn, buckets, sink)
    for (const { series, from, to } of oneByOne(selection)) {
      const raw = this.summed(series[0]!)?.raw ?? -Infinity
      const both = new JoinedSink(sink)
      if (from >= raw) await this.#unsummed({ series, from, to }, fn, buckets, both)
      else if (to <= raw) await this.#local.buckets({ series, from, to }, fn, buckets, both)
      else {
        const { start, end } = buckets.at(raw)
        const split = start < raw ? end : raw
        if (from < start) await this.#local.buckets({ series, from, to: start }, fn, buckets, both)
        if (!both.full && start < raw) {
          const older = await valueOf(fn, (fn, sink) =>
            this.#local.buckets({ series, from: Math.max(from, start), to: raw }, fn, buckets, sink),
          )
          const newer = await valueOf(fn, (fn, sink) =>
            this.#unsummed({ series, from: raw, to: Math.min(end, to) }, fn, buckets, sink),
          )
          const value = older && newer ? together(fn, older, newer) : (older ?? newer)?.value
          both.begin(series[0]!)
          if (value !== undefined) both.point(start, value, 0, 0)
        }
        if (!both.full && split < to) await this.#unsummed({ series, from: split, to }, fn, buckets, both)
      }
      if (both.full) return
    }
  }

  async #unsummed(selection: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void> {
    const since = this.#book.localSince
    if (startOf(selection) >= since) return this.#local.buckets(selection, fn, buckets, sink)
    await this.#sending.reached(this.#book.oldThrough)
    if (selection.to <= since) return this.#archiveBuckets(selection, fn, buckets, sink)
    const { start, end } = buckets.at(since)
    // The bucket that both have a part of is counted from the readings themselves.
    const localFrom = start === since ? since : end
    for (const { series, from, to } of oneByOne(selection)) {
      const both = new JoinedSink(sink)
      if (from < start) await this.#archiveBuckets({ series, from, to: start }, fn, buckets, both)
      if (both.full) return
      if (start < since && from < end) {
        const bucket = new BucketSink(fn, buckets, both)
        if (from < since) await this.#archive.readings({ series, from: Math.max(from, start), to: since }, bucket)
        await this.#local.readings({ series, from: Math.max(from, since), to: Math.min(end, to) }, bucket)
        bucket.finish()
        if (both.full) return
      }
      if (localFrom < to) await this.#local.buckets({ series, from: Math.max(from, localFrom), to }, fn, buckets, both)
      if (both.full) return
    }
  }

  latest(mode: string): LatestReading[] | Promise<LatestReading[]> {
    return this.#local.latest(mode)
  }

  /** Only from the local store, and only what the archive has; how long the archive keeps readings is its own setting. */
  async *trim(series: readonly Series[], before: number): AsyncGenerator<number> {
    if (!this.#sending.current()) return
    const oldThrough = Math.max(this.#book.oldThrough, this.#sending.decided())
    this.#book.set({ oldThrough, localSince: Math.max(this.#book.localSince, before) })
    this.#book.save()
    const steps = this.#local.trim(series, before)
    for (let step = await steps.next(); !step.done; step = await steps.next()) yield step.value
  }

  figures(): Record<string, number> {
    return this.#local.figures()
  }

  close(): void | Promise<void> {
    return this.#local.close()
  }

  /** What the archive cannot compute is computed here, from where it stopped. */
  async #archiveBuckets(selection: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void> {
    const seen = new JoinedSink(sink)
    try {
      await this.#archive.buckets(selection, fn, buckets, seen)
    } catch (error) {
      if (!(error instanceof NotComputed)) throw error
      for (const { series, from, to } of oneByOne(selection)) {
        const [one] = series
        if (seen.series && one!.id < seen.series.id) continue
        const goOn = one!.id === seen.series?.id && seen.lastAt !== null ? buckets.at(seen.lastAt).end : from
        const rows = new BucketSink(fn, buckets, seen)
        await this.#archive.readings({ series, from: goOn, to }, rows)
        rows.finish()
        if (seen.full) return
      }
    }
  }
}

type Part = { value: number; count: number }

/** Two parts of one bucket, the older one first. */
function together(fn: Aggregate, older: Part, newer: Part): number {
  if (fn === 'min') return Math.min(older.value, newer.value)
  if (fn === 'max') return Math.max(older.value, newer.value)
  if (fn === 'last') return newer.value
  const count = older.count + newer.count
  return fn === 'count' ? count : older.value * (older.count / count) + newer.value * (newer.count / count)
}

/** The one bucket that is asked for, with how many readings it is of. */
async function valueOf(fn: Aggregate, ask: (fn: Aggregate, sink: Sink) => Promise<void>): Promise<Part | undefined> {
  const found: number[] = []
  const sink = { begin() {}, point: (_at: number, value: number) => found.push(value) > 0 }
  await ask('count', sink)
  if (found.length === 0) return undefined
  const count = found[0]!
  if (fn === 'count') return { value: count, count }
  await ask(fn, sink)
  return { value: found[1]!, count }
}

const startOf = ({ from, firstFrom }: Selection) => Math.min(from, firstFrom ?? from)

/** The selection's series, each alone. */
function oneByOne({ series, from, to, firstFrom }: Selection): Selection[] {
  return series.map((one, i) => ({ series: [one], from: i === 0 ? (firstFrom ?? from) : from, to }))
}

/** Hands on what several sources say of the same series, and remembers how far that was and whether more is wanted. */
class JoinedSink implements Sink {
  series: Series | null = null
  lastAt: number | null = null
  full = false
  #sink: Sink

  constructor(sink: Sink) {
    this.#sink = sink
  }

  begin(series: Series): void {
    if (series.id === this.series?.id) return
    this.series = series
    this.lastAt = null
    this.#sink.begin(series)
  }

  point(at: number, value: number, quality: number, receivedAt: number): boolean {
    if (!this.#sink.point(at, value, quality, receivedAt)) this.full = true
    else this.lastAt = at
    return !this.full
  }
}

/** Makes one point a bucket of the readings of one series. */
class BucketSink implements Sink {
  #fn: Aggregate
  #buckets: Buckets
  #sink: Sink
  #bucket: { start: number; end: number } | null = null
  #count = 0
  #value = 0

  constructor(fn: Aggregate, buckets: Buckets, sink: Sink) {
    this.#fn = fn
    this.#buckets = buckets
    this.#sink = sink
  }

  begin(series: Series): void {
    this.#sink.begin(series)
  }

  point(at: number, value: number, quality: number): boolean {
    if (isBad(quality)) return true
    if (this.#bucket && at >= this.#bucket.end && !this.finish()) return false
    this.#bucket ??= this.#buckets.at(at)
    this.#count++
    this.#value = this.#count === 1 ? value : this.#with(value)
    return true
  }

  /** Hands over the bucket that is open. */
  finish(): boolean {
    const bucket = this.#bucket
    if (!bucket) return true
    const value = this.#fn === 'count' ? this.#count : this.#value
    this.#bucket = null
    this.#count = 0
    return this.#sink.point(bucket.start, value, 0, 0)
  }

  #with(value: number): number {
    if (this.#fn === 'min') return Math.min(this.#value, value)
    if (this.#fn === 'max') return Math.max(this.#value, value)
    if (this.#fn === 'last') return value
    // Share by share: the sum of huge values has no end.
    return this.#value * ((this.#count - 1) / this.#count) + value / this.#count
  }
}
