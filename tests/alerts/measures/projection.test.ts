import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { Alarm, AlarmState } from '../../../core/alarm.ts'
import type { Hazard } from '../../../core/hazard.ts'
import { openHazard } from '../../../core/hazard-steps.ts'
import { chinaHolidays } from '../../../core/holidays.ts'
import { levels } from '../../../core/level.ts'
import type { RecordEntry } from '../../../core/record.ts'
import type { Enterprise, Zone } from '../../../core/registry.ts'
import { answerKpi } from '../../../alerts/rates/day-book.ts'
import { MeasuresDb } from '../../../alerts/measures/measures-db.ts'
import { Projection } from '../../../alerts/measures/projection.ts'
import { defaultWeights } from '../../../alerts/risk/default-weights.ts'
import { recordDraft } from '../../../journal/codec.ts'
import { sampleAlarm } from '../alarm-sample.ts'
import { aDevice, defineSeries, setDevice, T0, Tape } from '../world.ts'

const dir = mkdtempSync(join(tmpdir(), 'watchfire-measures-'))
afterAll(() => rmSync(dir, { recursive: true }))
let files = 0
const database = (file = join(dir, `${files++}.db`)) => new MeasuresDb(file)

export const anEnterprise = (id: string, over: Partial<Enterprise> = {}): RecordEntry => ({
  ...{ kind: 'registry.changed', by: 'test', before: null, entity: 'enterprise' },
  row: { id, name: id, region: '330106001', sector: 'chemical', retiredAt: null, ...over },
})
const aZone = (id: string, over: Partial<Zone> = {}): RecordEntry => ({
  ...{ kind: 'registry.changed', by: 'test', before: null, entity: 'zone' },
  row: { id, siteId: null, enterpriseId: 'E1', name: id, retiredAt: null, ...over },
})
const alarmChange = (alarm: Alarm, change: 'raised' | 'acknowledged' | 'ended' = 'raised'): RecordEntry => ({
  ...{ kind: 'alarm.changed', change, alarm, causePos: 1, at: alarm.measuredAt, by: 'platform', comment: null },
})
const alarmOf = (over: Partial<Alarm>) => sampleAlarm({ deviceId: 'A', enterpriseId: 'E1', zoneId: 'Z1', ...over })
const started: RecordEntry = { kind: 'platform.started', version: '1', mode: 'live' }

/** One enterprise with a zone, two detectors that report every 10 s, both of them in the zone. */
function district(): Tape {
  const tape = new Tape()
  tape.record(0, anEnterprise('E1'), aZone('Z1', { riskGrade: 'major' }))
  for (const [id, series] of [
    ['A', 1],
    ['B', 2],
  ] as const) {
    tape.record(0, setDevice(aDevice({ id, zoneId: 'Z1' })), defineSeries(series, 'combustibleLel', id))
  }
  tape.record(0, defineSeries(3, 'bypassed', 'A'), started)
  return tape
}

class Follower {
  projection: Projection
  story: string[] = []
  keys: string[] = []
  #fed = 0
  #file: string

  constructor(file = join(dir, `${files++}.db`)) {
    this.#file = file
    this.projection = new Projection(database(file), 'live', 'Asia/Shanghai')
  }

