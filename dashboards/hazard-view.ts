import { isBeingTreated, possibleSteps, type Hazard, type HazardStep } from '../core/hazard.ts'
import { hasNoOwner, isOverdue, missingFields, overdueSteps, type WorkingTime } from '../core/hazard-steps.ts'
import type { Caller } from './access.ts'
import { sees } from './context.ts'
import type { HazardChange } from './hazard-book.ts'
import { may } from './rights.ts'

/** What an enterprise does itself, to its own: it says how, treats it, and says that it is done. */
const byEnterprise: ReadonlySet<HazardStep> = new Set(['plan', 'treat', 'report'])
/** What weighs on an enterprise, or lets it off, is for supervisors. */
const bySupervisor: ReadonlySet<HazardStep> = new Set(['confirm', 'supervise', 'stop', 'dismiss', 'close-down'])

/** Whether somebody may take a step at all; who treated it is told apart by core/hazard-steps.ts. */
export function mayStep({ role, enterpriseId }: Caller, step: HazardStep, hazard: Hazard): boolean {
  // A deadline that runs is not moved by whoever has to keep it.
  if (enterpriseId !== null)
    return role === 'enterprise' && byEnterprise.has(step) && !(step === 'plan' && isBeingTreated(hazard.state))
  return may(role, bySupervisor.has(step) ? 'tune' : 'act')
}

/** An enterprise is not told of a tip about it before the regulator has registered what was found. */
const isHidden = ({ enterpriseId }: Caller, { source, state }: Hazard): boolean =>
  enterpriseId !== null && source === 'tip-off' && (state === 'found' || state === 'dismissed')

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

/** A hazard as somebody is shown it. That it began with a tip stays with the regulator: few could have given it. */
export function shownHazard(caller: Caller, hazard: Hazard, now: number, time: WorkingTime): ShownHazard {
  return {
    ...hazard,
    ...(caller.enterpriseId !== null && hazard.source === 'tip-off' && { source: 'inspection' as const, createdBy: 'platform' }),
    isOverdue: isOverdue(hazard, now),
    hasNoOwner: hasNoOwner(hazard),
    overdueSteps: overdueSteps(hazard, now, time),
    missing: missingFields(hazard.fields),
    possible: possibleSteps(hazard.state).filter((step) => mayStep(caller, step, hazard)),
  }
}

/** The first words of a tip are the tipster's own. */
export const shownHistory = (caller: Caller, { source }: Hazard, history: readonly HazardChange[]): readonly HazardChange[] =>
  caller.enterpriseId !== null && source === 'tip-off' ? history.filter(({ change }) => change !== 'created') : history
