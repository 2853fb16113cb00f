import { expect, test } from 'vitest'
import { badReading } from '../../../alerts/rules/bad-reading.ts'
import { limitTooFine } from '../../../alerts/rules/limit-too-fine.ts'
import { noSubstance } from '../../../alerts/rules/no-substance.ts'
import { silent } from '../../../alerts/rules/silent.ts'
import { state } from '../../../alerts/rules/state.ts'
import { wrongClock } from '../../../alerts/rules/wrong-clock.ts'
import { facts, ruleSuite, sampleOf, verdicts, withDefaults } from '../../suites/rule.ts'

ruleSuite(state, { level: 'orange' }, [0, 1], 'fireAlarm')
ruleSuite(state, { level: 'orange', when: 0, onDelayMs: 5_000, offDelayMs: 5_000 }, [0, 1], 'inService')
ruleSuite(badReading, { level: 'blue' }, [0, 1, 50], 'combustibleLel')
ruleSuite(noSubstance, { level: 'blue' }, [0, 1, 50], 'toxicPpm')
ruleSuite(limitTooFine, { level: 'blue', steps: 3 }, [0, 1, 50], 'toxicPpm')

const ON = { level: 'orange', limitName: null, limit: null }

test('state: 1 raises at its row and 0 clears at its row', () => {
  const series = [0, 1, 1, 0, 1].map((value, second) => ({ second, value }))
  expect(verdicts(state, withDefaults(state, { level: 'orange' }), series)).toEqual(['clear', ON, ON, 'clear', ON])
})

test('bad reading: only a good one says that the subject is known again', () => {
  const series = (['bad', 'uncertain', 'good'] as const).map((quality, second) => ({ second, value: 1, quality }))
  const blue = { level: 'blue', limitName: null, limit: null }
  expect(verdicts(badReading, { level: 'blue' }, series)).toEqual([blue, 'unchanged', 'clear'])
})

test('no substance: a gas channel nobody named is a fault until somebody does', () => {
  const step = (substance: string | null, hasLimits = true) =>
    noSubstance.step({ level: 'blue' }, noSubstance.start, sampleOf({ second: 0, value: 1 }), {
      ...facts,
      needsSubstance: true,
      substance,
      hasLimits,
    }).verdict
  expect(step(null)).toMatchObject({ level: 'blue' })
  expect(step('h2s')).toBe('clear')
  expect(step('xyz', false)).toMatchObject({ level: 'blue' })
})

const device = { at: 40_000, heardAt: 10_000, countFrom: 10_000, expectedPeriodMs: 10_000, clockSuspectAt: null }

test('silent: three periods without data breach; a grace period postpones that and only data ends it', () => {
  const options = { level: 'blue' as const, periods: 3 }
  expect(silent.step(options, device).verdict).toMatchObject({ level: 'blue' })
  expect(silent.step(options, { ...device, at: 39_999 })).toEqual({ verdict: 'clear', wakeAt: 40_000 })
  expect(silent.step(options, { ...device, countFrom: 35_000 })).toEqual({ verdict: 'unchanged', wakeAt: 65_000 })
  expect(silent.step(options, { ...device, countFrom: Infinity })).toEqual({ verdict: 'unchanged', wakeAt: null })
})

test('wrong clock: one breach as long as such stamps come, over after a while of believable ones', () => {
  const options = { level: 'blue' as const, clearAfterMs: 600_000 }
  const at = (seconds: number, heard = seconds) => ({ ...device, at: seconds * 1000, heardAt: heard * 1000, clockSuspectAt: 0 })
  expect(wrongClock.step(options, at(0)).verdict).toMatchObject({ level: 'blue' })
  expect(wrongClock.step(options, at(599)).verdict).toMatchObject({ level: 'blue' })
  expect(wrongClock.step(options, at(600)).verdict).toBe('clear')
  expect(wrongClock.step(options, at(600, 300)).verdict).toBe('unchanged')
})
