import { expect, test } from 'vitest'
import { groupKey } from '../../core/alarm-group.ts'
import { GOOD } from '../../core/quality.ts'
import type { AlarmChangeEntry, RecordEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { aDevice, aRule, defineSeries, Saved, setDevice, setRule, T0, World, type Row } from './world.ts'

const silentRule = (more: Record<string, unknown> = {}): Rule => {
  const { limits: _l, deadband: _d, onDelayMs: _on, offDelayMs: _off, metric: _m, ...base } = aRule()
  return { ...base, id: 'device.silent', type: 'silent', periods: 3, level: 'blue', ...more } as unknown as Rule
}

/** Detectors D1… with series 1… that report every 10 s, behind gateways of so many each, and what the world says of them. */
class Field extends World {
  readonly count: number

  constructor(count: number, gatewayOf: (n: number) => string | null, rules = [silentRule()]) {
    super(rules, aDevice({ id: 'D1', zoneId: 'Z1' }))
    this.count = count
    const say = (...entries: RecordEntry[]) => this.tape.record(0, ...entries)
    say({ ...place('site', { id: 'S1', name: '化工一厂', enterpriseId: 'E1' }) })
    say({ ...place('zone', { id: 'Z1', name: '罐区', siteId: 'S1', enterpriseId: 'E1' }) })
    say({ kind: 'platform.started', version: 'test', mode: 'live' })
    for (let n = 2; n <= count; n++) {
      say(setDevice(aDevice({ id: `D${n}`, name: `No. ${n}`, zoneId: 'Z1' })), defineSeries(n, 'combustibleLel', `D${n}`))
    }
    const gateways = new Set<string>()
    for (let n = 1; n <= count; n++) {
      const gateway = gatewayOf(n)
      if (gateway !== null && !gateways.has(gateway)) {
        gateways.add(gateway)
        say(setDevice(aDevice({ id: gateway, kind: 'gateway', name: `网关 ${gateway}`, zoneId: 'Z1' })))
        this.tape.connection(0, { deviceId: gateway, connected: true })
      }
      this.tape.connection(0, { deviceId: `D${n}`, connected: true, ...(gateway !== null && { via: gateway }) })
    }
  }

  /** They report from…to, every 10 s, each at a phase of its own. */
  report(from: number, to: number, who: (n: number) => boolean = () => true): this {
    for (let second = from; second <= to; second += 10) {
      const rows: Row[] = []
      for (let n = 1; n <= this.count; n++) if (who(n)) rows.push([n, second + (1 + (n % 9)) / 10, 1])
      this.tape.rows(...rows.sort((a, b) => a[1] - b[1]))
    }
    return this
  }

  gone = (second: number, gateway: string) => this.tape.connection(second, { deviceId: gateway, connected: false })
  back = (second: number, gateway: string) => this.tape.connection(second, { deviceId: gateway, connected: true })

  /** `raised cause.gateway 44s` without who is explained by it. */
  get told(): string[] {
    return this.emissions.map(({ entry }) => {
      const { change, alarm, at } = entry as AlarmChangeEntry
      const n = change === 'explains' ? ` ${alarm.explains!.devices}` : ''
      return `${change} ${alarm.ruleId === 'device.silent' ? alarm.deviceId : alarm.subject}${n} ${Math.round((at - T0) / 1000)}s`
    })
  }

  explained = () =>
    this.emissions.flatMap(({ entry }) => {
      const { explained } = entry as AlarmChangeEntry
      return explained ? [explained] : []
    })
}

const place = (entity: 'site' | 'zone', row: Record<string, unknown>) =>
  ({ kind: 'registry.changed', entity, before: null, by: 'test', row: { retiredAt: null, latitude: null, longitude: null, ...row } }) as never as RecordEntry // prettier-ignore

const behindOne = () => 'GW'

test('a gateway that goes is one alarm with the count of what it makes silent; what is still silent when it is back is raised then', () => {
  const field = new Field(40, behindOne).report(1, 100)
  field.gone(105, 'GW')
  field.run(400)
  expect(field.told).toEqual(['raised gateway/GW 122s', 'explains gateway/GW 40 122s'])
  expect(field.explained()[0]!.added).toHaveLength(40)
  const { alarm } = field.emissions[0]!.entry as AlarmChangeEntry
  expect(alarm).toMatchObject({ level: 'yellow', deviceId: 'GW', enterpriseId: 'E1', zoneId: 'Z1' })
  expect(alarm.message.zh).toBe('网关 网关 GW 离线，40 台设备因此无数据')
  field.back(500, 'GW')
  field.report(501, 601, (n) => n !== 7)
  field.run(600)
  expect(field.told.slice(2)).toEqual([
    'explains gateway/GW 0 500s',
    'returned gateway/GW 500s',
    // A whole grace period after the gateway was back.
    'raised D7 530s',
  ])
  expect(field.explained()[1]!.released).toHaveLength(40)
})

test('one that was silent before keeps its alarm, one that is heard another way is no longer counted, lives are never inhibited', () => {
  const rules = [silentRule(), silentRule({ id: 'panel.silent', level: 'red', applies: { deviceId: 'D3' } })]
  const field = new Field(4, behindOne, rules)
  field.report(1, 100).report(111, 161, (n) => n !== 1)
  field.gone(165, 'GW')
  field.run(300)
  field.tape.rows([4, 310, 1])
  field.run(320)
  expect(field.told).toEqual([
    'raised D1 122s',
    'raised D3 192s',
    'raised gateway/GW 192s',
    'explains gateway/GW 3 192s',
    'explains gateway/GW 2 310s',
  ])
  const red = field.emissions.map(({ entry }) => (entry as AlarmChangeEntry).alarm).filter(({ level }) => level === 'red')
  expect(red.map(({ ruleId, deviceId }) => [ruleId, deviceId])).toEqual([['panel.silent', 'D3']])
})

test('a gateway without power is missed before the broker drops its session, and not blamed for one dead device', () => {
  const field = new Field(20, behindOne).report(1, 100).report(111, 201, (n) => n !== 5)
  field.run(215)
  expect(field.told).toEqual(['raised D5 122s'])
  field.run(300)
  expect(field.told.slice(1)).toEqual(['raised gateway/GW 232s', 'explains gateway/GW 19 232s'])
  // The session still stands, and then somebody behind it speaks.
  field.tape.rows([1, 301, 1])
  field.run(340)
  expect(field.told.slice(3, 5)).toEqual(['explains gateway/GW 0 301s', 'returned gateway/GW 301s'])
  expect(field.told.filter((line) => line.startsWith('raised D'))).toHaveLength(19)
})

test('a gateway that flaps hides a dead device for one grace period and no longer', () => {
  const field = new Field(3, behindOne).report(1, 100)
  for (let second = 101; second < 400; second += 20) {
    field.gone(second, 'GW')
    field.report(second + 5, second + 5, (n) => n !== 2)
    field.back(second + 12, 'GW')
  }
  field.run(400)
  expect(field.told.filter((line) => line.startsWith('raised D'))).toEqual(['raised D2 163s'])
})

test('most sessions lost together are the network, not twelve gateways', () => {
  const field = new Field(60, (n) => `GW${n % 12}`).report(1, 100)
  for (let g = 0; g < 12; g++) field.gone(103 + g, `GW${g}`)
  field.run(300)
  expect(field.told).toEqual(['raised platform/network 122s', 'explains platform/network 60 122s'])
  for (let g = 0; g < 9; g++) field.back(310 + g, `GW${g}`)
  field.report(321, 401, (n) => n % 12 < 9)
  field.run(400)
  // Those of three gateways that are still away are theirs now.
  expect(field.told.filter((line) => line.startsWith('raised') || line.startsWith('returned'))).toEqual([
    ...['raised platform/network 122s', 'returned platform/network 316s'],
    ...['raised gateway/GW10 346s', 'raised gateway/GW11 346s', 'raised gateway/GW9 346s'],
  ])
})

test('a power cut that two devices of a site report explains those that fall silent there', () => {
  const field = new Field(12, () => null)
  field.tape.record(0, defineSeries(101, 'powerLost', 'D1'), defineSeries(102, 'powerLost', 'D2'))
  field.report(1, 100)
  field.tape.rows([101, 50, 0], [102, 50, 0])
  field.tape.rows([101, 101, 1])
  field.tape.rows([102, 102, 1])
  field.report(111, 301, (n) => n < 3)
  field.run(300)
  expect(field.told).toEqual(['raised power/S1 122s', 'explains power/S1 10 122s'])
  field.tape.rows([101, 302, 0])
  field.tape.rows([102, 302, 0])
  field.report(303, 403, (n) => n !== 9)
  field.run(400)
  expect(field.told.slice(2)).toEqual(['explains power/S1 0 302s', 'returned power/S1 302s', 'raised D9 332s'])
})

test('cut off and gone on from what was saved, it says the same', () => {
  const tape = () => {
    const field = new Field(30, (n) => `GW${n % 12}`).report(1, 100)
    field.tape.record(101, setRule(silentRule({ version: 2, level: 'orange' })))
    for (let g = 0; g < 11; g++) field.gone(103 + g, `GW${g}`)
    field.report(111, 151, (n) => n % 12 === 11)
    for (let g = 0; g < 11; g++) field.back(160 + 4 * g, `GW${g}`)
    field.report(211, 291, (n) => n !== 4)
    return field
  }
  const whole = tape()
  whole.run(400)
  for (const cut of [60, 84, 90, 95, 99, 103, 110]) {
    const entries = tape().tape.entries
    const at = Math.min(entries.length - 1, Math.floor((entries.length * cut) / 115))
    const before = tape()
    const saved = new Saved()
    const said: unknown[] = []
    let engine = before.engine
    for (const [i, entry] of entries.entries()) {
      engine.apply(entry)
      if (i !== at) continue
      saved.take(engine)
      said.push(...engine.take())
      engine = saved.restore(engine)
    }
    engine.advance(T0 + 400_000)
    expect([...said, ...engine.take()]).toEqual(whole.emissions)
  }
})

test('what a gateway had kept and was over by then is reported under its name, calls nobody, and is news when it happens again', () => {
  const field = new Field(3, (n) => (n === 3 ? null : 'GW'), [aRule()]).report(1, 201)
  // Two detectors behind the gateway and one that speaks for itself were over their limit a minute and more ago.
  for (const n of [1, 2, 3]) field.tape.rows([n, 100.5, 60, GOOD, 210])
  field.run(220)
  const alarms = () => field.emissions.map(({ entry }) => (entry as AlarmChangeEntry).alarm)
  expect(alarms().map(({ deviceId, state, late, report }) => [deviceId, state, late, report?.by])).toEqual([
    ['D1', 'returned', true, 'GW'],
    ['D2', 'returned', true, 'GW'],
    ['D3', 'returned', true, 'D3'],
  ])
  expect(new Set(alarms().map(groupKey))).toEqual(new Set(['late/GW', 'late/D3']))
  // Over the limit now: an alarm like any other, beside the report of what was.
  field.tape.rows([1, 221, 60])
  field.run(230)
  expect(alarms().at(-1)).toMatchObject({ deviceId: 'D1', state: 'active', late: false })
  expect(alarms().at(-1)!.report).toBeUndefined()
})
