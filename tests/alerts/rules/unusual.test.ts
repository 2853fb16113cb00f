import { expect, test } from 'vitest'
import { unusual } from '../../../alerts/rules/unusual.ts'
import { readRule } from '../../../alerts/rulebook.ts'
import { facts, ruleSuite, withDefaults } from '../../suites/rule.ts'

const MINUTE = 60_000
const DAY = 86_400_000
/** Midnight in Beijing, Monday 5 January 2026. */
const MONDAY = Date.UTC(2026, 0, 4, 16)
const options = { level: 'blue', smallestRange: 0.01 }

ruleSuite(unusual, { ...options, learnReadings: 30, offDelayMs: 5_000 }, [0, 0.3, 0.31, 0.9, 40], 'pressureMpa')

const noise = (at: number) => Math.sin(((at / MINUTE) * 7.1) % 1000)
/** High from 09:00 to 18:00, every day. */
const shift = (at: number) => {
  const hour = ((at - MONDAY) % DAY) / 3_600_000
  return (hour >= 9 && hour < 18 ? 80 : 20) + 3 * noise(at)
}

/** When it raised, as [day, hour]. */
function raised(value: (at: number) => number, days: number, rule: object = options) {
  const whole = withDefaults(unusual, rule) as never
  let state = unusual.start
  let open = false
  const times: [day: number, hour: number][] = []
  for (let at = MONDAY; at < MONDAY + days * DAY; at += 5 * MINUTE) {
    const sample = { value: value(at), at, held: false, gap: false, quality: 'good', reason: 'none' } as const
    const step = unusual.step(whole, state, sample, facts)
    state = step.state
    const since = at - MONDAY
    if (typeof step.verdict === 'object' && !open) times.push([Math.floor(since / DAY), (since % DAY) / 3_600_000])
    if (typeof step.verdict === 'object') open = true
    if (step.verdict === 'clear') open = false
  }
  return { times, state }
}

test('unusual: what comes every day is never news, in 60 days', () => {
  expect(raised(shift, 60).times).toEqual([])
})

test('unusual: the day on which the shift does not begin is found when it should have begun', () => {
  const idle = (at: number) => (at >= MONDAY + 9 * DAY && at < MONDAY + 10 * DAY ? 20 + 3 * noise(at) : shift(at))
  expect(raised(idle, 14).times[0]).toEqual([9, 9])
})

test('unusual: a value beyond everything known is found at once, and coming every day it soon is no longer news', () => {
  const spikes = (at: number) => ((at - MONDAY) % DAY === DAY / 2 && at > MONDAY + 8 * DAY ? 200 : shift(at))
  const { times } = raised(spikes, 40)
  expect(times[0]).toEqual([8, 12])
  expect(times.length).toBeLessThanOrEqual(4)
  expect(times.at(-1)![0]).toBeLessThan(12)
})

test('unusual: more movement than ever before is found though no value is new', () => {
  const restless = (at: number) => {
    const wild = at >= MONDAY + 4 * DAY && at < MONDAY + 5 * DAY
    return wild ? (Math.round(at / MINUTE / 5) % 2 ? 80 : 20) : shift(at)
  }
  const { times } = raised(restless, 7)
  expect(times[0]?.[0]).toBe(4)
})

test('unusual: says nothing before it has learned, and how much it has', () => {
  const wild = (at: number) => 2 ** (((at - MONDAY) / MINUTE / 5) % 60)
  const { times, state } = raised(wild, 1)
  expect(times).toEqual([])
  expect(unusual.knowledge!(withDefaults(unusual, options) as never, state)).toEqual({ known: false, learned: 288, of: 300 })
})

test('unusual: a last digit that flickers is not news', () => {
  const still = (at: number) => (at > MONDAY + 5 * DAY && Math.round(at / MINUTE) % 7 === 0 ? 0.301 : 0.3)
  expect(raised(still, 10).times).toEqual([])
})

test('unusual: after 60 days its state is as small as after ten', () => {
  expect(JSON.stringify(raised(shift, 60).state).length).toBeLessThan(1_500)
})

test('unusual: options that make no sense are named', () => {
  const base = { id: 'x', type: 'unusual', origin: 'pack', level: 'blue' }
  expect(readRule({ ...base, metric: 'fault' }, null)).toMatchObject({ path: '/metric' })
  expect(readRule({ ...base, metric: 'pressureMpa' }, null)).toMatchObject({ options: { smallestRange: 0.01, score: 0.5 } })
})
