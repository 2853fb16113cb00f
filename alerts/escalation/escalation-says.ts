import type { PartAlarm, PartStatus } from '../../core/part.ts'
import { worried, worry } from '../../core/part-words.ts'

/** Being stuck is said before what else needs somebody: that has its alarms. */
export function escalationSays(alarms: readonly PartAlarm[], trouble: string | null): Pick<PartStatus, 'detail' | 'says'> {
  if (trouble !== null) return worried(worry('escalation-stuck', { reason: trouble }))
  return { detail: alarms.map(({ text }) => text.en).join('; ') }
}
