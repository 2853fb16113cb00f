import { expect, test } from 'vitest'
import type { AlarmChangeEntry, RecordEntry } from '../../core/record.ts'
import { GOOD, qualityCode } from '../../core/quality.ts'
import type { Emission } from '../../alerts/open-alarms.ts'
import { aDevice, aRule, defineSeries, DEVICE, Saved, setDevice, setRule, T0, World } from './world.ts'

const BAD = qualityCode('bad', 'range')
const OVER = qualityCode('uncertain', 'over-range')
const CLOCK = qualityCode('uncertain', 'clock')

const plain = (id: string, type: string, more: Record<string, unknown> = {}) => {
  const { limits: _l, deadband: _d, onDelayMs: _on, offDelayMs: _off, metric: _m, ...base } = aRule({ id, type, level: 'blue' })
  return { ...base, ...more } as ReturnType<typeof aRule>
}
const changeOf = ({ entry }: Emission) => entry as AlarmChangeEntry
const act = (
  alarmId: string,
  action: 'acknowledge' | 'reset' | 'comment' | 'shelve',
  version: number,
): Extract<RecordEntry, { kind: 'action' }> => ({
  kind: 'action',
  alarmId,
  action,
  version,
  by: 'p1',
  comment: action === 'comment' ? 'looked' : null,
  idempotencyKey: null,
})
/** Lets a person act on the newest alarm as they see it. */
const onNewest = (world: World, second: number, action: 'acknowledge' | 'reset' | 'comment' | 'shelve', version?: number) => {
  const { alarm } = changeOf(world.emissions.findLast(({ entry }) => entry.kind === 'alarm.changed')!)
  world.tape.record(second, act(alarm.id, action, version ?? alarm.version))
  return world.run()
}

test('an alarm names its rule version, winning limit, source and the readings that raised it', () => {
  const world = new World()
  const first = world.tape.rows([1, 1, 10], [1, 2, 30])
  const [raised] = world.run()
  expect(changeOf(raised!)).toMatchObject({ change: 'raised', causePos: first + 1, at: T0 + 2000, by: 'platform' })
  expect(changeOf(raised!).alarm).toMatchObject({
    version: 1,
    mode: 'live',
    subject: `${DEVICE}/combustibleLel`,
    ruleVersion: 1,
    limitName: 'H',
    limit: 25,
    limitSource: 'GB/T 50493-2019 5.5.2',
    causes: [first + 1],
    measuredAt: T0 + 2000,
    delayed: false,
    late: false,
    message: { zh: '1# 探测器 30 %LEL', en: '1# 探测器: 30 %LEL, H 25' },
  })
})

test('H → HH is one alarm whose level rises, and an acknowledged one wants to be seen again', () => {
  const world = new World()
  world.tape.rows([1, 1, 30])
  world.run()
  onNewest(world, 2, 'acknowledge')
  world.tape.rows([1, 3, 55], [1, 4, 30], [1, 5, 1])
  world.run()
  expect(world.story()).toEqual([
    'raised yellow active 1s',
    'acknowledged yellow acknowledged 2s',
    'level red active 3s',
    'returned red returned 5s',
  ])
  expect(new Set(world.emissions.map((one) => changeOf(one).alarm.id)).size).toBe(1)
})

test('an alarm that comes back before anyone acknowledged counts two occurrences', () => {
  const world = new World()
  world.tape.rows([1, 1, 30], [1, 2, 1], [1, 3, 30])
  world.run()
  expect(world.story()).toEqual(['raised yellow active 1s', 'returned yellow returned 2s', 'again yellow active 3s'])
  expect(changeOf(world.emissions.at(-1)!).alarm.occurrences).toBe(2)
})

