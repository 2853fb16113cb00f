import { expect, test } from 'vitest'
import type { Rule } from '../../core/rule.ts'
import { readPack } from '../../alerts/pack-file.ts'
import { warningsAbout } from '../../alerts/rule-checks.ts'
import { isReady, readRule } from '../../alerts/rulebook.ts'
import { aRule } from './world.ts'

const refusal = (over: object) => {
  const read = readRule(aRule({ ...over }), null)
  return isReady(read) ? null : `${read.path}: ${read.message}`
}
const gas = (h: number, hh: number) => [
  { name: 'H', above: h, level: 'yellow' },
  { name: 'HH', above: hh, level: 'red' },
]

test.each([
  ['an unknown metric', { metric: 'combustiblePpm' }, '/metric: there is no metric combustiblePpm'],
  ['a unit that is not the metric’s', { unit: 'ppm' }, '/unit: combustibleLel is in %LEL, not in ppm'],
  ['a limit in another unit', { limits: gas(25, 5_000) }, '/limits/1/above: 5000 is no limit: combustibleLel is -5 to 100 %LEL'],
  ['limits out of order', { limits: gas(50, 25) }, '/limits/1: HH (25) must be above H (50)'],
  [
    'low limits out of order',
    {
      metric: 'pressureMpa',
      limits: [
        { name: 'L', below: 0.1, level: 'yellow' },
        { name: 'LL', below: 0.14, level: 'orange' },
      ],
    },
    '/limits/1: LL (0.14) must be below L (0.1)',
  ],
])('a rule with %s is refused and told why', (_what, over, reason) => {
  expect(refusal(over)).toContain(reason)
})

test('a rule that names the unit of its metric is in order', () => {
  expect(refusal({ unit: '%LEL' })).toBeNull()
})

test('the metrics of a rule over several devices are looked at too', () => {
  const { metric: _m, limits: _l, deadband: _d, onDelayMs: _on, offDelayMs: _off, ...rest } = aRule({ type: 'voting' })
  const vote = (condition: object) => readRule({ ...rest, conditions: [condition], votes: [{ atLeast: 2, level: 'red' }] }, null)
  expect(vote({ metric: 'smoke', above: 1 })).toMatchObject({ path: '/conditions/0/metric' })
  expect(vote({ metric: 'combustibleLel', above: 5_000 })).toMatchObject({ path: '/conditions/0/above' })
  expect(isReady(vote({ metric: 'combustibleLel', above: 25 }))).toBe(true)
})

test('a pack with a bad rule names its line', () => {
  const text = `pack: x
rules:
  - id: hot
    type: expression
    metric: temperatureC
    level: red
    source: somebody
    title: { zh: 热, en: Hot }
    message: { zh: 热, en: Hot }
    when: value > "forty"
`
  const read = readPack(new TextEncoder().encode(text))
  expect(read).toMatchObject({ line: 10, reason: expect.stringMatching(/^rule hot, when: no such overload/) as unknown })
})

test('steps may be written per language', () => {
  const read = readRule(aRule({ guidance: { zh: ['撤离', '通风'], en: ['Leave', 'Ventilate'] } }), null)
  expect(isReady(read) && read.rule.guidance).toEqual([
    { zh: '撤离', en: 'Leave' },
    { zh: '通风', en: 'Ventilate' },
  ])
})

const pack = aRule({ bound: true })
const codes = (...rules: Rule[]) =>
  warningsAbout([{ rule: pack, pack }, ...rules.map((rule) => ({ rule, pack: null }))]).map(({ ruleId, code }) => [ruleId, code])
const person = (over: object) => aRule({ id: 'mine', origin: 'person', applies: { deviceId: 'D1' }, ...over })

test('a limit above the standard’s upper bound is warned about, a lower one is not', () => {
  expect(codes(person({ limits: gas(25, 60) }))).toEqual([['mine', 'above-bound']])
  expect(codes(person({ limits: gas(20, 40) }))).toEqual([])
  const same = { ...pack, origin: 'person' as const, limits: gas(30, 50) }
  expect(warningsAbout([{ rule: same, pack }])).toMatchObject([{ code: 'above-bound', path: '/limits/0' }])
  expect(codes(person({ applies: { substance: 'h2s' }, metric: 'toxicPpm', limits: gas(7, 14) }))).toEqual([])
})

test('a limit that is never seen and two rules with the same say are warned about', () => {
  const hidden = [
    { name: 'H', above: 20, level: 'red' },
    { name: 'HH', above: 40, level: 'red' },
  ]
  expect(codes(person({ limits: hidden }))).toEqual([['mine', 'shadowed']])
  const kind = (id: string, name: string, of: string | string[]) =>
    person({ id, applies: { kind: of }, limits: [{ name, above: 10, level: 'yellow' }] })
  expect(codes(kind('a', 'H', 'gas-detector'), kind('b', 'H', ['gas-detector', 'other']))).toEqual([['a', 'conflict']])
  expect(codes(kind('a', 'H', 'gas-detector'), kind('b', 'H', 'other'))).toEqual([])
  expect(codes(kind('a', 'H', 'gas-detector'), kind('b', 'H2', 'gas-detector'))).toEqual([])
})

test('a default toxic limit a usual detector cannot resolve waits for a person’s decision', () => {
  const fine = aRule({
    id: 'gas.o3',
    metric: 'toxicPpm',
    applies: { substance: 'o3' },
    limits: gas(0.153, 0.306),
    enabled: false,
  })
  expect(codes(fine)).toEqual([['gas.o3', 'needs-decision']])
  expect(codes({ ...fine, origin: 'person', enabled: true })).toEqual([])
})

test.each([
  ['value > 25.0', null],
  ['value > 150.0', 'never'],
  ['value > -50.0', 'always'],
  ['value < 10.0 && value > 20.0', 'never'],
  ['value < 20.0 || value > 10.0', 'always'],
  ['value - previous > 40', null],
  ['abs(value - previous) > 200.0', 'never'],
  ['value > 99.9 && hour >= 22', null],
  ['hour >= 22 || weekday > 5', 'time alone'],
  ['1 == 1', 'always'],
  ['good && value > 30', null],
  ["attributes.limit == 'x'", null],
  ["substance == 'nh3'", null],
])('an expression that cannot tell readings apart is warned about: %s', (when, warned) => {
  const rule = person({ type: 'expression', metric: 'combustibleLel', when, level: 'yellow' })
  const found = warningsAbout([{ rule, pack: null }]).filter(({ code }) => code === 'constant')
  const words = { always: 'would never end', never: 'never raises', 'time alone': 'time alone' }
  expect(found.map(({ path, message }) => [path, message])).toEqual(
    warned === null ? [] : [['/when', expect.stringContaining(words[warned as keyof typeof words])]],
  )
})
