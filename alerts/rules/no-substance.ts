import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import type { SeriesFacts, SeriesRule } from './rule.ts'

const OptionsSchema = Type.Object({ level: LevelSchema })
type State = { missing: boolean }
const start: State = { missing: false }

/** A gas channel nobody can judge: its gas is not named, or no rule has limits for that gas. */
const isUnjudged = ({ needsSubstance, substance, hasLimits }: SeriesFacts) => needsSubstance && (substance === null || !hasLimits)

/** Breaches while a gas channel reports that nobody can judge. */
export const noSubstance: SeriesRule<Static<typeof OptionsSchema>, State> = {
  name: 'no-substance',
  over: 'series',
  options: OptionsSchema,
  needsMetric: false,
  hearsBad: true,
  start,
  complete: () => ({}),
  check: () => null,
  resume: () => ({ missing: true }),

  step({ level }, _before, _sample, facts) {
    if (!isUnjudged(facts)) return { state: start, verdict: 'clear', wakeAt: null }
    return { state: { missing: true }, verdict: { level, limitName: null, limit: null }, wakeAt: null }
  },

  quiet: (_options, facts) => (isUnjudged(facts) ? null : { above: -Infinity, below: Infinity }),
}
