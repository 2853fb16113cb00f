import type { Alarm } from '../../core/alarm.ts'
import type { SecondPersonRequest } from '../../core/case.ts'
import { caseTransition } from '../../core/case.ts'
import type { AlarmAction } from '../../core/record.ts'
import { isLifeSafety, LONGEST_ALONE_MS } from '../../core/shelving.ts'
import { askReview, type Step } from './case-steps.ts'
import { refusal, type Answer, type Refusal } from './refusal.ts'

const MINUTE_MS = 60_000

/** Which actions one person only asks for (ux.md B3). */
export function needsSecondPerson(alarm: Alarm, action: AlarmAction, step: Step): boolean {
  const { details } = step
  switch (action) {
    case 'false-alarm':
    case 'close':
      return alarm.level === 'red'
    case 'out-of-service':
      // Entries from before the limit do not say either way, and stay one person's.
      return isLifeSafety(alarm) || details.twoPersons === true || (details.twoPersons === false && isLong(step))
    case 'acknowledge':
      return details.group !== undefined && (alarm.level === 'red' || details.twoPersons === true)
    default:
      return false
  }
}

const isLong = ({ minutes, untilMs, at }: Step): boolean =>
  (typeof untilMs === 'number' ? untilMs - at : (minutes ?? 0) * MINUTE_MS) > LONGEST_ALONE_MS

/** One person's word, kept on the alarm until a second one gives theirs. A newer request takes the place of an older. */
export function ask(given: Alarm, action: AlarmAction, step: Step): Answer {
  const alarm = withoutRequest(given)
  const version = alarm.version + 1
  const { by, at, comment, minutes = null, untilMs = null, details } = step
  const request: SecondPersonRequest = { action, by, at, version, comment, minutes, untilMs, details }
  if (action !== 'close') return { alarm: { ...alarm, version, request }, change: 'requested' }
  const inReview = askReview(alarm, step)
  if ('why' in inReview) return inReview
  return { alarm: { ...alarm, version, request, case: inReview }, change: 'requested' }
}

/** The first person's wish, for a second one to carry out. */
export function requestFor(alarm: Alarm, second: string): SecondPersonRequest | Refusal {
  const { request } = alarm
  if (!request) return refusal('no-request', 'nothing waits for a second person')
  if (request.by === second) {
    return { code: 'two-persons', why: 'own-request', message: 'a second person confirms or declines: not who asked for it' }
  }
  return request
}

export function decline(alarm: Alarm, by: string): Answer {
  const request = requestFor(alarm, by)
  if ('why' in request) return request
  return { alarm: { ...withoutRequest(alarm), version: alarm.version + 1 }, change: 'declined' }
}

export function withdraw(alarm: Alarm, by: string): Answer {
  const { request } = alarm
  if (!request) return refusal('no-request', 'nothing waits for a second person')
  if (request.by !== by) return { code: 'two-persons', why: 'not-own-request', message: 'only who asked for it takes it back' }
  return { alarm: { ...withoutRequest(alarm), version: alarm.version + 1 }, change: 'withdrawn' }
}

/** A case that was waiting for its review is worked on again. */
export function withoutRequest({ request, ...alarm }: Alarm): Alarm {
  const known = alarm.case
  if (!request || known?.state !== 'review') return alarm
  return { ...alarm, case: { ...known, state: caseTransition('review', 'withdraw')! } }
}

/** What was asked for holds for the alarm as it was then: of one that has changed since, nobody has agreed to anything. */
export const withLiveRequest = (alarm: Alarm): Alarm =>
  alarm.request && alarm.request.version !== alarm.version ? withoutRequest(alarm) : alarm
