import { cellText, csvLine } from '../core/csv.ts'
import type { ExportFormat, ExportQuery } from '../core/history.ts'
import { metricOf } from '../core/metrics.ts'
import { qualityOf, reasonOf } from '../core/quality.ts'
import type { Series } from '../core/reading.ts'
import { localClock } from './buckets.ts'

type Line = (series: Series, at: number, value: number, quality: number, receivedAt: number) => string

/** How a row of an export is written, by format. The columns of CSV are named in `core/csv.ts`. */
export const lineWriters: Record<ExportFormat, (query: ExportQuery) => Line> = {
  csv({ device, labels, zone }) {
    const time = isoIn(zone)
    const whose = [device, labels.name, labels.enterprise].map(cellText).join(',')
    const what = new Map<string, string>()
    return ({ metric }, at, value, quality, receivedAt) => {
      let known = what.get(metric)
      if (known === undefined) {
        const { zh = '', unit = '' } = metricOf(metric) ?? {}
        what.set(metric, (known = [metric, zh, unit].map(cellText).join(',')))
      }
      const reason = reasonOf(quality)
      return csvLine([
        whose,
        known,
        time(at),
        String(value),
        qualityOf(quality),
        reason === 'none' ? '' : reason,
        time(receivedAt),
      ])
    }
  },
  ndjson({ device, labels }) {
    const whose = JSON.stringify({ device, name: labels.name, enterprise: labels.enterprise }).slice(0, -1)
    return ({ metric }, measuredAt, value, code, receivedAt) => {
      const reason = reasonOf(code)
      const quality = qualityOf(code)
      const rest = { metric, measuredAt, value, quality, reason: reason === 'none' ? null : reason, receivedAt }
      return `${whose},${JSON.stringify(rest).slice(1)}\n`
    }
  },
}

/** No zone changes its clocks anywhere else than at a quarter of an hour. */
const QUARTER = 900_000
const two = (n: number) => String(n).padStart(2, '0')

/** `2026-01-01T08:00:00.000+08:00`: what people read, and no spreadsheet takes for a number. */
export function isoIn(zone: string): (time: number) => string {
  const local = localClock(zone)
  let [quarter, offsetMs, offset] = [NaN, 0, '']
  return (time) => {
    const own = Math.floor(time / QUARTER)
    if (own !== quarter) {
      quarter = own
      offsetMs = local(own * QUARTER) - own * QUARTER
      const minutes = Math.abs(Math.round(offsetMs / 60_000))
      offset = `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
    }
    return new Date(time + offsetMs).toISOString().slice(0, -1) + offset
  }
}
