import type { Alarm, AlarmChangeKind, AlarmState } from '../core/alarm.ts'
import type { ActionEntry } from '../core/record.ts'
import { isLifeSafety, LONGEST_OUT_OF_SERVICE_MS, longestShelfMs } from '../core/shelving.ts'
import { isConditionTrue, transition, type AlarmInput } from './lifecycle.ts'

export { isLifeSafety }

const MINUTE_MS = 60_000

export function withoutAside({ setAside: _, ...alarm }: Alarm): Alarm {
  return alarm
}

/** Judged anew when it comes back: B when the condition is true, else over; never C. */
export function resumed(alarm: Alarm, at: number): Alarm {
  const state = transition(alarm.state, alarm.setAside?.isConditionTrue ? 'resumeTrue' : 'resumeFalse', alarm.latching)!
  const unseen = state === 'active' ? { acknowledgedBy: null, acknowledgedAt: null } : { endedAt: at }
  // Behind a window nobody could know of it: what still stands when that is over is news.
  const occurrences = alarm.occurrences + (alarm.state === 'suppressed' && state === 'active' ? 1 : 0)
  return { ...withoutAside(alarm), ...unseen, occurrences, state, version: alarm.version + 1 }
}

export const backFrom = ({ state }: Pick<Alarm, 'state'>): AlarmChangeKind =>
  state === 'outOfService' ? 'returned-to-service' : 'unshelved'

const cameFrom: Record<'unshelve' | 'return-to-service', AlarmState> = {
  unshelve: 'shelved',
  'return-to-service': 'outOfService',
}

/** Shelving and taking out of service, and their way back; why not, in words, where it cannot be. */
export function setAsideBy(
  alarm: Alarm,
  entry: Pick<ActionEntry, 'comment' | 'minutes' | 'untilMs'>,
  action: 'shelve' | 'unshelve' | 'out-of-service' | 'return-to-service',
  at: number,
  isConfirmed = false,
): { alarm: Alarm; change: AlarmChangeKind } | string {
  const impossible = `an alarm that is ${alarm.state} cannot be changed by ${action}`
  if (action === 'unshelve' || action === 'return-to-service') {
    return alarm.state === cameFrom[action] ? { alarm: resumed(alarm, at), change: backFrom(alarm) } : impossible
  }
  const isShelving = action === 'shelve'
  const input: AlarmInput = isShelving ? 'shelve' : 'takeOutOfService'
  const state = transition(alarm.state, input, alarm.latching)
  if (state === null) return impossible
  if (isLifeSafety(alarm) && (isShelving || !isConfirmed))
    return `a life-safety alarm is not set aside by one person: ${action} is refused`
  if (!entry.comment?.trim()) return `${action} needs a reason`
  const until = entry.untilMs ?? (typeof entry.minutes === 'number' ? at + entry.minutes * MINUTE_MS : null)
  if (until === null) return `${action} needs an end`
  const longest = isShelving && alarm.level !== 'red' ? longestShelfMs[alarm.level] : LONGEST_OUT_OF_SERVICE_MS
  if (!(until > at && until <= at + longest)) {
    const minutes = longest / MINUTE_MS
    return isShelving ? `shelving a ${alarm.level} alarm ends within ${minutes} minutes` : 'out of service ends within 30 days'
  }
  const setAside = { until, isConditionTrue: alarm.setAside?.isConditionTrue ?? isConditionTrue(alarm.state) }
  const change = isShelving ? 'shelved' : 'taken-out-of-service'
  return { alarm: { ...alarm, state, setAside, version: alarm.version + 1 }, change }
}
