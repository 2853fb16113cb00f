import type { Aggregate } from '../../core/history.ts'
import type { Series } from '../../core/reading.ts'
import { ask } from './influx/ask.ts'
import { Lines } from './influx/lines.ts'
import type { InfluxOptions } from './influx/options.ts'
import { bucketsOf, extentOf, readingsOf, runsOf } from './influx/statements.ts'
import { Writer } from './influx/writer.ts'
import type { AcceptedReading, Archive, Buckets, Selection, Sink } from './store.ts'

/** Statements in one request; more would make the request longer than servers take. */
const STATEMENTS = 50

/**
 * InfluxDB as the archive: written by line protocol, read by InfluxQL, which every version answers. Where a reading lies
 * there is in core/influx-schema.ts and docs/influxdb.md.
 */
export class InfluxArchive implements Archive {
  #options: InfluxOptions
  #writer: Writer
  #lines = new Lines()

  constructor(options: InfluxOptions) {
    this.#options = options
    this.#writer = new Writer(options)
  }

  line(reading: AcceptedReading): string {
    return this.#lines.line(reading)
  }

  send(lines: string[]): Promise<void> {
    return this.#writer.send(lines)
  }

  async readings({ series, from, to, firstFrom }: Selection, sink: Sink): Promise<void> {
    for (let first = 0; first < series.length; first += STATEMENTS) {
      const some = series.slice(first, first + STATEMENTS)
      const start = (one: Series) => (one === series[0] ? (firstFrom ?? from) : from)
      const statements = some.map((one) => readingsOf(one, start(one), to))
      const more = await this.#each(statements, some, sink, ([at, value, quality, delay]) =>
        value === null ? true : sink.point(at!, value!, quality!, at! + delay!),
      )
      if (!more) return
    }
  }

  async buckets({ series, from, to, firstFrom }: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void> {
    for (let first = 0; first < series.length; first += STATEMENTS / 2) {
      const some = series.slice(first, first + STATEMENTS / 2)
      const extents = await this.#extents(some, (one) => (one === series[0] ? (firstFrom ?? from) : from), to)
      const asked = extents.flatMap(({ one, start, end }) => runsOf(buckets, start, end).map((run) => ({ one, run, start, end })))
      for (let next = 0; next < asked.length; next += STATEMENTS) {
        const part = asked.slice(next, next + STATEMENTS)
        const statements = part.map(({ one, run, start, end }) => bucketsOf(one, fn, run, start, end))
        const names = part.map(({ one }) => one)
        if (!(await this.#each(statements, names, sink, ([at, value]) => sink.point(at!, value!, 0, 0)))) return
      }
    }
  }

  /** From the first to the last reading there is: what lies before and after need not be cut into buckets. */
  async #extents(series: readonly Series[], from: (one: Series) => number, to: number) {
    const extents = series.map((one) => ({ one, start: Infinity, end: -Infinity }))
    const statements = series.flatMap((one) => extentOf(one, from(one), to))
    await ask(this.#options, statements, (statement, [row]) => {
      const extent = extents[statement >> 1]!
      if (statement % 2 === 0) extent.start = row![0]!
      else extent.end = row![0]! + 1
      return true
    })
    return extents.filter(({ start, end }) => start < end)
  }

  /** The rows of each statement to the sink, under the statement's series. */
  #each(statements: string[], names: readonly Series[], sink: Sink, take: (row: (number | null)[]) => boolean): Promise<boolean> {
    let current: Series | null = null
    return ask(this.#options, statements, (statement, rows) => {
      const series = names[statement]!
      if (series !== current) sink.begin(series)
      current = series
      return rows.every(take)
    })
  }
}
