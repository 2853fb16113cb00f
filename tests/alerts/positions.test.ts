import { expect, test } from 'vitest'
import { GOOD } from '../../core/quality.ts'
import { metresBetween, metresOutside, moved, ShapeIndex, type Point, type Shape } from '../../core/shape.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { aDevice, aRule, defineSeries, Saved, setDevice, setRule, T0, World, type Row } from './world.ts'

/** A square of a kilometre's half side around a point near Ningbo. */
const HOME: Point = [121.5, 29.9]
const square = ([lon, lat]: Point, halfM: number): Shape => {
  const [east] = moved([lon, lat], 90, halfM)
  const [, north] = moved([lon, lat], 0, halfM)
  const [dx, dy] = [east - lon, north - lat]
  return { polygon: [[[lon - dx, lat - dy], [lon + dx, lat - dy], [lon + dx, lat + dy], [lon - dx, lat + dy]]] } // prettier-ignore
}

export const positionRule = (type: string, options: Record<string, unknown>): Rule => {
  const { limits: _l, deadband: _d, onDelayMs: _on, offDelayMs: _off, metric: _m, ...base } = aRule()
  const message = { zh: '{device} {detail} {value}', en: '{device} {detail} {value} {limit}' }
  return { ...base, id: `v.${type}`, type, level: 'orange', message, ...options } as unknown as Rule
}

const vehicle = (attributes = {}) =>
  aDevice({ id: 'V1', name: '浙A1', kind: 'vehicle', attributes: { expectedPeriodMs: 30_000, ...attributes } })

/** Latitude, longitude, speed and heading of one vehicle, series 1 to 4. */
class Road extends World {
  constructor(rules: Rule[], attributes = {}) {
    super(rules, vehicle(attributes), 'latitude')
    this.tape.record(
      0,
      defineSeries(2, 'longitude', 'V1'),
      defineSeries(3, 'speedKmh', 'V1'),
      defineSeries(4, 'headingDeg', 'V1'),
    )
  }

  at(second: number, [lon, lat]: Point, speedKmh: number | null = 50, received = second, quality = GOOD): this {
    const rows: Row[] = [
      [1, second, lat, quality, received],
      [2, second, lon, quality, received],
    ]
    if (speedKmh !== null) rows.push([3, second, speedKmh, GOOD, received])
    this.tape.rows(...rows)
    this.run()
    return this
  }

  told = () => this.emissions.map(({ entry }) => (entry as AlarmChangeEntry).alarm.message.en.trim())
}

const away = (metres: number, heading = 90): Point => moved(HOME, heading, metres)

test('distances are those on the ground', () => {
  expect(metresBetween([121.4737, 31.2304], [116.4074, 39.9042])).toBeCloseTo(1_067_000, -4)
  expect(metresBetween(HOME, away(1000, 33))).toBeCloseTo(1000, 0)
  const fence = square(HOME, 500)
  expect(metresOutside(fence, HOME)).toBe(0)
  expect(metresOutside(fence, away(620))).toBeCloseTo(120, 0)
  expect(metresOutside({ circle: HOME, radiusM: 500 }, away(620, 10))).toBeCloseTo(120, 0)
  expect(metresOutside({ corridor: [HOME, away(10_000)], halfWidthM: 100 }, moved(away(5_000), 0, 250))).toBeCloseTo(150, 0)
  const hole: Shape = {
    polygon: [...(square(HOME, 500) as { polygon: [] }).polygon, ...(square(HOME, 100) as { polygon: [] }).polygon],
  }
  expect(metresOutside(hole, HOME)).toBeCloseTo(100, 0)
})

test('among ten thousand fences the few near a position are found, and none is missed', () => {
  const grid = Array.from({ length: 10_000 }, (_, i): Shape => {
    const centre = moved(moved(HOME, 90, 300 * (i % 100)), 0, 300 * Math.floor(i / 100))
    return i % 3 === 0 ? square(centre, 120) : i % 3 === 1 ? { circle: centre, radiusM: 130 } : { corridor: [centre, moved(centre, 45, 200)], halfWidthM: 40 } // prettier-ignore
  })
  const index = new ShapeIndex(grid, 30)
  for (let k = 0; k < 200; k++) {
    const at = moved(moved(HOME, 90, (k * 7919) % 30_000), 0, (k * 104_729) % 30_000)
    const near = index.near(at)
    const inside = grid.flatMap((shape, i) => (metresOutside(shape, at) <= 30 ? [i] : []))
    expect(inside.filter((i) => !near.includes(i))).toEqual([])
    expect(near.length).toBeLessThan(10)
  }
})

