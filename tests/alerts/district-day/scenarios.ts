import type { DeviceKind } from '../../../core/device-kind.ts'
import type { Device } from '../../../core/registry.ts'
import { models } from '../../../simulators/devices/index.ts'
import type { Unit, Values } from '../../../simulators/devices/device.ts'
import { placeAt } from '../../../simulators/roads.ts'
import { along, daily, rounded, seedOf, uniform, type Curve } from '../../../simulators/signals.ts'
import { district } from '../../../simulators/district.ts'

/*
 * What befalls the devices of the district on Tuesday 6 January 2026. truth.json was written from this and not from what the
 * engine made of it; the day before, only what has to be learned is reported.
 */
export const EVE = Date.parse('2026-01-05T00:00:00+08:00')
export const DAY = Date.parse('2026-01-06T00:00:00+08:00')
export const END = Date.parse('2026-01-07T00:00:00+08:00')

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** How far behind the clock is that says 2001. */
const AGES = Date.UTC(2026) - Date.UTC(2001)

/** `10:30` of the day; seconds since midnight. */
const seconds = (time: string) => Number(time.slice(0, 2)) * 3600 + Number(time.slice(3, 5)) * 60
const at = (time: string) => DAY + seconds(time) * 1000

export type Reporter = {
  id: string
  token: string
  periodMs: number
  phaseMs: number
  from: number
  /** null: it says nothing */
  says(now: number): Values | null
  /** the stamp it gives; its own clock may be wrong */
  stamp(now: number): number
}

/** What a device says on the day instead of, or beside, what it would say. */
type Turn = (values: Values, now: number) => Values | null

const between = (from: string, to: string, turn: Turn): Turn => {
  return (values, now) => (now >= at(from) && now < at(to) ? turn(values, now) : values)
}
const set = (more: Values): Turn => {
  return (values) => ({ ...values, ...more })
}
const curve = (metric: string, corners: [time: string, value: number][], digits = 1): Turn => {
  const line: Curve = corners.map(([time, value]) => [seconds(time), value])
  return (values, now) => ({ ...values, [metric]: rounded(along(line, (now - DAY) / 1000), digits) })
}
/** A vehicle on a line of places, metres east and north of the middle of the district; it stands where nothing else is said. */
const drives = (
  corners: [time: string, eastM: number, northM: number][],
  speeds: [from: string, to: string, kmh: number][],
): Turn => {
  const east: Curve = corners.map(([time, eastM]) => [seconds(time), eastM])
  const north: Curve = corners.map(([time, , northM]) => [seconds(time), northM])
  return (_values, now) => {
    const second = (now - DAY) / 1000
    const place = placeAt(along(east, second), along(north, second))
    const ahead = placeAt(along(east, second + 1), along(north, second + 1))
    const headingDeg = ahead.longitude < place.longitude ? 270 : 90
    const speedKmh = speeds.find(([from, to]) => now >= at(from) && now < at(to))?.[2] ?? 0
    return { ...place, speedKmh, headingDeg }
  }
}

const standing = (unit: Unit, now: number): Values =>
  models.find(({ kind }) => kind === unit.kind)!.values(unit, { at: now, story: null, past: true })
/** What the device itself would have said at another time. */
const ownAt =
  (unit: () => Unit, when: (now: number) => number): Turn =>
  (_values, now) =>
    standing(unit(), when(now))

const periods: Partial<Record<DeviceKind, number>> = {
  'gas-detector': MINUTE,
  vehicle: MINUTE,
  hydrant: 2 * MINUTE,
  gateway: 2 * MINUTE,
  'smoke-alarm': 5 * MINUTE,
}

const burst = between('22:00', '22:40', set({ pressureMpa: 0.16 }))

