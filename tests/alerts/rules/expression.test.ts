import { expect, test } from 'vitest'
import { expression } from '../../../alerts/rules/expression.ts'
import { fillMessage } from '../../../alerts/message.ts'
import { aRule } from '../world.ts'
import { facts, ruleSuite, sampleOf, verdicts, withDefaults } from '../../suites/rule.ts'

const rule = (when: string, more = {}) => withDefaults(expression, { when, level: 'orange', ...more })
const problem = (when: string) => expression.check(rule(when) as never, { metric: 'temperatureC' })?.message
const ON = { level: 'orange', limitName: null, limit: null }
const FAILED = { level: 'blue', limitName: 'could-not-run', limit: null }
const series = (...values: number[]) => values.map((value, second) => ({ second, value }))

ruleSuite(expression, { when: 'value > 40.0 && good', level: 'orange' }, [0, 40, 41, 90], 'temperatureC')
ruleSuite(
  expression,
  { when: 'value / 2 > 20 || previous - value >= 30.0', level: 'red', onDelayMs: 10_000, offDelayMs: 5_000 },
  [0, 41, 90],
  'temperatureC',
)

test('expression: is true, then it is not', () => {
  expect(verdicts(expression, rule('value > 40'), series(10, 41, 40, 90))).toEqual(['clear', ON, 'clear', ON])
  expect(verdicts(expression, rule('abs(value - previous) > 5.0'), series(10, 11, 20, 21))).toEqual([
    'clear',
    'clear',
    ON,
    'clear',
  ])
})

test('expression: knows the hour of the zone and what the device is', () => {
  const step = (when: string, attributes = {}) =>
    expression.step(rule(when) as never, expression.start, sampleOf({ second: 0, value: 50 }), { ...facts, attributes }).verdict
  expect(step('hour == 8.0 && weekday == 4.0')).toEqual(ON)
  expect(step('attributes.tank == "T-1" && value > 40', { tank: 'T-1' })).toEqual(ON)
  expect(step('has(attributes.tank) && attributes.tank == "T-1"')).toBe('clear')
  expect(step('attributes.kind in ["a", "b"]', { kind: 'b' })).toEqual(ON)
})

test('expression: one that throws is an alarm of its own that ends when it runs again, and never clears one that is open', () => {
  const need = rule('value > attributes.limit')
  const step = (state: unknown, value: number, attributes: Record<string, number> = {}) =>
    expression.step(need as never, state as never, sampleOf({ second: value, value }), { ...facts, attributes })
  const failed = step(expression.start, 50)
  expect(failed.verdict).toMatchObject(FAILED)
  expect(step(failed.state, 10, { limit: 40 }).verdict).toBe('clear')
  const raised = step(failed.state, 50, { limit: 40 })
  expect(raised.verdict).toEqual(ON)
  expect(step(raised.state, 10).verdict).toBe('unchanged')
})

test('an alarm that a rule could not run says so in both languages, whatever the rule would say', () => {
  const none = { device: undefined, deviceId: 'D', metric: 'temperatureC', value: 3, overRange: false, limit: null }
  const said = fillMessage(aRule(), { ...none, limitName: 'could-not-run' })
  expect(said.zh).toContain('无法运行')
  expect(said.en).toContain('could not run')
})

test.each([
  ['value >', 'Unexpected token'],
  ['value + 1.0', 'gives double'],
  ['value > "x"', 'no such overload'],
  ['speed > 3.0', 'Unknown variable'],
  ['"a".matches("(a+)+$")', 'matches() is not available in rules'],
  ['"a".split("").size() > 0', 'split() is not available'],
  [`[${'1,'.repeat(101)}1].size() > 3`, 'Exceeded'],
  [Array(120).fill('value > 1.0').join(' || '), 'Exceeded'],
])('expression: %s is refused when the rule is loaded', (when, reason) => {
  expect(problem(when)).toContain(reason)
})

test('expression: one that would not end in time is refused before it ever runs', () => {
  const list = `[${Array.from({ length: 100 }, (_, i) => i).join(',')}]`
  expect(problem(`${list}.all(a, a < 1000)`)).toBeUndefined()
  const short = '[1,2,3,4,5,6,7,8,9,10]'
  expect(problem(`${short}.all(a, ${short}.all(b, ${short}.all(c, ${short}.all(d, ${short}.all(e, a < 9)))))`)).toContain(
    'would not end',
  )
  expect(problem(`${short}.map(a, ${short} + ${short}).all(b, b.all(c, b.all(d, b.all(e, d < 9))))`)).toContain('would not end')
})
