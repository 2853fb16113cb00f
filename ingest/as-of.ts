import type { AtQuery, ReadingAt } from '../core/history.ts'
import type { Series } from '../core/reading.ts'
import { localBuckets } from './buckets.ts'
import type { SeriesIndex } from './series-index.ts'
import type { Sink, Store } from './stores/store.ts'

/** How far back the first look goes, and by how much each further one is longer. */
const FIRST_MS = 60_000
const FURTHER = 8

/**
 * The newest reading of each series at a moment: what a control room would have read then. Looks back a little first and
 * further only for the series that had none, so that a fast sensor costs minutes and a slow one days.
 */
export async function readingsAt(store: Store, index: SeriesIndex, query: AtQuery): Promise<ReadingAt[]> {
  const { mode, devices, metrics, at, since } = query
  const series = index.select(mode, null, devices, metrics)
  const found = new Map<number, NonNullable<ReadingAt['reading']>>()
  let open = series
  let to = at + 1
  for (let back = FIRST_MS; open.length > 0 && to > since; back *= FURTHER) {
    const from = Math.max(since, at + 1 - back)
    await store.readings({ series: open, from, to }, new Newest(found))
    open = open.filter(({ id }) => !found.has(id))
    to = from
  }
  const answer: ReadingAt[] = []
  for (const one of series) {
    const { id, device, metric } = one
    const reading = found.get(id) ?? null
    const summed = reading ? null : await summedAt(store, one, at)
    answer.push({ device, metric, reading, ...(summed && { summed }) })
  }
  return answer
}

/** The sum that holds a moment whose readings are gone. */
async function summedAt(store: Store, series: Series, at: number): Promise<ReadingAt['summed'] | null> {
  const since = store.summed?.(series)
  if (!since || at >= since.raw) return null
  const buckets = localBuckets(at >= since.fine ? 60_000 : 3_600_000, 'UTC')
  const { start: from, end: to } = buckets.at(at)
  const values: number[] = []
  const sink = { begin() {}, point: (_at: number, value: number) => values.push(value) > 0 }
  for (const fn of ['mean', 'min', 'max'] as const) await store.buckets({ series: [series], from, to }, fn, buckets, sink)
  const [mean, min, max] = values
  return max === undefined ? null : { from, to, mean: mean!, min: min!, max }
}

class Newest implements Sink {
  #found: Map<number, NonNullable<ReadingAt['reading']>>
  #id = 0

  constructor(found: Map<number, NonNullable<ReadingAt['reading']>>) {
    this.#found = found
  }

  begin({ id }: Series): void {
    this.#id = id
  }

  point(measuredAt: number, value: number, quality: number, receivedAt: number): boolean {
    const reading = this.#found.get(this.#id)
    if (!reading) this.#found.set(this.#id, { value, measuredAt, receivedAt, quality })
    else Object.assign(reading, { value, measuredAt, receivedAt, quality })
    return true
  }
}