  run(tape: Tape, second?: number): this {
    for (; this.#fed < tape.entries.length; this.#fed++) this.projection.apply(tape.entries[this.#fed]!)
    if (second !== undefined) this.projection.advance(T0 + second * 1000)
    this.take()
    return this
  }

  take(): void {
    for (const { key, decision } of this.projection.take()) {
      const { id, index, colour, atLeast, since } = decision.risk
      this.keys.push(key)
      this.story.push(`${(since - T0) / 1000}s ${id} ${index} ${colour}${atLeast ? ' at least' : ''}`)
    }
  }

  /** What a stop and a start leave: only what was saved. */
  restart(): void {
    this.take()
    this.projection.save()
    this.projection.db.commit()
    this.projection.db.close()
    this.projection = new Projection(database(this.#file), 'live', 'Asia/Shanghai')
  }
}

test('unknown until heard, blue while quiet, red by an alarm, ever more while nobody acts, and unknown again in silence', () => {
  const tape = district()
  const follower = new Follower().run(tape, 1)
  expect(follower.story).toEqual([
    '1s enterprise:E1 null unknown',
    '1s zone:Z1 null unknown',
    '1s region:3301 null unknown',
    '1s region:330106 null unknown',
    '1s region:330106001 null unknown',
    '1s sector:chemical null unknown',
  ])
  follower.story = []
  tape.rows([1, 1.5, 3], [2, 1.5, 3])
  tape.record(1.5, alarmChange(alarmOf({ id: 'a1', level: 'orange', state: 'active' })))
  follower.run(tape, 2)
  expect(follower.story.filter((line) => line.includes('Z1'))).toEqual(['2s zone:Z1 70 orange'])
  for (let second = 10; second < 310; second += 10) tape.rows([1, second, 3], [2, second, 3])
  follower.run(tape, 305)
  expect(follower.story.filter((line) => line.includes('Z1'))).toEqual([
    '2s zone:Z1 70 orange',
    '122s zone:Z1 73 orange',
    '302s zone:Z1 76 red',
  ])
  const why = follower.projection.board.explain('live', 'zone:Z1', T0 + 305_000)!
  expect(why.contributions.filter(({ points }) => points > 0).map(({ name, points }) => [name, points])).toEqual([
    ['grade', 20],
    ['alarms', 50],
    ['unacknowledged', 6.4],
  ])
  expect(why.makesBlue).toEqual([{ do: 'end-alarms', facts: { level: 'orange', count: 1 }, index: 20, colour: 'blue' }])
  follower.story = []
  tape.record(306, alarmChange(alarmOf({ id: 'a1', level: 'orange', state: 'acknowledged' }), 'acknowledged'))
  tape.record(308, alarmChange(alarmOf({ id: 'a1', level: 'orange', state: 'normal' }), 'ended'))
  follower.run(tape, 400)
  expect(follower.story.filter((line) => line.includes('Z1'))).toEqual([
    '307s zone:Z1 70 orange',
    '309s zone:Z1 20 blue',
    '331s zone:Z1 null unknown',
  ])
})

test('a bypassed probe raises the index and is named; drill alarms never touch the live one', () => {
  const tape = district()
  tape.rows([1, 1, 3], [2, 1, 3], [3, 1, 1])
  tape.record(1, alarmChange(alarmOf({ id: 'd1', mode: 'drill', level: 'red' })))
  const { board } = new Follower().run(tape, 3).projection
  expect(board.explain('live', 'zone:Z1', T0 + 3_000)).toMatchObject({ index: 30, colour: 'yellow' })
  expect(board.explain('live', 'zone:Z1', T0 + 3_000)!.contributions.find(({ name }) => name === 'bypassed')).toEqual({
    ...{ name: 'bypassed', points: 10, facts: { bypassed: 1, devices: 2 } },
  })
  expect(board.states.get('drill\nzone:Z1')).toMatchObject({ colour: 'red', atLeast: true })
})

test('a hazard that is overdue raises the index of its enterprise at that tick, also after a restart, until it is struck off', () => {
  const tape = district()
  const hazard = openHazard(
    {
      ...{ id: 'hz-1', mode: 'live', source: 'inspection', alarmId: null, enterpriseId: 'E1' },
      place: 'x',
      description: 'y',
      category: 'fire',
    },
    { by: 'p1', at: T0, comment: null },
    { calendar: chinaHolidays, zone: 'Asia/Shanghai' },
  )
  const changed = (over: Partial<Hazard>): RecordEntry => ({
    ...{ kind: 'hazard.changed', hazard: { ...hazard, ...over }, change: 'created', by: 'p1', comment: null, at: T0 },
  })
  tape.record(1, changed({ dueAt: T0 + 20_000 }))
  const follower = new Follower()
  for (let second = 1; second < 20; second += 5) tape.rows([1, second, 3], [2, second, 3])
  follower.run(tape, 20)
  const tasks = (second: number) =>
    follower.projection.board
      .explain('live', 'enterprise:E1', T0 + second * 1000)!
      .contributions.find(({ name }) => name === 'overdue-tasks')
  expect(tasks(20)).toMatchObject({ points: 0, facts: { overdue: 0, connected: true } })
  follower.restart()
  follower.story = []
  follower.run(tape, 22)
  expect(follower.story.filter((line) => line.includes('enterprise'))).toEqual(['21s enterprise:E1 22 blue'])
  expect(tasks(22)).toMatchObject({ points: 2, facts: { overdue: 1 } })
  for (let second = 23; second < 40; second += 5) tape.rows([1, second, 3], [2, second, 3])
  tape.record(41, changed({ version: 9, state: 'writtenOff', dueAt: null }))
  follower.run(tape, 43)
  expect(tasks(43)).toMatchObject({ points: 0, facts: { overdue: 0, connected: true } })
})

test('rates of a day: late answers, refused messages and bypassed time count, and what is not known is not 0', () => {
  const tape = district()
  // T0 is 08:00 in Shanghai, so the day has 16 hours to go.
  for (let second = 10; second <= 3600; second += 10) tape.rows([1, second, 3, second % 100 === 0 ? 64 : 0])
  tape.record(3600, { kind: 'platform.stopped' })
  const follower = new Follower().run(tape, 57_601)
  const kpis = (day: string) => {
    const answer = answerKpi(follower.projection, { mode: 'live', day }, T0 + 57_800_000)
    return { ...answer, of: (id: string) => answer.kpis.find((kpi) => kpi.id === id)! }
  }
  const first = kpis('2026-01-01')
  expect(first).toMatchObject({ complete: true, source: { facts: 'journal' } })
  expect(first.source.coverage).toBeCloseTo(3600 / 86_400)
  expect(first.of('device.entered')).toMatchObject({ value: 1, numerator: 2, denominator: 2 })
  expect(first.of('device.online')).toMatchObject({ value: 0.5, missing: ['B'] })
  expect(first.of('device.valid')).toMatchObject({ value: 0.9, numerator: 324, denominator: 360 })
  expect(first.of('gas.in-service')).toMatchObject({ met: false, target: { atLeast: 1 }, missing: ['B'] })
  expect(first.of('gas.in-service').value).toBeCloseTo(3590 / 7200, 4)
  expect(first.of('enterprise.connected')).toMatchObject({ value: 1 })
  expect(first.of('vehicle.online')).toMatchObject({
    value: null,
    unknown: { en: expect.stringContaining('nothing on the register') },
  })
  expect(kpis('2025-12-31').of('device.online')).toMatchObject({ value: null })
  expect(kpis('2026-01-02').of('device.online')).toMatchObject({
    value: null,
    unknown: { en: expect.stringContaining('not receiving') },
  })
  // Of a day from before the journal, history may know who sent; it cannot tell for how long.
  tape.record(57_601, setDevice(aDevice({ id: 'C', createdAt: T0 - 90_000_000 })))
  follower.run(tape)
  const asked = { mode: 'live', day: '2025-12-31', readings: { C: 4 } }
  const old = answerKpi(follower.projection, asked, T0 + 57_700_000)
  expect(old.source).toMatchObject({ facts: 'history', coverage: null })
  expect(old.kpis.find(({ id }) => id === 'gas.in-service')).toMatchObject({ value: null })
  // The same question, the same answer, whatever has happened to the registry since.
  const again = JSON.stringify(kpis('2026-01-01').kpis)
  tape.record(57_700, setDevice(aDevice({ id: 'B', zoneId: 'Z1', retiredAt: T0 + 57_700_000 })))
  tape.record(57_700, { kind: 'kpi.set', version: 1, origin: 'person', definitions: [], by: 'p1' })
  follower.run(tape, 57_801)
  expect(JSON.stringify(kpis('2026-01-01').kpis)).toBe(again)
  expect(kpis('2026-01-02').kpis).toEqual([])
})

const someState = fc.constantFrom<AlarmState>('active', 'acknowledged', 'returned', 'latched', 'shelved', 'suppressed', 'normal')
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ is: fc.constant('rows' as const), series: fc.constantFrom(1, 2, 3), value: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('alarm' as const),
      id: fc.nat(5),
      level: fc.constantFrom(...levels),
      state: someState,
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('say' as const), what: fc.nat(5) }) },
)
const asides: RecordEntry[] = [
  started,
  { kind: 'platform.stopped' },
  aZone('Z1', { riskGrade: 'low' }),
  setDevice(aDevice({ id: 'B', zoneId: 'Z1', retiredAt: T0 })),
  setDevice(aDevice({ id: 'B', zoneId: null })),
  { kind: 'risk.weights', version: 2, origin: 'person', by: 'p1', weights: { ...defaultWeights, offline: 40 } },
]
const somewhere = fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), step), { maxLength: 40 }).map((steps) => {
  const tape = district()
  let second = 1
  for (const [after, one] of steps) {
    second += after / 1000
    if (one.is === 'rows') tape.rows([one.series, second, one.value])
    else if (one.is === 'say') tape.record(second, asides[one.what]!)
    else {
      const { id, level, state } = one
      tape.record(second, alarmChange(alarmOf({ id: `a${id}`, deviceId: id % 2 ? 'A' : 'B', level, state })))
    }
  }
  return tape
})

