import { expect, test } from 'vitest'
import { GOOD, qualityCode } from '../../core/quality.ts'
import type { AlarmChangeEntry, RecordEntry } from '../../core/record.ts'
import type { Device } from '../../core/registry.ts'
import type { Rule } from '../../core/rule.ts'
import { moved, type Point } from '../../core/shape.ts'
import { aDevice, aRule, defineSeries, Saved, setDevice, setRule, World, type Row } from './world.ts'

const BAD = qualityCode('bad', 'range')
const HOME: Point = [121.5, 29.9]

const groupRule = (type: string, options: Record<string, unknown>): Rule => {
  const { limits: _l, deadband: _d, onDelayMs: _on, offDelayMs: _off, metric: _m, ...base } = aRule()
  const message = { zh: '{detail}', en: '{detail} ({value})' }
  return { ...base, id: `g.${type}`, type, message, ...options } as unknown as Rule
}
const zone = (id: string, siteId: string | null): RecordEntry => ({
  ...{ kind: 'registry.changed', entity: 'zone', before: null, by: 'test' },
  row: { id, siteId, enterpriseId: 'E1', name: id, retiredAt: null },
}) as RecordEntry // prettier-ignore

const inZone = (n: number, over: Partial<Device> = {}) => aDevice({ id: `D${n}`, name: `No. ${n}`, zoneId: 'Z1', ...over })

/** Devices D1… with series 1… of one metric, all in zone Z1 unless said otherwise. */
class Plant extends World {
  constructor(rules: Rule[], metric: string, devices: Device[]) {
    super(rules, devices[0], metric)
    this.tape.record(0, zone('Z1', 'S1'), zone('Z2', 'S1'))
    devices.slice(1).forEach((device, i) => this.tape.record(0, setDevice(device), defineSeries(i + 2, metric, device.id)))
  }

  rows(...rows: Row[]): this {
    for (const row of rows) this.tape.rows(row)
    this.run()
    return this
  }

  alarm = (nth: number) => (this.emissions.at(nth)!.entry as AlarmChangeEntry).alarm
}

const three = [inZone(1), inZone(2), inZone(3)]
const vote = (more = {}) =>
  groupRule('voting', {
    conditions: [{ metric: 'combustibleLel', above: 25 }],
    votes: [
      { atLeast: 2, level: 'orange' },
      { atLeast: 3, level: 'red' },
    ],
    withinMs: 30_000,
    offDelayMs: 0,
    ...more,
  })

test('two of three detectors of a zone confirm each other, the third raises the level, and the alarm names all', () => {
  const plant = new Plant([vote()], 'combustibleLel', three)
  plant.rows([1, 1, 30], [2, 5, 10], [2, 8, 40])
  expect(plant.story()).toEqual(['raised orange active 8s'])
  expect(plant.alarm(0)).toMatchObject({ subject: 'zone:Z1', deviceId: 'D2', enterpriseId: 'E1', zoneId: 'Z1', metric: null })
  expect(plant.alarm(0).message.en).toBe('No. 1 30.0 %LEL, No. 2 40.0 %LEL (2)')
  expect(plant.alarm(0).causes).toHaveLength(2)
  plant.rows([3, 9, 60])
  expect(plant.story().at(-1)).toBe('level red active 9s')
  expect(plant.alarm(-1).message.en).toBe('No. 1 30.0 %LEL, No. 2 40.0 %LEL, No. 3 60.0 %LEL (3)')
})

test('one detector that says it three times is one vote, and votes too far apart do not meet', () => {
  const plant = new Plant([vote()], 'combustibleLel', three)
  plant.rows([1, 1, 30], [1, 2, 31], [1, 3, 32], [1, 4, 1], [2, 35, 30], [2, 36, 1])
  plant.run(100)
  expect(plant.story()).toEqual([])
  plant.rows([1, 200, 30], [1, 201, 1], [2, 230, 30])
  expect(plant.story()).toEqual(['raised orange active 230s'])
})

test('a detector whose silence began before anybody else spoke is no vote; one that has raised counts until it says otherwise', () => {
  const plant = new Plant([vote()], 'combustibleLel', three)
  // A value stands for three periods of 10 s, and counts for 30 s after that.
  plant.rows([1, 1, 30], [2, 62, 30])
  expect(plant.story()).toEqual([])
  plant.rows([3, 63, 30])
  expect(plant.story()).toEqual(['raised orange active 63s'])
  plant.rows([2, 5_000, 0, BAD])
  plant.run(6_000)
  expect(plant.story()).toEqual(['raised orange active 63s'])
  plant.rows([3, 6_001, 1])
  expect(plant.story()).toEqual(['raised orange active 63s', 'returned orange returned 6001s'])
})

