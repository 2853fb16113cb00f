import { isBad } from '../../../core/quality.ts'
import type { Series } from '../../../core/reading.ts'
import { binOf, CHUNK_ROWS, makeChunk, type Chunk } from './chunk.ts'
import type { Rows } from './codec.ts'
import { Columns, MOST_ROWS } from './columns.ts'
import type { Rolled } from './rollup.ts'

/** What a series needs of the store it lives in. */
export interface Shelf {
  nextChunkId(): number
  /** Keeps a chunk for the next checkpoint; `newBin`: the series had none in its bin. */
  shelve(track: Track, chunk: Chunk, newBin: boolean): void
  /** The value that stands at `measuredAt` in the chunks, undefined if none does. */
  standing(track: Track, measuredAt: number): number | undefined
}

/** For `from` ≤ t < `to`, every chunk that may hold t is among `rows`. */
export type Near = { from: number; to: number; rows: Rows[] }

/** A pause longer than this ends a chunk, so that few chunks span much time. */
const LONG_PAUSE_MS = 86_400_000
const WORTH_A_CHUNK = 20

/**
 * One series in memory. `tail` holds its newest rows: the first `filed` of them are in chunks already and kept to answer
 * from, the others are open and saved with every checkpoint. There is always an open row once there was any. `late` collects
 * rows older than the open ones until they make a chunk.
 */
export class Track {
  readonly series: Series
  readonly tail = new Columns()
  late: Columns | null = null
  filed = 0
  newest = -Infinity
  /** Every row at or after this is in `tail` or `late`. */
  floor = -Infinity
  /** Rows before this were trimmed. */
  since = -Infinity
  /** Of what was trimmed there are sums. */
  rolled: Rolled | null = null
  /** A bit for each bin that has chunks. */
  bins = 0
  /** Chunks not yet on disk. */
  shelved: Chunk[] = []
  near: Near | null = null
  /** to be saved by the next checkpoint; `late` only when it changed too */
  tailChanged = false
  lateChanged = false
  mayHoldBad = false

  constructor(series: Series, bins = 0) {
    this.series = series
    this.bins = bins
  }

  /** Takes back what a checkpoint saved. */
  restore(rows: Rows, late: boolean): void {
    if (late) {
      this.late = Columns.of(rows)
      return
    }
    const tail = this.tail
    for (let row = 0; row < rows.n; row++) {
      tail.open(row)
      tail.measuredAt[row] = rows.measuredAt[row]!
      tail.value[row] = rows.value[row]!
      tail.receivedAt[row] = rows.receivedAt[row]!
      tail.quality[row] = rows.quality[row]!
    }
    tail.deviceTimes = rows.deviceTimes
    this.newest = tail.measuredAt[tail.n - 1]!
    this.mayHoldBad = tail.quality.some(isBad)
    if (this.bins !== 0) this.floor = tail.measuredAt[0]!
  }

  /** A reading newer than every other of the series. */
  append(shelf: Shelf, measuredAt: number, value: number, receivedAt: number, quality: number): void {
    const tail = this.tail
    const open = tail.n - this.filed
    if (open >= CHUNK_ROWS || (open >= WORTH_A_CHUNK && measuredAt - this.newest > LONG_PAUSE_MS)) this.#file(shelf, tail.n)
    if (tail.n === MOST_ROWS) this.#forgetOldest()
    const row = tail.n
    if (row === tail.measuredAt.length) tail.open(row)
    else tail.n = row + 1
    tail.measuredAt[row] = measuredAt
    tail.value[row] = value
    tail.receivedAt[row] = receivedAt
    tail.quality[row] = quality
    if (quality !== 0 && isBad(quality)) this.mayHoldBad = true
    this.newest = measuredAt
  }

