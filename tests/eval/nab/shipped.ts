import { Value } from 'typebox/value'
import { unusual, unusualness } from '../../../alerts/rules/unusual.ts'
import type { SeriesFacts } from '../../../alerts/rules/rule.ts'
import type { Detector } from './simple-detectors.ts'

const options = Value.Default(unusual.options, { level: 'blue', smallestRange: 0 }) as Parameters<typeof unusual.step>[0]
const facts: SeriesFacts = { expectedPeriodMs: 300_000, needsSubstance: false, substance: null, hasLimits: false }

/** The score at which the rule fires when nobody says otherwise. */
export const shippedThreshold = options.score

/** The rule `unusual` as it ships, one set of defaults for every file. */
export function shippedDetector(): Detector {
  let state = unusual.start
  return (value, at) => {
    const sample = { value, at, quality: 'good', reason: 'none', held: false, gap: false } as const
    state = unusual.step(options, state, sample, facts).state
    return unusualness(state)
  }
}
