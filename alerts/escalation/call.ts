import type { Alarm } from '../../core/alarm.ts'
import { isCaseOver } from '../../core/case.ts'
import type { CallEnd } from '../../core/escalation.ts'
import type { LadderStep } from '../../core/ladder.ts'
import { severity } from '../../core/level.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'

/**
 * Where the calling about an alarm stands: `climbing` until somebody acts · `waiting` somebody has taken it and owes a first feedback ·
 * `overdue` they did not say anything, so it is back on the ladder · `over`.
 */
export type CallPhase = 'climbing' | 'waiting' | 'overdue' | 'over'

export type Call = {
  /** as it last changed */
  alarm: Alarm
  phase: CallPhase
  /** position of the change that began this round */
  round: number
  /** when time 0 of the ladder was */
  startedAt: number
  /** of this round, steps before this are not taken: it came back on the ladder further up */
  fromMs: number
  taken: Set<string>
  /** steps somebody wanted at once, of this round */
  asked: LadderStep[]
  /** first red of its enterprise; null until a step was taken */
  first: boolean | null
  /** `waiting`: when the first feedback is due */
  feedbackDueAt: number | null
  /** why the last round ended; whoever was told hears it */
  end: (CallEnd & { pos: number }) | null
  /** the round as it was, should an acknowledgement be taken back */
  before: Pick<Call, 'round' | 'startedAt' | 'fromMs' | 'taken' | 'first'> | null
}

export type Change = { entry: AlarmChangeEntry; pos: number; at: number }
export type CallRules = {
  isEnterprise: (personId: string) => boolean
  feedbackDueMs: (alarm: Alarm) => number
  overdueAtMs: (alarm: Alarm) => number
}

/** An enterprise's own word is shown and changes nothing: the regulator still has to look. */
const wantsSomebody = ({ state, acknowledgedBy }: Alarm, { isEnterprise }: CallRules): boolean =>
  state === 'active' || (state === 'acknowledged' && acknowledgedBy !== null && isEnterprise(acknowledgedBy))

const begun = (alarm: Alarm, pos: number, at: number): Call => ({
  alarm,
  phase: 'climbing',
  round: pos,
  startedAt: at,
  fromMs: 0,
  taken: new Set(),
  asked: [],
  first: null,
  feedbackDueAt: null,
  end: null,
  before: null,
})

/** How a recorded change of an alarm moves the call. Null: nobody has to be called about it, and nobody was. */
export function moved(call: Call | undefined, { entry, pos, at }: Change, rules: CallRules): Call | null {
  const { alarm, change, by } = entry
  if (wantsSomebody(alarm, rules)) {
    if (!call) return begun(alarm, pos, at)
    if (call.phase === 'climbing') {
      if (call.alarm.level === alarm.level) return { ...call, alarm }
      // What got worse calls everybody anew; of what got milder, those who were told hear.
      const end = severity[alarm.level] < severity[call.alarm.level] ? { why: 'level' as const, by, pos } : null
      return { ...begun(alarm, pos, at), end }
    }
    if (change === 'acknowledgement-undone' && call.before)
      return { ...call, ...call.before, alarm, phase: 'climbing', feedbackDueAt: null, end: null, before: null }
    return begun(alarm, pos, at)
  }
  const isTaken = change === 'acknowledged' && !rules.isEnterprise(by)
  if (!call && !isTaken) return null
  const known = call ?? { ...begun(alarm, pos, at), phase: 'over' as const }
  const { phase } = known
  const next: Call = { ...known, alarm }
  if (isTaken) {
    const { round, startedAt, fromMs, taken, first } = known
    next.before = phase === 'climbing' ? { round, startedAt, fromMs, taken, first } : null
    next.phase = 'waiting'
    next.feedbackDueAt = (alarm.acknowledgedAt ?? at) + rules.feedbackDueMs(alarm)
    next.round = pos
    if (call) next.end = { why: 'acknowledged', by, pos }
  } else if (phase === 'climbing') {
    next.phase = 'over'
    next.end = { ...endOf(entry), pos }
  }
  if (next.phase !== 'waiting' && next.phase !== 'overdue') return next
  if (!isAnswered(alarm)) return next
  // Whoever was called after somebody had taken it has heard of no end yet.
  if (next.phase === 'overdue' || next.asked.length > 0) next.end = { ...answeredBy(entry), pos }
  return { ...next, phase: 'over', feedbackDueAt: null }
}

/** Nobody said what they found in time: the ladder again, from further up. */
export function overdue(call: Call, overdueAtMs: number): Call {
  const startedAt = call.feedbackDueAt! - overdueAtMs
  return {
    ...call,
    phase: 'overdue',
    startedAt,
    fromMs: overdueAtMs,
    taken: new Set(),
    asked: [],
    feedbackDueAt: null,
    end: null,
    before: null,
  }
}

/** Somebody said what was found, or there is nothing left to say. */
function isAnswered({ case: known, occurrences, state, level }: Alarm): boolean {
  const mine = known?.occurrence === occurrences ? known : undefined
  if (mine && (mine.firstFeedbackAt !== null || isCaseOver(mine.state))) return true
  return state === 'normal' && (level === 'yellow' || level === 'blue')
}

function answeredBy(entry: AlarmChangeEntry): CallEnd {
  const { change, by } = entry
  if (change === 'ended' || change === 'reset') return endOf(entry)
  return { why: change === 'false-alarm' ? 'false-alarm' : 'fed-back', by }
}

function endOf({ change, by }: AlarmChangeEntry): CallEnd {
  switch (change) {
    case 'false-alarm':
      return { why: 'false-alarm', by }
    case 'returned':
      return { why: 'returned', by: null }
    case 'shelved':
    case 'taken-out-of-service':
    case 'suppressed':
      return { why: 'set-aside', by: by === 'platform' ? null : by }
    default:
      return { why: 'ended', by: by === 'platform' ? null : by }
  }
}
