import type { Alarm } from '../../core/alarm.ts'
import {
  acceptWithinMs,
  caseStateOf,
  caseTransition,
  isCaseOver,
  isFalseAlarmReason,
  LONGEST_DISPATCH_MS,
  type AlarmCase,
  type CaseInput,
} from '../../core/case.ts'
import { isLevel, severity } from '../../core/level.ts'
import type { ActionDetails, ActionEntry } from '../../core/record.ts'
import { isConditionTrue, transition } from '../lifecycle.ts'
import { refusal, type Answer, type Refusal } from './refusal.ts'

/** An action as it is carried out: `by` decided it, `confirmedBy` agreed where that takes two. */
export type Step = Pick<ActionEntry, 'by' | 'comment' | 'minutes' | 'untilMs'> & {
  details: ActionDetails
  at: number
  confirmedBy: string | null
}

const MINUTE_MS = 60_000

/** What was set aside goes on behind it. */
export const isStillActive = (alarm: Alarm): boolean =>
  alarm.state !== 'outOfService' && (alarm.setAside?.isConditionTrue ?? isConditionTrue(alarm.state))

/** The case as it stands, or a new one: none yet, or the last one was over before the alarm came again. */
export function caseOf(alarm: Alarm, at: number): AlarmCase {
  const { case: known, occurrences: occurrence } = alarm
  if (known && caseStateOf(alarm) === known.state) return known
  return {
    state: 'open',
    occurrence,
    openedAt: at,
    dispatch: null,
    feedback: null,
    firstFeedbackAt: null,
    escalation: null,
    falseAlarm: null,
    closing: null,
  }
}

/** The case one input further, or why it cannot go there. */
function moved(alarm: Alarm, input: CaseInput, at: number): AlarmCase | Refusal {
  const before = caseOf(alarm, at)
  const state = caseTransition(before.state, input)
  if (state === null) return refusal(`case-${before.state}`, `the case is ${before.state}: ${input} is not possible`)
  return { ...before, state }
}

const bumped = (alarm: Alarm): number => alarm.version + 1

export function dispatch(alarm: Alarm, { by, comment, minutes, untilMs, details, at }: Step): Answer {
  const next = moved(alarm, 'dispatch', at)
  if ('why' in next) return next
  const { person, team } = details
  if ((person === undefined) === (team === undefined)) return refusal('whom', 'a dispatch goes to one person or one team')
  const dueAt = untilMs ?? (typeof minutes === 'number' ? at + minutes * MINUTE_MS : null)
  if (dueAt === null || !(dueAt > at && dueAt <= at + LONGEST_DISPATCH_MS)) {
    return refusal('due-time', 'a dispatch is due within 30 days')
  }
  const to = person !== undefined ? { person } : { team: team! }
  const sent = {
    to,
    note: comment,
    by,
    at,
    acceptBy: at + acceptWithinMs(alarm.level),
    dueAt,
    acceptedBy: null,
    acceptedAt: null,
  }
  return { alarm: { ...alarm, version: bumped(alarm), case: { ...next, dispatch: sent } }, change: 'dispatched' }
}

export function accept(alarm: Alarm, { by, at }: Step): Answer {
  const next = moved(alarm, 'accept', at)
  if ('why' in next) return next
  const sent = next.dispatch!
  if ('person' in sent.to && sent.to.person !== by) {
    return refusal('not-yours', 'only the person who was sent accepts it')
  }
  const accepted = { ...next, dispatch: { ...sent, acceptedBy: by, acceptedAt: at } }
  return { alarm: { ...alarm, version: bumped(alarm), case: accepted }, change: 'accepted' }
}

/** Nobody answered in time: it goes back on top of the queue. Null when somebody has, or there is still time. */
export function lapseDispatch(alarm: Alarm, at: number): Alarm | null {
  const known = alarm.case
  if (known?.state !== 'dispatched' || known.dispatch === null || known.dispatch.acceptBy > at) return null
  return { ...alarm, version: bumped(alarm), case: { ...known, state: caseTransition(known.state, 'lapse')! } }
}

