import fc from 'fast-check'
import { expect, test } from 'vitest'
import { qualityCode, GOOD } from '../../core/quality.ts'
import { alarmActions, type AlarmAction, type RecordEntry } from '../../core/record.ts'
import { Engine } from '../../alerts/engine.ts'
import type { Emission } from '../../alerts/open-alarms.ts'
import { aDevice, aRule, defineSeries, Saved, setDevice, setRule, T0, Tape, type Row } from './world.ts'

const devices = [
  aDevice({ id: 'A', zoneId: 'Z' }),
  aDevice({ id: 'B', kind: 'smoke-alarm', zoneId: 'Z' }),
  aDevice({ id: 'V', kind: 'vehicle', zoneId: 'Z', attributes: { convoy: 'C', expectedPeriodMs: 10_000 } }),
  aDevice({ id: 'W', kind: 'vehicle', attributes: { convoy: 'C', expectedPeriodMs: 10_000 } }),
]
const deviceRule = (id: string, type: string, more = {}) => {
  const {
    limits: _l,
    deadband: _d,
    onDelayMs: _on,
    offDelayMs: _off,
    metric: _m,
    ...base
  } = aRule({ id, type, level: 'blue', ...more })
  return Object.fromEntries(Object.entries(base).filter(([, value]) => value !== undefined)) as ReturnType<typeof aRule>
}
const rules = [
  aRule({ onDelayMs: 5_000, offDelayMs: 12_000, latching: true }),
  { ...deviceRule('fire', 'state', { latching: true }), metric: 'fireAlarm' },
  deviceRule('bad', 'bad-reading'),
  deviceRule('clock', 'wrong-clock', { clearAfterMs: 20_000 }),
  deviceRule('silent', 'silent', { periods: 3 }),
  deviceRule('fence', 'geofence', { fences: [{ id: 'f', shape: { circle: [24, 24], radiusM: 300_000 } }], offDelayMs: 4_000 }),
  deviceRule('stay', 'geofence', {
    fences: [
      { id: 'f', shape: { circle: [24, 24], radiusM: 300_000 } },
      { id: 'g', shape: { polygon: [[[40, 40], [70, 40], [70, 70], [40, 70]]] }, level: 'red' }, // prettier-ignore
    ],
    when: 'dwell',
    stayMs: 12_000,
    offDelayMs: 0,
  }),
  deviceRule('driving', 'driving-time', { limitMs: 120_000, warnMs: 90_000, restMs: 60_000, gapMs: 60_000 }),
  deviceRule('vote', 'voting', {
    level: undefined,
    conditions: [
      { metric: 'combustibleLel', above: 25 },
      { metric: 'fireAlarm', above: 1 },
    ],
    votes: [{ atLeast: 2, level: 'orange' }],
    withinMs: 20_000,
    offDelayMs: 5_000,
  }),
  deviceRule('both', 'sequence', {
    steps: [
      { metric: 'fireAlarm', above: 1 },
      { metric: 'combustibleLel', fallBy: 20, fallMs: 30_000 },
    ],
    withinMs: 40_000,
  }),
  deviceRule('convoy', 'convoy', { minM: 1_000, maxM: 100_000, onDelayMs: 7_000, offDelayMs: 3_000 }),
]
const qualityCodes = [
  GOOD,
  GOOD,
  GOOD,
  qualityCode('uncertain', 'over-range'),
  qualityCode('uncertain', 'clock'),
  qualityCode('bad', 'range'),
]

/** Instead of how far back: a clock that stands still for a minute at a time. */
const STANDING = -1

type Step =
  | { is: 'rows'; rows: [series: number, back: number, value: number, quality: number][] }
  | { is: 'drive'; series: 4 | 7; back: number; lon: number; lat: number; quality: number; kmh: number | null }
  | { is: 'act'; nth: number; action: AlarmAction; version: number; minutes: number }
  | { is: 'say'; what: number }

