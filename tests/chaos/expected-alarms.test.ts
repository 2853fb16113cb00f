import { expect, test } from 'vitest'
import { expectedAlarms } from './expected-alarms.ts'

test('the model by which killtest judges: one alarm through H, HH and back, ended only by an acknowledgement', () => {
  const readings: [number, number][] = [10, 25, 49, 50, 30, 23, 22.9, 26, 60, 5, 51].map((value, i) => [i, value])
  const changes = (alarm: { changes: { change: string; at: number | null; level: string }[] }) =>
    alarm.changes.map(({ change, at, level }) => `${change} ${at} ${level}`)
  const [first, second] = expectedAlarms(readings, [{ after: 9 }])
  expect(changes(first!)).toEqual([
    'raised 1 yellow',
    'level 3 red',
    'returned 6 red',
    'again 7 red',
    'returned 9 red',
    'acknowledged null red',
  ])
  expect(changes(second!)).toEqual(['raised 10 red'])
})
