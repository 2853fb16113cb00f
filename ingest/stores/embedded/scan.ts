import type { Aggregate } from '../../../core/history.ts'
import { isBad } from '../../../core/quality.ts'
import type { Buckets, Sink } from '../store.ts'
import { Accumulator } from './accumulator.ts'
import { rowsOf, type ChunkHead } from './chunk.ts'
import type { Rows } from './codec.ts'
import type { Columns } from './columns.ts'
import { firstNotBefore, Merge } from './merge.ts'
import type { Pace } from './pace.ts'
import { COARSE_MS, FINE_MS, type Rollup } from './rollup.ts'
import { Tally } from './sums.ts'
import type { Tables } from './tables.ts'
import type { Track } from './track.ts'

/** How much time's chunk heads are read at once. */
const WINDOW_MS = 4 * 86_400_000

/** Part of a series within a range: a chunk, by its head until its rows are needed, or rows from memory. */
type Piece = { t0: number; t1: number; head: ChunkHead | null; rows(): Rows | null }

const ofRows = (rows: Rows): Piece => ({
  t0: rows.measuredAt[0]!,
  t1: rows.measuredAt[rows.n - 1]!,
  head: null,
  rows: () => rows,
})

/** The series is in memory from `from` on: hand out its readings at once. False: the sink wants no more. */
export function readMemory(track: Track, from: number, to: number, sink: Sink): boolean {
  const merge = new Merge(from, to, sink)
  merge.add(track.tail)
  if (track.late) merge.add(track.late)
  return merge.emitBefore(to)
}

/** The same for one point per bucket. */
export function aggregateMemory(track: Track, from: number, to: number, fn: Aggregate, buckets: Buckets, sink: Sink): boolean {
  const { tail, late } = track
  if (late && firstNotBefore(late, from) < firstNotBefore(late, to)) {
    const totals = new Totals(from, to, buckets)
    totals.addRows(tail)
    totals.addRows(late)
    return totals.emitEndedBy(Infinity, fn, sink)
  }
  const end = to > track.newest ? tail.n : tail.near(to)
  if (end === 0) return true
  const last = tail.measuredAt[end - 1]!
  if (last < from) return true
  if (fn === 'last') {
    const bucket = buckets.at(last)
    // The newest value of a bucket that holds all there is: what a wall asks of every series, answered from one row.
    if (bucket.start <= from && !track.mayHoldBad) return sink.point(bucket.start, tail.value[end - 1]!, 0, 0)
  }
  let row = tail.near(from)
  while (row < end) {
    const bucket = buckets.at(tail.measuredAt[row]!)
    const next = last < bucket.end ? end : tail.near(bucket.end)
    const value = aggregateRows(tail, row, next, fn, track.mayHoldBad)
    if (value !== undefined && !sink.point(bucket.start, value, 0, 0)) return false
    row = next
  }
  return true
}

const tally = new Tally()

/** One aggregate over rows `from` ≤ i < `to`, without a detour over objects: what screens ask of every series at once. */
function aggregateRows(tail: Columns, from: number, to: number, fn: Aggregate, mayHoldBad: boolean): number | undefined {
  if (fn === 'last') {
    let row = to - 1
    if (mayHoldBad) while (row >= from && isBad(tail.quality[row]!)) row--
    return row < from ? undefined : tail.value[row]
  }
  if (fn === 'count' && !mayHoldBad) return to - from
  tally.clear()
  tail.sums.addTo(tally, tail, from, to, mayHoldBad)
  if (tally.good === 0) return undefined
  if (fn === 'count') return tally.good
  if (fn === 'min') return tally.min
  if (fn === 'max') return tally.max
  if (Number.isFinite(tally.sum)) return tally.sum / tally.good
  const careful = new Accumulator(0, 0)
  for (let row = from; row < to; row++) careful.addRow(tail, row)
  return careful.result(fn)
}

/** Readings of a series from chunks and memory as they are at this moment, whatever is written meanwhile. */
export async function readStored(
  track: Track,
  from: number,
  to: number,
  sink: Sink,
  tables: Tables,
  idsBelow: number,
  pace: Pace,
) {
  const merge = new Merge(from, to, sink)
  for (const pieces of windows(track, from, to, tables, idsBelow)) {
    for (const piece of pieces) {
      if (!merge.emitBefore(piece.t0)) return false
      const rows = piece.rows()
      if (rows) merge.add(rows)
      if (pace.due) await pace.rest()
    }
  }
  return merge.emitBefore(Infinity)
}

/** `asked` ≤ `from`: between them there are sums instead of readings. */
export async function aggregateStored(
  { track, from, to, asked }: { track: Track; from: number; to: number; asked: number },
  fn: Aggregate,
  buckets: Buckets,
  sink: Sink,
  tables: Tables,
  idsBelow: number,
  pace: Pace,
): Promise<boolean> {
  const totals = new Totals(from, to, buckets)
  for (const sums of sumsOf(track, asked, Math.min(from, to), tables)) {
    if (sums.length > 0 && !totals.emitEndedBy(sums[0]!.start, fn, sink)) return false
    for (const sum of sums) totals.addRollup(sum)
    if (pace.due) await pace.rest()
  }
  for (const pieces of windows(track, from, to, tables, idsBelow)) {
    if (pieces.length > 0 && !totals.emitEndedBy(pieces[0]!.t0, fn, sink)) return false
    for (const piece of pieces) {
      if (!totals.addWhole(piece)) {
        const rows = piece.rows()
        if (rows) totals.addRows(rows)
      }
      if (pace.due) await pace.rest()
    }
  }
  return totals.emitEndedBy(Infinity, fn, sink)
}