test('a vote that runs out is taken back at a tick, after the off-delay', () => {
  const plant = new Plant([vote({ offDelayMs: 10_000 })], 'combustibleLel', three)
  plant.rows([1, 1, 30], [2, 2, 30], [1, 3, 1], [2, 4, 1])
  plant.run(41)
  expect(plant.story()).toEqual(['raised orange active 2s'])
  plant.run(43)
  expect(plant.story()).toEqual(['raised orange active 2s', 'returned orange returned 41.001s'])
})

test('groups are zones, sites or enterprises, never modes', () => {
  const apart = [inZone(1), inZone(2, { zoneId: 'Z2' }), inZone(3, { zoneId: null })]
  const story = (within: string) =>
    new Plant([vote({ within })], 'combustibleLel', apart).rows([1, 1, 30], [2, 2, 30], [3, 3, 30]).emissions
  const subjects = (within: string) => story(within).map(({ entry }) => `${(entry as AlarmChangeEntry).alarm.subject} ${(entry as AlarmChangeEntry).alarm.level}`) // prettier-ignore
  expect(subjects('zone')).toEqual([])
  expect(subjects('site')).toEqual(['site:S1 orange'])
  expect(subjects('enterprise')).toEqual(['enterprise:E1 orange', 'enterprise:E1 red'])
  const plant = new Plant([vote()], 'combustibleLel', three)
  plant.tape.record(0, defineSeries(9, 'combustibleLel', 'D2', 'drill'))
  expect(plant.rows([1, 1, 30], [9, 2, 30]).story()).toEqual([])
})

test('smoke and heat at different devices mean fire, in whatever order unless one is asked for', () => {
  const fire = (more = {}) =>
    groupRule('sequence', {
      level: 'red',
      steps: [
        { metric: 'smokeObscuration', above: 0.5 },
        { metric: 'temperatureC', above: 60 },
      ],
      withinMs: 60_000,
      ...more,
    })
  const plant = (rule: Rule) => {
    const one = new Plant([rule], 'smokeObscuration', [inZone(1, { kind: 'smoke-alarm' })])
    one.tape.record(
      0,
      setDevice(inZone(2, { kind: 'heat-alarm' })),
      defineSeries(2, 'temperatureC', 'D2'),
      defineSeries(3, 'temperatureC', 'D1'),
    )
    return one
  }
  expect(plant(fire()).rows([2, 1, 70], [1, 30, 0.8]).story()).toEqual(['raised red active 30s'])
  expect(
    plant(fire({ ordered: true }))
      .rows([2, 1, 70], [1, 30, 0.8])
      .story(),
  ).toEqual([])
  expect(
    plant(fire({ ordered: true }))
      .rows([1, 1, 0.8], [2, 30, 70])
      .story(),
  ).toEqual(['raised red active 30s'])
  expect(plant(fire()).rows([3, 1, 70], [1, 30, 0.8]).story()).toEqual([])
  expect(
    plant(fire({ distinct: false }))
      .rows([3, 1, 70], [1, 30, 0.8])
      .story(),
  ).toEqual(['raised red active 30s'])
})

test('a drop at one hydrant is somebody using it; a drop at its neighbour too is a burst, until both have recovered', () => {
  const drop = { metric: 'pressureMpa', fallBy: 0.05, fallMs: 60_000 }
  const burst = groupRule('sequence', { level: 'orange', steps: [drop, drop], withinMs: 120_000, offDelayMs: 0 })
  const hydrants = [1, 2].map((n) => inZone(n, { kind: 'hydrant', attributes: { expectedPeriodMs: 30_000 } }))
  const plant = new Plant([burst], 'pressureMpa', hydrants)
  plant.rows([1, 1, 0.3], [2, 2, 0.3], [1, 31, 0.24], [2, 32, 0.29], [1, 61, 0.24], [2, 62, 0.29])
  expect(plant.story()).toEqual([])
  plant.rows([2, 92, 0.24])
  expect(plant.story()).toEqual(['raised orange active 92s'])
  expect(plant.alarm(0).message.en).toBe('No. 1 0.240 MPa, No. 2 0.240 MPa ()')
  // Low for long is still low: nothing has recovered.
  plant.rows(...Array.from({ length: 20 }, (_, i): Row => [1 + (i % 2), 122 + 15 * i, 0.24]))
  expect(plant.story()).toHaveLength(1)
  plant.rows([1, 500, 0.3], [2, 501, 0.3])
  plant.run(700)
  expect(plant.story().slice(1)).toEqual(['returned orange returned 512.001s'])
})

