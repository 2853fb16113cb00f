import { join } from 'node:path'
import type { Aggregate, LatestReading } from '../../core/history.ts'
import type { ReadingBlock, Series } from '../../core/reading.ts'
import type { Chunk } from './embedded/chunk.ts'
import { decodeRows, encodeRows } from './embedded/codec.ts'
import { age, sumUp } from './embedded/aging.ts'
import { Neighbourhoods } from './embedded/near.ts'
import { Pace } from './embedded/pace.ts'
import { aggregateMemory, aggregateStored, extentOf, readMemory, readStored } from './embedded/scan.ts'
import { Tables } from './embedded/tables.ts'
import { Track, type Shelf } from './embedded/track.ts'
import { warm } from './embedded/warm.ts'
import {
  checkSame,
  type Buckets,
  type Conflict,
  type Selection,
  type Sink,
  type Store,
  type StoreOptions,
  type Sums,
} from './store.ts'

/** How many chunks, or series without any, one step of a trim deals with. */
const TRIM_STEP = 256

/**
 * History in one SQLite file: full chunks of compressed rows per series, and the newest rows of every series in memory.
 * A checkpoint writes new chunks, the open rows and the cursor in one transaction.
 */
export class EmbeddedStore implements Store, Shelf {
  #tables: Tables
  #tracks: (Track | undefined)[] = []
  #near: Neighbourhoods
  #shelved: Chunk[] = []
  #changed: Track[] = []
  /** series whose row in the database is missing or may have other bins */
  #undescribed = new Set<Track>()
  #nextChunk: number
  /** chunks below this id are on disk */
  #durableBelow: number
  #cursor: number
  #rows = 0
  #chunks = 0
  #duplicates = 0
  #conflicts = 0
  #unknown = 0

  static open({ dataDir, readOnly = false }: StoreOptions): EmbeddedStore {
    return new EmbeddedStore(new Tables(join(dataDir, 'history.db'), { readOnly }))
  }

  constructor(tables: Tables) {
    this.#tables = tables
    this.#near = new Neighbourhoods(tables)
    this.#cursor = tables.cursor()
    this.#durableBelow = this.#nextChunk = tables.nextChunkId()
    for (const { bins, ...series } of tables.series()) this.#tracks[series.id] = new Track(series, bins)
    for (const [id, rolled] of tables.rollups.rolled()) {
      const track = this.#tracks[id]
      if (!track) continue
      track.rolled = rolled
      track.since = rolled.raw
    }
    for (const { number, bytes } of tables.openRows()) this.#tracks[number >> 1]?.restore(decodeRows(bytes), number % 2 === 1)
  }

  cursor(): number {
    return this.#cursor
  }

  define(series: readonly Series[]): void {
    for (const one of series) {
      const known = this.#tracks[one.id]
      if (known) {
        checkSame(known.series, one)
        continue
      }
      const track = new Track({ id: one.id, mode: one.mode, device: one.device, metric: one.metric })
      this.#tracks[one.id] = track
      this.#undescribed.add(track)
    }
  }