test('a red that comes back at H is red still, and reaching HH again is news even to whoever acknowledged it meanwhile', () => {
  const world = new World()
  world.tape.rows([1, 1, 55], [1, 2, 1], [1, 3, 30])
  world.run()
  expect(changeOf(world.emissions.at(-1)!).alarm).toMatchObject({ level: 'red', value: 30, limitName: 'H', limitLevel: 'yellow' })
  onNewest(world, 4, 'acknowledge')
  world.tape.rows([1, 5, 60], [1, 6, 65], [1, 7, 30])
  world.run()
  expect(world.story()).toEqual([
    'raised red active 1s',
    'returned red returned 2s',
    'again red active 3s',
    'acknowledged red acknowledged 4s',
    'level red active 5s',
  ])
  const told = changeOf(world.emissions.at(-1)!).alarm
  expect(told).toMatchObject({ value: 60, limitName: 'HH', occurrences: 2, acknowledgedBy: null })
  expect(told).not.toHaveProperty('limitLevel')
})

test('acknowledging what has returned ends it; a latching one waits for a reset', () => {
  for (const [latching, after] of [
    [false, ['acknowledged yellow normal 3s']],
    [true, ['acknowledged yellow latched 3s', 'reset yellow normal 4s']],
  ] as const) {
    const world = new World([aRule({ latching })])
    world.tape.rows([1, 1, 30], [1, 2, 1])
    world.run()
    onNewest(world, 3, 'acknowledge')
    if (latching) onNewest(world, 4, 'reset')
    expect(world.story().slice(2)).toEqual(after)
  }
})

test('an action for a version that has moved on is stale, an impossible one is wrong, both show the alarm', () => {
  const world = new World()
  world.tape.rows([1, 1, 30])
  world.run()
  const stale = onNewest(world, 2, 'acknowledge', 0)
  expect(stale[0]!.entry).toMatchObject({ kind: 'action.refused', code: 'stale-version', current: { version: 1 } })
  expect(onNewest(world, 3, 'reset')[0]!.entry).toMatchObject({ code: 'wrong-state', current: { state: 'active' } })
  expect(onNewest(world, 3, 'shelve')[0]!.entry).toMatchObject({ code: 'wrong-state' })
  onNewest(world, 4, 'comment')
  onNewest(world, 5, 'acknowledge')
  world.tape.rows([1, 6, 1])
  world.run()
  expect(onNewest(world, 7, 'acknowledge', 2)[0]!.entry).toMatchObject({ code: 'stale-version' })
  expect(onNewest(world, 8, 'acknowledge', 3)[0]!.entry).toMatchObject({ code: 'wrong-state' })
  expect(world.story().filter((line) => !line.startsWith('refused'))).toEqual([
    'raised yellow active 1s',
    'commented yellow active 4s',
    'acknowledged yellow acknowledged 5s',
    'ended yellow normal 6s',
  ])
})

test('an on-delay completes on a held value at a tick, in event time, and not when the value was too old to hold', () => {
  const slow = aRule({ onDelayMs: 15_000 })
  const world = new World([slow])
  world.tape.rows([1, 1, 30, GOOD, 4])
  world.run(18.9)
  expect(world.story()).toEqual([])
  world.run(19)
  expect(world.story()).toEqual(['raised yellow active 16s'])
  const long = new World([aRule({ onDelayMs: 60_000 })])
  long.tape.rows([1, 1, 30])
  long.run(1000)
  expect(long.story()).toEqual([])
  long.tape.rows([1, 1001, 30])
  long.run()
  expect(long.story()).toEqual(['raised yellow active 1001s'])
})

test('a delay that ended between two readings of a backlog ended before the second', () => {
  const world = new World([aRule({ onDelayMs: 15_000 })])
  world.tape.rows([1, 1, 30, GOOD, 3000], [1, 25, 10, GOOD, 3000])
  world.run()
  expect(world.story()).toEqual(
    ['raised yellow active 16s', 'ended yellow normal 25s'].map((line, i) => (i ? 'returned yellow returned 25s' : line)),
  )
  expect(changeOf(world.emissions[0]!).alarm).toMatchObject({ delayed: true, late: false })
})

test('a resend changes nothing, and another value under the same stamp is not judged', () => {
  const world = new World()
  world.tape.rows([1, 1, 30], [1, 2, 1])
  for (let i = 0; i < 1000; i++) world.tape.rows([1, 1, 30, GOOD, 3], [1, 2, 99, GOOD, 3])
  world.run()
  expect(world.story()).toEqual(['raised yellow active 1s', 'returned yellow returned 2s'])
  expect(world.engine.figures.resent).toBe(2000)
})

