import { jitter, mix, rounded, uniform, wander, type DeviceModel, type Unit } from './device.ts'

type Air = { level: number; swing: number; last: number; digits: number; floor: number }

const MINUTE = 60_000

/** Clean air as each kind of detector sees it: far below every alarm limit. */
const air: Record<string, Air> = {
  combustibleLel: { level: 0.8, swing: 0.6, last: 0.2, digits: 1, floor: 0 },
  'toxicPpm/h2s': { level: 0.5, swing: 0.4, last: 0.1, digits: 1, floor: 0 },
  'toxicPpm/co': { level: 2.2, swing: 1.4, last: 0.3, digits: 1, floor: 0 },
  'toxicPpm/nh3': { level: 3.1, swing: 1.8, last: 0.4, digits: 1, floor: 0 },
  oxygenVol: { level: 20.9, swing: 0.08, last: 0.05, digits: 2, floor: 0 },
}

const metricOf = (unit: Unit) => String(unit.attributes['measures'])
const airOf = (unit: Unit): Air => {
  const metric = metricOf(unit)
  const kind = air[metric === 'toxicPpm' ? `toxicPpm/${unit.attributes['substance']}` : metric]
  if (!kind)
    throw new Error(`no model of clean air for ${unit.id}: measures ${metric}, substance ${unit.attributes['substance']}`)
  return kind
}

/** A point detector for one gas. */
export const gasDetector: DeviceModel = {
  kind: 'gas-detector',
  periodMs: (unit) => 2_000 + Math.floor(uniform(unit.seed) * 4) * 1_000,
  historyPeriodMs: (unit) => ({ [metricOf(unit)]: MINUTE }),

  values(unit, { at }) {
    const { level, swing, last, digits, floor } = airOf(unit)
    const slow = wander(unit.seed, at, 25 * MINUTE) * 0.7 + wander(mix(unit.seed, 1), at, 90_000) * 0.3
    const value = level + swing * slow + last * jitter(unit.seed, at)
    return { [metricOf(unit)]: rounded(Math.max(floor, value), digits) }
  },
}
