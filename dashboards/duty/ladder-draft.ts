import { positions } from '../../core/contact.ts'
import { leavesDeployment, type Ladder, type LadderStep, type LadderTarget } from '../../core/ladder.ts'
import { levels, type Level } from '../../core/level.ts'
import { dutyRoles, upwards } from '../../core/roster.ts'

type Steps = Ladder['steps']
export const LONGEST_SECONDS = 7 * 86_400
/** A red calls somebody on duty within this time, whatever else a ladder says. */
const RED_WITHIN_MS = 60_000

/** Which ladder counts in a division, and why that one: its own, the nearest above it, the one for everywhere, or what ships. */
export type InForce = { ladder: Ladder; from: 'own' | 'above' | 'everywhere' | 'shipped' }
export function inForce(division: string | null, ladders: readonly Ladder[], shipped: Ladder): InForce {
  for (const place of division === null ? [] : upwards(division)) {
    const ladder = ladders.find(({ region }) => region === place)
    if (ladder) return { ladder, from: place === division ? 'own' : 'above' }
  }
  const everywhere = ladders.find(({ region }) => region === null)
  if (everywhere) return { ladder: everywhere, from: division === null ? 'own' : 'everywhere' }
  return { ladder: shipped, from: 'shipped' }
}

/** `duty1`, `enterprise-head`, `superior-duty1`: one word for whom a step calls. */
export const keyOf = (to: LadderTarget): string =>
  'duty' in to ? to.duty : 'enterprise' in to ? `enterprise-${to.enterprise}` : `superior-${to.superior}`
export const targets: readonly LadderTarget[] = [
  ...dutyRoles.map((duty) => ({ duty })),
  ...positions.map((enterprise) => ({ enterprise })),
  ...dutyRoles.map((superior) => ({ superior })),
]

export const hasOutside = (steps: Steps): boolean => levels.some((level) => steps[level].some(leavesDeployment))
export const sameSteps = (a: Steps, b: Steps): boolean => JSON.stringify(a) === JSON.stringify(b)

/** A step that calls somebody else is another step, and the record tells them apart by their names. */
export function retargeted(step: LadderStep, to: LadderTarget, level: Level, others: readonly LadderStep[]): LadderStep {
  if (keyOf(to) === keyOf(step.to)) return step
  const name = `${level[0]}${Math.round(step.afterMs / 1000)}-${keyOf(to)}`.toLowerCase().slice(0, 36)
  let id = name
  for (let n = 2; others.some((one) => one.id === id); n++) id = `${name}-${n}`
  return { ...step, id, to }
}

/** What keeps these steps from being proposed; null: nothing. */
export function faultOf(steps: Steps): 'seconds' | 'red' | null {
  const isTime = ({ afterMs }: LadderStep) =>
    Number.isInteger(afterMs / 1000) && afterMs >= 0 && afterMs <= LONGEST_SECONDS * 1000
  if (!levels.every((level) => steps[level].every(isTime))) return 'seconds'
  return steps.red.some(({ to, afterMs }) => 'duty' in to && afterMs <= RED_WITHIN_MS) ? null : 'red'
}

/** One line of what a proposal changes. `was` or `now` null: the step is new, or gone. */
export type StepChange = { level: Level; was: LadderStep | null; now: LadderStep | null }
export function changesOf(before: Steps, after: Steps): StepChange[] {
  return levels.flatMap((level) => {
    const gone = before[level].filter(({ id }) => !after[level].some((one) => one.id === id))
    const changed = after[level].flatMap((now): StepChange[] => {
      const was = before[level].find(({ id }) => id === now.id) ?? null
      return was && JSON.stringify(was) === JSON.stringify(now) ? [] : [{ level, was, now }]
    })
    return [...gone.map((was) => ({ level, was, now: null })), ...changed]
  })
}
