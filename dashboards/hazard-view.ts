import { hazardClocks, isBeingTreated, isRawTip, isUntaken, possibleSteps, type Hazard, type HazardStep } from '../core/hazard.ts'
import { hasNoOwner, isOverdue, missingFields, overdueSteps, type WorkingTime } from '../core/hazard-steps.ts'
import { writtenDeadline } from '../core/notice-steps.ts'
import { afterWorkingDays } from '../core/calendar.ts'
import { dayOf, daySpan } from '../core/local-time.ts'
import type { Caller } from './access.ts'
import { sees } from './context.ts'
import type { HazardChange, TakenUp } from './hazard-book.ts'
import { may } from './rights.ts'

/** What an enterprise does itself, to its own: it says how, treats it, and says that it is done. */
const byEnterprise: ReadonlySet<HazardStep> = new Set(['plan', 'treat', 'report'])
/** What weighs on an enterprise, or lets it off, is for supervisors. */
const bySupervisor: ReadonlySet<HazardStep> = new Set(['confirm', 'supervise', 'stop', 'dismiss', 'close-down'])

/** Its deadline runs, or was put in writing. */
const isBound = (hazard: Hazard) => isBeingTreated(hazard.state) || writtenDeadline(hazard) !== null
/** Whether somebody may take a step at all; who treated it is told apart by core/hazard-steps.ts. */
export function mayStep({ role, enterpriseId }: Caller, step: HazardStep, hazard: Hazard): boolean {
  // A deadline that runs is not moved by whoever has to keep it.
  if (enterpriseId !== null) return role === 'enterprise' && byEnterprise.has(step) && !(step === 'plan' && isBound(hazard))
  return may(role, bySupervisor.has(step) ? 'tune' : 'act')
}

/**
 * A tip is nobody's but the tip clerk's until somebody has looked. Whoever only reads is told of an inspection from then on as well:
 * what came out of a tip would else be known by having no beginning.
 */
const isHidden = ({ role }: Pick<Caller, 'role'>, hazard: Hazard): boolean =>
  isRawTip(hazard) ? !may(role, 'tips') : hazard.source === 'inspection' && isUntaken(hazard) && !may(role, 'act')

export const seesHazard = (caller: Caller, hazard: Hazard): boolean =>
  sees(caller, hazard.enterpriseId) && !isHidden(caller, hazard)

export type ShownHazard = Hazard & {
  isOverdue: boolean
  hasNoOwner: boolean
  overdueSteps: { step: string; at: number }[]
  missing: string[]
  /** what the person who asks may do now */
  possible: HazardStep[]
}
export type Beginning = { taken: TakenUp | null; enterprise: string }

/** Tips and inspections are one to all but the tip clerk, down to when they were found: few could have given a tip, and when. */
const isBlurred = ({ role }: Caller, { source }: Hazard): boolean =>
  !may(role, 'tips') && (source === 'tip-off' || source === 'inspection')

/** Where all but the tip clerk are told that it is: of a tip that was registered in its own words, not where the tip said. */
export const placeToOthers = ({ source, place }: Hazard, { taken, enterprise }: Beginning): string =>
  source === 'tip-off' && taken?.place === null ? enterprise : place

/** A hazard as somebody is shown it. That it began with a tip stays with who looks into tips. */
export function shownHazard(
  caller: Caller,
  hazard: Hazard,
  { taken, enterprise }: Beginning,
  time: WorkingTime,
  now: number,
): ShownHazard {
  return {
    ...hazard,
    ...(isBlurred(caller, hazard) && { createdAt: dayStart(beganAt(hazard, taken), time) }),
    ...(isTipToOthers(caller, hazard) &&
      taken && { source: 'inspection' as const, createdBy: taken.by, place: placeToOthers(hazard, { taken, enterprise }) }),
    isOverdue: isOverdue(hazard, now),
    hasNoOwner: hasNoOwner(hazard),
    overdueSteps: overdueSteps(hazard, now, time),
    missing: missingFields(hazard.fields),
    possible: possibleSteps(hazard.state).filter((step) => mayStep(caller, step, hazard)),
  }
}

/** What was done, as somebody is shown it: a tip begins when it was taken up, with what the officer found. */
export function shownHistory(
  caller: Caller,
  hazard: Hazard,
  history: readonly HazardChange[],
  { taken, enterprise }: Beginning,
  time: WorkingTime,
): readonly HazardChange[] {
  const first = history[0]
  if (!first || !isBlurred(caller, hazard)) return history
  const isTip = isTipToOthers(caller, hazard)
  const at = dayStart(beganAt(hazard, taken), time)
  // As long as an inspection has, which is not what a tip has.
  const dueAt = dayEnd(afterWorkingDays(time.calendar, at, hazardClocks.found as number, time.zone), time)
  const place = (one: HazardChange) => (isTip && taken?.place === null ? enterprise : one.place)
  const [told = first] = isTip ? history.filter(({ change }) => change === 'register') : []
  return [
    {
      ...first,
      ...(isTip && { by: told.by, description: told.description, place: place(told) }),
      ...{ at, dueAt },
    },
    ...history.slice(1).map((one) => ({ ...one, place: place(one) })),
  ]
}

const isTipToOthers = (caller: Caller, hazard: Hazard) => hazard.source === 'tip-off' && isBlurred(caller, hazard)
const beganAt = ({ source, createdAt }: Hazard, taken: TakenUp | null) => (source === 'tip-off' && taken ? taken.at : createdAt)
const dayStart = (at: number, { zone }: WorkingTime) => daySpan(dayOf(at, zone), zone).from
const dayEnd = (at: number, { zone }: WorkingTime) => daySpan(dayOf(at, zone), zone).to - 1
