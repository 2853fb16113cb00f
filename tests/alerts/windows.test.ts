import { expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import type { RecordEntry } from '../../core/record.ts'
import { GOOD, qualityCode } from '../../core/quality.ts'
import type { Rule } from '../../core/rule.ts'
import type { DeclaredWindow } from '../../core/window.ts'
import { aDevice, aRule, DEVICE, defineSeries, Saved, setDevice, setRule, T0, World } from './world.ts'

const HOUR = 3600

function aWindow(over: Partial<DeclaredWindow> & { fromS?: number; untilS?: number } = {}): DeclaredWindow {
  const { fromS = 0, untilS = HOUR, ...rest } = over
  return {
    ...{ id: 'w1', kind: 'calibration', enterpriseId: 'E1', points: [{ device: DEVICE, metric: null }], rules: [] },
    ...{ reason: 'span gas', from: T0 + fromS * 1000, until: T0 + untilS * 1000, byEnterprise: true },
    ...rest,
  }
}
const declared = (over: Parameters<typeof aWindow>[0] = {}, by = 'anna'): RecordEntry => ({
  kind: 'window.declared',
  window: aWindow(over),
  by,
})
const confirmed = (by = 'bert', windowId = 'w1'): RecordEntry => ({ kind: 'window.confirmed', windowId, by })
const lastAlarm = ({ emissions }: World): Alarm => (emissions.at(-1)!.entry as Extract<RecordEntry, { alarm: Alarm }>).alarm
const refused = (windowId = 'w1'): RecordEntry => ({ kind: 'window.refused', windowId, by: 'rita', reason: 'no gas on site' })
const ended = (windowId = 'w1'): RecordEntry => ({ kind: 'window.ended', windowId, by: 'anna', reason: null })

test('in a calibration window the point alarms without anybody being called, up to red, and what is still over at the end re-alarms', () => {
  const world = new World()
  world.tape.record(1, declared({ untilS: 100 }))
  world.tape.record(2, confirmed())
  world.tape.rows([1, 10, 30])
  world.tape.rows([1, 20, 60])
  world.tape.rows([1, 30, 0])
  world.tape.rows([1, 40, 30])
  world.run(200)
  expect(world.story()).toEqual([
    'raised yellow suppressed 10s',
    'level red suppressed 20s',
    'returned red suppressed 30s',
    'again red suppressed 40s',
    'unsuppressed red active 100s',
  ])
  const last = world.emissions.at(-1)!.entry
  expect(last.kind === 'alarm.changed' && last.alarm).toMatchObject({ occurrences: 3, acknowledgedBy: null })
  expect(last.kind === 'alarm.changed' && last.alarm.setAside).toBeUndefined()
})

test('a test window is in force only once a second person has confirmed it, and not after it was refused', () => {
  const world = new World()
  world.tape.record(1, declared(), confirmed('anna'))
  world.tape.rows([1, 2, 30])
  world.tape.record(3, confirmed())
  world.tape.record(4, refused())
  world.tape.rows([1, 5, 0])
  world.tape.record(6, confirmed('carl'))
  world.tape.rows([1, 7, 30])
  world.run(10)
  expect(world.story()).toEqual([
    'raised yellow active 2s',
    'suppressed yellow suppressed 3s',
    'unsuppressed yellow active 4s',
    'returned yellow returned 5s',
    'again yellow active 7s',
  ])
})

test('maintenance is about named kinds of alarm, and about life safety only when two persons stand for it', () => {
  const maintenance = { kind: 'maintenance' as const, byEnterprise: false }
  const world = new World([aRule(), aRule({ id: 'warm', metric: 'temperatureC' })])
  world.tape.record(0, defineSeries(2, 'temperatureC'))
  world.tape.record(1, declared({ ...maintenance, rules: ['gas.combustible'] }))
  world.tape.rows([1, 2, 30], [2, 2, 30])
  world.tape.rows([1, 3, 60])
  world.tape.record(4, confirmed())
  world.run(5)
  // The red stood before two persons stood for the window: it stays.
  expect(world.story()).toEqual(['raised yellow suppressed 2s', 'raised yellow active 2s', 'level red active 3s'])
  const before = new World()
  before.tape.record(1, declared({ ...maintenance, rules: ['gas.combustible'] }), confirmed())
  before.tape.rows([1, 3, 60])
  before.run(5)
  expect(before.story()).toEqual(['raised red suppressed 3s'])
})

test('an orange or red that people are not done with is taken from them by no window, and what comes again of it is heard', () => {
  for (const latching of [false, true]) {
    const world = new World([aRule({ latching })])
    const act = (at: number, action: 'acknowledge' | 'reset') => {
      world.run(at)
      const { id: alarmId, version } = lastAlarm(world)
      const wish = { kind: 'action', alarmId, version, action, comment: null, minutes: null, by: 'rita', idempotencyKey: null }
      world.tape.record(at, wish as RecordEntry)
    }
    world.tape.rows([1, 1, 60])
    world.tape.record(2, declared({ untilS: 100 }), confirmed())
    for (const [at, value] of [
      [10, 0],
      [20, 60],
      [30, 0],
    ] as const)
      world.tape.rows([1, at, value])
    world.run(150)
    expect(world.story()).toEqual([
      'raised red active 1s',
      'returned red returned 10s',
      'again red active 20s',
      'returned red returned 30s',
    ])
    act(160, 'acknowledge')
    world.tape.record(170, declared({ id: 'w2', fromS: 170, untilS: 400 }), confirmed('bert', 'w2'))
    world.run(500)
    const end = latching ? 'acknowledged red latched 160s' : 'acknowledged red normal 160s'
    expect(world.story().slice(4)).toEqual([end])
    if (!latching) continue
    act(510, 'reset')
    world.run(520)
    expect(world.story().at(-1)).toBe('reset red normal 510s')
  }
})

test('a bad bit opens no test of a panel, and one whose clock stands still is out of test when it says so', () => {
  const fire = aRule({ id: 'fire', metric: 'fireAlarm', limits: [{ name: 'H', above: 1, level: 'red' }], deadband: 0 })
  const world = new World([fire])
  world.tape.record(0, setDevice(aDevice({ id: 'P1', kind: 'fire-panel' })))
  world.tape.record(0, defineSeries(11, 'fireAlarm', 'P1'), defineSeries(12, 'testing', 'P1'))
  world.tape.rows([12, 5, 1, qualityCode('bad', 'device-fault')])
  world.tape.rows([11, 6, 1])
  world.run(7)
  expect(world.story()).toEqual(['raised red active 6s'])
  world.tape.rows([12, 10, 1])
  world.run(11)
  expect(world.story().slice(1)).toEqual(['window.declared'])
  // Its clock says the same time as before.
  world.tape.rows([12, 10, 0, GOOD, 400])
  world.run(401)
  expect(world.story().slice(2)).toEqual(['window.ended'])
})

test('no window is longer than its kind may be, whatever it says', () => {
  const world = new World()
  world.tape.record(1, declared({ fromS: 0, untilS: 9 * HOUR }), confirmed())
  world.tape.rows([1, 10, 30])
  world.run(2 * HOUR - 1)
  expect(world.story()).toEqual(['raised yellow suppressed 10s'])
  world.run(2 * HOUR)
  expect(world.story().at(-1)).toBe(`unsuppressed yellow active ${2 * HOUR}s`)
})

test('two windows count as a set: the alarm comes back when both are off', () => {
  const world = new World()
  world.tape.record(1, declared({ untilS: 100 }), confirmed(), declared({ id: 'w2', untilS: 200 }), confirmed('bert', 'w2'))
  world.tape.rows([1, 10, 30])
  world.tape.record(50, ended())
  world.run(300)
  expect(world.story()).toEqual([
    'raised yellow suppressed 10s',
    'suppressed yellow suppressed 50s',
    'unsuppressed yellow active 200s',
  ])
})

test('every other point stays real: another device and another quantity', () => {
  const world = new World()
  world.tape.record(1, setDevice(aDevice({ id: 'GAS-02' })), defineSeries(2, 'combustibleLel', 'GAS-02'))
  world.tape.record(1, declared({ points: [{ device: DEVICE, metric: 'combustibleLel' }] }), confirmed())
  world.tape.record(1, setRule(aRule({ id: 'temperature', metric: 'temperatureC' })), defineSeries(3, 'temperatureC'))
  world.tape.rows([1, 10, 30], [2, 10, 30], [3, 10, 30])
  world.run(11)
  expect(world.story()).toEqual(['raised yellow suppressed 10s', 'raised yellow active 10s', 'raised yellow active 10s'])
})

test('what a tested point says is no vote: a group hears it again when the test is over', () => {
  const { limits: _l, deadband: _d, onDelayMs: _on, metric: _m, ...base } = aRule({ id: 'vote', type: 'voting' })
  const conditions = [{ metric: 'combustibleLel', above: 25 }]
  const voting = {
    ...base,
    conditions,
    votes: [{ atLeast: 2, level: 'orange' }],
    withinMs: 30_000,
    offDelayMs: 0,
  } as unknown as Rule
  const inZone = (id: string) => aDevice({ id, zoneId: 'Z1' })
  const world = new World([voting], inZone(DEVICE))
  const zone = { id: 'Z1', siteId: null, enterpriseId: 'E1', name: 'Z1', retiredAt: null }
  world.tape.record(0, { kind: 'registry.changed', entity: 'zone', row: zone, before: null, by: 'test' } as RecordEntry)
  world.tape.record(0, setDevice(inZone('GAS-02')), defineSeries(2, 'combustibleLel', 'GAS-02'))
  world.tape.record(1, declared({ untilS: 100 }), confirmed())
  for (const at of [10, 20]) world.tape.rows([1, at, 60], [2, at, 60])
  world.run(30)
  expect(world.story()).toEqual([])
  world.tape.rows([1, 110, 60], [2, 110, 60])
  world.run(120)
  expect(world.story()).toEqual(['raised orange active 110s'])
})

test('what happened before the window and arrives in it is real; what happened in it and arrives later calls nobody', () => {
  const late = () => {
    const world = new World()
    world.tape.rows([1, 0, 0])
    world.tape.record(100, declared({ fromS: 100, untilS: 200 }), confirmed())
    return world
  }
  const before = late()
  before.tape.rows([1, 110, 0])
  before.tape.rows([1, 50, 30, undefined, 120])
  before.run(300)
  expect(before.story()).toEqual(['raised yellow returned 50s'])
  const inside = late()
  inside.tape.rows([1, 250, 0])
  inside.tape.rows([1, 150, 30, undefined, 260])
  inside.run(300)
  expect(inside.story()).toEqual(['raised yellow suppressed 150s', 'unsuppressed yellow normal 150s'])
})

test("a fire panel's own test bit covers that panel only, for two hours at most, and not again before it has been off as long", () => {
  const panel = (id: string) => setDevice(aDevice({ id, kind: 'fire-panel' }))
  const fire = aRule({ id: 'fire', metric: 'fireAlarm', limits: [{ name: 'H', above: 1, level: 'red' }], deadband: 0 })
  const world = new World([fire])
  world.tape.record(0, panel('P1'), panel('P2'))
  for (const [id, device] of [
    [11, 'P1'],
    [21, 'P2'],
  ] as const) {
    world.tape.record(0, defineSeries(id, 'fireAlarm', device), defineSeries(id + 1, 'testing', device))
  }
  world.tape.record(0, defineSeries(2, 'testing'), defineSeries(3, 'fireAlarm'))
  world.tape.rows([12, 1, 1], [2, 1, 1])
  world.tape.rows([11, 2, 1], [21, 2, 1], [3, 2, 1])
  world.run(3)
  expect(world.story()).toEqual(['window.declared', 'raised red suppressed 2s', 'raised red active 2s', 'raised red active 2s'])
  world.tape.rows([12, 10, 0])
  world.run(11)
  expect(world.story().slice(4)).toEqual(['window.ended', 'unsuppressed red active 10s'])
  // The bit is played with: in the record once, and nothing is held aside.
  for (const [at, bit] of [
    [20, 1],
    [30, 0],
    [HOUR, 1],
    [HOUR + 10, 0],
  ] as const) {
    world.tape.rows([12, at, bit])
  }
  world.run(HOUR + 20)
  expect(world.story().slice(6)).toEqual(['window.declared', 'window.ended'])
  world.tape.rows([12, 3 * HOUR + 10, 1])
  world.tape.rows([12, 5 * HOUR + 20, 1])
  world.run(5 * HOUR + 30)
  // What stood before stays before people; what begins inside is kept aside, for two hours.
  expect(world.story().slice(8)).toEqual(['window.declared'])
  const { from, until } = world.engine.windows.all().at(-1)!
  expect([from, until]).toEqual([T0 + (3 * HOUR + 10) * 1000, T0 + (5 * HOUR + 10) * 1000])
})

test('a test bit that flaps for a day is a few lines of the record', () => {
  const world = new World([aRule()])
  world.tape.record(0, setDevice(aDevice({ id: 'P1', kind: 'fire-panel' })), defineSeries(12, 'testing', 'P1'))
  for (let second = 1; second < 24 * HOUR; second += 5) world.tape.rows([12, second, second % 2])
  world.run(24 * HOUR)
  expect(world.engine.windows.all().length).toBeLessThanOrEqual(24)
  expect(world.emissions.length).toBeLessThanOrEqual(48)
})

test("a panel's own test that was refused is over, and the bit that stays set begins no other", () => {
  const fire = aRule({ id: 'fire', metric: 'fireAlarm', limits: [{ name: 'H', above: 1, level: 'red' }], deadband: 0 })
  const world = new World([fire])
  world.tape.record(0, setDevice(aDevice({ id: 'P1', kind: 'fire-panel' })))
  world.tape.record(0, defineSeries(11, 'fireAlarm', 'P1'), defineSeries(12, 'testing', 'P1'))
  world.tape.rows([12, 1, 1], [11, 2, 1])
  world.run(3)
  const { entry } = world.emissions[0]!
  world.tape.record(10, refused(entry.kind === 'window.declared' ? entry.window.id : ''))
  for (const [at, bit] of [
    [20, 1],
    [30, 1],
    [40, 0],
    [50, 0],
    [60, 1],
  ] as const) {
    world.tape.rows([12, at, bit])
  }
  world.run(70)
  expect(world.story()).toEqual([
    ...['window.declared', 'raised red suppressed 2s', 'unsuppressed red active 10s'],
    ...['window.declared', 'window.ended'],
  ])
})

const bounded = { secondFor: ['test' as const] }
const oneOfficers = { kind: 'maintenance' as const, byEnterprise: false, rules: ['gas.combustible'], secondFor: [] }

test('a window that begins where another ends does not keep the alarm from anybody: it is heard, and stays heard', () => {
  const world = new World([aRule({ limits: [{ name: 'H', above: 25, level: 'yellow' }] })])
  world.tape.record(1, declared({ ...oneOfficers, untilS: 100 }), declared({ ...oneOfficers, id: 'w2', fromS: 100, untilS: 300 }))
  world.tape.rows([1, 10, 30])
  world.tape.rows([1, 150, 40])
  world.run(200)
  expect(world.story()).toEqual(['raised yellow suppressed 10s', 'unsuppressed yellow active 100s'])
  // What is raised anew inside it is covered as ever.
  const { id, version } = lastAlarm(world)
  const wish = { kind: 'action', alarmId: id, version, comment: null, idempotencyKey: null }
  world.tape.record(210, { ...wish, action: 'acknowledge', by: 'rita' } as RecordEntry)
  world.tape.rows([1, 220, 0])
  world.tape.rows([1, 230, 30])
  world.run(310)
  expect(world.story().slice(-2)).toEqual(['raised yellow suppressed 230s', 'unsuppressed yellow active 300s'])
})

test('windows of one officer that overlap keep an alarm from people for two hours and no longer', () => {
  const world = new World([aRule({ limits: [{ name: 'H', above: 25, level: 'yellow' }] })])
  for (let n = 0; n < 4; n++) {
    world.tape.record(n * HOUR, declared({ ...oneOfficers, id: `w${n}`, fromS: n * HOUR, untilS: n * HOUR + HOUR + 600 }))
    if (n === 0) world.tape.rows([1, 10, 30])
  }
  world.run(5 * HOUR)
  expect(world.story()).toEqual([
    'raised yellow suppressed 10s',
    `suppressed yellow suppressed ${HOUR}s`,
    `unsuppressed yellow active ${HOUR + 600}s`,
    `suppressed yellow suppressed ${2 * HOUR}s`,
    `suppressed yellow suppressed ${3 * HOUR}s`,
    `unsuppressed yellow active ${3 * HOUR + 600}s`,
  ])
})

test('tests follow each other only after the point was heard for two hours; what was declared before that was so is judged as it was', () => {
  const chain = (over: object) => {
    const world = new World()
    world.tape.record(1, declared({ ...over, untilS: 100 }), confirmed())
    world.tape.record(2, declared({ ...over, id: 'w2', fromS: 100, untilS: 300 }), confirmed('bert', 'w2'))
    world.tape.rows([1, 10, 30])
    world.run(400)
    return world.story()
  }
  expect(chain({})).toEqual([
    'raised yellow suppressed 10s',
    'suppressed yellow suppressed 100s',
    'unsuppressed yellow active 300s',
  ])
  expect(chain(bounded)).toEqual(['raised yellow suppressed 10s', 'unsuppressed yellow active 100s'])
})

test('what tells that somebody plays with a device is in a window only when two persons stand for it', () => {
  const tamper = aRule({ id: 'device.tamper', type: 'state', metric: 'tamper', level: 'blue', when: 1 })
  const { limits: _l, deadband: _d, ...rule } = tamper as unknown as Record<string, unknown>
  const world = new World([rule as unknown as Rule])
  world.tape.record(0, defineSeries(2, 'tamper'))
  world.tape.record(1, declared({ ...oneOfficers, rules: ['state', 'device.tamper'] }))
  world.tape.rows([2, 10, 1])
  world.tape.record(20, confirmed())
  world.run(30)
  expect(world.story()).toEqual(['raised blue active 10s', 'suppressed blue suppressed 20s'])
})

test('after a restart in the middle of a window the same follows, with the same keys', () => {
  const tell = (world: World) => {
    world.tape.record(1, declared({ fromS: 5, untilS: 100 }), confirmed())
    world.tape.rows([1, 3, 30])
    world.tape.rows([1, 10, 60])
    world.tape.rows([1, 150, 60])
  }
  const whole = new World()
  tell(whole)
  whole.run(300)
  for (let cut = 1; cut < whole.tape.entries.length; cut++) {
    const first = new World()
    for (const entry of whole.tape.entries.slice(0, cut)) first.engine.apply(entry)
    const emitted = first.engine.take()
    const saved = new Saved()
    saved.take(first.engine)
    const second = saved.restore(first.engine)
    for (const entry of whole.tape.entries.slice(cut)) second.apply(entry)
    second.advance(T0 + 300_000)
    expect([...emitted, ...second.take()]).toEqual(whole.emissions)
  }
})