  /** A reading that is not the newest. Returns the value that stands at its time already; undefined: it was taken in. */
  insert(shelf: Shelf, measuredAt: number, value: number, receivedAt: number, quality: number): number | undefined {
    const tail = this.tail
    const row = tail.search(measuredAt)
    if (tail.measuredAt[row] === measuredAt) return tail.value[row]
    if (row > this.filed || (row === this.filed && (this.filed > 0 || this.bins === 0))) {
      if (tail.n - this.filed >= CHUNK_ROWS) this.#file(shelf, tail.n - 1)
      else if (tail.n === MOST_ROWS) this.#forgetOldest()
      else {
        this.#fill(tail, row, measuredAt, value, receivedAt, quality)
        if (isBad(quality)) this.mayHoldBad = true
        return undefined
      }
      return this.insert(shelf, measuredAt, value, receivedAt, quality)
    }
    return this.#insertLate(shelf, measuredAt, value, receivedAt, quality)
  }

  mark(measuredAt: number, deviceTime: number): void {
    const row = this.tail.search(measuredAt)
    const inTail = row < this.tail.n && this.tail.measuredAt[row] === measuredAt
    ;(inTail ? this.tail : this.late)?.mark(measuredAt, deviceTime)
  }

  /** Drops what is older than `before` from memory, all but the newest reading; returns how many rows nobody has now. */
  trim(before: number): number {
    let dropped = 0
    const old = this.late?.search(before) ?? 0
    if (this.late && old > 0) {
      this.late.dropFirst(old)
      this.lateChanged = true
      dropped += old
    }
    if (this.newest < before && this.tail.n > 1) {
      dropped += this.tail.n - this.filed - 1
      this.tail.dropFirst(this.tail.n - 1)
      this.filed = 0
      this.floor = this.newest
    }
    return dropped
  }

  #insertLate(shelf: Shelf, measuredAt: number, value: number, receivedAt: number, quality: number): number | undefined {
    const late = (this.late ??= new Columns())
    const row = late.search(measuredAt)
    if (row < late.n && late.measuredAt[row] === measuredAt) return late.value[row]
    if (measuredAt < this.floor) {
      const standing = shelf.standing(this, measuredAt)
      if (standing !== undefined) return standing
    }
    this.#fill(late, row, measuredAt, value, receivedAt, quality)
    this.lateChanged = true
    if (late.n < CHUNK_ROWS) return undefined
    const chunk = makeChunk(shelf.nextChunkId(), this.series.id, late, 0, late.n)
    late.dropFirst(late.n)
    if (chunk.t1 >= this.floor) this.floor = chunk.t1 + 1
    this.#shelve(shelf, chunk)
    return undefined
  }

  #fill(columns: Columns, row: number, measuredAt: number, value: number, receivedAt: number, quality: number): void {
    columns.open(row)
    columns.measuredAt[row] = measuredAt
    columns.value[row] = value
    columns.receivedAt[row] = receivedAt
    columns.quality[row] = quality
  }

  /** Makes a chunk of the open rows before `end`. */
  #file(shelf: Shelf, end: number): void {
    const chunk = makeChunk(shelf.nextChunkId(), this.series.id, this.tail, this.filed, end)
    this.filed = end
    this.#shelve(shelf, chunk)
  }

  #shelve(shelf: Shelf, chunk: Chunk): void {
    const bin = 1 << binOf(chunk)
    const newBin = (this.bins & bin) === 0
    this.bins |= bin
    if (this.near && chunk.t1 >= this.near.from && chunk.t0 < this.near.to) this.near = null
    this.shelved.push(chunk)
    shelf.shelve(this, chunk, newBin)
  }

  #forgetOldest(): void {
    this.tail.dropFirst(CHUNK_ROWS)
    this.filed -= CHUNK_ROWS
    this.floor = Math.max(this.floor, this.tail.measuredAt[0]!)
    if (this.mayHoldBad) this.mayHoldBad = this.tail.quality.subarray(0, this.tail.n).some(isBad)
  }
}