  *all(): Generator<Series> {
    for (const track of this.#tracks) if (track) yield track.series
  }

  write(block: ReadingBlock, conflict: Conflict, repeated?: (row: number) => void): void {
    const { count, series, measuredAt, value, receivedAt, quality } = block
    const tracks = this.#tracks
    for (let row = 0; row < count; row++) {
      const track = tracks[series[row]!]
      if (track === undefined) {
        this.#unknown++
        repeated?.(row)
        continue
      }
      const at = measuredAt[row]!
      if (at > track.newest) track.append(this, at, value[row]!, receivedAt[row]!, quality[row]!)
      else {
        const standing = track.insert(this, at, value[row]!, receivedAt[row]!, quality[row]!)
        if (standing !== undefined) {
          if (standing === value[row]) {
            this.#duplicates++
            repeated?.(row)
          } else {
            this.#conflicts++
            conflict(row, standing)
          }
          if (block.deviceTimes.size > 0) block.deviceTimes.delete(row)
          continue
        }
      }
      if (!track.tailChanged) this.#noteChange(track)
    }
    this.#rows += count
    for (const [row, deviceTime] of block.deviceTimes) this.#tracks[series[row]!]?.mark(measuredAt[row]!, deviceTime)
  }

  async checkpoint(cursor: number): Promise<void> {
    const tables = this.#tables
    const pace = new Pace()
    tables.begin()
    try {
      for (const track of this.#undescribed) {
        tables.putSeries(track.series, track.bins)
        if (pace.due) await pace.rest()
      }
      for (const chunk of this.#shelved) {
        tables.putChunk(chunk)
        if (pace.due) await pace.rest()
      }
      for (const { series, tail, filed, late, lateChanged } of this.#changed) {
        tables.putOpen(series.id, false, encodeRows(tail, filed, tail.n))
        if (late && lateChanged) tables.putOpen(series.id, true, late.n > 0 ? encodeRows(late, 0, late.n) : null)
        if (pace.due) await pace.rest()
      }
      tables.putMeta('cursor', cursor)
      tables.putMeta('nextChunk', this.#nextChunk)
      tables.commit()
    } catch (error) {
      tables.rollback()
      throw error
    }
    this.#cursor = cursor
    this.#durableBelow = this.#nextChunk
    this.#chunks += this.#shelved.length
    for (const chunk of this.#shelved) this.#tracks[chunk.series]!.shelved.length = 0
    for (const track of this.#changed) track.tailChanged = track.lateChanged = false
    this.#shelved = []
    this.#changed = []
    this.#undescribed.clear()
  }

  async readings(selection: Selection, sink: Sink): Promise<void> {
    await this.#each(selection, sink, (track, from, pace) =>
      from >= track.floor
        ? readMemory(track, from, selection.to, sink)
        : readStored(track, from, selection.to, sink, this.#tables, this.#durableBelow, pace),
    )
  }

  async buckets(selection: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void> {
    const { to } = selection
    await this.#each(
      selection,
      sink,
      (track, from, pace, asked) =>
        from >= track.floor && asked >= from
          ? aggregateMemory(track, from, to, fn, buckets, sink)
          : aggregateStored({ track, from, to, asked }, fn, buckets, sink, this.#tables, this.#durableBelow, pace),
      true,
    )
  }

  latest(mode: string): LatestReading[] {
    const latest: LatestReading[] = []
    for (const track of this.#tracks) {
      if (!track || track.tail.n === 0 || track.series.mode !== mode) continue
      const { series, tail } = track
      const row = tail.n - 1
      latest.push({
        series: series.id,
        device: series.device,
        metric: series.metric,
        value: tail.value[row]!,
        measuredAt: tail.measuredAt[row]!,
        receivedAt: tail.receivedAt[row]!,
        quality: tail.quality[row]!,
      })
    }
    return latest
  }

  *trim(series: readonly Series[], before: number): Generator<number> {
    const tracks = this.#tracksOf(series)
    for (const track of tracks) track.since = Math.max(track.since, before)
    let [rows, work] = [0, 0]
    for (const track of tracks) {
      const dropped = track.trim(before)
      rows += dropped
      if (dropped > 0) this.#noteChange(track)
      for (;;) {
        const old = this.#tables.endedBefore(track.series.id, track.bins, before, TRIM_STEP)
        if (old.length > 0) {
          this.#tables.dropChunks(track.series.id, old)
          rows += old.reduce((sum, chunk) => sum + chunk.n, 0)
        }
        work += 1 + old.length
        if (work >= TRIM_STEP) {
          yield rows
          rows = work = 0
        }
        if (old.length < TRIM_STEP) break
      }
    }
    yield rows
  }

  extent({ id }: Series, from: number, to: number, most: number) {
    const track = this.#tracks[id]
    return track ? extentOf(track, Math.max(from, track.since), to, most, this.#tables, this.#durableBelow) : null
  }

  summed({ id }: Series) {
    return this.#tracks[id]?.rolled ?? null
  }

  readonly sums: Sums = {
    trim: (series, before, into) => sumUp(this.#tracksOf(series), before, into, this.#room),
    age: (series, before, widthMs, into) => age(this.#tracksOf(series), before, widthMs, into, this.#room),
  }

  figures(): Record<string, number> {
    return {
      watchfire_history_rows_total: this.#rows,
      watchfire_history_duplicates_total: this.#duplicates,
      watchfire_history_conflicts_total: this.#conflicts,
      watchfire_history_rows_of_unknown_series_total: this.#unknown,
      watchfire_history_chunks_total: this.#chunks,
      watchfire_history_bytes: this.#tables.bytes(),
    }
  }

  close(): void {
    this.#tables.close()
  }

  nextChunkId(): number {
    return this.#nextChunk++
  }

  shelve(track: Track, chunk: Chunk, newBin: boolean): void {
    this.#shelved.push(chunk)
    if (newBin) this.#undescribed.add(track)
  }

  standing(track: Track, measuredAt: number): number | undefined {
    return this.#near.standing(track, measuredAt, this.#durableBelow)
  }

  get #room() {
    return { tables: this.#tables, idsBelow: () => this.#durableBelow, noteChange: (track: Track) => this.#noteChange(track) }
  }

  #tracksOf(series: readonly Series[]): Track[] {
    return series.map(({ id }) => this.#tracks[id]).filter((track) => track !== undefined)
  }

  #noteChange(track: Track): void {
    if (track.tailChanged) return
    track.tailChanged = true
    this.#changed.push(track)
  }

  async #each(
    { series, from, to, firstFrom }: Selection,
    sink: Sink,
    scan: (track: Track, from: number, pace: Pace, asked: number) => boolean | Promise<boolean>,
    withSums = false,
  ): Promise<void> {
    const pace = new Pace()
    let start = firstFrom ?? from
    for (const { id } of series) {
      const track = this.#tracks[id]
      const since = track ? Math.max(start, track.since) : to
      const asked = withSums && track?.rolled ? Math.min(start, since) : since
      start = from
      if (!track || asked >= to || (track.newest < since && asked === since)) continue
      if (since < to) warm(track, since, this.#tables, this.#durableBelow)
      sink.begin(track.series)
      const more = scan(track, since, pace, asked)
      if (!(typeof more === 'boolean' ? more : await more)) return
      if (pace.due) await pace.rest()
    }
  }
}
