import { createHash } from 'node:crypto'
import type { Alarm } from '../../core/alarm.ts'
import type { TriedCall } from '../../core/escalation.ts'
import { leavesDeployment, type Ladder } from '../../core/ladder.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'
import { upwards, type RosterBook } from '../../core/roster.ts'
import type { Mode } from '../../core/mode.ts'
import { moved, type Call } from './call.ts'
import { above } from './whom.ts'

export type PastChange = { entry: AlarmChangeEntry; pos: number; at: number }
export type Past = {
  changes: Iterable<PastChange>
  mode: Mode
  from: number
  to: number
  roster: RosterBook
  regionOf: (alarm: Alarm) => string | null
  /** persons of an enterprise who hold a position there */
  holders: (enterpriseId: string, position: string) => string[]
  isEnterprise: (personId: string) => boolean
}

export const MOST_CALLS = 2_000

/** Whom the alarms of a past time would have called by a ladder, every step of it on. Nothing is sent. */
export function tryOnPast(ladder: Ladder, past: Past): { alarms: number; calls: TriedCall[]; count: number } {
  const calls: TriedCall[] = []
  const tried = new Set<string>()
  let count = 0
  const open = new Map<string, Call>()
  const rules = {
    isEnterprise: past.isEnterprise,
    feedbackDueMs: (alarm: Alarm) => ladder.feedbackDueMs[alarm.level],
    overdueAtMs: () => ladder.overdueAtMs,
  }
  const close = (call: Call, until: number) => {
    if (call.phase !== 'climbing' || call.startedAt < past.from) return
    tried.add(call.alarm.id)
    for (const step of ladder.steps[call.alarm.level]) {
      const at = call.startedAt + step.afterMs
      if (at >= until) continue
      count++
      if (calls.length >= MOST_CALLS) continue
      const { id: alarmId, enterpriseId, level, raisedAt } = call.alarm
      const personIds = whom(step.to, call.alarm, at, past)
      calls.push({
        alarmId,
        enterpriseId,
        level,
        raisedAt,
        step: step.id,
        at,
        to: step.to,
        personIds,
        channels: step.channels,
        leaves: leavesDeployment(step),
      })
    }
  }
  for (const { entry, pos, at } of past.changes) {
    const { alarm } = entry
    if (alarm.mode !== past.mode || alarm.late || alarm.report || at >= past.to) continue
    const region = past.regionOf(alarm)
    if (ladder.region !== null && !(region !== null && upwards(region).includes(ladder.region))) continue
    const before = open.get(alarm.id)
    const after = moved(before, { entry, pos, at }, rules)
    if (before && (after?.phase !== before.phase || after.round !== before.round)) close(before, at)
    if (after && after.phase === 'climbing') open.set(alarm.id, after)
    else open.delete(alarm.id)
  }
  for (const call of open.values()) close(call, past.to)
  return { alarms: tried.size, calls, count }
}

function whom(to: TriedCall['to'], alarm: Alarm, at: number, { roster, regionOf, holders }: Past): string[] {
  if ('enterprise' in to) return holders(alarm.enterpriseId, to.enterprise)
  const region = regionOf(alarm)
  const place = 'superior' in to && region !== null ? above(region) : region
  const duty = place === null ? null : roster.onDuty(place, at)
  return duty ? [duty.people['superior' in to ? to.superior : to.duty]] : []
}

/** Names what was tried, so that what is put in force is what was looked at. */
export const stepsHash = ({ steps }: Pick<Ladder, 'steps'>): string =>
  createHash('sha256').update(JSON.stringify(steps)).digest('hex').slice(0, 32)