test('a vehicle that enters a forbidden fence raises one alarm that names it and ends a margin outside', () => {
  const fences = [{ id: 'school', name: { zh: '学校', en: 'School' }, shape: square(HOME, 500) }]
  const road = new Road([positionRule('geofence', { fences, offDelayMs: 0 })])
  road.at(10, away(600)).at(40, away(400)).at(70, HOME).at(100, away(520)).at(130, away(540))
  expect(road.story()).toEqual(['raised orange active 40s', 'returned orange returned 130s'])
  expect(road.told()[0]).toBe('浙A1 School')
  const [raised] = road.emissions
  expect((raised!.entry as AlarmChangeEntry).alarm).toMatchObject({ subject: 'V1', deviceId: 'V1', metric: null })
  // Latitude, longitude and speed of that message.
  expect((raised!.entry as AlarmChangeEntry).alarm.causes).toHaveLength(3)
})

test('from one fence straight into the next, the first returns and the second is told', () => {
  const fences = [
    { id: 'a', shape: square(HOME, 500) },
    { id: 'b', shape: square(away(2_000), 500), level: 'red' },
  ]
  const road = new Road([positionRule('geofence', { fences, offDelayMs: 60_000 })])
  road.at(10, HOME).at(40, away(2_000))
  expect(road.story()).toEqual(['raised orange active 10s', 'returned orange returned 40s', 'again red active 40s'])
  expect(road.told().at(-1)).toBe('浙A1 b')
})

test('a vehicle that must stay inside raises outside; one that stays too long raises after its time, at a tick', () => {
  const fences = [{ id: 'depot', shape: { circle: HOME, radiusM: 500 } }]
  const road = new Road([
    positionRule('geofence', { id: 'v.out', when: 'exit', fences, onDelayMs: 0 }),
    positionRule('geofence', { id: 'v.stay', when: 'dwell', stayMs: 100_000, fences, level: 'yellow' }),
  ])
  road.at(10, HOME).at(40, HOME).at(70, HOME)
  road.run(109)
  expect(road.story()).toEqual([])
  road.run(110)
  expect(road.story()).toEqual(['raised yellow active 110s'])
  road.at(120, away(600))
  expect(road.story()).toContain('raised orange active 120s')
})

test('speed is judged by the road: the lower of two limits counts, at the limit is allowed, and an unknown road is said', () => {
  const roads = [
    { id: 'G15', shape: { corridor: [HOME, away(10_000)], halfWidthM: 30 }, limitKmh: 80 },
    { id: 'bridge', shape: { circle: away(5_000), radiusM: 400 }, limitKmh: 40 },
  ]
  const road = new Road([positionRule('speed', { level: undefined, roads, limitKmh: 60, onDelayMs: 0, offDelayMs: 0 })])
  road
    .at(10, away(1_000), 80)
    .at(40, away(2_000), 81)
    .at(70, away(5_000), 60)
    .at(100, away(6_000), 77)
    .at(130, moved(HOME, 0, 5_000), 65)
  expect(road.story()).toEqual([
    'raised blue active 40s',
    'level red active 70s',
    'returned red returned 100s',
    'again red active 130s',
  ])
  expect(road.told()[1]).toBe('浙A1 bridge 60 40')
  expect(road.told()[3]).toBe('浙A1 road class unknown 65 60')
})

test('a curfew holds over midnight for what it names, while moving, and ships without any window', () => {
  // T0 is 08:00 in Shanghai; 22:00 is 14 h later.
  const night = { id: 'night', from: '22:00', to: '06:00', cargo: ['2'], days: [4] }
  const rule = (more = {}) => positionRule('curfew', { windows: [{ ...night, ...more }], onDelayMs: 0, offDelayMs: 0 })
  const hour = 3600
  const drive = (road: Road) =>
    road
      .at(13 * hour, HOME)
      .at(14 * hour, HOME, 40)
      .at(15 * hour, HOME, 0)
      .at(20 * hour, HOME)
      .at(22 * hour, HOME)
  expect(drive(new Road([rule()], { cargoClass: '2.3' })).story()).toEqual([
    'raised orange active 50400s',
    'returned orange returned 54000s',
    'again orange active 72000s',
    'returned orange returned 79200s',
  ])
  expect(drive(new Road([rule()], { cargoClass: '3' })).story()).toEqual([])
  expect(drive(new Road([rule({ days: [5] })], {})).story()).toEqual([])
  expect(
    drive(new Road([rule({ days: [5], holidays: 'also' })].map((one) => ({ ...one, holidays: ['2026-01-01'] })))).story(),
  ).not.toEqual([])
  expect(drive(new Road([positionRule('curfew', {})])).story()).toEqual([])
})

