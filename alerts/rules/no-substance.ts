import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import type { SeriesRule } from './rule.ts'

const OptionsSchema = Type.Object({ level: LevelSchema })
type State = { missing: boolean }
const start: State = { missing: false }

/** Breaches while a gas channel reports and nobody has said which gas it measures: no limit can be chosen for it. */
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

  step({ level }, _before, _sample, { needsSubstance, substance }) {
    if (!needsSubstance || substance !== null) return { state: start, verdict: 'clear', wakeAt: null }
    return { state: { missing: true }, verdict: { level, limitName: null, limit: null }, wakeAt: null }
  },

  quiet: (_options, { needsSubstance, substance }) =>
    needsSubstance && substance === null ? null : { above: -Infinity, below: Infinity },
}