/** By device of the district: what happens to it. */
const turns: Record<string, (unit: () => Unit) => Turn> = {
  'GAS-A01': () =>
    between(
      '09:00',
      '09:40',
      curve('combustibleLel', [
        ['09:00', 1],
        ['09:20', 60],
        ['09:40', 1],
      ]),
    ),
  'GAS-C01': (unit) =>
    between(
      '12:00',
      '20:00',
      ownAt(unit, (now) => now - 10 * HOUR),
    ),
  'GAS-A05': () => (values, now) => (isHeldBack('GAS-A05', now) ? { ...values, combustibleLel: 30 } : values),
  'GAS-B05': () => (values, now) =>
    now >= at('15:00') && now < at('17:00') ? null : between('21:00', '21:20', set({ combustibleLel: 15 }))(values, now),
  'GAS-B06': () => between('21:00', '21:20', set({ combustibleLel: 15 })),
  'GAS-C04': () => between('19:00', '19:20', set({ 'toxicPpm#x': 0 })),
  'GAS-C05': () => between('17:30', '18:00', set({ oxygenVol: -5 })),
  'VEH-01': () =>
    curve('temperatureC#cargo', [
      ['14:00', 25],
      ['14:10', 33],
    ]),
  'HYD-03': (unit) =>
    between('04:00', '08:00', (values) => ({ ...values, pressureMpa: standing(unit(), at('04:00'))['pressureMpa']! })),
  'HYD-07': () => burst,
  'HYD-08': () => burst,
  'HYD-09': () => burst,
  'HYD-25': () => between('13:15', '13:30', set({ capOpen: 1 })),
  'SMK-05': () => (values, now) =>
    between(
      '10:35',
      '11:20',
      set({ fireAlarm: 1 }),
    )(between('10:30', '11:20', set({ smokeObscuration: 0.9 }))(values, now)!, now),
}
/** Their own rate where that is not their kind's. */
const ownPeriods: Record<string, number> = { 'GAS-C01': 40_000, 'SMK-05': MINUTE }

/** The reading of 18:40 waits in the device for a quarter of an hour. */
export const HELD_BACK_MS = 15 * MINUTE
export const isHeldBack = (id: string, now: number): boolean => id === 'GAS-A05' && now >= at('18:40') && now < at('18:41')

/** Behind the gateway that is out from 13:00 to 13:40; what they had to say comes afterwards. */
export const outage = { from: at('13:00'), to: at('13:40') }
export const isBehindIt = (id: string): boolean => id === 'GW-WATER-2' || (/^HYD-(\d\d)$/.test(id) && Number(id.slice(4)) >= 19)

type Own = { kind: DeviceKind; zoneId?: string; attributes?: Device['attributes']; from?: number; periodMs?: number; turn: Turn }
const FIVE = 5 * MINUTE
/** Devices that are there for the day alone. */
const own: Record<string, Own> = {
  'FLOW-01': {
    kind: 'other',
    from: EVE,
    periodMs: FIVE,
    turn: (_values, now) => {
      const usual = 20 + 3 * daily(now, 15)
      return { flowLps: rounded(now >= at('03:05') && now < at('03:55') ? 1.5 * usual : usual, 2) }
    },
  },
  'FLOW-02': {
    kind: 'other',
    from: EVE,
    periodMs: FIVE,
    turn: (_values, now) => ({
      flowLps: rounded(now >= at('16:00') && now < at('17:00') ? 80 : 50 + 2 * Math.sin((now / HOUR) * 2 * Math.PI), 2),
    }),
  },
  'TANK-01': {
    kind: 'tank-level',
    turn: curve('stockPct', [
      ['11:00', 40],
      ['11:56', 84.8],
      ['12:30', 84.8],
      ['13:30', 40],
    ]),
  },
  'TANK-02': {
    kind: 'tank-level',
    turn: (_values, now) => ({
      levelM: now >= at('13:00') && now < at('13:20') ? (Math.floor(now / MINUTE) % 2 === 0 ? 1 : 9) : 3,
    }),
  },
  'HEAD-01': {
    kind: 'headcount',
    attributes: { approvedHeadcount: 9 },
    turn: (_values, now) => ({ headcount: now >= at('08:30') && now < at('09:30') ? 12 : 5 }),
  },
  'HEAT-01': {
    kind: 'heat-alarm',
    zoneId: 'MARKET-Z1',
    turn: curve('temperatureC', [
      ['10:36', 22],
      ['10:56', 58],
      ['11:20', 58],
      ['11:50', 22],
    ]),
  },
  'FINE-01': {
    kind: 'gas-detector',
    attributes: { substance: 'h2s', range: 100, resolution: 3 },
    from: at('06:00'),
    turn: () => ({ toxicPpm: 0 }),
  },
  'V-FENCE': {
    kind: 'vehicle',
    turn: drives(
      [
        ['10:00', 2000, 0],
        ['10:10', 3000, 0],
        ['10:30', 3000, 0],
        ['10:40', 2000, 0],
      ],
      [
        ['10:00', '10:10', 6],
        ['10:30', '10:40', 6],
      ],
    ),
  },
  'V-ROUTE': {
    kind: 'vehicle',
    turn: drives(
      [
        ['11:00', -1000, 0],
        ['11:30', 0, 0],
        ['11:35', 200, 1000],
        ['11:45', 400, 1000],
        ['11:50', 600, 0],
        ['12:00', 1000, 0],
      ],
      [['11:00', '12:00', 12]],
    ),
  },
  'V-SPEED': {
    kind: 'vehicle',
    turn: drives(
      [
        ['14:30', -20_000, 5000],
        ['14:45', 5000, 5000],
      ],
      [['14:30', '14:45', 100]],
    ),
  },
  'V-CURFEW': {
    kind: 'vehicle',
    turn: drives(
      [
        ['04:30', -5000, -5000],
        ['04:50', 8000, -5000],
      ],
      [['04:30', '04:50', 40]],
    ),
  },
  'V-DRIVE': {
    kind: 'vehicle',
    turn: drives(
      [
        ['06:00', -100_000, 9000],
        ['11:00', 150_000, 9000],
      ],
      [['06:00', '11:00', 50]],
    ),
  },
  'V-GPS': {
    kind: 'vehicle',
    turn: (_values, now) => {
      const isElsewhere = now >= at('16:10') && now < at('16:12')
      return { ...placeAt(isElsewhere ? 30_000 : 0, 7000), speedKmh: 0, headingDeg: 90 }
    },
  },
  'V-CON-1': { kind: 'vehicle', attributes: { convoy: 'K1' }, turn: drives([['00:00', 0, -3000]], []) },
  'V-CON-2': {
    kind: 'vehicle',
    attributes: { convoy: 'K1' },
    turn: drives(
      [
        ['12:00', 500, -3000],
        ['12:05', 5500, -3000],
        ['12:30', 5500, -3000],
        ['12:35', 500, -3000],
      ],
      [
        ['12:00', '12:05', 60],
        ['12:30', '12:35', 60],
      ],
    ),
  },
}