test('a resend from long ago does not raise again what was told then', () => {
  const world = new World()
  world.tape.rows([1, 1, 30], [1, 2, 60], [1, 3, 1])
  for (let second = 4; second < 100; second++) world.tape.rows([1, second, 1])
  world.tape.rows([1, 1, 30, GOOD, 100], [1, 2, 60, GOOD, 100], [1, 3, 1, GOOD, 100])
  world.run()
  expect(world.story()).toEqual(['raised yellow active 1s', 'level red active 2s', 'returned red returned 3s'])
})

test('a late reading raises only a late alarm of its own, already returned, and the series goes on undisturbed', () => {
  const world = new World()
  world.tape.rows([1, 900, 1], [1, 100, 60, GOOD, 901], [1, 110, 1, GOOD, 901], [1, 902, 1])
  world.run()
  expect(world.story()).toEqual(['raised red returned 100s'])
  expect(changeOf(world.emissions[0]!).alarm).toMatchObject({ late: true, delayed: true, latching: false })
  onNewest(world, 903, 'acknowledge')
  world.tape.rows([1, 100, 60, GOOD, 950])
  world.run()
  expect(world.story().slice(1)).toEqual(['acknowledged red normal 903s'])
})

test('a late reading while the newest still violates as badly adds nothing to the alarm there is', () => {
  const world = new World()
  world.tape.rows([1, 900, 60], [1, 100, 30, GOOD, 901])
  world.run()
  expect(world.story()).toEqual(['raised red active 900s'])
})

test('a clock that fell back years does not silence a detector: its late alarm becomes active', () => {
  const world = new World()
  world.tape.rows([1, 1, 1])
  for (let i = 0; i < 6; i++) world.tape.rows([1, -1e8 + 10 * i, 60, GOOD, 11 + 10 * i])
  world.run()
  expect(world.story()[0]).toMatch(/^raised red returned/)
  expect(world.story()[1]).toMatch(/^again red active/)
  expect(world.story()).toHaveLength(2)
})

test('a clock minutes ahead that is set right leaves no dead time', () => {
  const world = new World()
  world.tape.rows([1, 240, 1, GOOD, 1], [1, 250, 1, GOOD, 11], [1, 21, 60])
  world.run()
  expect(world.story()).toEqual(['raised red active 21s'])
  expect(changeOf(world.emissions[0]!).alarm.late).toBe(false)
})

test('bad raises and clears nothing but opens a fault alarm; only good ends it', () => {
  const world = new World([aRule(), plain('bad', 'bad-reading')])
  world.tape.rows([1, 1, 30], [1, 2, 0, BAD], [1, 3, 99, BAD], [1, 4, 30, OVER], [1, 5, 30])
  world.run()
  expect(world.story()).toEqual([
    'raised yellow active 1s',
    'raised blue active 2s',
    'level red active 4s',
    'returned blue returned 5s',
  ])
})

test('over range counts as HH and reads > range', () => {
  const world = new World([aRule()], aDevice({ attributes: { range: 100 } }))
  world.tape.rows([1, 1, 0, OVER])
  world.run()
  expect(changeOf(world.emissions[0]!).alarm).toMatchObject({
    level: 'red',
    overRange: true,
    message: { zh: '1# 探测器 > 100 %LEL' },
  })
})

test('readings of a dead clock are judged, with one fault alarm for the device however many there are', () => {
  const world = new World([aRule(), plain('clock', 'wrong-clock', { clearAfterMs: 600_000 })])
  world.tape.record(0, defineSeries(2, 'temperatureC'))
  for (let i = 1; i <= 100; i++) world.tape.rows([1, i, 60, CLOCK], [2, i, 20, CLOCK])
  world.run()
  expect(world.story().toSorted()).toEqual(['raised blue active 1s', 'raised red active 1s'])
  world.tape.rows([1, 701, 1])
  world.run()
  expect(world.story().slice(2)).toEqual(['returned red returned 701s', 'returned blue returned 701s'])
})

