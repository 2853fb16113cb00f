import { metricOf, splitChannel, type MetricName } from './metrics.ts'
import { qualityCode } from './quality.ts'

/**
 * Where a reading lies in InfluxDB (semantics 28): what writes there and what asks there agree on these names.
 * A point is one device at one `measuredAt`; its fields are the metrics of one family, and beside each the quality of it.
 */
export const influxTags = ['device', 'enterprise', 'region', 'kind', 'mode'] as const
export type InfluxTag = (typeof influxTags)[number]

/** Families are what people look at together, so that a panel reads one measurement. A name here never changes: data lies under it. */
const families = {
  combustibleLel: 'gas',
  toxicPpm: 'gas',
  oxygenVol: 'gas',
  alarmH: 'gas',
  alarmHh: 'gas',
  temperatureC: 'air',
  humidityRh: 'air',
  windDirDeg: 'air',
  windSpeedMps: 'air',
  diffPressurePa: 'air',
  pressureMpa: 'water',
  flowLps: 'water',
  levelM: 'water',
  valveClosed: 'water',
  capOpen: 'water',
  discharging: 'water',
  running: 'water',
  waterPresent: 'water',
  smokeObscuration: 'fire',
  residualCurrentMa: 'fire',
  fireAlarm: 'fire',
  preAlarm: 'fire',
  sparkDetected: 'fire',
  arcFault: 'fire',
  latitude: 'position',
  longitude: 'position',
  altitudeM: 'position',
  speedKmh: 'position',
  headingDeg: 'position',
  mileageKm: 'position',
  headcount: 'people',
  sos: 'people',
  fillPct: 'storage',
  stockPct: 'storage',
  batteryPct: 'health',
  signalDbm: 'health',
  tiltDeg: 'health',
  fault: 'health',
  tamper: 'health',
  inService: 'health',
  bypassed: 'health',
  manualMode: 'health',
  testing: 'health',
  powerLost: 'health',
  backupFault: 'health',
  coverOpen: 'health',
  settingChanged: 'health',
  calibrationOverdue: 'health',
} as const satisfies Record<MetricName, string>

/** Keys that are in no catalogue lie together: the key is the tag `key`, the number the field `value`. */
export const unmappedMeasurement = 'unmapped'
export const unmappedKeyTag = 'key'
export const unmappedField = 'value'

/** `toxicPpm#h2s` → `gas`; a key that is not in the catalogue → `unmapped`. */
export const measurementOf = (key: string): string =>
  metricOf(key) ? families[splitChannel(key).metric as MetricName] : unmappedMeasurement

/** A backslash has no safe place in line protocol, and a channel must not pass for the companion field of another one. */
const safe = (key: string) => key.replaceAll('%', '%25').replaceAll('\\', '%5C')

/** The field a reading's value is in: the metric with its channel, as the device sends it but for `%`, `\` and a last `_q`, `_r`, `_t`. */
export const fieldOf = (key: string): string => (metricOf(key) ? safe(key).replace(/_(?=[qrt]$)/, '%5F') : unmappedField)

/** The value of the tag `key` of a key that is in no catalogue. */
export const keyTagOf = safe

/** The integer field beside it with `qualityCode` (quality and reason in one number). */
export const qualityFieldOf = (key: string): string => `${fieldOf(key)}_q`

/** The integer field with how long after `measuredAt` it was received, in milliseconds. */
export const receiptFieldOf = (key: string): string => `${fieldOf(key)}_r`

/** The float field with the stamp the device gave, where that could not be believed (semantics 12). */
export const deviceTimeFieldOf = (key: string): string => `${fieldOf(key)}_t`

/** Codes below this are good or uncertain: what may be drawn and counted. From here on a reading is bad. */
export const badFrom = qualityCode('bad')
