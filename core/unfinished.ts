import type { Alarm, AlarmState } from './alarm.ts'
import { severity } from './level.ts'
import { isLifeSafety } from './shelving.ts'

/** An orange or red nobody has acknowledged, or that waits for its reset, unless two persons have taken it out of service. */
export const isUnfinished = (alarm: Alarm): boolean =>
  severity[alarm.level] >= severity.orange &&
  (alarm.acknowledgedBy === null || (alarm.latching && !(alarm.state === 'outOfService' && isLifeSafety(alarm))))

const beforePeople: ReadonlySet<AlarmState> = new Set<AlarmState>(['active', 'acknowledged', 'returned', 'latched'])

/** People have it before them and are not done with it: no window takes it from them, whatever happens to it meanwhile. */
export const isBeforePeople = (alarm: Alarm): boolean => beforePeople.has(alarm.state) && isUnfinished(alarm)