test('a gas channel without a substance is a visible fault until it is named, and then judged by its own limits', () => {
  const h2s = aRule({
    id: 'h2s',
    metric: 'toxicPpm',
    applies: { substance: 'h2s' },
    limits: [{ name: 'H', above: 7, level: 'yellow' }],
  })
  const world = new World([h2s, plain('name', 'no-substance')], aDevice(), 'toxicPpm')
  world.tape.rows([1, 1, 50])
  world.tape.record(2, setDevice(aDevice({ attributes: { substance: 'H2S' } })))
  world.tape.rows([1, 3, 50])
  world.run()
  expect(world.story()).toEqual(['raised blue active 1s', 'raised yellow active 3s', 'returned blue returned 3s'])
})

test.each([
  ['a clean stop', true],
  ['a kill, which leaves no word behind,', false],
])("the time between %s and the next start is nobody's silence", (_, clean) => {
  const world = new World([plain('silent', 'silent', { periods: 3 })])
  world.tape.rows([1, 10, 3])
  if (clean) world.tape.record(11, { kind: 'platform.stopped' })
  world.tape.record(400, { kind: 'platform.started', version: '1', mode: 'live' })
  world.run(429)
  expect(world.story()).toEqual([])
  world.run(430)
  expect(world.story()).toEqual(['raised blue active 430s'])
})

test('silence of three periods raises one alarm at a tick, and the first reading ends it', () => {
  const world = new World([plain('silent', 'silent', { periods: 3 })])
  world.tape.rows([1, 1.5, 1], [1, 5.2, 1])
  world.run(35)
  expect(world.story()).toEqual([])
  world.run(36)
  world.run(5000)
  world.tape.rows([1, 5001, 1])
  world.run()
  expect(world.story()).toEqual(['raised blue active 36s', 'returned blue returned 5001s'])
})

test('silence does not count while we could not receive, nor before a whole grace period after a start', () => {
  const world = new World([plain('silent', 'silent', { periods: 3 })])
  world.tape.rows([1, 1, 1])
  world.tape.record(20, { kind: 'receiving.stopped', reason: 'disk full' })
  world.tape.record(500, { kind: 'receiving.resumed', stoppedForMs: 480_000 })
  world.tape.record(520, { kind: 'platform.started', version: '1', mode: 'live' })
  world.run(549)
  expect(world.story()).toEqual([])
  world.run(550)
  expect(world.story()).toEqual(['raised blue active 550s'])
})

test('a retired device ends its alarms with the reason, and is judged no more', () => {
  const world = new World([aRule(), plain('silent', 'silent', { periods: 3 })])
  world.tape.rows([1, 1, 30])
  world.tape.record(2, setDevice(aDevice({ retiredAt: T0 + 2000 })))
  world.tape.rows([1, 3, 60])
  world.run(1000)
  expect(world.story()).toEqual(['raised yellow active 1s', 'ended yellow normal 2s'])
  expect(changeOf(world.emissions.at(-1)!)).toMatchObject({ comment: 'device retired', by: 'test' })
})

test('a red that nobody has acknowledged outlives its rule and its device, also over a restart', () => {
  for (const gone of [
    { kind: 'rule.removed', ruleId: aRule().id, version: 1, by: 'p1' } as const,
    setDevice(aDevice({ retiredAt: T0 + 2000 })),
  ]) {
    const world = new World()
    world.tape.rows([1, 1, 60])
    world.tape.record(2, gone)
    world.run(3)
    expect(world.story()).toEqual(['raised red active 1s', 'returned red returned 2s'])
    world.restart()
    onNewest(world, 4, 'acknowledge')
    expect(world.story().at(-1)).toMatch(/^acknowledged red (normal|latched) 4s$/)
  }
})

test('a red that waits for its reset outlives its device too: acknowledging is not being done with it', () => {
  for (const value of [60, 1]) {
    const world = new World([aRule({ latching: true })])
    world.tape.rows([1, 1, 60])
    world.run()
    onNewest(world, 2, 'acknowledge')
    world.tape.rows([1, 3, value])
    world.tape.record(4, setDevice(aDevice({ retiredAt: T0 + 4000 })))
    world.run(5)
    world.restart()
    expect(changeOf(world.emissions.at(-1)!).alarm).toMatchObject({ level: 'red', state: 'latched' })
    onNewest(world, 6, 'reset')
    expect(world.story().at(-1)).toBe('reset red normal 6s')
  }
})

