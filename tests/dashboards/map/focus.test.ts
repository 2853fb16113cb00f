import { expect, test } from 'vitest'
import type { Alarm } from '../../../core/alarm.ts'
import { CameraFocus } from '../../../dashboards/web/map/focus.ts'
import { makeAlarm } from '../../browser/district.ts'

const red = (deviceId: string, given: Partial<Alarm> = {}) => makeAlarm(0, { deviceId, level: 'red', ...given })

test('F7: reds within ten seconds belong into one picture, a later one is a picture of its own', () => {
  const focus = new CameraFocus()
  const [a, b, c] = [red('A'), red('B'), red('C')]
  expect(focus.take(a, 0, [a])).toBe(true)
  expect(focus.take(a, 1_000, [a])).toBe(false)
  expect(focus.take(b, 9_999, [a, b])).toBe(true)
  expect(focus.devices).toEqual(['A', 'B'])
  expect(focus.take(c, 10_001, [a, b, c])).toBe(true)
  expect(focus.devices).toEqual(['C'])
})

test('an orange moves the camera only while no red is active, yellow and blue never do', () => {
  const focus = new CameraFocus()
  const orange = red('O', { level: 'orange' })
  expect(focus.take(orange, 0, [orange, red('A')])).toBe(false)
  expect(focus.take(red('Y', { level: 'yellow' }), 0, [])).toBe(false)
  expect(focus.take(red('B', { level: 'blue' }), 0, [])).toBe(false)
  expect(focus.take(red('R', { state: 'acknowledged' }), 0, [])).toBe(false)
  expect(focus.take(orange, 0, [orange])).toBe(true)
})

test('the camera goes home sixty seconds after the last red was acknowledged, and not before', () => {
  const focus = new CameraFocus()
  const [a, b] = [red('A'), red('B')]
  focus.take(a, 0, [a])
  focus.take(b, 5_000, [a, b])
  const acknowledged = (alarm: Alarm): Alarm => ({ ...alarm, state: 'acknowledged' })
  expect(focus.look([acknowledged(a), b], 200_000)).toBe(false)
  expect(focus.look([acknowledged(a), acknowledged(b)], 300_000)).toBe(false)
  expect(focus.look([acknowledged(a), acknowledged(b)], 359_999)).toBe(false)
  // A new red begins the wait anew.
  const again = red('A')
  expect(focus.look([again, acknowledged(b)], 359_999)).toBe(false)
  expect(focus.look([acknowledged(a), acknowledged(b)], 400_000)).toBe(false)
  expect(focus.look([], 459_999)).toBe(false)
  expect(focus.look([], 460_000)).toBe(true)
  expect(focus.devices).toEqual([])
})

test('a wall that has just opened shows the reds that wait for somebody', () => {
  const focus = new CameraFocus()
  focus.start([red('A'), red('B', { state: 'acknowledged' }), red('C', { level: 'yellow' })], 0)
  expect(focus.devices).toEqual(['A'])
})
