import type { Aggregate } from '../../../core/history.ts'
import {
  badFrom,
  fieldOf,
  keyTagOf,
  measurementOf,
  qualityFieldOf,
  receiptFieldOf,
  unmappedKeyTag,
  unmappedMeasurement,
} from '../../../core/influx-schema.ts'
import type { Series } from '../../../core/reading.ts'
import type { Buckets } from '../store.ts'

const name = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
const text = (value: string) => `'${value.replace(/['\\]/g, '\\$&')}'`
/** InfluxDB counts nanoseconds in 64 bits. */
const FURTHEST_MS = 9_000_000_000_000
const time = (ms: number) => `${Math.min(FURTHEST_MS, Math.max(-FURTHEST_MS, Math.ceil(ms)))}ms`

function source({ device, metric, mode }: Series, from: number, to: number): string {
  const measurement = measurementOf(metric)
  const key = measurement === unmappedMeasurement ? ` AND ${name(unmappedKeyTag)} = ${text(keyTagOf(metric))}` : ''
  const of = `"device" = ${text(device)} AND "mode" = ${text(mode)}${key}`
  return `FROM ${name(measurement)} WHERE ${of} AND time >= ${time(from)} AND time < ${time(to)}`
}

const counted = ({ metric }: Series) => `${name(qualityFieldOf(metric))} < ${badFrom}`

/** Rows: time, value, quality, milliseconds until it was received. */
export const readingsOf = (series: Series, from: number, to: number): string =>
  `SELECT ${name(fieldOf(series.metric))}, ${name(qualityFieldOf(series.metric))}, ${name(receiptFieldOf(series.metric))} ` +
  source(series, from, to)

/** Two statements: when the first and when the last reading is that counts. */
export const extentOf = (series: Series, from: number, to: number): string[] =>
  (['first', 'last'] as const).map(
    (fn) => `SELECT ${fn}(${name(fieldOf(series.metric))}) ${source(series, from, to)} AND ${counted(series)}`,
  )

/** Neighbouring buckets of one length. */
export type Run = { start: number; end: number; length: number }

/** The buckets that touch a range, as few runs: a day that ends in a short bucket is two of them. */
export function runsOf(buckets: Buckets, from: number, to: number): Run[] {
  const runs: Run[] = []
  for (let at = from; at < to;) {
    const { start, end } = buckets.at(at)
    const run = runs.at(-1)
    if (run && run.end === start && run.length === end - start) run.end = end
    else runs.push({ start, end, length: end - start })
    at = end
  }
  return runs
}

/** Rows: start of the bucket, one number. */
export function bucketsOf(series: Series, fn: Aggregate, run: Run, from: number, to: number): string {
  const within = source(series, Math.max(run.start, from), Math.min(run.end, to))
  const phase = ((run.start % run.length) + run.length) % run.length
  const cut = `GROUP BY time(${run.length}ms, ${phase}ms) fill(none)`
  return `SELECT ${fn}(${name(fieldOf(series.metric))}) ${within} AND ${counted(series)} ${cut}`
}
