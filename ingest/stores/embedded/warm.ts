import { isBad } from '../../../core/quality.ts'
import { rowsOf } from './chunk.ts'
import type { Rows } from './codec.ts'
import { MOST_ROWS } from './columns.ts'
import { firstNotBefore } from './merge.ts'
import type { Tables } from './tables.ts'
import type { Track } from './track.ts'

/** What screens ask of all series again and again reaches this far back. */
const RECENT_MS = 600_000

/**
 * After a start only open rows are in memory. Brings back the filed rows before them when recent ones are asked for, so that
 * the next such question finds them. Where rows came late around there it leaves the series alone: the chunks can answer.
 */
export function warm(track: Track, from: number, tables: Tables, idsBelow: number): void {
  const { tail, late, shelved } = track
  if (from >= track.floor || from < track.newest - RECENT_MS) return
  const first = tail.measuredAt[0]!
  if (track.floor > first || (late && firstNotBefore(late, from) < late.n)) return
  if (shelved.some(({ t0, t1 }) => t0 < first && t1 >= from)) return
  const heads = tables.heads(track.series.id, track.bins, from, first, true, idsBelow)
  let [rows, end] = [tail.n, from]
  for (const { t0, t1, n } of heads) {
    if (t0 < end && end !== from) return
    rows += n
    end = t1
  }
  if (end >= first || rows > MOST_ROWS) return
  const pieces: Rows[] = []
  for (const { id } of heads) {
    const bytes = tables.body(id)
    if (bytes === null) return
    const piece = rowsOf({ bytes })
    const start = firstNotBefore(piece, from)
    pieces.push({
      n: piece.n - start,
      measuredAt: piece.measuredAt.subarray(start),
      value: piece.value.subarray(start),
      receivedAt: piece.receivedAt.subarray(start),
      quality: piece.quality.subarray(start),
      deviceTimes: null,
    })
  }
  tail.prepend(pieces)
  for (const piece of pieces) {
    track.filed += piece.n
    track.mayHoldBad ||= piece.quality.some(isBad)
  }
  track.floor = from
}
