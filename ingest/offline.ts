import type { RowsQuery } from '../core/history.ts'
import type { ReadingRows } from '../core/reading-rows.ts'
import { rowsOf } from './rows.ts'
import { SeriesIndex } from './series-index.ts'
import { stores } from './stores/index.ts'

/** The history in a data folder, read by somebody who does not write it, whether a platform is running on it or not. */
export function openOfflineHistory(dataDir: string): { rows(query: RowsQuery): Promise<ReadingRows>; close(): void } {
  const store = stores.embedded({ dataDir, readOnly: true })
  const index = new SeriesIndex()
  for (const series of store.all()) index.add(series)
  return { rows: (query) => rowsOf(store, index, query), close: () => store.close() }
}
