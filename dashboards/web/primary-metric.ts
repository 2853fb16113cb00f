import type { Alarm } from '../../core/alarm.ts'
import { splitChannel } from '../../core/metrics.ts'

/** The one value a row of a device table shows: the most telling first, housekeeping only when there is nothing else. */
const order = [
  'combustibleLel',
  'toxicPpm',
  'oxygenVol',
  'fireAlarm',
  'smokeObscuration',
  'pressureMpa',
  'levelM',
  'flowLps',
  'residualCurrentMa',
  'speedKmh',
  'windSpeedMps',
  'headcount',
  'temperatureC',
  'tiltDeg',
  'humidityRh',
]
const last = ['mileageKm', 'altitudeM', 'headingDeg', 'latitude', 'longitude', 'batteryPct', 'signalDbm']

const rank = (key: string): number => {
  const { metric } = splitChannel(key)
  const known = order.indexOf(metric)
  if (known >= 0) return known
  return order.length + (last.includes(metric) ? 100 + last.indexOf(metric) : 0)
}

/** A smoke alarm's flag says less than its measured smoke while it is 0, so analogue smoke wins over a silent flag. */
export function primaryMetric(metrics: Iterable<string>, alarmed: string | null): string | null {
  const all = [...metrics]
  if (alarmed !== null && all.includes(alarmed)) return alarmed
  const ranked = all.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
  if (ranked[0] === 'fireAlarm' && ranked[1] === 'smokeObscuration') return 'smokeObscuration'
  return ranked[0] ?? null
}

/** What is drawn with an alarm: what it judged, else the most telling value of its device. Two detectors in one zone are no value of their own. */
export const trendMetric = (alarm: Alarm, devices: ReadonlyMap<string, ReadonlyMap<string, unknown>>): string | null =>
  alarm.metric ?? primaryMetric(devices.get(alarm.deviceId)?.keys() ?? [], null)
