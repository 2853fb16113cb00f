import { Invalid } from '../core/errors.ts'
import type { Selection, Store } from './stores/store.ts'

/** An answer of this many points is one page: what a question should be made to fit. */
const COMFORTABLE = 100_000
const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000]
const steps: [text: string, ms: number][] = [
  ['10s', 10 * SECOND],
  ['1m', MINUTE],
  ['5m', 5 * MINUTE],
  ['15m', 15 * MINUTE],
  ['1h', HOUR],
  ['6h', 6 * HOUR],
  ['1d', DAY],
  ['7d', 7 * DAY],
  ['30d', 30 * DAY],
]

/**
 * Refuses a question whose answer would have more points than `most`, and says by which step it would fit. Counted by what
 * the store knows without reading: a store that does not know refuses nothing, answers are bounded in any case.
 */
export function checkSize(store: Store, selection: Selection, every: number | undefined, most: number): void {
  const { series, from, to } = selection
  if (!store.extent || series.length * Math.ceil((to - from) / (every ?? 1)) <= most) return
  let [points, first, last] = [0, Infinity, -Infinity]
  for (const one of series) {
    const extent = store.extent(one, from, to, most)
    if (!extent) continue
    first = Math.min(first, extent.first)
    last = Math.max(last, extent.last)
    points += every === undefined ? extent.rows : Math.min(extent.rows, Math.floor((extent.last - extent.first) / every) + 2)
  }
  if (points <= most) return
  const fits = steps.find(([, ms]) => series.length * ((last - first) / ms + 1) <= COMFORTABLE) ?? steps.at(-1)!
  throw new Invalid(
    'too-many-points',
    `this question has more than ${most} points: ask with every=${fits[0]}, a shorter time or fewer devices; in pages with limit=; all of it with /api/v1/export`,
    { points, mostPoints: most, suggestedEvery: fits[0] },
  )
}
