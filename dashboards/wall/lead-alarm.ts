import { isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import { severity } from '../../core/level.ts'
import type { AlarmGroup } from '../web/alarm-order.ts'

const before = (a: Alarm, b: Alarm): number =>
  Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) || severity[b.level] - severity[a.level] || b.raisedAt - a.raisedAt

/** The alarms that speak for their group, the worst that nobody has acknowledged first. One pass: groups may hold thousands. */
export function leads(group: AlarmGroup, most: number): Alarm[] {
  const best: Alarm[] = []
  const devices = new Set<string>()
  for (let n = 0; n < most; n++) {
    let next: Alarm | null = null
    for (const alarm of group.alarms) if (!devices.has(alarm.deviceId) && (next === null || before(alarm, next) < 0)) next = alarm
    if (next === null) break
    devices.add(next.deviceId)
    best.push(next)
  }
  return best
}

/** A group's glyph blinks as long as anything in it of its worst level is unacknowledged. */
export function groupState(group: AlarmGroup): Alarm['state'] {
  const worst = group.alarms.filter(({ level }) => level === group.level)
  return (
    worst.find(({ state }) => state === 'active')?.state ??
    worst.find(({ state }) => state === 'returned')?.state ??
    worst[0]!.state
  )
}
