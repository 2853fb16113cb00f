import { expect, test } from 'vitest'
import { deviation } from '../../../alerts/rules/deviation.ts'
import { halfHourOf, hourOf, slotOf } from '../../../alerts/rules/deviation/norm.ts'
import { readRule } from '../../../alerts/rulebook.ts'
import { facts, ruleSuite, withDefaults } from '../../suites/rule.ts'

const DAY = 86_400
const MINUTE = 60
/** Midnight in Beijing, Monday 5 January 2026. */
const MONDAY = Date.UTC(2026, 0, 4, 16) / 1000
const options = {
  limits: [{ name: 'H', spreads: 5, level: 'yellow' }],
  direction: 'both',
  season: 'day',
  learnDays: 3,
  atLeast: 0.01,
  deadband: 0.005,
  onDelayMs: 0,
  offDelayMs: 0,
}

ruleSuite(deviation, { ...options, learnDays: 1, season: 'week' }, [0, 0.3, 0.31, 0.9], 'pressureMpa')

/** Pressure of a main: higher at night, a little noise. */
const usual = (second: number) =>
  0.4 + 0.05 * Math.cos(((second - MONDAY) / DAY) * 2 * Math.PI) + 0.003 * Math.sin((second * 7.1) % 1000)

function run(rule: object, value: (second: number) => number, days: number, everySeconds = 5 * MINUTE) {
  const whole = withDefaults(deviation, rule) as never
  let state = deviation.start
  const alarms: { day: number; hour: number }[] = []
  let open = false
  for (let second = MONDAY; second < MONDAY + days * DAY; second += everySeconds) {
    const sample = { value: value(second), at: second * 1000, held: false, gap: false } as const
    const step = deviation.step(whole, state, { ...sample, quality: 'good', reason: 'none' }, facts)
    state = step.state
    const since = second - MONDAY
    if (typeof step.verdict === 'object' && !open) alarms.push({ day: Math.floor(since / DAY), hour: (since % DAY) / 3600 })
    if (typeof step.verdict === 'object') open = true
    if (step.verdict === 'clear') open = false
  }
  return { alarms, open, state, knowledge: deviation.knowledge!(whole, state) }
}

test('deviation: until it knows a time of day it raises nothing and says how much it knows', () => {
  const wild = (second: number) => usual(second) * (second % 3600 < 600 ? 3 : 1)
  expect(run(options, wild, 2)).toMatchObject({ alarms: [], knowledge: { known: false, learned: 0, of: 48 } })
  expect(run(options, usual, 4)).toMatchObject({ alarms: [], knowledge: { known: true, learned: 48, of: 48 } })
  expect(run({ ...options, season: 'week', learnDays: 1 }, usual, 3).knowledge).toMatchObject({ known: false, of: 336 })
})

test('deviation: a fall that would be usual in the evening is an alarm at night', () => {
  const night = MONDAY + 8 * DAY + 2 * 3600
  const low = (second: number) => (second >= night && second < night + 3600 ? 0.36 : usual(second))
  expect(run(options, low, 10)).toMatchObject({ alarms: [{ day: 8, hour: 2 }], open: false })
  expect(run(options, usual, 30).alarms).toEqual([])
})

test('deviation: what it found odd never becomes the norm, however long it lasts', () => {
  const odd = run(options, (second) => usual(second) - (second >= MONDAY + 8 * DAY ? 0.1 : 0), 40)
  expect(odd.open).toBe(true)
  expect(odd.alarms).toEqual([{ day: 8, hour: 0 }])
})

test('deviation: weekends have a norm of their own', () => {
  const works = (second: number) => {
    const weekend = Math.floor((second - MONDAY) / DAY) % 7 >= 5
    return (weekend ? 5 : 30) + Math.sin((second * 3.3) % 500)
  }
  const rule = { ...options, limits: [{ name: 'H', spreads: 8, level: 'yellow' }], atLeast: 2, deadband: 0.5 }
  expect(run({ ...rule, season: 'weekend' }, works, 35).alarms).toEqual([])
  expect(run({ ...rule, season: 'day' }, works, 35).alarms.length).toBeGreaterThan(0)
})

test('deviation: a leak of six percent on three nights running is found by half hours and not by one bad night', () => {
  const leak = {
    ...options,
    judges: 'half-hours',
    limits: [
      { name: 'L', percent: 5, level: 'yellow' },
      { name: 'LL', percent: 10, level: 'orange' },
    ],
    direction: 'down',
    hours: { from: 2, to: 4 },
    running: 12,
    learnDays: 7,
  }
  const from = (night: number, nights: number) => (second: number) => {
    const day = Math.floor((second - MONDAY) / DAY)
    return usual(second) * (day >= night && day < night + nights ? 0.94 : 1)
  }
  expect(run(leak, from(10, 1), 20).alarms).toEqual([])
  const found = run(leak, from(10, 30), 20)
  expect(found.alarms).toEqual([{ day: 12, hour: 4 }])
  expect(found.open).toBe(true)
})

test('deviation: 24,000 readings later its state is as small as its season allows', () => {
  expect(JSON.stringify(run(options, usual, 80, 5 * MINUTE).state).length).toBeLessThan(900)
})

test('the half hours of a week: Monday begins at midnight in the zone of the rule', () => {
  const half = halfHourOf(MONDAY * 1000, 480)
  expect([slotOf(half, 'week'), hourOf(half)]).toEqual([0, 0])
  expect(slotOf(half + 5 * 48, 'weekend')).toBe(48)
  expect(slotOf(half + 7 * 48 - 1, 'week')).toBe(335)
})

test('deviation: options that make no sense are named', () => {
  const { limits } = options
  const base = { id: 'x', type: 'deviation', metric: 'pressureMpa', origin: 'pack' }
  expect(readRule({ ...base, limits: [{ name: 'H', level: 'red' }] }, null)).toMatchObject({ path: '/limits/0' })
  expect(readRule({ ...base, limits, running: 3 }, null)).toMatchObject({ path: '/running' })
  expect(readRule({ ...base, limits }, null)).toMatchObject({ options: { atLeast: 0.002, offDelayMs: 600_000 } })
})
