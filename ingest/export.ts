import { csvLine, readingColumns } from '../core/csv.ts'
import { Invalid } from '../core/errors.ts'
import type { ExportPage, ExportQuery } from '../core/history.ts'
import { moved } from '../core/rpc.ts'
import type { Series } from '../core/reading.ts'
import { encoderOf } from './encoding.ts'
import { lineWriters } from './export-lines.ts'
import type { SeriesIndex } from './series-index.ts'
import type { Sink, Store } from './stores/store.ts'

/**
 * The next rows of one device as lines of a file. A page is a question of its own that begins where the last one ended, so
 * nothing is held for whoever reads slowly or not at all.
 */
export async function exportPage(store: Store, index: SeriesIndex, query: ExportQuery): Promise<ExportPage> {
  const { mode, device, metrics, from, to, after } = query
  let series: readonly Series[] = index.select(mode, device, undefined, metrics)
  if (after) {
    const place = series.findIndex(({ metric }) => metric === after.metric)
    if (place < 0)
      throw new Invalid('bad-after', `${device} has no ${after.metric} in this export: give the last whole row of the file`, {
        field: 'after',
      })
    series = series.slice(place)
  }
  const sink = new Lines(query)
  await store.readings({ series, from, to, ...(after && { firstFrom: Math.max(from, after.at) }) }, sink)
  const bytes = encoderOf(query.encoding)(sink.text)
  const raw = Math.max(...series.map((one) => store.summed?.(one)?.raw ?? -Infinity))
  const page = {
    bytes,
    rows: sink.rows,
    last: sink.full ? sink.last : null,
    ...(raw > from && { readingsFrom: Math.min(raw, to) }),
  }
  return moved(page, bytes)
}

class Lines implements Sink {
  text = ''
  rows = 0
  full = false
  last: ExportPage['last']
  #line: (series: Series, at: number, value: number, quality: number, receivedAt: number) => string
  #series: Series | null = null
  #most: number
  #after: ExportQuery['after']

  constructor(query: ExportQuery) {
    this.#line = lineWriters[query.format](query)
    if (query.firstLine && query.format === 'csv')
      // Without the mark a spreadsheet takes UTF-8 for the code page of its country.
      this.text = (query.encoding === 'utf-8' ? '\ufeff' : '') + csvLine(readingColumns[query.firstLine])
    this.#most = query.maxRows
    this.#after = query.after
    this.last = query.after ?? null
  }

  begin(series: Series): void {
    this.#series = series
  }

  point(at: number, value: number, quality: number, receivedAt: number): boolean {
    const series = this.#series!
    if (this.#after?.metric === series.metric && at <= this.#after.at) return true
    if (this.rows === this.#most) {
      this.full = true
      return false
    }
    this.text += this.#line(series, at, value, quality, receivedAt)
    this.rows++
    this.last = { metric: series.metric, at }
    return true
  }
}
