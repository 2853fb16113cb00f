import { expect, test } from 'vitest'
import { Announcer, Repeats } from '../../../dashboards/wall/announcer.ts'
import { makeAlarm } from '../../browser/district.ts'

test('F14: the third red within 30 s is still said by itself, the fourth and later ones are summed up by enterprise', () => {
  const announcer = new Announcer()
  const heard = (at: number, enterpriseId: string, level: 'red' | 'orange' = 'red') =>
    announcer.heard(makeAlarm(at, { enterpriseId, level }), at)?.kind ?? null
  expect([heard(0, 'a'), heard(9_000, 'b'), heard(18_000, 'c')]).toEqual(['one', 'one', 'one'])
  expect([heard(20_000, 'a'), heard(21_000, 'b'), heard(22_000, 'b', 'orange')]).toEqual([null, null, null])
  expect(announcer.sums()).toEqual([
    { kind: 'sum', enterpriseId: 'a', alarms: 1, reds: 1 },
    { kind: 'sum', enterpriseId: 'b', alarms: 2, reds: 1 },
  ])
  expect(announcer.sums()).toEqual([])
  expect(heard(31_000, 'a')).toBe('one')
})

test('oranges are said while there is room, and never take a red its place', () => {
  const announcer = new Announcer()
  const heard = (at: number, level: 'red' | 'orange') => announcer.heard(makeAlarm(at, { level }), at)?.kind ?? null
  expect(['orange', 'orange', 'orange', 'orange'].map((level, n) => heard(n, level as 'orange'))).toEqual([
    'one',
    'one',
    'one',
    null,
  ])
  expect([heard(5, 'red'), heard(6, 'red'), heard(7, 'red'), heard(8, 'red')]).toEqual(['one', 'one', 'one', null])
})

test('what nobody acknowledges is said once more after 30 s, behind what is new, and not a third time', () => {
  const repeats = new Repeats()
  const open = new Set(['a', 'b', 'c'])
  const due = (now: number, busy = false) => repeats.due(now, (id) => open.has(id), busy)
  for (const id of open) repeats.said(id, 0)
  expect(due(29_999)).toEqual([])
  open.delete('b')
  expect(due(30_000, true)).toEqual([])
  expect(due(31_000)).toEqual(['a', 'c'])
  expect(due(61_000)).toEqual([])
  repeats.said('c', 61_000)
  expect(due(181_000, true)).toEqual([])
  expect(due(182_000)).toEqual([])
})
