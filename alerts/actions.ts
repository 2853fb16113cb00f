import type { Alarm } from '../core/alarm.ts'
import { UNDO_WITHIN_MS } from '../core/case.ts'
import type { ActionEntry, AlarmAction } from '../core/record.ts'
import { accept, close, dispatch, escalate, falseAlarm, feedback, type Step } from './cases/case-steps.ts'
import { isRefusal, refusal, type Answer } from './cases/refusal.ts'
import { ask, decline, needsSecondPerson, requestFor, withdraw, withoutRequest } from './cases/second-person.ts'
import { transition } from './lifecycle.ts'
import type { Moment, OpenAlarms } from './open-alarms.ts'
import { setAsideBy } from './set-aside.ts'

/** What can be done about an alarm that is over: the case around it goes on. */
const afterTheEnd: ReadonlySet<AlarmAction> = new Set([
  ...(['dispatch', 'accept', 'feedback', 'false-alarm', 'escalate', 'close'] as const),
  ...(['confirm', 'decline', 'withdraw', 'undo-acknowledge'] as const),
])

/**
 * Answers a person's action in its place in the order: it changes the alarm they saw, or is refused because the alarm has
 * moved on (`stale-version`) or cannot do that where it stands (`wrong-state`).
 */
export function answerAction(alarms: OpenAlarms, entry: ActionEntry, pos: number, receivedAt: number): void {
  const refuse = (code: string, message: string, why?: string) => alarms.refuse(pos, entry.alarmId, code, message, why)
  const ended = alarms.ended(entry.alarmId)
  const alarm = alarms.byId(entry.alarmId) ?? (afterTheEnd.has(entry.action) ? ended : undefined)
  if (!alarm) {
    if (ended && entry.version < ended.version) return refuse('stale-version', 'the alarm has ended since it was shown')
    return refuse('wrong-state', 'the alarm is over', 'over')
  }
  if (entry.version !== alarm.version) {
    return refuse('stale-version', `the alarm is at version ${alarm.version}, the action was for version ${entry.version}`)
  }
  const moment: Moment = { causePos: pos, at: receivedAt, knownAt: receivedAt, value: null, overRange: false, causes: [] }
  const answer = asked(alarm, entry, receivedAt)
  if (isRefusal(answer)) return refuse(answer.code, answer.message, answer.why)
  if (!alarms.changeByPerson(answer.alarm, answer.change, moment, entry.by, entry.comment)) {
    return refuse('wrong-state', 'the same has been raised again since', 'raised-again')
  }
}

function asked(alarm: Alarm, entry: ActionEntry, at: number): Answer {
  const { action, by, comment, minutes, untilMs } = entry
  const step: Step = { by, comment, minutes, untilMs, details: entry.details ?? {}, at, confirmedBy: null }
  switch (action) {
    case 'confirm': {
      const request = requestFor(alarm, by)
      if ('why' in request) return request
      return perform(inReview(alarm), request.action, {
        ...step,
        ...request,
        at,
        details: request.details ?? {},
        confirmedBy: by,
      })
    }
    case 'decline':
      return decline(alarm, by)
    case 'withdraw':
      return withdraw(alarm, by)
    default:
      return needsSecondPerson(alarm, action, step) ? ask(alarm, action, step) : perform(alarm, action, step)
  }
}

/** Without its request, but with a case that waits for its review still there. */
const inReview = (alarm: Alarm): Alarm => ({ ...withoutRequest(alarm), ...(alarm.case && { case: alarm.case }) })

function perform(alarm: Alarm, action: AlarmAction, step: Step): Answer {
  const { by, at, comment, minutes, untilMs } = step
  switch (action) {
    case 'acknowledge': {
      const state = transition(alarm.state, 'acknowledge', alarm.latching)
      if (state === null) return impossible(alarm, action)
      const seen = { acknowledgedBy: by, acknowledgedAt: at, endedAt: state === 'normal' ? at : null }
      return { alarm: { ...alarm, ...seen, state, version: alarm.version + 1 }, change: 'acknowledged' }
    }
    case 'undo-acknowledge':
      return undoAcknowledge(alarm, step)
    case 'reset': {
      const state = transition(alarm.state, 'reset', alarm.latching)
      if (state === null) return impossible(alarm, action)
      return { alarm: { ...alarm, state, version: alarm.version + 1, endedAt: at }, change: 'reset' }
    }
    case 'comment':
      return { alarm, change: 'commented' }
    case 'shelve':
    case 'unshelve':
    case 'out-of-service':
    case 'return-to-service': {
      const done = setAsideBy(alarm, { comment, minutes, untilMs }, action, at, step.confirmedBy !== null)
      if (typeof done === 'string') return refusal('set-aside', done)
      const { setAside } = done.alarm
      const second = step.confirmedBy === null ? {} : { confirmedBy: step.confirmedBy }
      const why = { by, ...second, comment, reasonCode: step.details.reasonCode ?? null }
      return setAside ? { ...done, alarm: { ...done.alarm, setAside: { ...setAside, ...why } } } : done
    }
    case 'dispatch':
      return dispatch(alarm, step)
    case 'accept':
      return accept(alarm, step)
    case 'feedback':
      return feedback(alarm, step)
    case 'false-alarm':
      return falseAlarm(alarm, step)
    case 'escalate':
      return escalate(alarm, step)
    case 'close':
      return close(alarm, step)
    case 'confirm':
    case 'decline':
    case 'withdraw':
      return refusal('no-request', 'nothing waits for a second person')
  }
}

/** For the slip of a finger: at once, by the same person, and never for a red. */
function undoAcknowledge(alarm: Alarm, { by, at }: Step): Answer {
  if (alarm.level === 'red') return refusal('red', 'the acknowledgement of a red alarm stands')
  const state = transition(alarm.state, 'undoAcknowledge', alarm.latching)
  if (state === null || alarm.acknowledgedAt === null) return impossible(alarm, 'undo-acknowledge')
  if (alarm.acknowledgedBy !== by) return refusal('not-yours', 'only who acknowledged it takes that back')
  if (at - alarm.acknowledgedAt > UNDO_WITHIN_MS) return refusal('too-late', 'an acknowledgement is taken back within 10 seconds')
  const unseen = { acknowledgedBy: null, acknowledgedAt: null, endedAt: null }
  return { alarm: { ...alarm, ...unseen, state, version: alarm.version + 1 }, change: 'acknowledgement-undone' }
}

const impossible = (alarm: Alarm, action: AlarmAction) =>
  refusal(`state-${alarm.state}`, `an alarm that is ${alarm.state} cannot be changed by ${action}`)
