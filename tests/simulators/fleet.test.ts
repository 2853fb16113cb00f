import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DeviceSchema, EnterpriseSchema, SiteSchema, ZoneSchema } from '../../core/registry.ts'
import { metricOf } from '../../core/metrics.ts'
import { Value } from 'typebox/value'
import { district, TRY_DEVICE } from '../../simulators/district.ts'
import { Fleet, type Report } from '../../simulators/fleet.ts'
import { messagesOf, pastOf } from '../../simulators/history.ts'
import { lengthMs, readScenario, scenarios } from '../../simulators/scenario.ts'

const leak = scenarios['leak']!
const said = (reports: Iterable<Report>) => [...reports].map(({ atMs, unit, values }) => [atMs, unit.id, values])
const unit = (fleet: Fleet, id: string) => fleet.channels.flatMap(({ units }) => units).find((one) => one.id === id)!
const firstAt = (fleet: Fleet, id: string, metric: string, limit: number) =>
  [...fleet.reports(0, lengthMs(leak), null)].find((report) => report.unit.id === id && report.values[metric]! >= limit)?.atMs

test('the district is 20 gas detectors, 30 hydrants, 40 smoke alarms, 10 vehicles, their gateways and the reader’s own device', () => {
  const { enterprises, sites, zones, devices } = district()
  const count = Object.groupBy(devices, ({ row }) => row.kind)
  expect([count['gas-detector']!.length - 1, count.hydrant!.length, count['smoke-alarm']!.length, count.vehicle!.length]).toEqual(
    [20, 30, 40, 10],
  )
  expect(devices.filter(({ via }) => via === 'GW-WATER-2')).toHaveLength(12)
  expect(devices.filter(({ silent }) => silent).map(({ row }) => row.id)).toEqual([TRY_DEVICE])
  expect(new Set(devices.map(({ token }) => token)).size).toBe(devices.length)
  expect(devices.every(({ token, row }) => token.startsWith('wf_demo_') && row.demo && row.mode === 'simulated')).toBe(true)
  for (const row of enterprises) expect(Value.Check(EnterpriseSchema, row)).toBe(true)
  for (const row of sites) expect(Value.Check(SiteSchema, row)).toBe(true)
  for (const row of zones) expect(Value.Check(ZoneSchema, row)).toBe(true)
  for (const { row } of devices) expect(Value.Check(DeviceSchema, { ...row, tokenHash: '0'.repeat(64) })).toBe(true)
  expect(enterprises.length + sites.length + zones.length).toBeGreaterThan(20)
})

test('the same seed tells the same story, however it is cut into stretches; another seed tells another', () => {
  const whole = said(new Fleet(district(), 7, leak).reports(0, 120_000, null))
  expect(whole.length).toBeGreaterThan(1_000)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 119_999 }), { maxLength: 8 }), (cuts) => {
      const again = new Fleet(district(), 7, leak)
      const edges = [0, ...new Set(cuts.toSorted((a, b) => a - b)), 120_000]
      expect(edges.slice(1).flatMap((to, i) => said(again.reports(edges[i]!, to, null)))).toEqual(whole)
    }),
    { numRuns: 10 },
  )
  expect(said(new Fleet(district(), 8, leak).reports(0, 120_000, null))).not.toEqual(whole)
})

test('whatever the seed, the leak crosses H 25 %LEL and HH 50 %LEL within 60 s of its start, and neighbours follow later and lower', () => {
  const leakStart = 20_000
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const fleet = new Fleet(district(), seed, leak)
      const high = firstAt(fleet, 'GAS-A03', 'combustibleLel', 25)!
      const highHigh = firstAt(fleet, 'GAS-A03', 'combustibleLel', 50)!
      expect(high).toBeGreaterThan(leakStart)
      expect(highHigh).toBeGreaterThan(high)
      expect(highHigh).toBeLessThanOrEqual(leakStart + 60_000)
      expect(firstAt(fleet, 'GAS-A04', 'combustibleLel', 25)!).toBeGreaterThan(highHigh)
      for (const neighbour of ['GAS-A02', 'GAS-A04', 'GAS-A05'])
        expect(firstAt(fleet, neighbour, 'combustibleLel', 50)).toBeUndefined()
      for (const far of ['GAS-A01', 'GAS-A06', 'GAS-B05', 'GAS-C04'])
        expect(firstAt(fleet, far, 'combustibleLel', 5)).toBeUndefined()
      expect(fleet.valuesAt(unit(fleet, 'GAS-A03'), lengthMs(leak), null)['combustibleLel']).toBeLessThan(5)
    }),
    { numRuns: 25 },
  )
})