test('a person overrides a rule by its id until it is taken back; its open alarm goes on under the new version', () => {
  const world = new World()
  world.tape.rows([1, 1, 30])
  world.tape.record(2, setRule(aRule({ version: 2, origin: 'person', limits: [{ name: 'H', above: 40, level: 'orange' }] })))
  world.tape.rows([1, 3, 39], [1, 4, 37.9])
  world.tape.record(5, { kind: 'rule.removed', ruleId: 'gas.combustible', version: 2, by: 'p1' })
  world.tape.rows([1, 6, 26])
  world.run()
  expect(world.story()).toEqual(['raised yellow active 1s', 'returned yellow returned 4s', 'again yellow active 6s'])
})

test('of two rules the closer one has the say over the limits it names and leaves the others', () => {
  const point = aRule({
    id: 'point',
    applies: { deviceId: DEVICE },
    limits: [{ name: 'H', above: 10, level: 'orange' }],
    origin: 'person',
  })
  const world = new World([aRule(), point])
  world.tape.rows([1, 1, 30], [1, 2, 60])
  world.run()
  const told = world.emissions.map((one) => [changeOf(one).alarm.ruleId, changeOf(one).alarm.limitName])
  expect(told).toEqual([
    ['point', 'H'],
    ['gas.combustible', 'HH'],
  ])
})

test("of two rules equally close a person's has the say over the pack's, and says whom it stands over", () => {
  const mine = aRule({
    id: 'a-site',
    origin: 'person',
    limits: [{ name: 'H', above: 10, level: 'orange' }],
    source: 'approval 7',
  })
  const world = new World([aRule({ version: 9 }), mine])
  world.tape.rows([1, 1, 30], [1, 2, 60])
  world.run()
  const told = world.emissions.map((one) => changeOf(one).alarm)
  expect(told.map(({ ruleId, limitName, limitSource }) => [ruleId, limitName, limitSource])).toEqual([
    ['a-site', 'H', 'approval 7 (stands over gas.combustible)'],
    ['gas.combustible', 'HH', 'GB/T 50493-2019 5.5.2'],
  ])
})

test('of two rules equally close and of one origin the newer version has the say', () => {
  for (const [older, newer] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const limits = [{ name: 'H', above: 20, level: 'yellow' }]
    const world = new World([aRule({ id: older, limits, version: 3 }), aRule({ id: newer, limits, version: 4 })])
    world.tape.rows([1, 1, 30])
    world.run()
    expect(world.emissions.map((one) => changeOf(one).alarm.ruleId)).toEqual([newer])
  }
})

test('a level that rises is the same occurrence, also after somebody acknowledged the lower one', () => {
  const world = new World()
  world.tape.rows([1, 1, 30])
  world.run()
  onNewest(world, 2, 'acknowledge')
  world.tape.rows([1, 3, 55])
  world.run()
  expect(changeOf(world.emissions.at(-1)!)).toMatchObject({ change: 'level', alarm: { state: 'active', occurrences: 1 } })
})

const clockRule = () => plain('clock', 'wrong-clock', { clearAfterMs: 600_000 })

test('a clock that stands still at a believable time silences nothing: what is sent is judged when it comes, as uncertain', () => {
  const world = new World([aRule(), clockRule()])
  world.tape.record(0, defineSeries(2, 'temperatureC'))
  for (let i = 1; i <= 30; i++) world.tape.rows([1, 1, i < 10 ? 5 : 60, GOOD, i], [2, 1, 20 + i, GOOD, i])
  world.tape.rows([1, 1, 60, GOOD, 40], [1, 1, 1, GOOD, 55])
  world.run(500)
  expect(world.story()).toEqual(['raised red active 12s', 'raised blue active 12s'].map((line) => line))
  expect(changeOf(world.emissions[0]!).alarm).toMatchObject({ late: false, delayed: false, raisedAt: T0 + 12_000 })
})

