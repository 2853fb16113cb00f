import { t } from '../web/i18n/i18n.ts'
import { calleeOf, type QueuedAction } from './outbox.ts'

/** What was done, in words: a call says whom it is to. */
export function deedText(item: QueuedAction): string {
  const callee = calleeOf(item)
  if (callee === null) return t(`action.${item.action}`)
  return `${t('desk.ladder.now')} · ${t(`desk.ladder.callee.${callee}`)}`
}
