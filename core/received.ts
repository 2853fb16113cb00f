import type { Alarm } from './alarm.ts'
import type { RecordEntry } from './record.ts'

/** 企业已接警: who of the enterprise has an alarm and is acting, and how long after it was raised. */
export type Received = { alarmId: string; personId: string; at: number; afterMs: number; by: 'page' | 'key' }

/** The receipt a key during a call leaves, said on a page. Once for each time the alarm was raised. */
export const receivedDraft = ({ id, occurrences }: Alarm, by: string): { entry: RecordEntry; key: string } => {
  const messageId = `received/${id}/${occurrences}`
  const news = { messageId, providerId: null, receipt: 'acknowledged', detail: '', at: null } as const
  return { entry: { kind: 'push.receipt', channel: 'app', alarmId: id, personId: by, ...news }, key: messageId }
}
