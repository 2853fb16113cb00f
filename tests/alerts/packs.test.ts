import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AlarmChangeEntry } from '../../core/record.ts'
import { deviceKindNames } from '../../core/device-kind.ts'
import type { Fence } from '../../core/fence.ts'
import { levels } from '../../core/level.ts'
import type { Rule } from '../../core/rule.ts'
import { readPack } from '../../alerts/pack-file.ts'
import { warningsAbout } from '../../alerts/rule-checks.ts'
import { Engine } from '../../alerts/engine.ts'
import { aDevice, defineSeries, setDevice, setRule, T0, Tape, type Row } from './world.ts'

const root = join(import.meta.dirname, '../..')
const packFile = (name: string) => readFileSync(join(root, 'alerts/packs', `${name}.yaml`))

function packRules(name: string): Rule[] {
  const pack = readPack(packFile(name))
  if (!('rules' in pack)) throw new Error(`${name}.yaml:${pack.line} ${pack.reason}`)
  return pack.rules.map((rule) => ({ ...rule, version: 1 }))
}
const shipped = readdirSync(join(root, 'alerts/packs'))
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => packRules(name.replace('.yaml', '')))

test("the alarm column of real smoke-detector data raises and clears at exactly its rows, also through a day's backlog", () => {
  const lines = readFileSync(join(root, '../shared/data/smoke_iot/readings.csv'), 'utf8').trim().split('\n').slice(1)
  const column = lines.map((line) => Number(line.split(',')[4]))
  const edges = column.flatMap((value, row) => ((column[row - 1] ?? 0) === value ? [] : [[value === 1, row]]))
  expect(edges.length).toBeGreaterThan(1)
  for (const backlog of [false, true]) {
    const tape = new Tape()
    const device = aDevice({ id: 'SMOKE-1', kind: 'smoke-alarm' })
    tape.record(0, setDevice(device), ...shipped.map(setRule), defineSeries(1, 'fireAlarm', device.id))
    for (let from = 0; from < column.length; from += 500) {
      const rows = column.slice(from, from + 500)
      tape.rows(...rows.map((value, i): Row => [1, from + i, value, 0, backlog ? 50_000 : from + 499]))
    }
    const engine = new Engine()
    for (const entry of tape.entries) engine.apply(entry)
    const changes = engine.take().map(({ entry }) => entry as AlarmChangeEntry)
    expect(changes.map(({ change, at }) => [change !== 'returned', (at - T0) / 1000])).toEqual(edges)
    expect(new Set(changes.map(({ alarm }) => alarm.ruleId))).toEqual(new Set(['fire.alarm']))
    expect(changes[0]!.alarm).toMatchObject({ level: 'orange', latching: true })
  }
})

test('every rule that ships names its source, speaks both languages and says what to do', () => {
  for (const rule of shipped) {
    expect(rule.source.length, rule.id).toBeGreaterThan(10)
    expect(rule.guidance.length, rule.id).toBeGreaterThan(0)
    for (const text of [rule.title, rule.message, ...rule.guidance]) {
      expect(text.zh, rule.id).toMatch(/\p{Script=Han}/u)
      expect(text.en, rule.id).not.toMatch(/\p{Script=Han}/u)
    }
  }
  expect(new Set(shipped.map(({ id }) => id)).size).toBe(shipped.length)
})

test('a fire signal of any kind of device is covered by exactly one rule', () => {
  const fire = shipped.filter(({ metric }) => metric === 'fireAlarm')
  for (const kind of deviceKindNames) {
    const covering = fire.filter(({ applies }) => (Array.isArray(applies.kind) ? applies.kind : [applies.kind]).includes(kind))
    expect(covering, kind).toHaveLength(1)
    expect(levels.indexOf(covering[0]!['level'] as 'red')).toBeLessThanOrEqual(levels.indexOf('orange'))
  }
})

test('whatever detects fire says that lives depend on it; what only warns of worn cables or a panel in manual does not', () => {
  const [yes, no] = [true, false].map((is) =>
    shipped.filter(({ id, lifeSafety }) => id.startsWith('fire.') && (lifeSafety === true) === is).map(({ id }) => id.slice(5)),
  )
  expect(no).toEqual(['pre-alarm', 'panel-manual', 'residual-current', 'cable-temperature'])
  expect(yes).toEqual(['alarm', 'call-point', 'smoke-density', 'heat', 'heat-rise', 'arc', 'second-signal', 'smoke-and-heat'])
})

test('the shipped mapping: H yellow, HH of a gas red, health and tampering of a device blue', () => {
  const limits = (rule: Rule) => (rule['limits'] ?? []) as { name: string; level: string }[]
  for (const rule of shipped) {
    const gas = rule.type === 'threshold' && (rule.metric === 'toxicPpm' || rule.metric === 'combustibleLel')
    if (gas) expect(limits(rule).map(({ name, level }) => `${name} ${level}`)).toEqual(['H yellow', 'HH red'])
    // Two signs together are more than a fault.
    if (/^(device|tampering)\./.test(rule.id) && rule.type !== 'sequence') {
      expect([rule['level'] ?? 'blue', ...limits(rule).map(({ level }) => level)], rule.id).not.toContain('red')
      expect(rule['level'] ?? limits(rule)[0]?.level, rule.id).toBe('blue')
    }
  }
})

