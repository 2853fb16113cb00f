import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import type { SeriesRule } from './rule.ts'

const OptionsSchema = Type.Object({ level: LevelSchema })
type State = { bad: boolean }
const start: State = { bad: false }

/** Breaches while the newest reading is bad: the subject is unknown, and only a good reading says that it is known again. */
export const badReading: SeriesRule<Static<typeof OptionsSchema>, State> = {
  name: 'bad-reading',
  over: 'series',
  options: OptionsSchema,
  needsMetric: false,
  hearsBad: true,
  start,
  complete: () => ({}),
  check: () => null,
  resume: () => ({ bad: true }),

  step({ level }, before, { quality, reason }) {
    if (quality === 'good') return { state: start, verdict: 'clear', wakeAt: null }
    // A channel whose substance nobody gave is an installation fault with a rule of its own.
    if (quality === 'uncertain' || reason === 'no-substance') return { state: before, verdict: 'unchanged', wakeAt: null }
    return { state: { bad: true }, verdict: { level, limitName: null, limit: null }, wakeAt: null }
  },

  quiet: () => ({ above: -Infinity, below: Infinity }),
}