test('vehicles of a convoy that come too close, or lose one, raise one alarm of the convoy', () => {
  const rule = groupRule('convoy', { level: 'yellow', onDelayMs: 0, offDelayMs: 0 })
  const vehicle = (n: number) =>
    inZone(n, { kind: 'vehicle', zoneId: null, attributes: { convoy: 'C7', expectedPeriodMs: 30_000 } })
  const plant = new World([rule], vehicle(1), 'latitude')
  const define = (n: number) =>
    ['latitude', 'longitude', 'speedKmh', 'headingDeg'].map((metric, i) => defineSeries(n * 10 + i, metric, `D${n}`))
  plant.tape.record(0, ...define(1).slice(1), ...[2, 3].flatMap((n) => [setDevice(vehicle(n)), ...define(n)]))
  const drive = (second: number, ...metres: number[]) => {
    metres.forEach((metre, i) => {
      const [lon, lat] = moved(HOME, 90, metre)
      const base = (i + 1) * 10
      plant.tape.rows([i === 0 ? 1 : base, second, lat], [base + 1, second, lon], [base + 2, second, 72], [base + 3, second, 90])
    })
    plant.run()
  }
  drive(10, 0, 500, 1_000)
  drive(40, 600, 1_100, 1_600)
  expect(plant.story()).toEqual([])
  drive(70, 1_200, 1_700, 5_000)
  expect(plant.story()).toEqual(['raised yellow active 70s'])
  const { alarm } = plant.emissions[0]!.entry as AlarmChangeEntry
  expect(alarm).toMatchObject({ subject: 'convoy:E1/C7', message: { en: 'No. 3 is lost (3300)' } })
  drive(100, 1_800, 2_300, 2_800)
  expect(plant.story().at(-1)).toBe('returned yellow returned 100s')
  drive(130, 2_400, 2_450, 3_400)
  expect((plant.emissions.at(-1)!.entry as AlarmChangeEntry).alarm.message.en).toBe('No. 1 and No. 2 too close (50)')
})

test('a device that moves to another zone takes its vote along; one that is retired takes it away', () => {
  const plant = new Plant([vote()], 'combustibleLel', three)
  plant.rows([1, 1, 30], [2, 2, 30])
  plant.tape.record(3, setDevice(inZone(2, { zoneId: 'Z2' })))
  plant.run()
  expect(plant.story()).toEqual(['raised orange active 2s', 'returned orange returned 3s'])
  plant.tape.record(4, setDevice(inZone(3, { zoneId: 'Z2' })))
  plant.rows([3, 5, 30])
  expect(plant.alarm(-1)).toMatchObject({ subject: 'zone:Z2', state: 'active' })
  plant.tape.record(6, setDevice(inZone(3, { zoneId: 'Z2', retiredAt: 1 })))
  plant.run()
  expect(plant.story().at(-1)).toBe('returned orange returned 6s')
})

test('a rule set now judges what the devices last said, and one changed clears what no longer holds', () => {
  const plant = new Plant([], 'combustibleLel', three)
  plant.rows([1, 1, 30], [2, 2, 30])
  plant.tape.record(5, setRule(vote()))
  plant.run()
  expect(plant.story()).toEqual(['raised orange active 5s'])
  plant.tape.record(6, setRule(vote({ version: 2, votes: [{ atLeast: 3, level: 'red' }] })))
  plant.run()
  expect(plant.story().at(-1)).toBe('returned orange returned 6s')
  plant.tape.record(7, setRule(vote({ version: 3 })), { kind: 'rule.removed', ruleId: 'g.voting', version: 3, by: 'p1' })
  plant.run()
  expect(plant.story().slice(2)).toEqual(['again orange active 7s', 'returned orange returned 7s'])
})

test('a detector under every limit of its groups stays on the quiet path, and a group at rest keeps nothing', () => {
  const plant = new Plant([vote()], 'combustibleLel', three)
  for (let second = 1; second <= 100; second++) plant.rows([1, second, 3, GOOD], [2, second, 4, GOOD])
  expect(plant.engine.figures.slow).toBe(2)
  plant.rows([1, 101, 30])
  plant.rows([1, 102, 3], [1, 150, 3], [1, 151, 3], [1, 152, 3])
  expect(plant.engine.figures.slow).toBeLessThan(7)
  const saved = new Saved()
  saved.take(plant.engine)
  expect(plant.engine.takeState().groups).toEqual([])
})
