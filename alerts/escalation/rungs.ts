import type { LadderPlace, LadderRung, LadderStepEntry } from '../../core/escalation.ts'
import { leavesDeployment, type Ladder, type LadderStep } from '../../core/ladder.ts'
import type { Call } from './call.ts'

/** What came of each step that was taken, by alarm: who looks at an alarm is told who has been called. */
export class Rungs {
  #rungs = new Map<string, (LadderRung & { round: number })[]>()

  take({ alarmId, round, step, outcome, to }: LadderStepEntry, at: number): void {
    const known = this.#rungs.get(alarmId) ?? []
    if (known.some((one) => one.round === round && one.step === step)) return
    this.#rungs.set(alarmId, [...known, { round, step, at, outcome, to: to ?? null }])
  }

  of(alarmId: string, round: number): LadderRung[] {
    const own = (this.#rungs.get(alarmId) ?? []).filter((one) => one.round === round)
    return own.map(({ step, at, outcome, to }) => ({ step, at, outcome, to }))
  }

  forget(alarmId: string): void {
    this.#rungs.delete(alarmId)
  }
}

/** Where the call about an alarm stands, and when the ladder goes on by itself. Rungs that are off call nobody and are not waited for. */
export function placeOf(call: Call, steps: readonly LadderStep[], ladder: Ladder, taken: LadderRung[]): LadderPlace {
  const { phase, startedAt, feedbackDueAt } = call
  const isOn = (step: LadderStep) => ladder.leaves || !leavesDeployment(step)
  const left = phase === 'climbing' || phase === 'overdue' ? steps.filter((step) => isOn(step) && !call.taken.has(step.id)) : []
  const afterMs = Math.min(...left.map((step) => step.afterMs))
  const next = left.filter((step) => step.afterMs === afterMs)
  return {
    phase,
    taken,
    next: next.length === 0 ? null : { at: startedAt + afterMs, to: next.map(({ to }) => to) },
    feedbackDueAt: phase === 'waiting' ? feedbackDueAt : null,
  }
}