test('a clock that fell back and stands there silences nothing either', () => {
  const world = new World([aRule(), clockRule()])
  world.tape.rows([1, 1, 1])
  world.tape.rows([1, -1e8, 1, GOOD, 11], [1, -1e8, 1, GOOD, 22], [1, -1e8, 60, GOOD, 33], [1, -1e8, 70, GOOD, 44])
  world.run()
  expect(world.story()).toEqual(['raised red active 33s', 'raised blue active 33s'])
})

test('delays go on under a standing clock, and once it goes again good readings clear, even if it is behind for a while', () => {
  const world = new World([aRule({ onDelayMs: 25_000 }), clockRule()])
  world.tape.rows([1, 1, 1])
  for (const second of [112, 123, 134, 145]) world.tape.rows([1, 1, 60, GOOD, second])
  world.run()
  expect(world.story()).toEqual(['raised blue active 112s', 'raised red active 137s'])
  world.tape.rows([1, 5, 1, GOOD, 155], [1, 15, 1, GOOD, 165])
  world.run()
  expect(world.story()).toHaveLength(2)
  world.tape.rows([1, 175, 1])
  world.run()
  expect(world.story().slice(2)).toEqual(['returned red returned 175s'])
})

test('another value under the same stamp within a period is a resend in conflict, and so is a late one', () => {
  const world = new World([aRule(), clockRule()])
  world.tape.rows([1, 1, 1], [1, 1, 60, GOOD, 11], [1, 12, 1], [1, 1, 60, GOOD, 25])
  world.run()
  expect(world.story()).toEqual([])
  expect(world.engine.figures).toMatchObject({ resent: 2, standing: 0 })
})

test('a rule out of force ends its alarms; one that cannot run is a fault and not a crash', () => {
  const world = new World()
  world.tape.rows([1, 1, 30])
  world.tape.record(2, { kind: 'rule.removed', ruleId: 'gas.combustible', version: 1, by: 'platform' })
  world.tape.record(3, setRule(aRule({ id: 'broken', limits: [] })))
  world.tape.rows([1, 4, 60])
  world.run()
  expect(world.story()).toEqual(['raised yellow active 1s', 'ended yellow normal 2s'])
  expect(world.engine.rulebook.faults.get('broken')).toMatchObject({ path: '/limits' })
})

test('modes never meet: the same device id and rule in two modes are two alarms', () => {
  const world = new World()
  world.tape.record(0, defineSeries(2, 'combustibleLel', DEVICE, 'drill'))
  world.tape.rows([1, 1, 30], [2, 1, 30])
  world.run()
  expect(world.emissions.map((one) => changeOf(one).alarm.mode)).toEqual(['live', 'drill'])
  expect(new Set(world.emissions.map((one) => changeOf(one).alarm.id)).size).toBe(2)
})

test('what one cause does to an alarm keeps counting over a restart, so no two changes share a key', () => {
  const world = new World([aRule({ offDelayMs: 12_000 })])
  world.tape.rows([1, 1, 30], [1, 2, 1])
  world.run()
  const [acknowledged] = onNewest(world, 3, 'acknowledge')
  const saved = new Saved()
  saved.take(world.engine)
  const engine = saved.restore(world.engine)
  engine.advance(T0 + 20_000)
  const [ended] = engine.take()
  expect(changeOf(ended!)).toMatchObject({ change: 'ended', causePos: changeOf(acknowledged!).causePos })
  expect(ended!.key).not.toBe(acknowledged!.key)
})

test('a flood of a thousand alarms in one second is a thousand alarms, once each', () => {
  const world = new World([aRule()])
  for (let i = 2; i <= 1000; i++) {
    world.tape.record(0, setDevice(aDevice({ id: `G${i}` })), defineSeries(i, 'combustibleLel', `G${i}`))
  }
  for (let round = 1; round <= 10; round++) {
    world.tape.rows(...Array.from({ length: 1000 }, (_, i) => [i + 1, round, 60] as [number, number, number]))
  }
  world.run()
  expect(world.emissions).toHaveLength(1000)
  expect(world.engine.alarms.size).toBe(1000)
})
