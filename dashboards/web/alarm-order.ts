import { isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import { groupKey, isLateReport } from '../../core/alarm-group.ts'
import { severity, worse, type Level } from '../../core/level.ts'

/** The desk's order: unacknowledged first, reports of what was over after what is going on, then the worst level, then the oldest. */
export function byUrgency(a: Alarm, b: Alarm): number {
  return (
    Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
    Number(isLateReport(a)) - Number(isLateReport(b)) ||
    severity[b.level] - severity[a.level] ||
    a.raisedAt - b.raisedAt ||
    a.id.localeCompare(b.id)
  )
}

/** Alarms set aside by people or design: counted and listed on the desk, not on the wall. */
export const isSetAside = (alarm: Alarm): boolean =>
  alarm.state === 'shelved' || alarm.state === 'suppressed' || alarm.state === 'outOfService'

export const newestFirst = (a: Alarm, b: Alarm): number => b.raisedAt - a.raisedAt || byText(b.id, a.id)

/** Alarms of one zone of one enterprise, or all that one gateway reported afterwards. Newest first inside. */
export type AlarmGroup = {
  key: string
  enterpriseId: string
  zoneId: string | null
  alarms: Alarm[]
  level: Level
  acknowledged: number
  reds: number
  unacknowledgedRed: boolean
  newestAt: number
  oldestAt: number
}

/** Groups with an unacknowledged red first, then the one with the newest alarm. */
export const byGroupUrgency = (a: AlarmGroup, b: AlarmGroup): number =>
  Number(b.unacknowledgedRed) - Number(a.unacknowledgedRed) || b.newestAt - a.newestAt || byText(a.key, b.key)

/** Every alarm is in exactly one group. */
export function groupAlarms(alarms: Iterable<Alarm>): AlarmGroup[] {
  const lists = new Map<string, Alarm[]>()
  for (const alarm of alarms) {
    const key = groupKey(alarm)
    const list = lists.get(key)
    if (list) list.push(alarm)
    else lists.set(key, [alarm])
  }
  return [...lists].map(([key, given]) => groupOf(key, given)).sort(byGroupUrgency)
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export function groupOf(key: string, given: readonly Alarm[]): AlarmGroup {
  const alarms = [...given].sort(newestFirst)
  const first = alarms[0]!
  const group: AlarmGroup = {
    ...{ key, enterpriseId: first.enterpriseId, zoneId: first.zoneId, alarms, level: first.level },
    ...{ acknowledged: 0, reds: 0, unacknowledgedRed: false, newestAt: first.raisedAt, oldestAt: first.raisedAt },
  }
  for (const alarm of alarms) {
    group.level = worse(group.level, alarm.level)
    if (alarm.level === 'red') group.reds++
    if (!isUnacknowledged(alarm)) group.acknowledged++
    else if (alarm.level === 'red' && !isLateReport(alarm)) group.unacknowledgedRed = true
    if (alarm.raisedAt < group.oldestAt) group.oldestAt = alarm.raisedAt
  }
  return group
}

/** Which alarm a wall talks about: an unacknowledged red before anything newer that is not, else the newest. */
export const isAheadOf = (a: Alarm, b: Alarm): boolean => {
  const [own, other] = [weight(a), weight(b)]
  return own === other ? newestFirst(a, b) < 0 : own > other
}

const weight = (alarm: Alarm): number =>
  isLateReport(alarm) ? -1 : isUnacknowledged(alarm) ? (alarm.level === 'red' ? 2 : 1) : 0

/** The worst alarm of every device that has one. */
export function worstByDevice(alarms: Iterable<Alarm>): Map<string, Alarm> {
  const worst = new Map<string, Alarm>()
  for (const alarm of alarms) {
    if (isSetAside(alarm)) continue
    const known = worst.get(alarm.deviceId)
    if (!known || isWorseOnMap(alarm, known)) worst.set(alarm.deviceId, alarm)
  }
  return worst
}

/** Which of a device's alarms stands on the map. */
export const isWorseOnMap = (a: Alarm, b: Alarm): boolean => (severity[a.level] - severity[b.level] || byUrgency(b, a)) > 0
