import { expect, test } from 'vitest'
import { Scene, shipped } from './scene.ts'
import { plainScenario, scenarios } from './scenarios.ts'

/** They learn for days first, or need a recording: their own tests feed them (tests/alerts/rules, tests/eval). */
const learners = ['deviation', 'copied']
/** Ships without a window: it cannot raise until a person has set one, see below. */
const withoutWindow = 'vehicle.curfew'

const judged = shipped.filter(({ id, type, enabled }) => enabled && !learners.includes(type) && id !== withoutWindow)
const named = judged.map((rule) => [rule.id, scenarios[rule.id] ?? plainScenario(rule)] as const)

test('every rule that ships and is on has a scenario', () => {
  expect(named.filter(([, scenario]) => scenario === null).map(([id]) => id)).toEqual([])
  expect(Object.keys(scenarios).filter((id) => !judged.some((rule) => rule.id === id))).toEqual([])
})

test.each(named)('%s raises in its scenario, among all that ship', (id, scenario) => {
  const { level, tell, sector = null, after = 0 } = scenario!
  expect(tell(new Scene(shipped, sector)).raised(after).get(id)).toBe(level)
})

test.each(Object.entries(scenarios))(
  'nothing else stands in for %s: without it its alarm is missing',
  (id, { tell, after = 0 }) => {
    const without = shipped.map((rule) => (rule.id === id ? { ...rule, enabled: false } : rule))
    const withIt = tell(new Scene(shipped)).raised(after)
    const withoutIt = tell(new Scene(without)).raised(after)
    expect([...withIt.keys()].filter((one) => !withoutIt.has(one))).toContain(id)
  },
)

test('a curfew judges nothing until it has a window, and then only the cargo it names', () => {
  const driving = (rules = shipped, cargoClass = '2.1') =>
    new Scene(rules)
      .device('V', { kind: 'vehicle', attributes: { cargoClass } })
      // 2026-01-01 00:00 UTC is eight in the morning in Shanghai.
      .every(30, 30, 600, 'V', { latitude: 30, longitude: 120, speedKmh: 50 })
      .raised()
  expect(driving().has(withoutWindow)).toBe(false)
  const windows = [{ id: 'morning', from: '07:00', to: '09:00', cargo: ['2'] }]
  const set = shipped.map((rule) => (rule.id === withoutWindow ? { ...rule, windows } : rule))
  expect(driving(set).get(withoutWindow)).toBe('orange')
  expect(driving(set, '3').has(withoutWindow)).toBe(false)
})
