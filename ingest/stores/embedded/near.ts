import { rowsOf } from './chunk.ts'
import type { Rows } from './codec.ts'
import { firstNotBefore } from './merge.ts'
import type { Tables } from './tables.ts'
import type { Track } from './track.ts'

/** How many series keep the chunks around their last late reading decoded. */
const MOST_KEPT = 2048

/**
 * Looks up what stands at a time older than memory goes. A backlog comes in order, so the chunks around one of its readings
 * serve the next ones too.
 */
export class Neighbourhoods {
  #tables: Tables
  #kept = new Set<Track>()

  constructor(tables: Tables) {
    this.#tables = tables
  }

  standing(track: Track, measuredAt: number, idsBelow: number): number | undefined {
    let near = track.near
    if (!near || measuredAt < near.from || measuredAt >= near.to) near = this.#look(track, measuredAt, idsBelow)
    for (const rows of near.rows) {
      const row = firstNotBefore(rows, measuredAt)
      if (row < rows.n && rows.measuredAt[row] === measuredAt) return rows.value[row]
    }
    return undefined
  }

  #look(track: Track, measuredAt: number, idsBelow: number) {
    const series = track.series.id
    const rows: Rows[] = []
    let to = this.#tables.nextStart(series, track.bins, measuredAt)
    for (const head of this.#tables.heads(series, track.bins, measuredAt, to, true, idsBelow)) {
      const bytes = this.#tables.body(head.id)
      if (bytes) rows.push(rowsOf({ bytes }))
    }
    for (const chunk of track.shelved) {
      if (chunk.t0 > measuredAt) to = Math.min(to, chunk.t0)
      else if (chunk.t1 >= measuredAt) rows.push(rowsOf(chunk))
    }
    const near = { from: measuredAt, to, rows }
    track.near = near
    this.#kept.delete(track)
    this.#kept.add(track)
    if (this.#kept.size > MOST_KEPT) {
      const oldest = this.#kept.values().next().value!
      oldest.near = null
      this.#kept.delete(oldest)
    }
    return near
  }
}
