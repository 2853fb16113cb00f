import { isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import { severity, worse, type Level } from '../../core/level.ts'

/** The desk's order: unacknowledged first, then the worst level, then the oldest. */
export function byUrgency(a: Alarm, b: Alarm): number {
  return (
    Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
    severity[b.level] - severity[a.level] ||
    a.raisedAt - b.raisedAt ||
    a.id.localeCompare(b.id)
  )
}

/** Alarms set aside by people or design: counted and listed on the desk, not on the wall. */
export const isSetAside = (alarm: Alarm): boolean =>
  alarm.state === 'shelved' || alarm.state === 'suppressed' || alarm.state === 'outOfService'

export const newestFirst = (a: Alarm, b: Alarm): number => b.raisedAt - a.raisedAt || b.id.localeCompare(a.id)

/** Alarms of one zone of one enterprise. Newest first inside. */
export type AlarmGroup = {
  key: string
  enterpriseId: string
  zoneId: string | null
  alarms: Alarm[]
  level: Level
  acknowledged: number
  unacknowledgedRed: boolean
  newestAt: number
  oldestAt: number
}

/** Groups with an unacknowledged red first, then the one with the newest alarm. Every alarm is in exactly one group. */
export function groupAlarms(alarms: Iterable<Alarm>): AlarmGroup[] {
  const groups = new Map<string, Alarm[]>()
  for (const alarm of alarms) {
    const key = `${alarm.enterpriseId}/${alarm.zoneId ?? ''}`
    const group = groups.get(key)
    if (group) group.push(alarm)
    else groups.set(key, [alarm])
  }
  return [...groups]
    .map(([key, list]): AlarmGroup => {
      list.sort(newestFirst)
      const first = list[0]!
      return {
        key,
        enterpriseId: first.enterpriseId,
        zoneId: first.zoneId,
        alarms: list,
        level: list.map(({ level }) => level).reduce(worse),
        acknowledged: list.filter((alarm) => !isUnacknowledged(alarm)).length,
        unacknowledgedRed: list.some((alarm) => alarm.level === 'red' && isUnacknowledged(alarm)),
        newestAt: first.raisedAt,
        oldestAt: Math.min(...list.map(({ raisedAt }) => raisedAt)),
      }
    })
    .sort(
      (a, b) =>
        Number(b.unacknowledgedRed) - Number(a.unacknowledgedRed) || b.newestAt - a.newestAt || a.key.localeCompare(b.key),
    )
}

/** The alarm a wall talks about: an unacknowledged red before anything newer that is not, else the newest. */
export function newestAlarm(alarms: Iterable<Alarm>): Alarm | null {
  let best: Alarm | null = null
  for (const alarm of alarms) {
    if (isSetAside(alarm)) continue
    if (!best || weight(alarm) > weight(best) || (weight(alarm) === weight(best) && newestFirst(alarm, best) < 0)) best = alarm
  }
  return best
}

const weight = (alarm: Alarm): number => (isUnacknowledged(alarm) ? (alarm.level === 'red' ? 2 : 1) : 0)

export function oldestUnacknowledged(alarms: Iterable<Alarm>): Alarm | null {
  let oldest: Alarm | null = null
  for (const alarm of alarms) {
    if (isUnacknowledged(alarm) && (!oldest || alarm.raisedAt < oldest.raisedAt)) oldest = alarm
  }
  return oldest
}

/** The worst alarm of every device that has one. */
export function worstByDevice(alarms: Iterable<Alarm>): Map<string, Alarm> {
  const worst = new Map<string, Alarm>()
  for (const alarm of alarms) {
    if (isSetAside(alarm)) continue
    const known = worst.get(alarm.deviceId)
    if (!known || byUrgencyOfLevel(alarm, known) < 0) worst.set(alarm.deviceId, alarm)
  }
  return worst
}

const byUrgencyOfLevel = (a: Alarm, b: Alarm): number => severity[b.level] - severity[a.level] || byUrgency(a, b)