test('replay equals live: batches, early ticks and restarts anywhere give the same risk with the same keys and the same facts', () => {
  let decisions = 0
  fc.assert(
    fc.property(
      somewhere,
      fc.array(fc.record({ stop: fc.boolean(), early: fc.integer({ min: 0, max: 10 }) }), { maxLength: 5 }),
      (tape, cuts) => {
        const end = tape.entries.at(-1)!.receivedAt + 20_000_000
        const once = new Follower().run(tape, (end - T0) / 1000)
        const cut = new Follower()
        tape.entries.forEach((entry, i) => {
          cut.projection.apply(entry)
          const here = cuts[i % Math.max(1, cuts.length)]
          if (!here) return
          const following = tape.entries[i + 1]
          // Before a start nobody was there to see time pass.
          const early = following?.kind === 'platform.started' ? 0 : here.early
          cut.projection.advance(entry.receivedAt + (((following?.receivedAt ?? end) - entry.receivedAt) * early) / 10)
          if (here.stop) cut.restart()
        })
        cut.projection.advance(end)
        cut.take()
        decisions += once.story.length
        expect(cut.story).toEqual(once.story)
        expect(cut.keys).toEqual(once.keys)
        expect(new Set(once.keys).size).toBe(once.keys.length)
        const facts = ({ projection }: Follower) =>
          answerKpi(projection, { mode: 'live' }, end).kpis.map(({ id, numerator, denominator }) => [id, numerator, denominator])
        expect(facts(cut)).toEqual(facts(once))
      },
    ),
    { numRuns: 25 },
  )
  expect(decisions).toBeGreaterThan(150)
}, 60_000)

test('what the record tells is enough to know the registry, the alarms and the risk of a time whose readings are gone', () => {
  const tape = district()
  tape.record(2, alarmChange(alarmOf({ id: 'a1', level: 'red', state: 'active' })))
  const first = new Follower().run(tape, 3)
  const recorded = first.projection.board.states.get('live\nzone:Z1')!
  const draft = recordDraft({ kind: 'risk.changed', risk: recorded, contributions: [] }, first.keys.at(-1))
  const entry = { ...draft, key: first.keys.at(-1)!, pos: tape.pos, receivedAt: T0 + 3_000 }
  const anew = new Projection(database(), 'live', 'Asia/Shanghai')
  anew.rememberRisk([entry])
  for (const one of [...tape.entries, entry]) {
    if (one.stream === 'record' && !one.kind.startsWith('platform.')) anew.learn(one)
  }
  expect(anew.db.riskHistory({ mode: 'live', id: 'zone:Z1', limit: 10 }).changes).toMatchObject([
    { colour: 'red', at: T0 + 3_000 },
  ])
  anew.advance(T0 + 10_000)
  expect(anew.registry.zones.get('Z1')).toBeDefined()
  expect(anew.board.alarms.get('a1')).toMatchObject({ level: 'red' })
})
