import { Conflict } from '../../core/errors.ts'
import { askedWays, type LadderCallee } from '../../core/escalation.ts'
import { leavesDeployment, type Ladder, type LadderStep, type LadderTarget } from '../../core/ladder.ts'
import { dutyRoles, type DutyRole } from '../../core/roster.ts'
import type { Call } from './call.ts'
import { isOnlyPages } from './whom.ts'

/** The steps a person's wish comes to. What leaves the deployment where that is off is refused, not left out in silence. */
export function stepsAsked(call: Call, ladder: Ladder, to: LadderCallee, now: number): LadderStep[] {
  if (to === 'next') return nextRung(call, ladder)
  const id = `asked-${to.toLowerCase()}-${call.alarm.version}-${now.toString(36)}-${call.asked.length}`
  const step: LadderStep = {
    id,
    afterMs: 0,
    to: targetOf(to),
    channels: [...askedWays.channels],
    otherwise: [...askedWays.otherwise],
  }
  if (leavesDeployment(step) && !ladder.leaves) throw isOff()
  return [step]
}

/**
 * The lowest rung nobody has been on that does more than stand on a page, else the lowest. While somebody who has taken the alarm owes
 * a feedback, its steps have ids of their own: should none come, the ladder takes the same rungs again.
 */
function nextRung(call: Call, ladder: Ladder): LadderStep[] {
  const wishId = (id: string) => (call.phase === 'waiting' ? `asked-${id}` : id)
  const isCalled = (id: string) => call.taken.has(id) || call.asked.some((one) => one.id === id)
  const left = ladder.steps[call.alarm.level].filter(({ id }) => !isCalled(id) && !isCalled(wishId(id)))
  const heard = left.filter(({ channels }) => !isOnlyPages(channels))
  const from = heard.length > 0 ? heard : left
  if (from.length === 0)
    throw new Conflict('wrong-state', 'every rung of the ladder has been called', { why: 'no-rung', alarm: call.alarm })
  const afterMs = Math.min(...from.map((step) => step.afterMs))
  const rung = from.filter((step) => step.afterMs === afterMs)
  const on = rung.filter((step) => ladder.leaves || !leavesDeployment(step))
  if (on.length === 0) throw isOff()
  return on.map((step) => ({ ...step, id: wishId(step.id) }))
}

function targetOf(to: Exclude<LadderCallee, 'next'>): LadderTarget {
  if (to === 'superior') return { superior: 'duty1' }
  return (dutyRoles as readonly string[]).includes(to)
    ? { duty: to as DutyRole }
    : { enterprise: to as Exclude<LadderCallee, 'next' | 'superior' | DutyRole> }
}

const isOff = () =>
  new Conflict('outside-steps-off', 'this would leave the deployment, and steps that leave it are off here', {
    why: 'outside-steps-off',
  })
