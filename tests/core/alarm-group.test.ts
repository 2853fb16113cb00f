import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmStates, isOpen, isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import { AlarmGroupBook, groupKey } from '../../core/alarm-group.ts'
import { levels, severity } from '../../core/level.ts'

const alarm = fc.record({
  id: fc.constantFrom(...Array.from({ length: 12 }, (_, i) => `a${i}`)),
  state: fc.constantFrom(...alarmStates),
  level: fc.constantFrom(...levels),
  raisedAt: fc.integer({ min: 0, max: 20 }),
  enterpriseId: fc.constantFrom('E1', 'E2'),
  zoneId: fc.constantFrom('Z1', null),
  deviceId: fc.constantFrom('D1', 'D2', 'D3'),
  ruleId: fc.constantFrom('r1', 'r2'),
  explains: fc.constantFrom(undefined, undefined, { cause: 'gateway', source: 'GW', devices: 40 }),
  report: fc.constantFrom(undefined, undefined, { by: 'GW' }),
}) as unknown as fc.Arbitrary<Alarm>

test('however alarms come and go, the groups say what a count over all of them says, and add up to their number', () => {
  fc.assert(
    fc.property(fc.array(alarm, { maxLength: 60 }), (changes) => {
      const book = new AlarmGroupBook()
      const open = new Map<string, Alarm>()
      for (const one of changes) {
        book.put(one, isOpen(one))
        if (isOpen(one)) open.set(one.id, one)
        else open.delete(one.id)
      }
      const groups = book.groups()
      expect(groups.reduce((sum, { alarms }) => sum + alarms, 0)).toBe(open.size)
      for (const group of groups) {
        const members = [...open.values()].filter((one) => groupKey(one) === group.key)
        expect(group).toMatchObject({
          alarms: members.length,
          acknowledged: members.filter((one) => !isUnacknowledged(one)).length,
          firstAt: Math.min(...members.map(({ raisedAt }) => raisedAt)),
          lastAt: Math.max(...members.map(({ raisedAt }) => raisedAt)),
          ruleId: new Set(members.map(({ ruleId }) => ruleId)).size === 1 ? members[0]!.ruleId : null,
        })
        const causes = members.filter(({ explains }) => explains).map(({ id }) => id)
        expect(group.causes.map(({ alarmId }) => alarmId).sort()).toEqual(causes.sort())
        const devices = book.devices(group.key)
        expect(devices.map(({ deviceId }) => deviceId).sort()).toEqual(
          [...new Set(members.map(({ deviceId }) => deviceId))].sort(),
        )
        for (const device of devices) {
          const own = members.filter(({ deviceId }) => deviceId === device.deviceId)
          expect(device).toMatchObject({
            alarms: own.length,
            acknowledged: own.filter((one) => !isUnacknowledged(one)).length,
            firstAt: Math.min(...own.map(({ raisedAt }) => raisedAt)),
            lastAt: Math.max(...own.map(({ raisedAt }) => raisedAt)),
          })
          expect(severity[device.level]).toBe(Math.max(...own.map(({ level }) => severity[level])))
        }
        expect(severity[group.level]).toBe(Math.max(...members.map(({ level }) => severity[level])))
      }
    }),
  )
})