test('a vehicle off its own route raises after a minute; one whose route nobody drew says so', () => {
  const routes = [
    { id: 'R1', path: [HOME, away(10_000)], halfWidthM: 200 },
    { id: 'R2', path: [HOME, moved(HOME, 0, 10_000)], halfWidthM: 200 },
  ]
  const road = new Road([positionRule('route', { routes })], { route: 'R1' })
  const off = moved(away(3_000), 0, 500)
  road.at(10, away(2_000)).at(40, off).at(70, off).at(100, off).at(130, away(4_000)).at(160, away(5_000)).at(190, away(6_000))
  expect(road.story()).toEqual(['raised orange active 100s', 'returned orange returned 190s'])
  expect(road.told()[0]).toBe('浙A1 R1 500 200')
  const lost = new Road([positionRule('route', { routes })], { route: 'R9' })
  lost.at(10, HOME)
  expect(lost.told()).toEqual(['Rule “Combustible” could not run: 浙A1  is not judged'])
})

test('four hours of driving without a rest of twenty minutes: a short stop and a hole in the track are no rest', () => {
  const road = new Road([positionRule('driving-time', {})])
  const minutes = (from: number, to: number, kmh: number) => {
    for (let minute = from; minute < to; minute++) road.at(minute * 60, HOME, kmh)
  }
  minutes(1, 100, 60)
  minutes(100, 115, 0)
  minutes(115, 180, 60)
  minutes(205, 242, 60)
  expect(road.story()).toEqual(['raised blue active 12660s', 'level orange active 14460s'])
  minutes(242, 270, 0)
  minutes(270, 300, 60)
  expect(road.story().slice(2)).toEqual([`returned orange returned ${(242 + 20) * 60}s`])
})

test('a position is one message: rows of another device or stamp between do not mix, half a position is none', () => {
  const fences = [{ id: 'a', shape: square(HOME, 500) }]
  const road = new Road([positionRule('geofence', { fences })])
  road.tape.rows([1, 10, HOME[1]], [2, 11, HOME[0]])
  road.tape.rows([1, 20, HOME[1]], [2, 20, away(5_000)[0]], [1, 21, away(5_000)[1]], [2, 21, away(5_000)[0]])
  road.tape.rows([1, 30, 0], [2, 30, 0])
  road.run()
  expect(road.story()).toEqual([])
})

test('positions sent after the fact raise a late alarm of their own and leave the present as it is', () => {
  const fences = [{ id: 'a', shape: square(HOME, 500) }]
  const road = new Road([positionRule('geofence', { fences })])
  road.at(1000, away(5_000)).at(400, HOME, 50, 1001).at(430, away(5_000), 50, 1001)
  expect(road.story()).toEqual(['raised orange returned 400s'])
  expect((road.emissions[0]!.entry as AlarmChangeEntry).alarm).toMatchObject({ late: true, delayed: true })
})

test('fences that change are in force at once, and an unseen orange whose rule is gone stays until somebody has seen it', () => {
  const rule = (halfM: number, version: number) =>
    positionRule('geofence', { fences: [{ id: 'a', shape: square(HOME, halfM) }], offDelayMs: 0, version })
  const road = new Road([rule(500, 1)])
  road.at(10, away(300))
  road.tape.record(20, setRule(rule(100, 2)))
  road.at(40, away(300))
  expect(road.story()).toEqual(['raised orange active 10s', 'returned orange returned 40s'])
  road.at(70, HOME)
  road.tape.record(80, { kind: 'rule.removed', ruleId: 'v.geofence', version: 2, by: 'p1' })
  road.run()
  expect(road.story().at(-1)).toBe('returned orange returned 80s')
})

test('a clock that stands still keeps no vehicle from being found', () => {
  const fences = [{ id: 'a', shape: square(HOME, 500) }]
  const road = new Road([positionRule('geofence', { fences })])
  road.at(10, away(5_000)).at(10, HOME, 51, 60)
  expect(road.story()).toEqual(['raised orange active 60s'])
})

test('series of devices no position rule is for stay on the quiet path', () => {
  const fences = [{ id: 'a', shape: square(HOME, 500) }]
  const road = new Road([positionRule('geofence', { fences, applies: { kind: 'hydrant' } })])
  for (let second = 0; second < 100; second++) road.at(second, HOME)
  expect(road.engine.figures.slow).toBe(3)
  const saved = new Saved()
  saved.take(road.engine)
  expect(saved.restore(road.engine).figures.slow).toBe(0)
  road.tape.record(101, setDevice(vehicle({ cargoClass: '3' })))
  road.at(102, HOME)
  expect(T0).toBe(1_767_225_600_000)
})

test('two late positions hours apart are not a drive between them', () => {
  const road = new Road([positionRule('driving-time', { limitMs: 4 * 3_600_000 })])
  const hours = (count: number) => count * 3600
  // Driven for an hour, then at rest; one position of each time comes after the next.
  for (let s = 0; s <= hours(6); s += 60) {
    if (s === 1800 || s === hours(5)) continue
    road.at(s, HOME, s < hours(1) ? 50 : 0)
    if (s === 1860 || s === hours(5) + 60) road.at(s - 60, HOME, s < hours(1) ? 50 : 0, s + 1)
  }
  expect(road.story()).toEqual([])
})
