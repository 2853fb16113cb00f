import type { RowsQuery } from '../core/history.ts'
import { splitChannel } from '../core/metrics.ts'
import { RowsBuilder, type ReadingRows } from '../core/reading-rows.ts'
import { moved } from '../core/rpc.ts'
import type { SeriesIndex } from './series-index.ts'
import type { Store } from './stores/store.ts'

/** Every reading of some quantities measured in a range, series by series, with when it was received. */
export async function rowsOf(store: Store, index: SeriesIndex, { mode, quantities, from, to }: RowsQuery): Promise<ReadingRows> {
  const all = index.select(mode, null, undefined, [])
  const series = quantities.length === 0 ? all : all.filter(({ metric }) => quantities.includes(splitChannel(metric).metric))
  const rows = new RowsBuilder()
  let id = 0
  await store.readings(
    { series, from, to },
    {
      begin: (one) => void (id = one.id),
      point: (at, value, quality, receivedAt) => {
        rows.add(id, at, receivedAt, value, quality)
        return true
      },
    },
  )
  const raw = Math.max(...series.map((one) => store.summed?.(one)?.raw ?? -Infinity))
  const found = { ...rows.take(), ...(raw > from && { readingsFrom: raw }) }
  return moved(found, found.bytes)
}
