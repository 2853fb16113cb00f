import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import { metricOf } from '../../core/metrics.ts'
import type { Breach, SeriesRule } from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000, default: 0 })
const OptionsSchema = Type.Object({
  level: LevelSchema,
  when: Type.Union([Type.Literal(0), Type.Literal(1)], { default: 1, description: 'the value that is the alarm' }),
  limitName: Type.Union([Type.String({ pattern: '^[A-Za-z0-9-]{1,16}$' }), Type.Null()], { default: null }),
  onDelayMs: Duration,
  offDelayMs: Duration,
})
type Options = Static<typeof OptionsSchema>

type State = {
  /** since when the value has been the alarm's */
  since: number | null
  tripped: boolean
  /** while tripped: since when it has not been */
  overSince: number | null
}

const start: State = { since: null, tripped: false, overSince: null }

/** Breaches once a 0/1 value has been the alarm's for onDelayMs; clears once a good reading has said otherwise for offDelayMs. */
export const state: SeriesRule<Options, State> = {
  name: 'state',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  start,
  complete: () => ({}),

  check(_options, { metric }) {
    const known = metricOf(metric ?? '')
    if (known && known.kind !== 'flag') return { path: '/metric', message: `${metric} is not a 0/1 metric; use threshold` }
    return null
  },

  resume: () => ({ since: null, tripped: true, overSince: null }),

  step({ level, when, limitName, onDelayMs, offDelayMs }, before, { value, at, quality, gap }) {
    const breach: Breach = { level, limitName, limit: null }
    if (value >= 0.5 === (when === 1)) {
      const since = before.since ?? at
      if (before.tripped || at - since >= onDelayMs) {
        return { state: { since, tripped: true, overSince: null }, verdict: breach, wakeAt: null }
      }
      return { state: { since, tripped: false, overSince: null }, verdict: 'unchanged', wakeAt: since + onDelayMs }
    }
    if (quality !== 'good') {
      const wakeAt = before.since !== null && !before.tripped ? before.since + onDelayMs : null
      return { state: before, verdict: 'unchanged', wakeAt: wakeAt !== null && wakeAt > at ? wakeAt : null }
    }
    if (!before.tripped) return { state: start, verdict: 'clear', wakeAt: null }
    const overSince = gap ? at : (before.overSince ?? at)
    if (at - overSince >= offDelayMs) return { state: start, verdict: 'clear', wakeAt: null }
    return { state: { since: null, tripped: true, overSince }, verdict: 'unchanged', wakeAt: overSince + offDelayMs }
  },

  quiet: ({ when }) => (when === 1 ? { above: -Infinity, below: 0.5 } : { above: 0.5, below: Infinity }),
}
