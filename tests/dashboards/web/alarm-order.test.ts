import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmStates, isUnacknowledged } from '../../../core/alarm.ts'
import { levels, severity } from '../../../core/level.ts'
import { byUrgency, groupAlarms, isSetAside, worstByDevice } from '../../../dashboards/web/alarm-order.ts'
import { countDevices, DeviceOrder, topDevices } from '../../../dashboards/web/device-order.ts'
import { OpenAlarms } from '../../../dashboards/web/open-alarms.ts'
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

test('figures that follow from picture to picture are those that would be counted anew', () => {
  fc.assert(
    fc.property(fc.array(alarms, { maxLength: 5 }), fc.nat(), (lists, seed) => {
      const kept = new OpenAlarms()
      let open: ReturnType<typeof makeAlarm>[] = []
      for (const [n, list] of lists.entries()) {
        // Some stay as they are, some are gone, some have changed, some are new.
        open = open
          .filter((_, i) => (i + seed + n) % 4 !== 0)
          .map((one, i) => (i % 5 === 0 ? { ...one, level: 'red' as const } : one))
        open.push(...list)
        const byId = new Map(open.map((one) => [one.id, one]))
        const figures = kept.of(byId)
        expect(figures).toEqual({ ...new OpenAlarms().of(byId), oldestUnacknowledged: figures.oldestUnacknowledged })
        const listed = open.filter((one) => !isSetAside(one))
        const waiting = open.filter(isUnacknowledged)
        expect(figures.groups).toEqual(groupAlarms(listed))
        expect(figures.worst).toEqual(worstByDevice(listed))
        expect([figures.unacknowledged, figures.setAside]).toEqual([waiting.length, open.length - listed.length])
        expect(figures.redWaits).toBe(waiting.some(({ level }) => level === 'red'))
        expect(figures.loudest).toBe(
          levels.find((level) => open.some((one) => one.state === 'active' && one.level === level)) ?? null,
        )
        const oldest = waiting.length === 0 ? undefined : Math.min(...waiting.map(({ raisedAt }) => raisedAt))
        expect(figures.oldestUnacknowledged?.raisedAt).toBe(oldest)
      }
    }),
  )
})

test('of thousands of alarms only groups with a change are made anew, and nothing is looked for among all of them', () => {
  const open = new Map(
    Array.from({ length: 3_000 }, (_, n) => makeAlarm(n, { id: `a-${n}`, zoneId: `z${n % 30}`, deviceId: `d${n % 100}` })).map(
      (one) => [one.id, one],
    ),
  )
  const figures = new OpenAlarms()
  const before = figures.of(open)
  const after = figures.of(new Map(open).set('new', makeAlarm(9_000, { id: 'new', zoneId: 'z3', level: 'blue', deviceId: 'd3' })))
  expect(after.groups.filter((group) => !before.groups.includes(group)).map(({ zoneId }) => zoneId)).toEqual(['z3'])
  expect(after.worst).toBe(before.worst)
  expect(after.unacknowledged).toBe(before.unacknowledged + 1)
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
  const newest = (...alarms: (typeof red)[]) => new OpenAlarms().of(new Map(alarms.map((one) => [one.id, one]))).newest
  expect(newest(yellow, red, done)).toBe(red)
  expect(newest(yellow, done)).toBe(yellow)
  expect(newest(makeAlarm(4, { state: 'shelved' }))).toBe(null)
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
