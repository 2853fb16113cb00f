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
  unacknowledgedRed: boolean
  newestAt: number
  oldestAt: number
}

/** Groups with an unacknowledged red first, then the one with the newest alarm. Every alarm is in exactly one group. */
export const groupAlarms = (alarms: Iterable<Alarm>): AlarmGroup[] => new AlarmGroups().of(alarms)

/** The same, again and again: of thousands of alarms few change between two pictures, and a group without a change stays as it was. */
export class AlarmGroups {
  #before = new Map<string, { given: Alarm[]; group: AlarmGroup }>()
  #keys = new WeakMap<Alarm, string>()

  of(alarms: Iterable<Alarm>): AlarmGroup[] {
    const lists = new Map<string, Alarm[]>()
    for (const alarm of alarms) {
      const key = this.#keyOf(alarm)
      const list = lists.get(key)
      if (list) list.push(alarm)
      else lists.set(key, [alarm])
    }
    const now = new Map<string, { given: Alarm[]; group: AlarmGroup }>()
    for (const [key, given] of lists) {
      const known = this.#before.get(key)
      const same = known?.given.length === given.length && known.given.every((alarm, i) => alarm === given[i])
      now.set(key, same ? known : { given, group: groupOf(key, given) })
    }
    this.#before = now
    return [...now.values()]
      .map(({ group }) => group)
      .sort(
        (a, b) => Number(b.unacknowledgedRed) - Number(a.unacknowledgedRed) || b.newestAt - a.newestAt || byText(a.key, b.key),
      )
  }

  #keyOf(alarm: Alarm): string {
    let key = this.#keys.get(alarm)
    if (key === undefined) this.#keys.set(alarm, (key = groupKey(alarm)))
    return key
  }
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function groupOf(key: string, given: readonly Alarm[]): AlarmGroup {
  const alarms = [...given].sort(newestFirst)
  const first = alarms[0]!
  const group: AlarmGroup = {
    ...{ key, enterpriseId: first.enterpriseId, zoneId: first.zoneId, alarms, level: first.level },
    ...{ acknowledged: 0, unacknowledgedRed: false, newestAt: first.raisedAt, oldestAt: first.raisedAt },
  }
  for (const alarm of alarms) {
    group.level = worse(group.level, alarm.level)
    if (!isUnacknowledged(alarm)) group.acknowledged++
    else if (alarm.level === 'red' && !isLateReport(alarm)) group.unacknowledgedRed = true
    if (alarm.raisedAt < group.oldestAt) group.oldestAt = alarm.raisedAt
  }
  return group
}

/** The alarm a wall talks about: an unacknowledged red before anything newer that is not, else the newest. */
export function newestAlarm(alarms: Iterable<Alarm>): Alarm | null {
  let best: Alarm | null = null
  let heaviest = -2
  for (const alarm of alarms) {
    if (isSetAside(alarm)) continue
    const own = weight(alarm)
    if (own < heaviest || (own === heaviest && newestFirst(alarm, best!) >= 0)) continue
    best = alarm
    heaviest = own
  }
  return best
}

const weight = (alarm: Alarm): number =>
  isLateReport(alarm) ? -1 : isUnacknowledged(alarm) ? (alarm.level === 'red' ? 2 : 1) : 0

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
