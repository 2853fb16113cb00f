import { isBad } from '../../../core/quality.ts'
import { decodeRows, encodeRows, type Rows } from './codec.ts'

/**
 * What is known of a chunk without its rows. The figures leave `bad` readings out; `last` is the newest of the others, at
 * `lastAt`. Chunks of a series may overlap in time but never hold the same measuredAt twice.
 */
export type ChunkHead = {
  id: number
  t0: number
  t1: number
  n: number
  good: number
  min: number
  max: number
  sum: number
  last: number
  lastAt: number
}

export type Chunk = ChunkHead & { series: number; bytes: Uint8Array }

/** How many rows a full chunk has. */
export const CHUNK_ROWS = 120

/**
 * Chunks are filed by how long a time they span, so that those touching a range are found by their start alone: within a
 * bin none starts more than its width before what it touches.
 */
export const binWidths = [600_000, 3 * 3_600_000, 2 * 86_400_000, 40 * 86_400_000, Infinity] as const
export const binOf = ({ t0, t1 }: { t0: number; t1: number }): number => binWidths.findIndex((width) => t1 - t0 < width)

export function makeChunk(id: number, series: number, rows: Omit<Rows, 'n'>, from: number, to: number): Chunk {
  let good = 0
  let min = Infinity
  let max = -Infinity
  let sum = 0
  let last = 0
  let lastAt = 0
  for (let i = from; i < to; i++) {
    if (isBad(rows.quality[i]!)) continue
    const value = rows.value[i]!
    good++
    sum += value
    if (value < min) min = value
    if (value > max) max = value
    last = value
    lastAt = rows.measuredAt[i]!
  }
  if (good === 0) min = max = 0
  const [t0, t1] = [rows.measuredAt[from]!, rows.measuredAt[to - 1]!]
  return { id, series, t0, t1, n: to - from, good, min, max, sum, last, lastAt, bytes: encodeRows(rows, from, to) }
}

export const rowsOf = (chunk: { bytes: Uint8Array }): Rows => decodeRows(chunk.bytes)