export function feedback(alarm: Alarm, { by, comment, details, at }: Step): Answer {
  if (!comment?.trim()) return refusal('no-text', 'feedback says what was found')
  const before = alarm.case?.state
  const { evidence } = details
  const next = moved(alarm, 'feedback', at)
  if ('why' in next) return next
  const said = {
    ...next,
    feedback: { text: comment, ...(evidence && { evidence }), by, at },
    firstFeedbackAt: next.firstFeedbackAt ?? at,
  }
  const version = before === next.state ? alarm.version : bumped(alarm)
  return { alarm: { ...alarm, version, case: said }, change: 'fed-back' }
}

/** Up only: to a worse level, which everybody is told of anew, or to the authority above. */
export function escalate(alarm: Alarm, { by, comment, details, at }: Step): Answer {
  const { to } = details
  if (!comment?.trim()) return refusal('no-text', 'an escalation says why')
  const known = caseOf(alarm, at)
  if (isCaseOver(known.state)) return refusal(`case-${known.state}`, `the case is ${known.state}: escalate is not possible`)
  if (to !== 'superior' && !isLevel(to)) return refusal('to-where', 'escalate to a level or to the superior')
  const escalated = { ...known, escalation: { to, note: comment, by, at } }
  if (to === 'superior') return { alarm: { ...alarm, version: bumped(alarm), case: escalated }, change: 'escalated' }
  if (alarm.state === 'normal') return refusal('over', 'the alarm is over: its level stays as it was')
  if (severity[to] <= severity[alarm.level]) {
    return refusal('never-down', `the alarm is ${alarm.level}: it is escalated to something worse, never down`)
  }
  const state = transition(alarm.state, 'worsen', alarm.latching)
  const { setAside, ...back } = alarm
  const unseen = state === null ? alarm : { ...back, state, acknowledgedBy: null, acknowledgedAt: null }
  // What was over while it was set aside is not active for being escalated.
  if (state !== null && setAside && !setAside.isConditionTrue) return refusal('set-aside', 'take it back into service first')
  return { alarm: { ...unseen, level: to, version: bumped(alarm), case: escalated }, change: 'escalated' }
}

/** Somebody has looked and it was nothing: that is an acknowledgement too. */
export function falseAlarm(alarm: Alarm, { by, comment, details, at, confirmedBy }: Step): Answer {
  const next = moved(alarm, 'falseAlarm', at)
  if ('why' in next) return next
  const reason = details.reasonCode
  if (!isFalseAlarmReason(reason)) return refusal('reason-code', 'a false alarm needs a reason')
  if (reason === 'other' && !comment?.trim()) return refusal('no-text', 'the reason other needs words')
  const marked = { ...next, falseAlarm: { reason, text: comment, by, confirmedBy, at } }
  const state = transition(alarm.state, 'acknowledge', alarm.latching)
  const seen =
    state === null ? {} : { state, acknowledgedBy: by, acknowledgedAt: at, endedAt: state === 'normal' ? at : alarm.endedAt }
  return { alarm: { ...alarm, ...seen, version: bumped(alarm), case: marked }, change: 'false-alarm' }
}

export function close(alarm: Alarm, { by, details, at, confirmedBy }: Step): Answer {
  const next = moved(alarm, 'close', at)
  if ('why' in next) return next
  const refused = cannotClose(alarm, details)
  if (refused) return refused
  const { cause, measures, result, evidence = null } = details
  const closing = { cause: cause!, measures: measures!, result: result!, evidence, by, reviewedBy: confirmedBy, at }
  return { alarm: { ...alarm, version: bumped(alarm), case: { ...next, closing } }, change: 'closed' }
}

/** Whether one person may ask another to agree to closing it. */
export function askReview(alarm: Alarm, { details, at }: Step): AlarmCase | Refusal {
  return cannotClose(alarm, details) ?? moved(alarm, 'askReview', at)
}

function cannotClose(alarm: Alarm, { cause, measures, result }: ActionDetails): Refusal | null {
  if (isStillActive(alarm))
    return refusal('still-active', 'an alarm that is still active is not closed unless it is out of service')
  if (![cause, measures, result].every((text) => text?.trim())) {
    return refusal('no-text', 'closing needs the cause, the measures and the result')
  }
  return null
}
