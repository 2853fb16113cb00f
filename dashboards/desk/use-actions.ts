import { shallowRef, type ShallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import type { AlarmAction } from '../../core/record.ts'
import { api, ApiFailure, failureText } from '../web/api.ts'

/** What a person saw and what the alarm had become when the platform refused. */
export type ConflictSeen = { action: AlarmAction; seen: Alarm; now: Alarm }
export type Outcome = { alarmId: string; action: AlarmAction } & (
  { kind: 'done' } | { kind: 'failed'; text: string } | { kind: 'conflict'; conflict: ConflictSeen }
)

/** In which states an action can do anything; the engine decides, this only spares people a refusal. */
export const possible: Record<'acknowledge' | 'reset', readonly Alarm['state'][]> = {
  acknowledge: ['active', 'returned'],
  reset: ['latched'],
}

export type Actions = {
  outcome: ShallowRef<Outcome | null>
  busy: ShallowRef<boolean>
  act(alarm: Alarm, action: AlarmAction, comment: string): Promise<boolean>
}

/** Acts on an alarm in the version the person saw. */
export function useActions(): Actions {
  const outcome = shallowRef<Outcome | null>(null)
  const busy = shallowRef(false)

  async function act(alarm: Alarm, action: AlarmAction, comment: string): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    const about = { alarmId: alarm.id, action }
    try {
      const text = comment.trim()
      await api('POST', `/alarms/${encodeURIComponent(alarm.id)}/${action}`, {
        version: alarm.version,
        ...(text === '' ? {} : { comment: text }),
      })
      outcome.value = { ...about, kind: 'done' }
      return true
    } catch (error) {
      const now = error instanceof ApiFailure && error.status === 409 ? (error.details['alarm'] as Alarm | undefined) : undefined
      outcome.value = now
        ? { ...about, kind: 'conflict', conflict: { action, seen: alarm, now } }
        : { ...about, kind: 'failed', text: failureText(error) }
      return false
    } finally {
      busy.value = false
    }
  }
  return { outcome, busy, act }
}
