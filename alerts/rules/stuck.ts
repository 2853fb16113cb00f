import { Type, type Static } from 'typebox'
import { metricOf, splitChannel } from '../../core/metrics.ts'
import { LevelSchema } from '../../core/rule.ts'
import type { SeriesRule } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  forMs: Type.Number({
    minimum: 60_000,
    maximum: 90 * 86_400_000,
    default: 86_400_000,
    description: 'a living sensor moves its last digit within this time',
  }),
  minimumReadings: Type.Integer({
    minimum: 3,
    maximum: 10_000,
    default: 12,
    description: 'so many readings in a row with one value',
  }),
  resolution: Type.Number({
    minimum: 0,
    description: "the sensor's last digit; readings this close to where it rests say nothing",
  }),
  restsAt: Type.Array(Type.Number(), { maxItems: 4, description: 'what a healthy sensor reads for ever when nothing happens' }),
})
type Options = Static<typeof OptionsSchema>

/** The value that has not moved, since when and in how many readings. */
type State = { value: number; since: number; count: number; stuck: boolean }

const start: State = { value: 0, since: 0, count: 0, stuck: false }
const isStart = (state: State) => state.count === 0

/** Clean air is 20.9 %vol oxygen, whatever the sensor; everything else rests at zero (semantics 18). */
const rests: Record<string, number[]> = { oxygenVol: [20.9] }

const isResting = ({ restsAt, resolution }: Options, value: number) =>
  restsAt.some((rest) => Math.abs(value - rest) <= resolution * 1.000_001)

/** Breaches when a value off its rest has not moved at all for so long; the first reading that moves says that it lives. */
export const stuck: SeriesRule<Options, State> = {
  name: 'stuck',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  start,

  complete(_options, { metric }) {
    const known = metricOf(metric ?? '')
    return { resolution: known ? 10 ** -known.digits : 0, restsAt: rests[splitChannel(metric ?? '').metric] ?? [0] }
  },

  check(_options, { metric }) {
    const known = metricOf(metric ?? '')
    if (known?.kind === 'flag')
      return { path: '/metric', message: `${metric} is a 0/1 metric; one that does not change is not stuck` }
    return null
  },

  resume: () => ({ value: 0, since: 0, count: 1, stuck: true }),

  step(options, before, { value, at, quality, held }) {
    // A held value is the platform's own: only a reading can show that the sensor still says the same.
    if (held) return { state: before, verdict: 'unchanged', wakeAt: null }
    const good = quality === 'good'
    if (isResting(options, value)) {
      if (before.stuck && !good) return { state: before, verdict: 'unchanged', wakeAt: null }
      return { state: start, verdict: good ? 'clear' : 'unchanged', wakeAt: null }
    }
    if (isStart(before) || value !== before.value) {
      if (before.stuck && !good) return { state: before, verdict: 'unchanged', wakeAt: null }
      return { state: { value, since: at, count: 1, stuck: false }, verdict: good ? 'clear' : 'unchanged', wakeAt: null }
    }
    const count = Math.min(before.count + 1, options.minimumReadings)
    if (!before.stuck && (at - before.since < options.forMs || count < options.minimumReadings)) {
      return { state: count === before.count ? before : { ...before, count }, verdict: 'unchanged', wakeAt: null }
    }
    const state = before.stuck ? before : { ...before, count, stuck: true }
    return { state, verdict: { level: options.level, limitName: null, limit: null }, wakeAt: null }
  },

  quiet({ restsAt, resolution }) {
    const [rest] = restsAt
    return rest === undefined || resolution === 0 ? null : { above: rest - resolution, below: rest + resolution }
  },
}
