import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rateOfChange } from '../../../alerts/rules/rate-of-change.ts'
import { facts, ruleSuite, verdicts, withDefaults } from '../../suites/rule.ts'

const limits = [
  { name: 'H', by: 0.05, level: 'yellow' },
  { name: 'HH', by: 0.1, level: 'orange' },
]
const drop = { limits, direction: 'down', withinMs: 60_000, deadband: 0.01, onDelayMs: 0, offDelayMs: 0 }
const H = { level: 'yellow', limitName: 'H', limit: 0.05 }
const HH = { level: 'orange', limitName: 'HH', limit: 0.1 }
/** One reading every ten seconds. */
const every10s = (...values: number[]) => values.map((value, i) => ({ second: i * 10, value }))
const said = (values: number[], options: object = drop) =>
  verdicts(rateOfChange, withDefaults(rateOfChange, options), every10s(...values))

ruleSuite(rateOfChange, drop, [0.2, 0.25, 0.29, 0.3, 0.31, 0.4], 'pressureMpa')
ruleSuite(rateOfChange, { ...drop, direction: 'both', onDelayMs: 15_000, offDelayMs: 30_000 }, [0.2, 0.26, 0.3], 'pressureMpa')

test('rate of change: a fall is believed at the second reading that shows it, and is over when the window has passed it', () => {
  const series = said([0.4, 0.4, 0.4, 0.29, 0.29, 0.29, 0.29, 0.29, 0.29, 0.29, 0.29])
  expect(series.slice(0, 6)).toEqual(['clear', 'clear', 'clear', 'clear', HH, HH])
  expect(series.at(-1)).toBe('clear')
})

test('rate of change: one wild reading, at whichever end, raises nothing', () => {
  fc.assert(
    fc.property(fc.nat(19), fc.constantFrom(0, 0.1, 0.9, 5), (wild, value) => {
      const values = Array.from({ length: 20 }, (_, i) => (i === wild ? value : 0.3))
      expect(said(values, { ...drop, direction: 'both' }).filter((verdict) => typeof verdict === 'object')).toEqual([])
    }),
  )
})

test('rate of change: noise smaller than the limit never adds up to one, however long it lasts', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.28, max: 0.3199, noNaN: true }), { minLength: 30, maxLength: 200 }), (values) => {
      expect(said(values, { ...drop, direction: 'both' }).every((verdict) => verdict === 'clear')).toBe(true)
    }),
  )
})

test('rate of change: a slow ramp is no fast one, and direction matters', () => {
  const ramp = (perReading: number) => Array.from({ length: 30 }, (_, i) => 0.4 - i * perReading)
  expect(said(ramp(0.005)).some((verdict) => typeof verdict === 'object')).toBe(false)
  expect(said(ramp(0.015))).toContainEqual(H)
  expect(said(ramp(0.015), { ...drop, direction: 'up' }).some((verdict) => typeof verdict === 'object')).toBe(false)
})

test('rate of change: at a device that reports every five minutes one late reading around a fall does not hide it', () => {
  const options = withDefaults(rateOfChange, drop) as never
  const values = [0.4, 0.4, 0.4, 0.28, 0.28, 0.28]
  for (const late of [null, 1, 2, 3, 4]) {
    let state = rateOfChange.start
    const found = values.flatMap((value, i) => {
      if (i === late) return []
      const sample = { value, at: i * 300_000, quality: 'good' as const, reason: 'none' as const, held: false, gap: false }
      const step = rateOfChange.step(options, state, sample, { ...facts, expectedPeriodMs: 300_000 })
      state = step.state
      return [step.verdict]
    })
    expect(found, `late: ${late}`).toContainEqual(HH)
  }
})

test('rate of change: its state stays under 600 bytes at any rate of readings', () => {
  const options = withDefaults(rateOfChange, { ...drop, direction: 'both' }) as never
  let state = rateOfChange.start
  for (let i = 0; i < 5_000; i++) {
    const sample = {
      value: 0.3 + Math.sin(i) / 100,
      at: i * 100,
      quality: 'good',
      reason: 'none',
      held: false,
      gap: false,
    } as const
    state = rateOfChange.step(options, state, sample, facts).state
  }
  expect(JSON.stringify(state).length).toBeLessThan(600)
})
