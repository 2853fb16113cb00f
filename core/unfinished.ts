import type { Alarm, AlarmState } from './alarm.ts'
import { severity } from './level.ts'
import { isLifeSafety } from './shelving.ts'

/** Two persons have taken it out of service: of what lives depend on nobody could alone, and older alarms do not name the second. */
export const isOutByTwo = (alarm: Alarm): boolean =>
  alarm.state === 'outOfService' && (alarm.setAside?.confirmedBy !== undefined || isLifeSafety(alarm))

/** An orange or red nobody has acknowledged, or that waits for its reset, unless two persons have taken it out of service. */
export const isUnfinished = (alarm: Alarm): boolean =>
  severity[alarm.level] >= severity.orange && (alarm.acknowledgedBy === null || (alarm.latching && !isOutByTwo(alarm)))

const beforePeople: ReadonlySet<AlarmState> = new Set<AlarmState>(['active', 'acknowledged', 'returned', 'latched'])

/** People have it before them and are not done with it: no window takes it from them, whatever happens to it meanwhile. */
export const isBeforePeople = (alarm: Alarm): boolean => beforePeople.has(alarm.state) && isUnfinished(alarm)
