import { expect, test } from 'vitest'
import { Announcer } from '../../../dashboards/wall/announcer.ts'
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
