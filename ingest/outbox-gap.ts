import type { Gap } from './outbox-book.ts'
import type { TagHistory } from './tags.ts'
import type { AcceptedReading, Store } from './stores/store.ts'

/** Beyond every time a reading can have. */
const FURTHEST = 8.64e15
/** Rows of one commit are stamped a little before it. */
const MARGIN_MS = 60_000

export type GapPage = { readings: AcceptedReading[]; throughSeries: number }

/**
 * What was received in a stretch that the journal has lost, out of the store of this machine: series by series, at most
 * `most` readings at once. A reading too many does no harm: all of them were accepted as they are here.
 */
export async function* readingsOfGap(gap: Gap, local: Store, tags: TagHistory, most: number): AsyncGenerator<GapPage> {
  const from = gap.receivedFrom === null ? -Infinity : gap.receivedFrom - MARGIN_MS
  const to = gap.receivedTo + MARGIN_MS
  const all = [...local.all()].filter(({ id }) => id > gap.series).sort((a, b) => a.id - b.id)
  let page: AcceptedReading[] = []
  for (const series of all) {
    for (let start: number | null = -FURTHEST; start !== null;) {
      let next: number | null = null
      const point = (measuredAt: number, value: number, quality: number, receivedAt: number) => {
        if (receivedAt < from || receivedAt > to) return true
        if (page.length === most) {
          next = measuredAt
          return false
        }
        const about = tags.at(series.device, receivedAt)
        page.push({ series, about, measuredAt, receivedAt, value, quality, deviceTime: undefined })
        return true
      }
      await local.readings({ series: [series], from: start, to: FURTHEST }, { begin() {}, point })
      start = next
      if (next === null) continue
      yield { readings: page, throughSeries: series.id - 1 }
      page = []
    }
    if (page.length < most / 2) continue
    yield { readings: page, throughSeries: series.id }
    page = []
  }
  yield { readings: page, throughSeries: all.at(-1)?.id ?? gap.series }
}
