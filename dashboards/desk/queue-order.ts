import { isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import { groupKey } from '../../core/alarm-group.ts'
import type { QueueFilter as Filter, QueueSort as Sort } from '../../core/desk-view.ts'
import { severity } from '../../core/level.ts'
import { byUrgency } from '../web/alarm-order.ts'

const isDropped = (alarm: Alarm): boolean => alarm.case?.state === 'unaccepted'

/** On top what somebody was sent to and nobody went, last what is over and still worked on. */
export function compareBy(sort: Sort): (a: Alarm, b: Alarm) => number {
  const inOrder = {
    urgency: byUrgency,
    newest: (a: Alarm, b: Alarm) => b.raisedAt - a.raisedAt || byUrgency(a, b),
    level: (a: Alarm, b: Alarm) => severity[b.level] - severity[a.level] || byUrgency(a, b),
  }[sort]
  return (a, b) =>
    Number(isDropped(b)) - Number(isDropped(a)) || Number(a.state === 'normal') - Number(b.state === 'normal') || inOrder(a, b)
}

export const noFilter: Filter = { text: '', area: '', enterprise: '', kind: '', level: '', mine: false }
export const isFiltering = (filter: Filter): boolean =>
  filter.mine || [filter.text.trim(), filter.area, filter.enterprise, filter.kind, filter.level].some((one) => one !== '')

/** What a filter asks about an alarm. */
export type Facts = {
  areaOf: (enterpriseId: string) => string
  kindOf: (deviceId: string) => string
  textOf: (alarm: Alarm) => string
  me: string | null
}

const isMine = ({ acknowledgedBy, case: known, request }: Alarm, me: string | null): boolean => {
  if (me === null) return false
  const to = known?.dispatch?.to
  const sent = to && 'person' in to ? to.person : null
  return [acknowledgedBy, sent, known?.dispatch?.by, known?.dispatch?.acceptedBy, request?.by].includes(me)
}

function matches(alarm: Alarm, filter: Filter, facts: Facts, text: string): boolean {
  return (
    (filter.level === '' || alarm.level === filter.level) &&
    (filter.enterprise === '' || alarm.enterpriseId === filter.enterprise) &&
    (filter.area === '' || facts.areaOf(alarm.enterpriseId) === filter.area) &&
    (filter.kind === '' || facts.kindOf(alarm.deviceId) === filter.kind) &&
    (!filter.mine || isMine(alarm, facts.me)) &&
    (text === '' || facts.textOf(alarm).toLowerCase().includes(text))
  )
}

/** What is shown, how many are not, and how many reds are shown although the filter would not: no filter hides one. */
export function filtered(
  alarms: readonly Alarm[],
  filter: Filter,
  facts: Facts,
): { shown: Alarm[]; hidden: number; piercing: number } {
  if (!isFiltering(filter)) return { shown: [...alarms], hidden: 0, piercing: 0 }
  const text = filter.text.trim().toLowerCase()
  const shown: Alarm[] = []
  let piercing = 0
  for (const alarm of alarms) {
    const fits = matches(alarm, filter, facts, text)
    if (!fits && alarm.level !== 'red') continue
    if (!fits) piercing++
    shown.push(alarm)
  }
  return { shown, hidden: alarms.length - shown.length, piercing }
}

/** What is acknowledged together with an alarm: the same place, unacknowledged, and red or not as asked; reports of a gateway by themselves. */
export function groupOf(alarms: readonly Alarm[], of: Alarm, withReds: boolean): Alarm[] {
  return alarms.filter(
    (one) =>
      isUnacknowledged(one) &&
      one.enterpriseId === of.enterpriseId &&
      (withReds ? true : one.level !== 'red' && groupKey(one) === groupKey(of)),
  )
}
