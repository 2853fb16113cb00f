import { Value } from 'typebox/value'
import type { AnySeriesRule, SeriesFacts } from '../../alerts/rules/rule.ts'

/** A rule type alone, with the defaults it ships with, over series whose metric the platform has no name for. */
export class Alone {
  readonly raisedAt: number[] = []
  #type: AnySeriesRule
  #options: unknown
  #state: unknown
  #open = false
  #facts: SeriesFacts

  constructor(type: AnySeriesRule, options: object, expectedPeriodMs: number) {
    this.#type = type
    this.#options = Value.Default(type.options, { ...type.complete(options, { metric: null }), ...options })
    this.#state = type.start
    this.#facts = { expectedPeriodMs, needsSubstance: false, substance: null, hasLimits: false }
  }

  hear(value: number, at: number): void {
    const sample = { value, at, quality: 'good', reason: 'none', held: false, gap: false } as const
    const { state, verdict } = this.#type.step(this.#options, this.#state, sample, this.#facts)
    this.#state = state
    if (typeof verdict === 'object' && !this.#open) this.raisedAt.push(at)
    if (verdict !== 'unchanged') this.#open = verdict !== 'clear'
  }
}