const row = fc.tuple(
  fc.constantFrom(1, 2, 3),
  fc.constantFrom(0, 0, 0, 0, 3, 10, 40, STANDING, STANDING),
  fc.constantFrom(0, 1, 24, 25, 49, 60),
  fc.constantFrom(...qualityCodes),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ is: fc.constant('rows' as const), rows: fc.array(row, { minLength: 1, maxLength: 5 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      is: fc.constant('drive' as const),
      series: fc.constantFrom(4 as const, 7 as const),
      back: fc.constantFrom(0, 0, 0, 0, 15, STANDING),
      lon: fc.constantFrom(0, 23, 24, 49, 50),
      lat: fc.constantFrom(0, 24, 24.005, 50),
      quality: fc.constantFrom(...qualityCodes),
      kmh: fc.constantFrom(null, 0, 60, 60),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('act' as const),
      nth: fc.nat(3),
      action: fc.constantFrom(...alarmActions, 'shelve' as const, 'shelve' as const),
      minutes: fc.constantFrom(0, 0.1, 0.5, 2, 600),
      version: fc.constantFrom(0, 0, 0, -1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('say' as const), what: fc.nat(11) }) },
)
const asides: RecordEntry[][] = [
  [{ kind: 'platform.started', version: '1', mode: 'live' }],
  [{ kind: 'receiving.stopped', reason: 'disk full' }],
  [{ kind: 'receiving.resumed', stoppedForMs: 1 }],
  [setRule(aRule({ version: 2, origin: 'person', limits: [{ name: 'H', above: 10, level: 'orange' }], onDelayMs: 0 }))],
  [{ kind: 'rule.removed', ruleId: 'gas.combustible', version: 2, by: 'p1' }],
  [setDevice({ ...devices[0]!, retiredAt: T0 })],
  [setDevice(devices[0]!)],
  [setDevice({ ...devices[1]!, attributes: { expectedPeriodMs: 5_000 } })],
  [setDevice({ ...devices[1]!, zoneId: null })],
  [setDevice(devices[1]!)],
  [setRule({ ...rules.find(({ id }) => id === 'vote')!, version: 2, offDelayMs: 0 })],
  [setRule({ ...rules.find(({ id }) => id === 'stay')!, version: 2, stayMs: 5_000 })],
]

/** Lays a tape; actions are aimed at alarms that are open at the time, which only judging can tell. */
function tapeOf(steps: [after: number, step: Step][]): Tape {
  const tape = new Tape()
  const scout = new Engine()
  const known: { id: string; version: number }[] = []
  const feed = (from: number) => {
    for (const entry of tape.entries.slice(from)) scout.apply(entry)
    for (const { entry } of scout.take()) {
      if (entry.kind !== 'alarm.changed') continue
      const { id, version } = entry.alarm
      const at = known.findIndex((one) => one.id === id)
      if (at >= 0) known.splice(at, 1)
      known.unshift({ id, version })
    }
  }
  tape.record(0, ...devices.map(setDevice), ...rules.map(setRule))
  tape.record(
    0,
    defineSeries(1, 'combustibleLel', 'A'),
    defineSeries(2, 'fireAlarm', 'A'),
    defineSeries(3, 'combustibleLel', 'B'),
    ...['latitude', 'longitude', 'speedKmh'].map((metric, i) => defineSeries(4 + i, metric, 'V')),
    ...['latitude', 'longitude', 'speedKmh'].map((metric, i) => defineSeries(7 + i, metric, 'W')),
  )
  feed(0)
  let second = 1
  for (const [after, one] of steps) {
    second += after / 10
    const from = tape.entries.length
    if (one.is === 'rows') {
      const spread = one.rows.map(([series, back, value, quality], i): Row => [
        series,
        back === STANDING ? Math.floor(second / 60) * 60 : second - back + i / 100,
        value,
        quality,
        second,
      ])
      tape.rows(...spread)
    } else if (one.is === 'drive') {
      const stamp = one.back === STANDING ? Math.floor(second / 60) * 60 : second - one.back
      const values = [one.lat, one.lon, ...(one.kmh === null ? [] : [one.kmh])]
      tape.rows(...values.map((value, i): Row => [one.series + i, stamp, value, i < 2 ? one.quality : GOOD, second]))
    } else if (one.is === 'say') {
      tape.record(second, ...asides[one.what]!)
    } else if (known[one.nth]) {
      const { id, version } = known[one.nth]!
      tape.record(second, {
        ...{ kind: 'action', alarmId: id, action: one.action, version: version + one.version },
        ...{ by: 'p1', comment: 'why', idempotencyKey: null, minutes: one.minutes },
      } as RecordEntry)
    }
    feed(from)
  }
  return tape
}

