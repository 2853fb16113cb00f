import { expect, test } from 'vitest'
import { Flood } from '../../../dashboards/wall/flood.ts'
import { GroupOrder } from '../../../dashboards/wall/group-order.ts'
import { publicName } from '../../../dashboards/wall/privacy.ts'
import { groupAlarms } from '../../../dashboards/web/alarm-order.ts'
import { makeAlarm } from '../../browser/district.ts'

const MINUTE = 60_000
const heard = (...minutes: number[]) => {
  const flood = new Flood()
  const states = minutes.map((minute, n) => {
    flood.heard(`a${n}`, 1, `e${n % 3}`, minute * MINUTE)
    return flood.look(minute * MINUTE).active
  })
  return { flood, states }
}

test('a flood begins with the eleventh alarm in ten minutes, or with the fifth within ten seconds', () => {
  expect(heard(...Array.from({ length: 11 }, (_, n) => n * 0.9)).states).toEqual([...Array<boolean>(10).fill(false), true])
  expect(heard(0, 0.02, 0.04, 0.06, 0.08).states).toEqual([false, false, false, false, true])
  expect(heard(...Array.from({ length: 30 }, (_, n) => n * 1.01)).states.includes(true)).toBe(false)
})

test('F13: a flood ends only when fewer than five alarms came in ten minutes', () => {
  const { flood } = heard(...Array.from({ length: 12 }, (_, n) => n * 0.5))
  expect(flood.look(13.4 * MINUTE)).toMatchObject({ active: true, count: 5 })
  expect(flood.look(13.6 * MINUTE)).toMatchObject({ active: false, count: 4 })
  // Seven more bring it to eleven and no further: it does not begin again at ten.
  for (let n = 0; n < 5; n++) flood.heard(`b${n}`, 1, 'e', (13.61 + n) * MINUTE)
  expect(flood.look(17.7 * MINUTE).active).toBe(false)
})

test('an alarm that changes is not another alarm; one that comes again is', () => {
  const flood = new Flood()
  for (let version = 0; version < 20; version++) flood.heard('a', 1, 'e', 0)
  expect(flood.look(0).count).toBe(1)
  flood.heard('a', 2, 'e', 1)
  expect(flood.look(1)).toEqual({ active: false, count: 2, enterprises: 1 })
})

test('a row moves up when its worst level rises, not because more of the same came', () => {
  const order = new GroupOrder()
  const a = makeAlarm(1, { enterpriseId: 'a', level: 'yellow' })
  const b = makeAlarm(2, { enterpriseId: 'b', level: 'yellow' })
  const keys = (...alarms: Parameters<typeof groupAlarms>[0] extends Iterable<infer A> ? A[] : never) =>
    order.of(groupAlarms(alarms)).map(({ enterpriseId }) => enterpriseId)
  expect(keys(a, b)).toEqual(['b', 'a'])
  expect(keys(a, b, makeAlarm(3, { enterpriseId: 'a', level: 'blue' }))).toEqual(['b', 'a'])
  expect(keys(a, b, makeAlarm(4, { enterpriseId: 'a', level: 'orange' }))).toEqual(['a', 'b'])
  expect(keys(a, b, makeAlarm(5, { enterpriseId: 'c', level: 'blue' }))).toEqual(['c', 'a', 'b'])
})

test('while a row is held nothing moves and nothing is left out', () => {
  const order = new GroupOrder()
  const a = makeAlarm(1, { enterpriseId: 'a', level: 'yellow' })
  const b = makeAlarm(2, { enterpriseId: 'b', level: 'yellow' })
  order.of(groupAlarms([a, b]))
  const held = order.of(
    groupAlarms([a, b, makeAlarm(3, { enterpriseId: 'c', level: 'red' }), makeAlarm(4, { enterpriseId: 'a', level: 'red' })]),
    true,
  )
  expect(held.map(({ enterpriseId }) => enterpriseId)).toEqual(['b', 'a', 'c'])
  expect(order.of(groupAlarms([a, b]))[0]!.enterpriseId).toBe('b')
})

test.each([
  ['幸福里 3 号楼 2 单元 501 室 感烟', 'smoke-alarm', '幸福里 3 号楼 感烟'],
  ['幸福里3号楼2单元501', 'smoke-alarm', '幸福里3号楼'],
  ['Harbour View Block 3, Flat 12B', 'smoke-alarm', 'Harbour View Block 3'],
  ['三层感烟报警器 07', 'smoke-alarm', '三层感烟报警器 07'],
  ['室外消火栓 02', 'hydrant', '室外消火栓 02'],
  ['王某 13912345678 车载终端', 'vehicle', '王某 ··· 车载终端'],
])('on a wall %s (%s) is %s', (name, kind, shown) => expect(publicName(name, kind)).toBe(shown))
