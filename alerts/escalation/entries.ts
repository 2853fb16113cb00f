import type { Alarm } from '../../core/alarm.ts'
import type { LadderAskedEntry, PushDueEntry } from '../../core/escalation.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Call } from './call.ts'
import { idOf } from './dues.ts'
import type { Way } from './whom.ts'

/** What is to be recorded. The key is the same whenever it is decided again. */
export type Decision = { entry: RecordEntry; key: string }

export const dueOf = (
  { id, version, enterpriseId, level }: Alarm,
  round: number,
  step: string,
  { personId, channel, otherwise }: Way,
  { message, first, asked }: { message: PushDueEntry['message']; first: boolean; asked: boolean },
): PushDueEntry => ({
  kind: 'push.due',
  id: idOf(id, round, step, personId, channel),
  message,
  alarmId: id,
  alarmVersion: version,
  round,
  step,
  personId,
  channel,
  otherwise,
  enterpriseId,
  level,
  ...(first && { first }),
  ...(asked && { asked }),
})

export const wishKey = ({ by, idempotencyKey }: Pick<LadderAskedEntry, 'by' | 'idempotencyKey'>) => `${by} ${idempotencyKey}`
export const reportKey = ({ alarmId, round, step }: { alarmId: string; round: number; step: string }) =>
  `${alarmId} ${round} ${step}`
export const reportOf = (
  { alarm, round }: Call,
  step: string,
  text: { zh: string; en: string },
  to: string | null,
): Decision => ({
  entry: { kind: 'alarm.reported', alarmId: alarm.id, alarmVersion: alarm.version, round, step, to, text },
  key: `report/${alarm.id}/${round}/${step}`,
})

export const decisionOf = (entry: PushDueEntry): Decision => ({ entry, key: `due/${entry.id}` })

/** Which message a result is of. */
export const resultOf = ({ id, alarmId, alarmVersion, channel, step, personId }: PushDueEntry, attempt: number) => ({
  alarmId: alarmId ?? '',
  alarmVersion,
  channel,
  attempt,
  messageId: id,
  step,
  personId,
})