/** Whom something befalls. */
export const isBefallen = (id: string): boolean => id in turns || id in own || isBehindIt(id) || id === 'HYD-05'

export type Installed = { reporters: Reporter[]; devices: (Omit<Device, 'tokenHash'> & { token: string })[] }

/** The district and what is there for the day, each with what it says; the seed is the district's own. */
export function installed(seed: number): Installed {
  const made: Installed = { reporters: [], devices: [] }
  const install = (device: Omit<Device, 'tokenHash'>, token: string, periodMs: number, from: number, says: Reporter['says']) => {
    made.devices.push({ ...device, attributes: { ...device.attributes, expectedPeriodMs: periodMs }, token })
    const stamp = (now: number) => (device.id === 'HYD-05' && now >= at('20:00') && now < at('20:20') ? now - AGES : now)
    const phaseMs = Math.floor((uniform(seedOf(seed, device.id), 99) * periodMs) / 1000) * 1000
    made.reporters.push({ id: device.id, token, periodMs, phaseMs, from, says, stamp })
  }
  for (const { row, token, model, silent } of district().devices) {
    if (silent) continue
    const unit: Unit = { id: row.id, kind: row.kind, seed: seedOf(seed, row.id), attributes: { ...row.attributes, ...model } }
    const turn = turns[row.id]?.(() => unit)
    const periodMs = ownPeriods[row.id] ?? periods[row.kind] ?? MINUTE
    install(row, token, periodMs, DAY, (now) => {
      const values = standing(unit, now)
      return turn ? turn(values, now) : values
    })
  }
  for (const [id, { kind, zoneId = null, attributes = {}, from = DAY, periodMs = MINUTE, turn }] of Object.entries(own)) {
    const device: Omit<Device, 'tokenHash'> = {
      ...{ id, enterpriseId: 'DAY', kind, name: id, mode: 'simulated', zoneId, latitude: null, longitude: null, attributes },
      ...{ terminalPhone: null, unitAddress: null, serial: null, demo: true, createdAt: EVE, retiredAt: null },
    }
    install(device, `wf_demo_day_${id.toLowerCase()}`, periodMs, from, (now) => turn({}, now))
  }
  return made
}
