import type { Buckets } from '../store.ts'
import { Accumulator } from './accumulator.ts'
import { FINE_MS, type Rolled, type Rollup } from './rollup.ts'
import { rollUp } from './scan.ts'
import type { Tables } from './tables.ts'
import type { Track } from './track.ts'

/** Readings of one series summed up at once: more would keep queries waiting. */
const STRETCH_MS = 6 * 3_600_000
/** One step: so many series or so long, in one transaction. */
const MOST_SERIES = 64
const STEP_MS = 4
const MOST_CHUNKS = 1_000_000

type Work = { track: Track; from: number }
type Room = { tables: Tables; idsBelow: () => number; noteChange: (track: Track) => void }

/**
 * Sums up what was measured before a time and removes it. What is gone is in the sums and what is in the sums is gone: both
 * happen in one transaction. A reading that comes later than that is summed up with the next one, if nothing stands there.
 */
export function* sumUp(tracks: readonly Track[], before: number, into: Buckets, room: Room): Generator<number> {
  const end = into.at(before).start
  let todo: Work[] = tracks.map((track) => ({ track, from: nextRow(track, room.tables, -Infinity) }))
  todo = todo.filter(({ from }) => from < end)
  while (todo.length > 0) {
    const began = performance.now()
    const done: { work: Work; to: number; rolled: Rolled; rows: number }[] = []
    room.tables.inTransaction(() => {
      while (todo.length > 0 && done.length < MOST_SERIES && performance.now() - began < STEP_MS) {
        const work = todo.shift()!
        const from = into.at(work.from).start
        done.push({
          work,
          ...sumStretch(
            work.track,
            from,
            Math.min(end, Math.max(into.at(from).end, into.at(from + STRETCH_MS).start)),
            into,
            room,
          ),
        })
      }
    })
    let gone = 0
    const further: Work[] = []
    for (const { work, to, rolled, rows } of done) {
      const { track } = work
      track.rolled = rolled
      track.since = Math.max(track.since, rolled.raw)
      const dropped = track.trim(to)
      if (dropped > 0) room.noteChange(track)
      gone += rows + dropped
      const from = nextRow(track, room.tables, to)
      if (from < end) further.push({ track, from })
    }
    todo = [...further, ...todo]
    yield gone
  }
  for (const track of tracks) track.since = Math.max(track.since, end)
}

function sumStretch(track: Track, from: number, to: number, into: Buckets, { tables, idsBelow }: Room) {
  const id = track.series.id
  tables.rollups.add(id, into.everyMs, rollUp(track, from, to, into, tables, idsBelow()))
  const old = track.rolled ?? { raw: -Infinity, fine: -Infinity }
  const raw = Math.max(old.raw, to)
  const rolled = { raw, fine: into.everyMs === FINE_MS ? old.fine : Math.max(old.fine, to) }
  tables.rollups.mark(id, rolled)
  const gone = tables.endedBefore(id, track.bins, to, MOST_CHUNKS)
  tables.removeChunks(id, gone)
  return { to, rolled, rows: gone.reduce((sum, { n }) => sum + n, 0) }
}

/** Finer sums into coarser ones, or away; counts sums. */
export function* age(
  tracks: readonly Track[],
  before: number,
  width: number,
  into: Buckets | null,
  room: Room,
): Generator<number> {
  const { rollups } = room.tables
  const end = into ? into.at(before).start : before
  const todo = tracks.filter(({ rolled }) => rolled !== null)
  for (let next = 0; next < todo.length;) {
    const began = performance.now()
    const done: [Track, Rolled][] = []
    let gone = 0
    room.tables.inTransaction(() => {
      while (next < todo.length && performance.now() - began < STEP_MS) {
        const track = todo[next]!
        const old = rollups.takeOldest(track.series.id, width, end)
        gone += old.length
        if (into) rollups.add(track.series.id, into.everyMs, coarser(old, into))
        if (old.length > 0) {
          const to = Math.min(end, old.at(-1)!.start + width)
          const rolled = { raw: track.rolled!.raw, fine: Math.max(track.rolled!.fine, width === FINE_MS ? to : -Infinity) }
          rollups.mark(track.series.id, rolled)
          done.push([track, rolled])
        } else next++
      }
    })
    for (const [track, rolled] of done) track.rolled = rolled
    yield gone
  }
}

function coarser(sums: readonly Rollup[], into: Buckets): Rollup[] {
  const open = new Map<number, Accumulator>()
  for (const sum of sums) {
    const { start, end } = into.at(sum.start)
    let bucket = open.get(start)
    if (!bucket) open.set(start, (bucket = new Accumulator(start, end)))
    bucket.addRollup(sum)
  }
  return [...open.values()].map((bucket) => bucket.rollup())
}

/** The first time from `time` on at which there may be a row. */
function nextRow({ series, bins, tail, late, filed, shelved }: Track, tables: Tables, time: number): number {
  const reaching = Number.isFinite(time) && tables.heads(series.id, bins, time, time + 1, true, Infinity).length > 0
  let next = reaching
    ? time
    : Number.isFinite(time)
      ? tables.nextStart(series.id, bins, time)
      : tables.firstStart(series.id, bins)
  for (const { t0, t1 } of shelved) if (t1 >= time) next = Math.min(next, Math.max(t0, time))
  for (const [rows, first] of [
    [tail, filed],
    [late, 0],
  ] as const) {
    const row = Math.max(first, rows?.search(time) ?? 0)
    if (rows && row < rows.n) next = Math.min(next, rows.measuredAt[row]!)
  }
  return next
}