test('the smoke alarm reports fire and its end at once, the lost gateway and its 12 hydrants say nothing until it returns', () => {
  const reports = [...new Fleet(district(), 1, leak).reports(0, lengthMs(leak), null)]
  const fire = reports
    .filter((report) => report.unit.id === 'SMK-34')
    .map(({ atMs, values }) => [atMs, values['fireAlarm']!] as const)
  expect(fire.find(([, alarm]) => alarm === 1)![0]).toBe(85_000)
  expect(fire.findLast(([, alarm]) => alarm === 1)![0]).toBeLessThan(205_000)
  expect(fire).toContainEqual([205_000, 0])
  const behind = reports.filter(({ channel }) => channel.deviceId === 'GW-WATER-2')
  expect(new Set(behind.map((report) => report.unit.id)).size).toBe(13)
  expect(behind.filter(({ atMs }) => atMs >= 110_000 && atMs < 215_000)).toEqual([])
  expect(behind.some(({ atMs }) => atMs >= 215_000)).toBe(true)
})

test('a vehicle’s speed agrees with the distance between its positions', () => {
  const fleet = new Fleet(district(), 3, leak)
  const truck = unit(fleet, 'VEH-04')
  const at = (ms: number) => fleet.valuesAt(truck, ms, null)
  expect(at(0)['speedKmh']).toBe(0)
  for (let ms = 10_000; ms < 600_000; ms += 7_000) {
    const [a, b] = [at(ms), at(ms + 2_000)]
    const north = (b['latitude']! - a['latitude']!) * 111_320
    const east = (b['longitude']! - a['longitude']!) * 111_320 * Math.cos((36.62 * Math.PI) / 180)
    // A corner within the two seconds makes the straight line shorter than the drive, never longer.
    const metres = (((a['speedKmh']! + b['speedKmh']!) / 2) * 2) / 3.6
    expect(Math.hypot(north, east)).toBeLessThan(metres + 0.8)
    if (a['headingDeg'] === b['headingDeg']) expect(Math.hypot(north, east)).toBeGreaterThan(metres - 0.8)
    expect(a['speedKmh']!).toBeLessThan(60)
  }
})

test('seven days of history hold no value near an alarm limit, 0.4 to 1 million of them, in time order, at most 1,000 a message', () => {
  const day = 86_400_000
  const to = Date.UTC(2026, 10, 22, 3, 17, 11)
  const limits: Record<string, [number, number]> = {
    combustibleLel: [0, 4.9],
    toxicPpm: [0, 6.9],
    oxygenVol: [20.5, 21.3],
    pressureMpa: [0.25, 0.5],
    batteryPct: [40, 100],
    fireAlarm: [0, 0],
    capOpen: [0, 0],
    smokeObscuration: [0, 0.06],
    speedKmh: [0, 60],
    signalDbm: [-90, -50],
  }
  let total = 0
  for (const channel of new Fleet(district(), 1, leak).channels) {
    const past = pastOf(channel, to - 7 * day, to)
    expect(past.every(({ ts }, i) => ts >= to - 7 * day && ts < to && (i === 0 || ts >= past[i - 1]!.ts))).toBe(true)
    for (const { values } of past) {
      for (const [metric, value] of Object.entries(values)) {
        total++
        const { min, max } = metricOf(metric)!
        const [low, high] = limits[metric] ?? [min, max]
        if (!(value >= low && value <= high)) expect.fail(`${metric} = ${value} in history`)
      }
    }
    for (const { values, payload } of messagesOf(channel, past.slice(0, 20_000))) {
      expect(values).toBeLessThanOrEqual(1_000)
      expect(payload.length).toBeLessThan(128 * 1024)
    }
  }
  expect(total).toBeGreaterThan(400_000)
  expect(total).toBeLessThan(1_000_000)
})

test('history in two pieces is history in one: sending an overlap again repeats the same values', () => {
  const to = Date.UTC(2026, 10, 22)
  const [channel] = new Fleet(district(), 1, leak).channels
  const plain = (from: number, until: number) =>
    pastOf(channel!, from, until).map(({ unit, ts, values }) => [unit.id, ts, values])
  const odd = to - 7_654_321
  expect([...plain(to - 86_400_000, odd), ...plain(odd, to)]).toEqual(plain(to - 86_400_000, to))
})

test('a scenario that names a device nobody has, or runs backwards, is refused', () => {
  const stranger = { ...leak, outages: [{ connection: 'GW-NOBODY', from: 1, to: 2 }] }
  expect(() => new Fleet(district(), 1, stranger)).toThrow('GW-NOBODY')
  expect(() => readScenario({ ...leak, steps: leak.steps.toReversed() })).toThrow('ascend')
  expect(() => readScenario({ ...leak, outages: [{ connection: 'GW-WATER-2', from: 'soon' }] })).toThrow('/outages/0')
})

test('at twice the pace every device says the same, twice as often', () => {
  const [usual, quick] = [new Fleet(district(), 7, leak), new Fleet(district(), 7, leak, 2)]
  const times = (fleet: Fleet) =>
    [...fleet.reports(0, 60_000, 0)].filter((one) => one.unit.id === 'GAS-A03').map(({ atMs }) => atMs)
  const [slow, fast] = [times(usual), times(quick)]
  expect(fast.length).toBeGreaterThanOrEqual(2 * slow.length - 1)
  expect(slow.every((at) => fast.includes(at))).toBe(true)
  expect(quick.valuesAt(unit(quick, 'GAS-A03'), 90_000, null)).toEqual(usual.valuesAt(unit(usual, 'GAS-A03'), 90_000, null))
})
