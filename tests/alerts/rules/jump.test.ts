import { expect, test } from 'vitest'
import { jump } from '../../../alerts/rules/jump.ts'
import { facts, ruleSuite, verdicts } from '../../suites/rule.ts'

const options = {
  level: 'blue',
  jumps: 1,
  withinMs: 600_000,
  perSecond: 2,
  deadband: 10,
  usual: null,
  danger: 'up',
  offDelayMs: 60_000,
}
const said = (limitName: string) => ({ level: 'blue', limitName, limit: null })
const at = (values: Record<number, number>) =>
  Object.entries(values).map(([second, value]) => ({ second: Number(second), value }))

ruleSuite(jump, options, [0, 9, 11, 30, 90], 'combustibleLel')
ruleSuite(jump, { ...options, usual: { from: -1, to: 9 } }, [0, 8, 11, 30, 90], 'combustibleLel')

test('jump: what the quantity cannot do in the time is a jump, the same change in more time is not', () => {
  expect(verdicts(jump, options, at({ 0: 0, 5: 30 }))).toEqual(['clear', said('danger')])
  expect(verdicts(jump, options, at({ 0: 0, 20: 30 }))).toEqual(['clear', 'clear'])
  expect(verdicts(jump, options, at({ 0: 0, 1: 10 }))).toEqual(['clear', 'clear'])
})

test('jump: says which way, and is over when nothing has jumped for a while', () => {
  const series = at({ 0: 60, 1: 0, 30: 0, 62: 0, 92: 0 })
  expect(verdicts(jump, options, series)).toEqual(['clear', said('down'), 'unchanged', 'unchanged', 'clear'])
})

test('jump: in the usual range it remembers nothing and still sees what leaves it too fast', () => {
  const calm = { ...options, perSecond: 1, usual: { from: -1, to: 9 } }
  expect(jump.quiet(calm as never, facts)).toEqual({ above: -1, below: 9 })
  // A period is ten seconds: from at most 9 it can have come to 19.
  expect(verdicts(jump, calm, at({ 0: 3, 10: 19, 20: 3 }))).toEqual(['clear', 'clear', said('down')])
  expect(verdicts(jump, calm, at({ 0: 3, 10: 30 }))).toEqual(['clear', said('danger')])
  expect(jump.check({ ...calm, usual: { from: 0, to: 20 } } as never, { metric: 'combustibleLel' })).toMatchObject({
    path: '/usual',
  })
})

test('jump: as many as were asked for within the time are a fault, fewer are not', () => {
  const three = { ...options, jumps: 3, withinMs: 60_000 }
  const flapping = at({ 0: 0, 1: 60, 2: 0, 3: 60, 4: 0 })
  expect(verdicts(jump, three, flapping).filter((verdict) => typeof verdict === 'object')).toEqual([
    said('danger'),
    said('danger'),
  ])
  expect(verdicts(jump, three, at({ 0: 0, 1: 60, 40: 0, 80: 60, 120: 0 })).some((verdict) => typeof verdict === 'object')).toBe(
    false,
  )
  const slow = at({ 0: 0, 1: 60, 50: 60, 51: 0, 100: 0, 101: 60 })
  expect(verdicts(jump, three, slow).some((verdict) => typeof verdict === 'object')).toBe(false)
})
