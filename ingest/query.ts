import { Invalid } from '../core/errors.ts'
import type { ReadingsAnswer, ReadingsQuery } from '../core/history.ts'
import type { Series } from '../core/reading.ts'
import { moved } from '../core/rpc.ts'
import { localBuckets } from './buckets.ts'
import { PointsJson } from './points-json.ts'
import type { SeriesIndex } from './series-index.ts'
import { checkSize } from './too-many.ts'
import type { Selection, Store } from './stores/store.ts'

/** More buckets than this in one series cannot be what somebody wants to see. */
const MOST_BUCKETS = 2_000_000
/** No reading is measured before this (semantics 12), nor more than a little in the future. */
const EARLIEST = Date.UTC(2010, 0, 1)
const DAY = 86_400_000
const [MINUTE, HOUR] = [60_000, 3_600_000]
/** What one series adds to an answer about many of them. */
const BYTES_A_SERIES = 128
const MOST_EXPECTED = 8_000_000

/** Answers a query of design §4.4 as JSON text, at most `maxPoints` points and then where to go on. */
export async function answerReadings(
  store: Store,
  index: SeriesIndex,
  query: ReadingsQuery,
  now: number,
): Promise<ReadingsAnswer> {
  const { mode, device, devices, metrics, from, to, every, fn, cursor, maxPoints } = query
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw new Invalid('bad-range', 'from and to must be times in milliseconds')
  let series = index.select(mode, device, devices, metrics)
  let firstFrom: number | undefined
  if (cursor !== undefined) {
    const place = readCursor(cursor)
    series = series.filter(({ id }) => id >= place.series)
    if (series[0]?.id === place.series) firstFrom = Math.max(place.at, from)
  }
  const selection: Selection = { series, from, to, ...(firstFrom !== undefined && { firstFrom }) }
  const points = new PointsJson(
    Math.max(1, maxPoints),
    query.quality === true && every === undefined,
    Math.min(MOST_EXPECTED, 4_096 + series.length * BYTES_A_SERIES),
  )
  if (query.mostPoints !== undefined) checkSize(store, selection, every, query.mostPoints)
  const sums = summedUp(store, series, from, to)
  if (every === undefined) {
    if (sums) await readingsAndSums(store, selection, points)
    else await store.readings(selection, points)
  } else {
    checkBuckets(from, to, every, now)
    await store.buckets(selection, fn ?? 'mean', localBuckets(every, query.zone), points)
  }
  const json = points.finish(points.next && writeCursor(points.next), sums ? { resolution: sums } : {})
  return moved({ json, points: points.points }, json)
}

/** From when on points are sums: before `before`, one a minute or an hour. */
type Resolution = { before: number; everyMs: number }[]

/** Null where every series asked for still has its readings. Of many series the coarsest is told. */
function summedUp(store: Store, series: readonly Series[], from: number, to: number): Resolution | null {
  if (!store.summed) return null
  let [raw, fine] = [-Infinity, -Infinity]
  for (const one of series) {
    const since = store.summed(one)
    if (!since) continue
    raw = Math.max(raw, since.raw)
    fine = Math.max(fine, since.fine)
  }
  if (from >= raw) return null
  const resolution: Resolution = []
  if (from < fine) resolution.push({ before: Math.min(fine, to), everyMs: HOUR })
  if (raw > fine && to > fine) resolution.push({ before: Math.min(raw, to), everyMs: MINUTE })
  return resolution
}

/** Where readings are gone, the mean of each sum stands for them. */
async function readingsAndSums(store: Store, { series, from, to, firstFrom }: Selection, points: PointsJson): Promise<void> {
  const minutes = localBuckets(MINUTE, 'UTC')
  for (const [i, one] of series.entries()) {
    const start = i === 0 ? (firstFrom ?? from) : from
    const raw = Math.min(to, store.summed!(one)?.raw ?? -Infinity)
    if (start < raw) await store.buckets({ series: [one], from: start, to: raw }, 'mean', minutes, points)
    if (!points.next && raw < to) await store.readings({ series: [one], from: Math.max(start, raw), to }, points)
    if (points.next) return
  }
}

function checkBuckets(from: number, to: number, every: number, now: number): void {
  if (!Number.isSafeInteger(every) || every < 1) {
    throw new Invalid('bad-every', 'every must be a whole number of milliseconds, 1 or more', { every })
  }
  const span = Math.min(to, now + DAY) - Math.max(from, EARLIEST)
  const buckets = Math.ceil(span / every)
  if (buckets <= MOST_BUCKETS) return
  const atLeastMs = Math.ceil(span / MOST_BUCKETS / 1000) * 1000
  throw new Invalid(
    'too-many-buckets',
    `this range makes ${buckets} buckets a series; at most ${MOST_BUCKETS} are served: ask for a shorter range, or every=${atLeastMs / 1000}s or more`,
    { buckets, mostBuckets: MOST_BUCKETS, atLeastMs },
  )
}

const writeCursor = ({ series, at }: { series: number; at: number }) => Buffer.from(`${series}:${at}`).toString('base64url')

function readCursor(cursor: string): { series: number; at: number } {
  const [, series, at] = /^(\d{1,15}):(-?[\d.]{1,20})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  if (series === undefined || !Number.isFinite(Number(at))) {
    throw new Invalid('bad-cursor', 'this is not a `next` of an earlier answer', { cursor })
  }
  return { series: Number(series), at: Number(at) }
}
