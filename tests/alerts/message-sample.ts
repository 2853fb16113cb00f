import { pushText } from '../../alerts/push-text.ts'
import type { Alarm } from '../../core/alarm.ts'
import type { Message } from '../../core/push.ts'
import { sampleAlarm, sampleChange } from './alarm-sample.ts'

/** A red alarm for one recipient; what is given replaces it. */
export function sampleMessage(with_: Partial<Message> = {}, alarm: Partial<Alarm> = {}): Message {
  const of = sampleAlarm(alarm)
  return {
    id: 'a1.8',
    kind: 'alarm',
    mode: of.mode,
    level: of.level,
    at: 1_767_225_600_400,
    alarm: { change: 'raised', alarm: of, at: 1_767_225_600_000, recordedAt: 1_767_225_600_300, pos: 8, comment: null },
    text: pushText(sampleChange('raised', alarm), 'Asia/Shanghai'),
    link: 'https://duty.example.org/desk?alarm=a1',
    to: { personId: 'p1', address: '13800138000' },
    variables: { enterprise: '滨江化工有限公司', device: 'GAS-01', place: '1号车间', what: '可燃气体 62 %LEL', time: '08:00:00' },
    ...with_,
  }
}