/** About how many rows lie in a range, by what chunks say of themselves. */
export function extentOf(track: Track, from: number, to: number, most: number, tables: Tables, idsBelow: number) {
  let [rows, first, last] = [0, Infinity, -Infinity]
  for (const pieces of windows(track, from, to, tables, idsBelow)) {
    for (const { t0, t1, head, rows: own } of pieces) {
      rows += head?.n ?? own()?.n ?? 0
      first = Math.min(first, Math.max(t0, from))
      last = Math.max(last, Math.min(t1, to - 1))
    }
    if (rows > most) break
  }
  return rows === 0 ? null : { rows, first, last }
}

/** Coarse sums first: everything finer is newer. */
function* sumsOf({ series, rolled }: Track, from: number, to: number, { rollups }: Tables): Generator<Rollup[]> {
  if (!rolled || from >= to) return
  if (from < rolled.fine) yield* rollups.between(series.id, COARSE_MS, from, Math.min(to, rolled.fine))
  if (to > rolled.fine) yield* rollups.between(series.id, FINE_MS, Math.max(from, rolled.fine), to)
}

/** What was measured in a range, summed up by bucket. */
export function rollUp(track: Track, from: number, to: number, buckets: Buckets, tables: Tables, idsBelow: number): Rollup[] {
  const totals = new Totals(from, to, buckets)
  for (const pieces of windows(track, from, to, tables, idsBelow)) {
    for (const piece of pieces) {
      if (totals.addWhole(piece)) continue
      const rows = piece.rows()
      if (rows) totals.addRows(rows)
    }
  }
  return totals.rollups()
}

/** Pieces of a series that touch the range, by start, each once. What is in memory is copied before the first is handed out. */
function windows(track: Track, from: number, to: number, tables: Tables, idsBelow: number): Generator<Piece[]> {
  const memory: Piece[] = track.shelved.map((chunk) => ({ t0: chunk.t0, t1: chunk.t1, head: chunk, rows: () => rowsOf(chunk) }))
  const { tail, late, bins } = track
  if (tail.n > track.filed) memory.push(ofRows(tail.slice(track.filed, tail.n)))
  if (late && late.n > 0) memory.push(ofRows(late.slice(0, late.n)))
  const series = track.series.id
  const ends = Math.min(to, track.newest + 1)
  const earliest = memory.reduce((least, piece) => Math.min(least, piece.t0), tables.firstStart(series, bins))
  const starts = Math.max(from, earliest)

  return (function* () {
    for (let start = starts; start < ends; start += WINDOW_MS) {
      const end = Math.min(start + WINDOW_MS, ends)
      const first = start === starts
      const pieces: Piece[] = memory.filter(({ t0, t1 }) => t0 < end && (t0 >= start || (first && t1 >= start)))
      for (const head of tables.heads(series, bins, start, end, first, idsBelow)) {
        pieces.push({ t0: head.t0, t1: head.t1, head, rows: () => bodyOf(head.id) })
      }
      yield pieces.sort((a, b) => a.t0 - b.t0)
    }
  })()

  function bodyOf(id: number): Rows | null {
    const bytes = tables.body(id)
    return bytes && rowsOf({ bytes })
  }
}

/** Accumulators of the buckets a scan is in. */
class Totals {
  #from: number
  #to: number
  #buckets: Buckets
  #open = new Map<number, Accumulator>()
  #current: Accumulator | null = null

  constructor(from: number, to: number, buckets: Buckets) {
    this.#from = from
    this.#to = to
    this.#buckets = buckets
  }

  /** Takes a chunk by its figures when it lies in the range and in one bucket. */
  addWhole({ t0, t1, head }: Piece): boolean {
    if (!head || t0 < this.#from || t1 >= this.#to || !Number.isFinite(head.sum)) return false
    const bucket = this.#at(t0)
    if (t1 >= bucket.end) return false
    bucket.addChunk(head)
    return true
  }

  addRows(rows: Rows): void {
    const end = firstNotBefore(rows, this.#to)
    for (let row = firstNotBefore(rows, this.#from); row < end; row++) this.#at(rows.measuredAt[row]!).addRow(rows, row)
  }

  /** Hands out, in order, the buckets no later piece can reach: those that end by `time`. */
  emitEndedBy(time: number, fn: Aggregate, sink: Sink): boolean {
    const ended = [...this.#open.values()].filter((bucket) => bucket.end <= time).sort((a, b) => a.start - b.start)
    for (const bucket of ended) {
      this.#open.delete(bucket.start)
      if (this.#current === bucket) this.#current = null
      const value = bucket.result(fn)
      if (value !== undefined && !sink.point(bucket.start, value, 0, 0)) return false
    }
    return true
  }

  addRollup(sum: Rollup): void {
    this.#at(sum.start).addRollup(sum)
  }

  rollups(): Rollup[] {
    return [...this.#open.values()].map((bucket) => bucket.rollup()).sort((a, b) => a.start - b.start)
  }

  #at(time: number): Accumulator {
    const current = this.#current
    if (current && time >= current.start && time < current.end) return current
    const { start, end } = this.#buckets.at(time)
    let bucket = this.#open.get(start)
    if (!bucket) this.#open.set(start, (bucket = new Accumulator(start, end)))
    this.#current = bucket
    return bucket
  }
}
