import type { LatestReading } from '../core/history.ts'
import type { Series } from '../core/reading.ts'
import type { Sink, Store } from './stores/store.ts'

/** How far back the first look goes, and by how much each further one is longer. */
const FIRST_MS = 60_000
const FURTHER = 8
/** No stamp is further ahead of its receipt (semantics 12). */
const AHEAD_MS = 5 * 60_000

type Known = Omit<LatestReading, 'series' | 'device' | 'metric'>

/** Where a reading stands among those of its series: no event is later than its receipt. */
const place = ({ measuredAt, receivedAt }: Known): number => Math.min(measuredAt, receivedAt)

/**
 * The newest reading of each series as the screens knew it at a moment: of what had been received by then the newest by event time. A
 * clock that ran ahead counts by its receipt, as it does in the live view.
 */
export async function knownAt(store: Store, series: readonly Series[], mode: string, at: number): Promise<LatestReading[]> {
  const found = new Map<number, Known>()
  // Most sensors that fell silent did so long before: their last reading is at hand, and nothing has to be looked through for it.
  for (const { series: id, value, measuredAt, receivedAt, quality } of await store.latest(mode)) {
    if (receivedAt <= at && measuredAt <= receivedAt) found.set(id, { value, measuredAt, receivedAt, quality })
  }
  let open = series.filter(({ id }) => !found.has(id))
  let to = at + AHEAD_MS + 1
  for (let back = FIRST_MS; open.length > 0 && to > 0; back *= FURTHER) {
    const from = Math.max(0, at + 1 - back)
    await store.readings({ series: open, from, to }, new KnownSink(found, at))
    open = open.filter(({ id }) => {
      const known = found.get(id)
      // Everything older stands lower than where this look began.
      return known === undefined || place(known) < from
    })
    to = from
  }
  return series.flatMap(({ id, device, metric }) => {
    const known = found.get(id)
    return known ? [{ series: id, device, metric, ...known }] : []
  })
}

class KnownSink implements Sink {
  #found: Map<number, Known>
  #at: number
  #id = 0

  constructor(found: Map<number, Known>, at: number) {
    this.#found = found
    this.#at = at
  }

  begin({ id }: Series): void {
    this.#id = id
  }

  point(measuredAt: number, value: number, quality: number, receivedAt: number): boolean {
    if (receivedAt > this.#at) return true
    const one = { value, measuredAt, receivedAt, quality }
    const known = this.#found.get(this.#id)
    const isNewer = !known || place(one) > place(known) || (place(one) === place(known) && measuredAt > known.measuredAt)
    if (isNewer) this.#found.set(this.#id, one)
    return true
  }
}
