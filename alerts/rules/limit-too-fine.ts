import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import type { SeriesFacts, SeriesRule } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  steps: Type.Number({
    minimum: 1,
    maximum: 20,
    default: 3,
    description: "a limit under so many of the detector's steps is noise",
  }),
})
type Options = Static<typeof OptionsSchema>
type State = { tooFine: boolean }
const start: State = { tooFine: false }

/** The nearest limit of a toxic gas is under a few steps of this detector (attribute `resolution`), and nobody has decided on it. */
function tooFine({ steps }: Options, { needsSubstance, limits, attributes }: SeriesFacts): number | null {
  const resolution = attributes?.['resolution']
  if (!needsSubstance || typeof resolution !== 'number' || attributes?.['limitsDecided'] === true) return null
  const nearest = Math.min(...(limits ?? []).map(({ above }) => above ?? Infinity))
  // 0.3 is not under three steps of 0.1, whatever binary fractions say.
  return nearest < steps * resolution * 0.999_999 ? nearest : null
}

/** Breaches while a limit is in force that the detector cannot resolve: a person decides, and says so at the device (`limitsDecided`). */
export const limitTooFine: SeriesRule<Options, State> = {
  name: 'limit-too-fine',
  over: 'series',
  options: OptionsSchema,
  needsMetric: false,
  hearsBad: true,
  start,
  complete: () => ({}),
  check: () => null,
  resume: () => ({ tooFine: true }),

  step(options, _before, { quality }, facts) {
    const limit = tooFine(options, facts)
    if (limit === null) return { state: start, verdict: quality === 'good' ? 'clear' : 'unchanged', wakeAt: null }
    return { state: { tooFine: true }, verdict: { level: options.level, limitName: null, limit }, wakeAt: null }
  },

  quiet: (options, facts) => (tooFine(options, facts) === null ? { above: -Infinity, below: Infinity } : null),
}
