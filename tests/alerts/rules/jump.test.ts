import { expect, test } from 'vitest'
import { jump } from '../../../alerts/rules/jump.ts'
import { ruleSuite, verdicts } from '../../suites/rule.ts'

const options = { level: 'blue', perSecond: 2, deadband: 10, danger: 'up', offDelayMs: 60_000 }
const said = (limitName: string) => ({ level: 'blue', limitName, limit: null })
const at = (values: Record<number, number>) =>
  Object.entries(values).map(([second, value]) => ({ second: Number(second), value }))

ruleSuite(jump, options, [0, 9, 11, 30, 90], 'combustibleLel')

test('jump: what the quantity cannot do in the time is a jump, the same change in more time is not', () => {
  expect(verdicts(jump, options, at({ 0: 0, 5: 30 }))).toEqual(['clear', said('danger')])
  expect(verdicts(jump, options, at({ 0: 0, 20: 30 }))).toEqual(['clear', 'clear'])
  expect(verdicts(jump, options, at({ 0: 0, 1: 10 }))).toEqual(['clear', 'clear'])
})

test('jump: says which way, and is over when nothing has jumped for a while', () => {
  const series = at({ 0: 60, 1: 0, 30: 0, 62: 0, 92: 0 })
  expect(verdicts(jump, options, series)).toEqual(['clear', said('down'), 'unchanged', 'unchanged', 'clear'])
})
