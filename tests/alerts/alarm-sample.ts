import type { Alarm } from '../../core/alarm.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'

export const sampleAlarm = (with_: Partial<Alarm> = {}): Alarm => ({
  id: 'a1',
  version: 1,
  mode: 'live',
  ruleId: 'gas-combustible',
  ruleVersion: 1,
  subject: 'GAS-01/combustibleLel',
  deviceId: 'GAS-01',
  enterpriseId: 'e1',
  zoneId: null,
  metric: 'combustibleLel',
  level: 'red',
  state: 'active',
  limitName: 'HH',
  limit: 50,
  limitSource: 'GB/T 50493-2019 5.5.2',
  value: 62,
  overRange: false,
  unit: '%LEL',
  latching: false,
  measuredAt: 1_767_225_600_000,
  raisedAt: 1_767_225_600_200,
  occurrences: 1,
  late: false,
  delayed: false,
  acknowledgedBy: null,
  acknowledgedAt: null,
  returnedAt: null,
  endedAt: null,
  message: { zh: '1号车间可燃气体 62 %LEL', en: 'Workshop 1 combustible gas 62 %LEL' },
  guidance: [],
  causes: [7],
  ...with_,
})

export const sampleChange = (change: AlarmChangeEntry['change'], with_: Partial<Alarm> = {}): AlarmChangeEntry => {
  const alarm = sampleAlarm(with_)
  return { kind: 'alarm.changed', change, alarm, causePos: 7, at: alarm.measuredAt, by: 'platform', comment: null }
}
