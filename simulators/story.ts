import type { Clock } from '../core/clock.ts'
import { lengthMs, type Scenario } from './scenario.ts'

export type StoryState = {
  name: string
  state: 'waiting' | 'running' | 'done'
  startedAt: number | null
  /** index of the step, −1 while waiting */
  step: number
  /** for people, in Chinese and English; empty while waiting */
  stepName: string
  /** for machines: the step's name in the scenario */
  stepId: string
}

/** Where the story stands. It waits until somebody watches, runs once, and starts again when told to. */
export class Story {
  readonly scenario: Scenario
  #clock: Clock
  #startedAt: number | null = null
  /** counts the beginnings, so that who follows the story notices a new one */
  round = 0
  /** how long the stories before this one went on, in milliseconds */
  told = 0

  constructor(scenario: Scenario, clock: Clock) {
    this.scenario = scenario
    this.#clock = clock
  }

  /** The first browser is here. Does nothing when the story has begun. */
  start(): void {
    if (this.#startedAt === null) this.restart()
  }

  restart(): void {
    const now = this.#clock.now()
    if (this.#startedAt !== null) this.told += now - this.#startedAt
    this.#startedAt = now
    this.round++
  }

  get startedAt(): number | null {
    return this.#startedAt
  }

  state(): StoryState {
    const { title, steps } = this.scenario
    const name = inBothLanguages(title)
    if (this.#startedAt === null) return { name, state: 'waiting', startedAt: null, step: -1, stepName: '', stepId: 'waiting' }
    const elapsed = this.#clock.now() - this.#startedAt
    const step = Math.max(
      0,
      steps.findLastIndex(({ at }) => at * 1_000 <= elapsed),
    )
    return {
      name,
      state: elapsed < lengthMs(this.scenario) ? 'running' : 'done',
      startedAt: this.#startedAt,
      step,
      stepName: inBothLanguages(steps[step]!.title),
      stepId: steps[step]!.name,
    }
  }
}

const inBothLanguages = ({ zh, en }: { zh: string; en: string }) => `${zh} · ${en}`
