import type { Unit } from '../../simulators/devices/device.ts'
import { mix, uniform } from '../../simulators/signals.ts'
import type { Event, Fate } from './district-days.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const MONTH = 30 * 24 * HOUR

/**
 * What befalls the devices of an ordinary county, and how often a month per thousand devices of the kind. The rates are our
 * assumptions, not measurements: they are printed with the result, and whoever knows better ones changes them here.
 */
export type Mishap = { name: string; kind: string; perThousand: number; event(unit: Unit, at: number): Event }

const gasMetric = (unit: Unit) => String(unit.attributes['measures'])
/** A share of what the detector's H is; oxygen is drawn down instead. */
const gasAt = (unit: Unit, timesH: number): number => {
  const h: Record<string, number> = { h2s: 7.17, co: 17.5, nh3: 28.7 }
  const metric = gasMetric(unit)
  if (metric === 'oxygenVol') return 20.9 - timesH
  return metric === 'toxicPpm' ? (h[String(unit.attributes['substance'])] ?? 10) * timesH : 25 * timesH
}
const cloud = (unit: Unit, at: number, timesH: number, lastsMs: number): Event => ({
  from: at,
  to: at + lastsMs,
  says: (values, now) => {
    const part = (now - at) / lastsMs
    const metric = gasMetric(unit)
    const calm = values[metric] ?? 0
    return { ...values, [metric]: calm + (gasAt(unit, timesH) - calm) * Math.sin(Math.PI * part) }
  },
})
const during = (at: number, lastsMs: number, more: Record<string, number>): Event => ({
  from: at,
  to: at + lastsMs,
  says: (values) => ({ ...values, ...more }),
})
const silence = (at: number, lastsMs: number): Event => ({ from: at, to: at + lastsMs, says: () => null })

export const mishaps: Mishap[] = [
  {
    name: 'small release, above H',
    kind: 'gas-detector',
    perThousand: 10,
    event: (unit, at) => cloud(unit, at, 1.4, 15 * MINUTE),
  },
  {
    name: 'large release, above HH',
    kind: 'gas-detector',
    perThousand: 1,
    event: (unit, at) => cloud(unit, at, 2.6, 40 * MINUTE),
  },
  {
    name: 'calibration with test gas that nobody declared',
    kind: 'gas-detector',
    perThousand: 5,
    event: (unit, at) => cloud(unit, at, 2.2, 6 * MINUTE),
  },
  {
    name: 'sensor failing to the top of its range',
    kind: 'gas-detector',
    perThousand: 1,
    event: (unit, at) => during(at, 12 * HOUR, { [gasMetric(unit)]: gasAt(unit, 4) }),
  },
  { name: 'detector off', kind: 'gas-detector', perThousand: 20, event: (_unit, at) => silence(at, 8 * HOUR) },
  {
    name: 'bypassed for work',
    kind: 'gas-detector',
    perThousand: 15,
    event: (_unit, at) => during(at, 3 * HOUR, { bypassed: 1 }),
  },
  {
    name: 'cooking, dust or steam',
    kind: 'smoke-alarm',
    perThousand: 8,
    event: (_unit, at) => during(at, HOUR / 2, { fireAlarm: 1 }),
  },
  { name: 'battery low', kind: 'smoke-alarm', perThousand: 10, event: (_unit, at) => during(at, 72 * HOUR, { batteryPct: 9 }) },
  {
    name: 'hydrant opened',
    kind: 'hydrant',
    perThousand: 15,
    event: (_unit, at) => during(at, HOUR, { capOpen: 1, pressureMpa: 0.2 }),
  },
  { name: 'burst main', kind: 'hydrant', perThousand: 2, event: (_unit, at) => during(at, 6 * HOUR, { pressureMpa: 0.05 }) },
  {
    name: 'pressure gauge stuck',
    kind: 'hydrant',
    perThousand: 3,
    event: (_unit, at) => during(at, 96 * HOUR, { pressureMpa: 0.341 }),
  },
  { name: 'speeding', kind: 'vehicle', perThousand: 300, event: (_unit, at) => during(at, 5 * MINUTE, { speedKmh: 88 }) },
  {
    name: 'speeding by a third',
    kind: 'vehicle',
    perThousand: 20,
    event: (_unit, at) => during(at, 5 * MINUTE, { speedKmh: 107 }),
  },
  { name: 'help button pressed', kind: 'vehicle', perThousand: 2, event: (_unit, at) => during(at, 3 * MINUTE, { sos: 1 }) },
  { name: 'gateway offline', kind: 'gateway', perThousand: 300, event: (_unit, at) => silence(at, 2 * HOUR) },
]

/** The mishaps of a seed: each device gets its own, at any time of the month. */
export const ordinary =
  (seed: number): Fate =>
  (unit, from, to) => {
    const own = mix(seed, unit.seed)
    return mishaps.flatMap(({ kind, perThousand, event }, i): Event[] => {
      if (kind !== unit.kind) return []
      const expected = (perThousand / 1_000) * ((to - from) / MONTH)
      // At most one of a kind in the time: the rates are small.
      if (uniform(own, 2 * i) >= expected) return []
      return [event(unit, from + uniform(own, 2 * i + 1) * (to - from))]
    })
  }
