import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmStates, isUnacknowledged } from '../../../core/alarm.ts'
import { levels, severity } from '../../../core/level.ts'
import { AlarmGroups, byUrgency, groupAlarms, newestAlarm, worstByDevice } from '../../../dashboards/web/alarm-order.ts'
import { countDevices, DeviceOrder, topDevices } from '../../../dashboards/web/device-order.ts'
import { makeAlarm, makeDevice } from '../../browser/district.ts'

const alarm = fc
  .record({
    level: fc.constantFrom(...levels),
    state: fc.constantFrom(...alarmStates.filter((state) => state !== 'normal')),
    enterpriseId: fc.constantFrom('e1', 'e2'),
    zoneId: fc.constantFrom('z1', 'z2', null),
    deviceId: fc.constantFrom('d1', 'd2', 'd3'),
    raisedAt: fc.nat(100),
  })
  .map((given) => makeAlarm(given.raisedAt, given))
const alarms = fc.array(alarm, { maxLength: 60 })

test('every alarm is in exactly one group, and groups with an unacknowledged red come first', () => {
  fc.assert(
    fc.property(alarms, (list) => {
      const groups = groupAlarms(list)
      const grouped = groups.flatMap((group) => group.alarms.map(({ id }) => id))
      expect(grouped.toSorted()).toEqual(list.map(({ id }) => id).toSorted())
      const reds = groups.map(({ unacknowledgedRed }) => unacknowledgedRed)
      expect(reds).toEqual(reds.toSorted((a, b) => Number(b) - Number(a)))
      for (const group of groups) {
        expect(severity[group.level]).toBe(Math.max(...group.alarms.map(({ level }) => severity[level])))
        expect(group.acknowledged).toBe(group.alarms.filter((one) => !isUnacknowledged(one)).length)
      }
    }),
  )
})

test('groups that are kept from picture to picture are those that would be made anew', () => {
  fc.assert(
    fc.property(fc.array(alarms, { maxLength: 5 }), fc.nat(), (lists, seed) => {
      const kept = new AlarmGroups()
      let open: ReturnType<typeof makeAlarm>[] = []
      for (const [n, list] of lists.entries()) {
        // Some stay as they are, some are gone, some have changed, some are new.
        open = open
          .filter((_, i) => (i + seed + n) % 4 !== 0)
          .map((one, i) => (i % 5 === 0 ? { ...one, level: 'red' as const } : one))
        open.push(...list)
        expect(kept.of(open)).toEqual(groupAlarms(open))
      }
    }),
  )
})

test('the desk lists unacknowledged before acknowledged, worse before milder, older before newer', () => {
  fc.assert(
    fc.property(alarms, (list) => {
      const sorted = list.toSorted(byUrgency)
      for (const [i, b] of sorted.entries()) {
        const a = sorted[i - 1]
        if (!a) continue
        const key = (one: typeof a) => [Number(!isUnacknowledged(one)), -severity[one.level], one.raisedAt]
        expect(key(a) <= key(b) || key(a).join() === key(b).join() || compare(key(a), key(b)) <= 0).toBe(true)
      }
    }),
  )
})
const compare = (a: number[], b: number[]) => a.map((x, i) => x - b[i]!).find((difference) => difference !== 0) ?? 0

test('the card keeps an unacknowledged red when something milder comes later', () => {
  const red = makeAlarm(1, { level: 'red', state: 'active' })
  const yellow = makeAlarm(2, { level: 'yellow', state: 'active' })
  const done = makeAlarm(3, { level: 'red', state: 'acknowledged' })
  expect(newestAlarm([yellow, red, done])).toBe(red)
  expect(newestAlarm([yellow, done])).toBe(yellow)
  expect(newestAlarm([makeAlarm(4, { state: 'shelved' })])).toBe(null)
})

test('devices in alarm stand first, silent ones next, and 2 before 10', () => {
  const device = (id: string, state: 'online' | 'offline' = 'online') => makeDevice({ id, name: id, kind: 'hydrant', state })
  const all = [device('H-10'), device('H-2'), device('H-3', 'offline'), device('H-4')]
  const devices = new Map(all.map((one) => [one.id, one]))
  const order = new DeviceOrder()
  const worst = worstByDevice([
    makeAlarm(1, { deviceId: 'H-4', level: 'blue' }),
    makeAlarm(1, { deviceId: 'H-10', level: 'red' }),
  ])
  expect(topDevices(order.of(devices), devices, worst, 9).map(({ id }) => id)).toEqual(['H-10', 'H-4', 'H-3', 'H-2'])
  expect(topDevices(order.of(devices), devices, worst, 1).map(({ id }) => id)).toEqual(['H-10'])
  const renamed = new Map(devices).set('H-2', { ...device('H-2'), name: 'Z' }).set('H-3', device('H-3'))
  expect(order.of(renamed).map(({ id }) => id)).toEqual(['H-3', 'H-4', 'H-10', 'H-2'])
  expect(countDevices(all)).toEqual({ online: 3, offline: 1, stale: 0, never: 0, testing: 0, all: 4 })
})
