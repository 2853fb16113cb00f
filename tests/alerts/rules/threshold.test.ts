import { expect, test } from 'vitest'
import { threshold } from '../../../alerts/rules/threshold.ts'
import { ruleSuite, verdicts, withDefaults } from '../../suites/rule.ts'

const limits = [
  { name: 'H', above: 25, level: 'yellow' },
  { name: 'HH', above: 50, level: 'red' },
]
const gas = { limits, deadband: 2, onDelayMs: 0, offDelayMs: 0 }
const slow = { limits, deadband: 2, onDelayMs: 15_000, offDelayMs: 30_000 }
const H = { level: 'yellow', limitName: 'H', limit: 25 }
const HH = { level: 'red', limitName: 'HH', limit: 50 }
const at = (values: Record<number, number>) =>
  Object.entries(values).map(([second, value]) => ({ second: Number(second), value }))

ruleSuite(threshold, slow, [0, 22.9, 23, 24, 25, 49, 50, 80], 'combustibleLel')
ruleSuite(
  threshold,
  {
    ...gas,
    limits: [
      { name: 'L', below: 19.5, level: 'orange' },
      { name: 'H', above: 23.5, level: 'orange' },
    ],
    deadband: 0.2,
  },
  [15, 19.5, 19.6, 19.71, 20.9, 23.29, 23.4, 23.5],
  'oxygenVol',
)

test('threshold: fires at exactly the limit and clears only under limit − deadband', () => {
  const series = at({ 0: 24.9, 1: 25, 2: 24.9, 3: 23, 4: 22.9 })
  expect(verdicts(threshold, gas, series)).toEqual(['clear', H, 'unchanged', 'unchanged', 'clear'])
})

test('threshold: rises from H to HH and keeps HH until it has returned', () => {
  expect(verdicts(threshold, gas, at({ 0: 30, 1: 50, 2: 30, 3: 24, 4: 10, 5: 30 }))).toEqual([H, HH, HH, 'unchanged', 'clear', H])
})

test('threshold: a spike shorter than the on-delay raises nothing', () => {
  expect(verdicts(threshold, slow, at({ 0: 30, 10: 31, 12: 20, 14: 30, 28: 30 }))).toEqual(
    Array(2).fill('unchanged').concat('clear', 'unchanged', 'unchanged'),
  )
})

test('threshold: a gap in the data does not interrupt what is wrong, but what is right must be proven without one', () => {
  expect(verdicts(threshold, slow, [...at({ 0: 30 }), { second: 60, value: 30, gap: true }]).at(-1)).toEqual(H)
  const over = [...at({ 0: 30, 16: 30, 20: 10 }), { second: 90, value: 10, gap: true }, { second: 100, value: 10 }]
  expect(verdicts(threshold, slow, over)).toEqual(['unchanged', H, 'unchanged', 'unchanged', 'unchanged'])
  expect(verdicts(threshold, slow, [...over, { second: 120, value: 10 }]).at(-1)).toBe('clear')
})

test('threshold: an uncertain reading raises and never clears; over range counts as the worst limit', () => {
  const series = [
    { second: 0, value: 30, quality: 'uncertain' as const },
    { second: 1, value: 10, quality: 'uncertain' as const },
    { second: 2, value: 100, quality: 'uncertain' as const, reason: 'over-range' as const },
    { second: 3, value: 10 },
  ]
  expect(verdicts(threshold, gas, series)).toEqual([H, 'unchanged', HH, 'clear'])
})

test('threshold: oxygen alarms on both sides at once', () => {
  const oxygen = withDefaults(threshold, {
    limits: [
      { name: 'L', below: 19.5, level: 'orange' },
      { name: 'H', above: 23.5, level: 'orange' },
    ],
    deadband: 0.2,
    onDelayMs: 0,
    offDelayMs: 0,
  })
  const names = verdicts(threshold, oxygen, at({ 0: 20.9, 1: 19.5, 2: 19.7, 3: 20, 4: 23.5, 5: 23.2 })).map((verdict) =>
    typeof verdict === 'object' ? verdict.limitName : verdict,
  )
  expect(names).toEqual(['clear', 'L', 'unchanged', 'clear', 'H', 'clear'])
})

test('threshold: limits that make no sense are named', () => {
  const check = (some: object[]) => threshold.check({ ...gas, limits: some as never }, { metric: 'combustibleLel' })
  expect(check([{ name: 'H', level: 'red' }])).toMatchObject({ path: '/limits/0' })
  expect(check([...limits, limits[0]!])).toMatchObject({ path: '/limits/2/name' })
  expect(check([{ name: 'L', below: 30, level: 'red' }, limits[0]!])).toMatchObject({ path: '/limits' })
})
