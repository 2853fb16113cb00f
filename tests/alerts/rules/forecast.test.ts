import fc from 'fast-check'
import { expect, test } from 'vitest'
import { forecast } from '../../../alerts/rules/forecast.ts'
import { studentCdf } from '../../../alerts/rules/forecast/student.ts'
import { facts, ruleSuite, verdicts, withDefaults } from '../../suites/rule.ts'

const options = {
  level: 'yellow',
  limits: [{ name: 'H', above: 3 }],
  horizonMs: 600_000,
  windowMs: 600_000,
  deadband: 0.05,
  onDelayMs: 0,
  offDelayMs: 0,
}
const SOON = { level: 'yellow', limitName: 'H', limit: 3 }
/** One reading every ten seconds for so many minutes. */
const minutes = (count: number, value: (minute: number) => number) =>
  Array.from({ length: count * 6 }, (_, i) => ({ second: i * 10, value: value(i / 6) }))
const said = (points: { second: number; value: number }[], more = {}) =>
  verdicts(forecast, withDefaults(forecast, { ...options, ...more }), points)
const firstAlarm = (all: unknown[]) => all.findIndex((verdict) => typeof verdict === 'object')
const noise = (i: number) => Math.sin(i * 12.9898) * 0.02

ruleSuite(forecast, { ...options, horizonMs: 60_000, windowMs: 60_000 }, [0, 1, 2, 2.9, 3.1], 'levelM')

test('forecast: a tank that fills steadily is announced before it is full, with the limit it will reach', () => {
  const rise = minutes(40, (minute) => 1 + 0.05 * minute + noise(minute))
  const at = firstAlarm(said(rise))
  expect(said(rise)[at]).toMatchObject({ ...SOON, detail: { en: expect.stringMatching(/^in about (8|9|10) min$/) as unknown } })
  // Full after 40 minutes; the horizon is ten.
  expect(rise[at]!.second / 60).toBeGreaterThan(27)
  expect(rise[at]!.second / 60).toBeLessThan(33)
})

test('forecast: a level that stays, or falls, or rises too slowly, is announced by nothing', () => {
  for (const slope of [0, -0.05, 0.005]) {
    expect(firstAlarm(said(minutes(40, (minute) => 2 + slope * minute + noise(minute))))).toBe(-1)
  }
})

test('forecast: noise without a trend announces nothing, whatever it looks like', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1.5, max: 2.5, noNaN: true }), { minLength: 300, maxLength: 300 }), (values) => {
      const alarms = said(minutes(50, (minute) => values[Math.round(minute * 6)]!)).filter(
        (verdict) => typeof verdict === 'object',
      )
      expect(alarms.length).toBeLessThan(15)
    }),
    { numRuns: 50 },
  )
})

test('forecast: without limits of its own it looks out for those in force on the series', () => {
  const ready = withDefaults(forecast, { ...options, limits: [] }) as never
  let state = forecast.start
  const alarms = minutes(40, (minute) => 5 - 0.05 * minute).flatMap(({ second, value }) => {
    const sample = { value, at: second * 1000, quality: 'good' as const, reason: 'none' as const, held: false, gap: false }
    const step = forecast.step(ready, state, sample, { ...facts, limits: [{ name: 'L', below: 3.2, level: 'red' }] })
    state = step.state
    return typeof step.verdict === 'object' ? [step.verdict] : []
  })
  expect(alarms[0]).toMatchObject({ level: 'yellow', limitName: 'L', limit: 3.2 })
})

test('forecast: once the limit is reached the threshold rule has the word, and it clears when the trend has turned', () => {
  const there = minutes(60, (minute) => (minute < 41 ? 1 + 0.05 * minute : minute < 42 ? 3.05 : 2))
  const verdict = said(there)
  expect(verdict.at(-1)).toBe('clear')
})

test("Student's t has the values of the tables", () => {
  for (const [t, freedom, expected] of [
    [6.314, 1, 0.95],
    [2.92, 2, 0.95],
    [2.353, 3, 0.95],
    [1.943, 6, 0.95],
    [3.707, 6, 0.995],
    [-1.895, 7, 0.05],
  ] as const) {
    expect(studentCdf(t, freedom)).toBeCloseTo(expected, 3)
  }
})
