import { expect, test } from 'vitest'
import { messageOf, type Facts } from '../../../alerts/escalation/texts.ts'
import type { PushDueEntry } from '../../../core/escalation.ts'
import { sampleAlarm } from '../alarm-sample.ts'

const facts: Facts = {
  mode: 'live',
  zone: 'Asia/Shanghai',
  registry: { devices: new Map(), enterprises: new Map(), zones: new Map() },
  publicUrl: null,
  names: { li: '李四' },
  code: '0420',
}
const due = (given: Partial<PushDueEntry>): PushDueEntry => ({
  ...{ kind: 'push.due', id: 'd1', message: 'alarm', alarmId: 'a1', alarmVersion: 1, round: 1, step: 'red-0' },
  ...{ personId: 'wang', channel: 'sms', otherwise: [], enterpriseId: null, level: 'red' },
  ...given,
})
const whatOf = (given: Partial<PushDueEntry>) => {
  const entry = due(given)
  return messageOf(entry, [{ entry, alarm: entry.alarmId === null ? null : sampleAlarm() }], 0, null, facts).variables.what!
}

test('in the few characters of a template no message reads like another: what it is for stands first', () => {
  const call = whatOf({})
  const over = whatOf({ message: 'follow-up', end: { why: 'acknowledged', by: 'li' } })
  expect(over).toBe(`已由李四确认，${call}`)
  expect(whatOf({ message: 'follow-up', end: { why: 'returned', by: null } })).toMatch(/^已恢复正常/)
  expect(whatOf({ message: 'update' })).toMatch(/^未按时反馈/)
  const rolls = ['roll-call', 'roll-call-missed'].map((step) =>
    whatOf({ message: 'roll-call', step, alarmId: null, level: null }),
  )
  expect(rolls).toEqual(['点名，请2分钟内应答', '点名有人未应答，请核实在岗'])
})
