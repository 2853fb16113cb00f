import type { Alarm, AlarmState } from '../../core/alarm.ts'
import type { Level } from '../../core/level.ts'
import type { Mode } from '../../core/mode.ts'

/** An open alarm as far as risk goes. */
export type OpenAlarm = {
  id: string
  mode: Mode
  level: Level
  state: AlarmState
  deviceId: string
  enterpriseId: string
  zoneId: string | null
  /** since when it waits for an acknowledgement, null when it does not */
  waitsSince: number | null
}

/**
 * How a state counts: its condition is true, or over. Who shelves an alarm hides it from a list, not from the risk. What is
 * suppressed or out of service gives no points, but its device counts as bypassed.
 */
const counting: Record<AlarmState, 'active' | 'over' | 'hidden' | 'not'> = {
  active: 'active',
  acknowledged: 'active',
  returned: 'over',
  latched: 'over',
  shelved: 'active',
  suppressed: 'hidden',
  outOfService: 'hidden',
  normal: 'not',
}
export const countsAs = (state: AlarmState) => counting[state]

const waits = (state: AlarmState) => state === 'active' || state === 'returned'

/** The alarm after a change recorded at `at`; null when it is over. Who waited before goes on waiting from then. */
export function openAlarm(alarm: Alarm, before: OpenAlarm | undefined, at: number): OpenAlarm | null {
  if (alarm.state === 'normal') return null
  const { id, mode, level, state, deviceId, enterpriseId, zoneId } = alarm
  const waitsSince = waits(state) ? (before?.waitsSince ?? at) : null
  return { id, mode, level, state, deviceId, enterpriseId, zoneId, waitsSince }
}
