import { expect, test } from 'vitest'
import { stuck } from '../../../alerts/rules/stuck.ts'
import { readRule } from '../../../alerts/rulebook.ts'
import { aRule } from '../world.ts'
import { ruleSuite, verdicts } from '../../suites/rule.ts'

const options = { level: 'blue', forMs: 60_000, minimumReadings: 3, resolution: 0.1, restsAt: [0] }
const BLUE = { level: 'blue', limitName: null, limit: null }
const every20s = (...values: number[]) => values.map((value, i) => ({ second: i * 20, value }))

ruleSuite(stuck, options, [0, 0.05, 0.1, 3.2, 3.3, 50], 'combustibleLel')

test('stuck: a value that has not moved for the time is stuck, and lives again with the first that moves', () => {
  expect(verdicts(stuck, options, every20s(3.2, 3.2, 3.2, 3.2, 3.2, 3.3))).toEqual([
    'clear',
    'unchanged',
    'unchanged',
    BLUE,
    BLUE,
    'clear',
  ])
})

test('stuck: a detector that reads zero, or its last digit, for thirty days raises nothing', () => {
  const month = Array.from({ length: 720 }, (_, hour) => ({ second: hour * 3600, value: hour % 5 === 0 ? 0.1 : 0 }))
  expect(new Set(verdicts(stuck, options, month))).toEqual(new Set(['clear']))
})

test('stuck: air at 20.9 %vol is where oxygen rests; 19.0 for days is a frozen sensor', () => {
  const { limits: _l, deadband: _d, onDelayMs: _on, offDelayMs: _off, ...rest } = aRule({ type: 'stuck', level: 'blue' })
  const ready = readRule({ ...rest, metric: 'oxygenVol' }, null) as { options: object }
  expect(ready.options).toMatchObject({ restsAt: [20.9], resolution: 0.1 })
  const days = (value: number) => Array.from({ length: 60 }, (_, hour) => ({ second: hour * 3600, value }))
  expect(verdicts(stuck, ready.options, days(20.9)).at(-1)).toBe('clear')
  expect(verdicts(stuck, ready.options, days(19)).at(-1)).toEqual(BLUE)
})

test('stuck: is refused for 0/1 metrics', () => {
  expect(stuck.check(options as never, { metric: 'fireAlarm' })).toMatchObject({ path: '/metric' })
})
