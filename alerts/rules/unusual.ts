import { Type, type Static } from 'typebox'
import { metricOf } from '../../core/metrics.ts'
import { LevelSchema } from '../../core/rule.ts'
import { bounded, excessOf, NO_BOUNDS, type Bounds } from './unusual/bounds.ts'
import { halfHourOf, learned, NO_DAYS, usualAt } from './unusual/day.ts'
import { delayed, tripped, type Breach, type Delay, type SeriesRule } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  score: Type.Number({
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.5,
    description: 'fires at this score; 0.5: beyond everything known by a fifth of its whole range, 0.9: by nearly twice it',
  }),
  learnReadings: Type.Integer({
    minimum: 30,
    maximum: 100_000,
    default: 300,
    description: 'says nothing before so many readings',
  }),
  learnDays: Type.Integer({ minimum: 2, maximum: 60, default: 5, description: 'a time of day is known after so many days' }),
  fadeReadings: Type.Integer({
    minimum: 100,
    maximum: 1_000_000,
    default: 2_000,
    description: 'what has not come again for so many readings counts half',
  }),
  restReadings: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 288,
    description: 'after something unusual only worse is news; half of that is forgotten in so many readings',
  }),
  smallestRange: Type.Number({
    minimum: 0,
    description: 'a series that stays within this lies still, in the unit of the metric',
  }),
  utcOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840, default: 480 }),
  offDelayMs: Type.Number({
    minimum: 0,
    maximum: 86_400_000,
    default: 3_600_000,
    description: 'over when nothing was news for so long',
  }),
})
type Options = Static<typeof OptionsSchema>

const MEAN_READINGS = 12
const ROUGH_READINGS = 36
const RANGE_SHARE = 0.2
const FADED_WEIGHT = 0.7

/**
 * What is looked at: the value, its mean, how much it moves, and the first two against what is usual at this time of day. The last is
 * the weakest sign: holidays look like that.
 */
const looks = [
  { weight: 1, warmUp: 0 },
  { weight: 1, warmUp: MEAN_READINGS },
  { weight: 1, warmUp: ROUGH_READINGS },
  { weight: 1, warmUp: 0 },
  { weight: 0.8, warmUp: 0 },
]

type State = {
  n: number
  last: number
  mean: number
  roughness: number
  meanFromUsual: number
  /** the present half hour and what it has brought so far */
  half: number
  count: number
  sum: number
  /** what the half hours of the days before brought, see day.ts; and for the present one (null: nobody knows) */
  days: string
  usual: number | null
  bounds: Bounds[]
  /** the last score, and what one must exceed to be news */
  score: number
  bar: number
  delay: Delay
}

const start: State = {
  n: 0,
  last: 0,
  mean: 0,
  roughness: 0,
  meanFromUsual: 0,
  half: -1,
  count: 0,
  sum: 0,
  days: NO_DAYS,
  usual: null,
  bounds: looks.map(() => NO_BOUNDS),
  score: 0,
  bar: 0,
  delay: null,
}

/** The half hour that is over is learned; the next one begins. */
function turned(state: State, half: number, { learnDays }: Options): State {
  const days = state.count > 0 ? learned(state.days, state.half, state.sum / state.count) : state.days
  return { ...state, half, count: 0, sum: 0, days, usual: usualAt(days, half, learnDays) }
}

/** 0 inside everything known, 0.5 at a fifth of the range beyond it, near 1 far beyond. */
const scoreOf = (excess: number) => excess / (excess + RANGE_SHARE)

/** The state with this value in it, and how far it lies outside all that was known before. */
function seen(before: State, value: number, half: number, options: Options): State {
  const state = half === before.half ? before : turned(before, half, options)
  const n = state.n + 1
  const mean = n === 1 ? value : state.mean + (value - state.mean) / Math.min(n, MEAN_READINGS)
  const moved = n === 1 ? 0 : Math.abs(value - state.last)
  const roughness = n === 1 ? 0 : state.roughness + (moved - state.roughness) / Math.min(n - 1, ROUGH_READINGS)
  const fromUsual = state.usual === null ? null : value - state.usual
  const meanFromUsual =
    fromUsual === null ? state.meanFromUsual : state.meanFromUsual + (fromUsual - state.meanFromUsual) / MEAN_READINGS
  const values = [value, mean, n === 1 ? null : roughness, fromUsual, fromUsual === null ? null : meanFromUsual]
  let most = 0
  const bounds = looks.map(({ weight, warmUp }, look) => {
    const known = state.bounds[look]!
    const at = values[look] ?? null
    if (at === null) return known
    if (known.n >= options.learnReadings + warmUp) {
      const { ever, lately } = excessOf(known, at, options.smallestRange)
      most = Math.max(most, weight * Math.max(scoreOf(ever), FADED_WEIGHT * scoreOf(lately)))
    }
    return bounded(known, at, options)
  })
  const bar = state.bar * 0.5 ** (1 / options.restReadings)
  const score = most > bar ? most : 0
  const next = { n, last: value, mean, roughness, meanFromUsual, bounds, score, bar: Math.max(bar, score) }
  return { ...state, ...next, count: state.count + 1, sum: state.sum + value }
}

/** How unusual the last reading was: 0 to 1, whatever the metric. */
export const unusualness = ({ score }: { score: number }): number => score

/**
 * Breaches when a series does what it has never done before: its value, its mean over twelve readings, how much it moves, or how
 * far it is from what is usual at this time of day leave everything known by a good part of its whole range. Needs no limit, so
 * one set of options serves every metric; it cannot say whether what is new is bad. What was news once is known afterwards.
 */
export const unusual: SeriesRule<Options, State> = {
  name: 'unusual',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  learns: true,
  start,

  complete(_options, { metric }) {
    const known = metricOf(metric ?? '')
    return { smallestRange: known ? 10 * 10 ** -known.digits : 0 }
  },

  check(_options, { metric }) {
    const flag = metricOf(metric ?? '')?.kind === 'flag'
    return flag ? { path: '/metric', message: `${metric} is a 0/1 metric; a state rule judges it` } : null
  },

  resume: ({ level }) => ({ ...start, delay: tripped({ level, limitName: null, limit: null }) }),

  step(options, before, sample) {
    const { value, at, held, quality } = sample
    const judged = held ? { ...before, score: 0 } : seen(before, value, halfHourOf(at, options.utcOffsetMinutes), options)
    const breach: Breach | null = judged.score >= options.score ? { level: options.level, limitName: null, limit: null } : null
    const delays = { onDelayMs: 0, offDelayMs: options.offDelayMs }
    const { delay, verdict, wakeAt } = delayed(delays, before.delay, { breach, inside: breach === null }, sample)
    // Nothing is learned from a reading nobody can be sure of.
    const state = held || quality !== 'good' ? { ...before, score: judged.score, delay } : { ...judged, delay }
    return { state, verdict, wakeAt }
  },

  quiet: () => null,

  knowledge: ({ learnReadings }, { n }) => ({
    known: n >= learnReadings,
    learned: Math.min(n, learnReadings),
    of: learnReadings,
  }),
}