const somewhere = fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), step), { maxLength: 60, size: 'max' }).map(tapeOf)

function replay(tape: Tape, end: number): Emission[] {
  const engine = new Engine()
  for (const entry of tape.entries) engine.apply(entry)
  engine.advance(end)
  return engine.take()
}

/** As it happens: in batches, time derived further than the last entry, stopped and restored here and there. */
function live(tape: Tape, end: number, cuts: { stop: boolean; early: number }[]): Emission[] {
  let engine = new Engine()
  const saved = new Saved()
  const said: Emission[] = []
  tape.entries.forEach((entry, i) => {
    engine.apply(entry)
    const cut = cuts[i % Math.max(cuts.length, 1)]
    if (!cut) return
    const following = tape.entries[i + 1]
    const next = following?.receivedAt ?? end
    // Before a start nobody was there to see time pass; what had been decided until then would stand on the tape.
    const early = following?.kind === 'platform.started' ? 0 : cut.early
    engine.advance(entry.receivedAt + ((next - entry.receivedAt) * early) / 10)
    if (!cut.stop) return
    said.push(...engine.take())
    saved.take(engine)
    engine = saved.restore(engine)
  })
  engine.advance(end)
  return [...said, ...engine.take()]
}

test('replay equals live: batches, early ticks and restarts anywhere give the same changes with the same keys', () => {
  let changes = 0
  const ruleIds = new Set<string>()
  fc.assert(
    fc.property(
      somewhere,
      fc.array(fc.record({ stop: fc.boolean(), early: fc.integer({ min: 0, max: 10 }) }), { maxLength: 7 }),
      (tape, cuts) => {
        const end = tape.entries.at(-1)!.receivedAt + 200_000
        const once = replay(tape, end)
        changes += once.length
        for (const { entry } of once) if (entry.kind === 'alarm.changed') ruleIds.add(entry.alarm.ruleId)
        expect(live(tape, end, cuts)).toEqual(once)
      },
    ),
    { numRuns: 200 },
  )
  expect(changes).toBeGreaterThan(500)
  expect([...ruleIds].toSorted()).toEqual([...rules].map(({ id }) => id).toSorted())
}, 120_000)

test('every change has a key of its own, every open alarm was raised once, and versions count up by one', () => {
  fc.assert(
    fc.property(somewhere, (tape) => {
      const said = replay(tape, tape.entries.at(-1)!.receivedAt + 200_000)
      expect(new Set(said.map(({ key }) => key)).size).toBe(said.length)
      const versions = new Map<string, number>()
      const caseBefore = new Map<string, string | undefined>()
      for (const { entry } of said) {
        if (entry.kind !== 'alarm.changed') continue
        const before = versions.get(entry.alarm.id) ?? 0
        // More to say about a case that has its feedback changes neither state nor level nor owner (semantics 8).
        const more = entry.change === 'fed-back' && caseBefore.get(entry.alarm.id) === 'feedback'
        const behind = entry.alarm.setAside && ['returned', 'again'].includes(entry.change)
        const kept = entry.change === 'commented' || more || behind
        expect(entry.alarm.version).toBe(kept ? before : before + 1)
        // Nothing is aside without saying for how long and what waits behind it, and no red is shelved.
        expect(entry.alarm.setAside !== undefined).toBe(['shelved', 'outOfService'].includes(entry.alarm.state))
        if (entry.alarm.state === 'shelved') expect(entry.alarm.level).not.toBe('red')
        expect(before === 0).toBe(entry.change === 'raised')
        versions.set(entry.alarm.id, entry.alarm.version)
        caseBefore.set(entry.alarm.id, entry.alarm.case?.state)
      }
    }),
    { numRuns: 200 },
  )
})

test('every entry sent twice changes nothing: duplicates raise, clear and re-raise no alarm', () => {
  fc.assert(
    fc.property(somewhere, (tape) => {
      const end = tape.entries.at(-1)!.receivedAt + 200_000
      const twice = { entries: tape.entries.flatMap((entry) => (entry.kind === 'block' ? [entry, entry] : [entry])) } as Tape
      const shape = (said: Emission[]) =>
        said.map(({ entry }) => (entry.kind === 'alarm.changed' ? [entry.change, entry.at] : []))
      expect(shape(replay(twice, end))).toEqual(shape(replay(tape, end)))
    }),
    { numRuns: 100 },
  )
})
