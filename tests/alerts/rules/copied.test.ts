import { expect, test } from 'vitest'
import { copied } from '../../../alerts/rules/copied.ts'
import { wander, jitter, rounded } from '../../../simulators/signals.ts'
import { ruleSuite, verdicts, withDefaults } from '../../suites/rule.ts'

const options = { level: 'blue', resolution: 0.1, offDelayMs: 3_600_000 }
const BLUE = { level: 'blue', limitName: null, limit: null }
const whole = withDefaults(copied, options)

ruleSuite(copied, options, [0, 0.1, 3.2, 3.3, 50], 'combustibleLel')

/** A living detector, one reading every ten seconds. */
const living = (count: number, seed = 7, digits = 1) =>
  Array.from({ length: count }, (_, i) =>
    rounded(6 + 3 * wander(seed, i * 10_000, 600_000) + 0.6 * jitter(seed, i * 10_000), digits),
  )
const series = (values: number[]) => values.map((value, i) => ({ second: i * 10, value }))
const firstAlarm = (values: number[]) =>
  verdicts(copied, whole, series(values)).findIndex((verdict) => typeof verdict === 'object')

test('copied: an hour that is played again and again is found within its second round or soon after', () => {
  const hour = living(360)
  const at = firstAlarm(Array.from({ length: 12 }, () => hour).flat())
  expect(at).toBeGreaterThan(360)
  expect(at).toBeLessThan(360 * 3)
})

test('copied: readings copied in at any later place are found, wherever the copy begins', () => {
  const own = living(1_500)
  const values = [...own, ...living(137, 8), ...own.slice(300)]
  const at = firstAlarm(values)
  expect(at).toBeGreaterThan(1_637)
  expect(verdicts(copied, whole, series(values))[at]).toEqual(BLUE)
})

test('copied: a recording of which every fiftieth reading is lost, each time another, is found within four hours', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const lossy = (values: number[], round: number) => values.filter((_, i) => jitter(seed * 10 + round, i) > -0.96)
    const own = living(1_500, seed)
    const at = firstAlarm([...lossy(own, 1), ...lossy(own, 2)])
    expect(at, `seed ${seed}`).toBeGreaterThan(1_470)
  }
})

test('copied: a living sensor, however coarse, and one that rests, copies nothing', () => {
  for (const digits of [0, 1, 2]) for (const seed of [1, 2, 3]) expect(firstAlarm(living(20_000, seed, digits))).toBe(-1)
  expect(firstAlarm(Array.from({ length: 5_000 }, (_, i) => (i % 2 === 0 ? 5.1 : 5.2)))).toBe(-1)
  expect(firstAlarm(Array.from({ length: 5_000 }, () => 0))).toBe(-1)
})

test('copied: its state stays under a kilobyte', () => {
  let state: unknown = copied.start
  living(20_000).forEach((value, i) => {
    const sample = { value, at: i * 10_000, quality: 'good', reason: 'none', held: false, gap: false } as const
    state = copied.step(whole as never, state as never, sample, {} as never).state
  })
  expect(JSON.stringify(state).length).toBeLessThan(1_000)
})