test('the shipped packs get in nobody’s way: what waits for a decision are limits too fine for a usual detector, and local windows and places', () => {
  const rows = shipped.map((rule) => ({ rule, pack: rule }))
  const tooFine = ['gas.toxic-cocl2', 'gas.toxic-ph3', 'gas.toxic-o3']
  const local = ['no-go', 'restricted', 'risk-zone', 'stop', 'unplanned-stop'].map((name) => `vehicle.${name}`)
  const waiting = (fences: Fence[]) => {
    const warnings = warningsAbout(rows, fences)
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['needs-decision']))
    return warnings.map(({ ruleId }) => ruleId)
  }
  expect(waiting([])).toEqual([...tooFine, 'vehicle.curfew', ...local])
  for (const id of tooFine) expect(shipped.find((rule) => rule.id === id)!.enabled).toBe(false)
  const noGo: Fence = {
    ...{ id: 'f-1', version: 1, name: '小学', kind: 'no-go', shape: { type: 'circle', center: [120, 30], radiusM: 300 } },
    ...{ tags: ['parking'], grade: null, limitKmh: null, mode: 'live', retiredAt: null },
  }
  expect(waiting([noGo])).toEqual([...tooFine, 'vehicle.curfew', 'vehicle.restricted', 'vehicle.risk-zone'])
  expect(waiting([{ ...noGo, retiredAt: 1 }])).toContain('vehicle.no-go')
})

test('a detector of a gas whose default waits for a decision is shown as not judged', () => {
  const tape = new Tape()
  const device = aDevice({ attributes: { substance: 'o3' } })
  tape.record(0, setDevice(device), ...shipped.map(setRule), defineSeries(1, 'toxicPpm', device.id))
  tape.rows([1, 1, 0.2])
  const engine = new Engine()
  for (const entry of tape.entries) engine.apply(entry)
  expect(engine.take().map(({ entry }) => (entry as AlarmChangeEntry).alarm.ruleId)).toEqual(['device.no-substance'])
})

test('a toxic limit too fine for this very detector is flagged until a person has decided', () => {
  const flagged = (attributes: Record<string, string | number | boolean>) => {
    const tape = new Tape()
    const device = aDevice({ attributes: { substance: 'cl2', ...attributes } })
    tape.record(0, setDevice(device), ...shipped.map(setRule), defineSeries(1, 'toxicPpm', device.id))
    tape.rows([1, 1, 0.1])
    const engine = new Engine()
    for (const entry of tape.entries) engine.apply(entry)
    return engine.take().map(({ entry }) => (entry as AlarmChangeEntry).alarm.ruleId)
  }
  expect(flagged({ resolution: 0.1 })).toEqual([])
  expect(flagged({ resolution: 0.5 })).toEqual(['device.limit-too-fine'])
  expect(flagged({ resolution: 0.5, limitsDecided: true })).toEqual([])
})

test('the shipped gas limits are those of GB/T 50493-2019 5.5.2', () => {
  const limits = (id: string) => shipped.find((rule) => rule.id === id)?.['limits']
  expect(limits('gas.combustible')).toEqual([
    { name: 'H', above: 25, level: 'yellow' },
    { name: 'HH', above: 50, level: 'red' },
  ])
  expect(limits('gas.oxygen')).toMatchObject([{ below: 19.5 }, { above: 23.5 }])
  expect(limits('gas.toxic-h2s')).toMatchObject([{ above: 7.17 }, { above: 14.3 }])
  expect(limits('gas.toxic-co')).toMatchObject([{ above: 17.5 }, { above: 34.9 }])
  expect(limits('gas.toxic-cl2')).toMatchObject([{ above: 0.345 }, { above: 0.69 }])
})

const refusals: [what: string, text: string | Uint8Array, line: number | null, reason: string][] = [
  ['no YAML', 'pack: x\nrules:\n  - id: [\n', 4, 'Flow sequence'],
  ['an alias', 'pack: x\nrules:\n  - &a { id: b }\n  - *a\n', null, 'Alias'],
  ['no list of rules', 'pack: x\n', 1, 'rules'],
  ['a stray name', 'pack: x\nlimits: 3\nrules: []\n', 2, 'limits is not known'],
  ['a rule that is no object', 'rules:\n  - 5\n', 2, 'a rule is an object'],
  ['an unknown type', 'rules:\n  - id: a\n    type: magic\n', 3, 'type must be one of'],
  ['not UTF-8', new Uint8Array([0x72, 0xff, 0xfe]), null, 'UTF-8'],
  ['more than 1 MiB', '#'.repeat((1 << 20) + 1), null, 'at most'],
]
test.each(refusals)('a pack with %s is refused with line and reason', (_what, text, line, reason) => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  expect(readPack(bytes)).toEqual({ line, reason: expect.stringContaining(reason) as unknown })
})

test('an error in the middle of a pack names the rule, the field and the line', () => {
  const text = packFile('gas').toString().replace('above: 50', 'above: fifty')
  const line = text.slice(0, text.indexOf('fifty')).split('\n').length
  expect(readPack(Buffer.from(text))).toEqual({ line, reason: 'rule gas.combustible, limits.1.above: must be number' })
})
