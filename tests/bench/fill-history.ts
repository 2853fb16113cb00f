import { pathToFileURL } from 'node:url'
import type { Mode } from '../../core/mode.ts'
import type { ReadingBlock, Series } from '../../core/reading.ts'
import { stores } from '../../ingest/stores/index.ts'
import type { Store } from '../../ingest/stores/store.ts'

export type Fill = {
  rows: number
  series: number
  mode: Mode
  /** when the newest reading is measured */
  until: number
  /** between two readings of a series; jitter of ±5 % is added */
  periodMs: number
  /** where the journal is to go on: rows filled in by hand have no place in it */
  cursor: number
  /** number of the first series; devices are called BENCH-00001 and so on */
  firstSeries?: number
}
export type Filled = { rows: number; series: Series[]; seconds: number; from: number }

const BLOCK_ROWS = 10_000
const CHECKPOINT_ROWS = 500_000

/** The series a fill writes, for whoever has to define them in a journal too. */
export function benchSeries({ series, mode, firstSeries = 1 }: Pick<Fill, 'series' | 'mode' | 'firstSeries'>): Series[] {
  return Array.from({ length: series }, (_, i) => ({
    id: firstSeries + i,
    mode,
    device: `BENCH-${String(i + 1).padStart(5, '0')}`,
    metric: (['combustibleLel', 'temperatureC', 'pressureMpa'] as const)[i % 3]!,
  }))
}

/**
 * Fills a store with readings as sensors send them: 1 to 3 decimals wandering slowly, jitter in the period, 20 to 80 ms
 * until they were received. Only the time of the store's own work is counted. The caller closes the store.
 */
export async function fillStore(store: Store, fill: Fill): Promise<Filled> {
  const series = benchSeries(fill)
  store.define(series)
  const rounds = Math.ceil(fill.rows / series.length)
  const from = fill.until - (rounds - 1) * fill.periodMs
  const dice = seeded(42)
  const level = Float64Array.from(series, () => dice() * 20)
  const powers = [10, 100, 1000]
  const block: ReadingBlock = {
    count: 0,
    series: new Uint32Array(BLOCK_ROWS),
    measuredAt: new Float64Array(BLOCK_ROWS),
    receivedAt: new Float64Array(BLOCK_ROWS),
    value: new Float64Array(BLOCK_ROWS),
    quality: new Uint8Array(BLOCK_ROWS),
    deviceTimes: new Map(),
  }
  let [rows, since, milliseconds] = [0, 0, 0]
  const flush = async () => {
    const start = performance.now()
    await store.write(block, () => undefined)
    since += block.count
    if (since >= CHECKPOINT_ROWS) {
      await store.checkpoint(fill.cursor)
      since = 0
    }
    milliseconds += performance.now() - start
    block.count = 0
  }
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < series.length && rows < fill.rows; i++, rows++) {
      const row = block.count++
      const measuredAt = from + round * fill.periodMs + Math.round((dice() - 0.5) * fill.periodMs * 0.1)
      const power = powers[i % 3]!
      level[i] = level[i]! + (dice() - 0.5) * 0.4
      block.series[row] = series[i]!.id
      block.measuredAt[row] = measuredAt
      block.receivedAt[row] = measuredAt + 20 + Math.round(dice() * 60)
      block.value[row] = Math.round(level[i]! * power) / power
      if (block.count === BLOCK_ROWS) await flush()
    }
  }
  await flush()
  const start = performance.now()
  await store.checkpoint(fill.cursor)
  return { rows, series, seconds: (milliseconds + performance.now() - start) / 1000, from }
}

function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 0x7fff_ffff) / 0x7fff_ffff
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , dataDir, rows = '20000000', series = '10000', periodMs = '1000'] = process.argv
  if (dataDir === undefined) throw new Error('usage: fill-history.ts FOLDER [rows] [series] [periodMs]')
  const store = stores.embedded({ dataDir })
  const fill = {
    rows: Number(rows),
    series: Number(series),
    periodMs: Number(periodMs),
    mode: 'live' as const,
    until: Date.now(),
    cursor: 1,
  }
  const { seconds } = await fillStore(store, fill)
  const { watchfire_history_bytes: bytes } = store.figures()
  await store.close()
  const perSecond = Math.round(fill.rows / seconds)
  process.stdout.write(`${JSON.stringify({ rows: fill.rows, seconds, perSecond, bytes, bytesPerRow: bytes! / fill.rows })}\n`)
}
