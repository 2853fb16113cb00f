import { badFrom, fieldOf, measurementOf, qualityFieldOf } from '../../core/influx-schema.ts'
import type { MetricName } from '../../core/metrics.ts'
import type { MetricKey } from './limits.ts'
import { historySource } from './sources.ts'
import type { InfluxTarget } from './schema.ts'

const quoted = (name: string) => `"${name}"`

/** Which devices: the choice at the top of the dashboard, and the kinds a panel is about. */
const chosen = (kinds: readonly string[] = []) =>
  [
    `"mode" = '$mode'`,
    `"enterprise" =~ /^$enterprise$/`,
    `"device" =~ /^$device$/`,
    ...(kinds.length > 0 ? [`"kind" =~ /^(${kinds.join('|')})$/`] : []),
  ].join(' AND ')

export type Worst = 'max' | 'min'
export type Selection = {
  metric: MetricKey
  /** of an interval: the reading nearest to danger, so that zooming out hides no peak */
  worst: Worst
  kinds?: readonly string[]
  by?: 'device' | 'enterprise'
  /** what the line is called, after the device */
  called?: string
}

const target = (refId: string, query: string, alias?: string): InfluxTarget => ({
  refId,
  datasource: historySource,
  rawQuery: true,
  query,
  resultFormat: alias === undefined ? 'table' : 'time_series',
  ...(alias !== undefined && { alias }),
})

const named = (by: string, called?: string) => `$tag_${by}${called === undefined ? '' : ` ${called}`}`

/** The usable readings of an interval as one; an interval without any is null, so that the line breaks. */
export function readings(refId: string, { metric, worst, kinds, by = 'device', called }: Selection): InfluxTarget {
  return target(
    refId,
    `SELECT ${worst}(${quoted(fieldOf(metric))}) FROM ${quoted(measurementOf(metric))} WHERE ${chosen(kinds)}` +
      ` AND ${quoted(qualityFieldOf(metric))} < ${badFrom} AND $timeFilter GROUP BY time($__interval), ${quoted(by)} fill(null)`,
    named(by, called),
  )
}

/** The same for the channel of a metric that is chosen at the top (`$channel`: `toxicPpm`, `toxicPpm#h2s`, …). */
export const channelReadings = (refId: string, metric: MetricName, worst: Worst): InfluxTarget =>
  target(
    refId,
    `SELECT ${worst}("\${channel:raw}") FROM ${quoted(measurementOf(metric))} WHERE ${chosen()}` +
      ` AND "\${channel:raw}_q" < ${badFrom} AND $timeFilter GROUP BY time($__interval), "device" fill(null)`,
    named('device'),
  )

/** The worst quality of an interval; null when nothing came. */
export const quality = (refId: string, metric: MetricKey, kinds?: readonly string[]): InfluxTarget =>
  target(
    refId,
    `SELECT max(${quoted(qualityFieldOf(metric))}) FROM ${quoted(measurementOf(metric))} WHERE ${chosen(kinds)}` +
      ` AND $timeFilter GROUP BY time($__interval), "device" fill(null)`,
    named('device'),
  )

/** How many readings were bad. */
export const badReadings = (refId: string, metric: MetricName, called: string): InfluxTarget =>
  target(
    refId,
    `SELECT count(${quoted(qualityFieldOf(metric))}) FROM ${quoted(measurementOf(metric))} WHERE ${chosen()}` +
      ` AND ${quoted(qualityFieldOf(metric))} >= ${badFrom} AND $timeFilter GROUP BY time($__interval), "device" fill(null)`,
    named('device', called),
  )

/** How many readings came, whatever their quality. InfluxDB counts silence as 0, not as null. */
export const readingCount = (refId: string, metric: MetricName, called: string): InfluxTarget =>
  target(
    refId,
    `SELECT count(${quoted(qualityFieldOf(metric))}) FROM ${quoted(measurementOf(metric))} WHERE ${chosen()}` +
      ` AND $timeFilter GROUP BY time($__interval), "enterprise" fill(null)`,
    named('enterprise', called),
  )

/** How many devices sent a usable reading of a metric within the time on screen. */
export const devicesHeard = (refId: string, metric: MetricName, called: string): InfluxTarget =>
  target(
    refId,
    `SELECT count("one") FROM (SELECT last(${quoted(fieldOf(metric))}) AS "one" FROM ${quoted(measurementOf(metric))}` +
      ` WHERE ${chosen()} AND ${quoted(qualityFieldOf(metric))} < ${badFrom} AND $timeFilter GROUP BY "device")`,
    called,
  )

/** The newest usable reading of every device, with its own time and quality. */
export const newest = (refId: string, metric: MetricKey, kinds?: readonly string[]): InfluxTarget =>
  target(
    refId,
    `SELECT last(${quoted(fieldOf(metric))}) AS "value", ${quoted(qualityFieldOf(metric))} AS "quality"` +
      ` FROM ${quoted(measurementOf(metric))} WHERE ${chosen(kinds)} AND ${quoted(qualityFieldOf(metric))} < ${badFrom}` +
      ` AND $timeFilter GROUP BY "device"`,
  )

const usableFix = `${quoted(qualityFieldOf('latitude'))} < ${badFrom} AND ${quoted(qualityFieldOf('longitude'))} < ${badFrom}`
const position = quoted(measurementOf('latitude'))

/** Where every vehicle was last, as rows. */
export const lastPositions = (refId: string): InfluxTarget =>
  target(
    refId,
    `SELECT last("latitude") AS "latitude", "longitude", "speedKmh", "headingDeg" FROM ${position}` +
      ` WHERE ${chosen()} AND ${usableFix} AND $timeFilter GROUP BY "device"`,
  )

/** The way they came: one fix an interval. */
export const track = (refId: string): InfluxTarget =>
  target(
    refId,
    `SELECT last("latitude") AS "latitude", last("longitude") AS "longitude" FROM ${position}` +
      ` WHERE ${chosen()} AND ${usableFix} AND $timeFilter GROUP BY time($__interval), "device" fill(none)`,
  )

/** What may be chosen at the top. */
export const tagValues = (tag: 'enterprise' | 'device', within: readonly string[]): string =>
  `SHOW TAG VALUES WITH KEY = "${tag}" WHERE ${within.join(' AND ')}`
