import type { Alarm, AlarmChangeKind, AlarmState } from '../core/alarm.ts'
import type { ActionEntry } from '../core/record.ts'
import { isConditionTrue, transition, type AlarmInput } from './lifecycle.ts'

/** alarm-management §2: nobody shelves for longer than a shift. */
export const LONGEST_SHELF_MS = 8 * 3_600_000
const LONGEST_OUT_OF_SERVICE_MS = 30 * 86_400_000
const MINUTE_MS = 60_000
const fireMetrics = new Set(['fireAlarm', 'smokeObscuration'])

/** Fire, and gas at its second level; every other red is held to be one too. Never shelved or suppressed. */
export const isLifeSafety = ({ level, metric }: Pick<Alarm, 'level' | 'metric'>): boolean =>
  level === 'red' || (metric !== null && fireMetrics.has(metric))

export function withoutAside({ setAside: _, ...alarm }: Alarm): Alarm {
  return alarm
}

/** Judged anew when it comes back: B when the condition is true, else over; never C. */
export function resumed(alarm: Alarm, at: number): Alarm {
  const state = transition(alarm.state, alarm.setAside?.isConditionTrue ? 'resumeTrue' : 'resumeFalse', alarm.latching)!
  const unseen = state === 'active' ? { acknowledgedBy: null, acknowledgedAt: null } : { endedAt: at }
  return { ...withoutAside(alarm), ...unseen, state, version: alarm.version + 1 }
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
  entry: ActionEntry,
  action: 'shelve' | 'unshelve' | 'out-of-service' | 'return-to-service',
  at: number,
): { alarm: Alarm; change: AlarmChangeKind } | string {
  const impossible = `an alarm that is ${alarm.state} cannot be changed by ${action}`
  if (action === 'unshelve' || action === 'return-to-service') {
    return alarm.state === cameFrom[action] ? { alarm: resumed(alarm, at), change: backFrom(alarm) } : impossible
  }
  const isShelving = action === 'shelve'
  const input: AlarmInput = isShelving ? 'shelve' : 'takeOutOfService'
  const state = transition(alarm.state, input, alarm.latching)
  if (state === null) return impossible
  if (isLifeSafety(alarm)) return `a life-safety alarm is not set aside by one person: ${action} is refused`
  if (!entry.comment?.trim()) return `${action} needs a reason`
  const until = entry.untilMs ?? (typeof entry.minutes === 'number' ? at + entry.minutes * MINUTE_MS : null)
  if (until === null) return `${action} needs an end`
  if (!(until > at && until <= at + (isShelving ? LONGEST_SHELF_MS : LONGEST_OUT_OF_SERVICE_MS))) {
    return isShelving ? 'shelving ends within 8 hours' : 'out of service ends within 30 days'
  }
  const setAside = { until, isConditionTrue: alarm.setAside?.isConditionTrue ?? isConditionTrue(alarm.state) }
  const change = isShelving ? 'shelved' : 'taken-out-of-service'
  return { alarm: { ...alarm, state, setAside, version: alarm.version + 1 }, change }
}
