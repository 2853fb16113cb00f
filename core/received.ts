import type { Alarm } from './alarm.ts'
import type { RecordEntry } from './record.ts'

/** 企业已接警: who of the enterprise has an alarm and is acting, and how long after it was raised, or came again. */
export type Received = { alarmId: string; personId: string; at: number; afterMs: number; by: 'page' | 'key' }

/** What somebody has said on a page to have received: the alarm as it was raised that time, and not when it comes again. */
export const receivedMessage = ({ id, occurrences }: Pick<Alarm, 'id' | 'occurrences'>): string => `received/${id}/${occurrences}`

/** The receipt a key during a call leaves, said on a page. Once by each person for each time the alarm was raised. */
export const receivedDraft = (alarm: Alarm, by: string): { entry: RecordEntry; key: string } => {
  const messageId = receivedMessage(alarm)
  const news = { messageId, providerId: null, receipt: 'acknowledged', detail: '', at: null } as const
  return { entry: { kind: 'push.receipt', channel: 'app', alarmId: alarm.id, personId: by, ...news }, key: `${messageId}/${by}` }
}
