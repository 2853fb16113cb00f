import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import { delayed, tripped, type Delay, type Finding, type SeriesLimit, type SeriesRule } from './rule.ts'
import { studentCdf } from './forecast/student.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const LimitSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9-]{1,16}$' }),
    above: Type.Optional(Type.Number()),
    below: Type.Optional(Type.Number()),
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  level: LevelSchema,
  limits: Type.Array(LimitSchema, {
    maxItems: 8,
    default: [],
    description: 'the limits to look out for; none: those of the threshold rules in force on the series',
  }),
  horizonMs: Type.Number({
    minimum: 10_000,
    maximum: 7 * 86_400_000,
    default: 1_800_000,
    description: 'warns when a limit will be reached within this time',
  }),
  windowMs: Type.Number({
    minimum: 10_000,
    maximum: 7 * 86_400_000,
    default: 1_800_000,
    description: 'the trend is that of this time, or of ten periods if they are longer',
  }),
  confidence: Type.Number({ minimum: 0.5, maximum: 0.999, default: 0.95 }),
  deadband: Type.Number({ minimum: 0, default: 0, description: 'clears when the value foreseen is this far inside the limit' }),
  onDelayMs: { ...Duration, default: 60_000 },
  offDelayMs: { ...Duration, default: 300_000 },
})
type Options = Static<typeof OptionsSchema>
type Limit = Pick<SeriesLimit, 'name' | 'above' | 'below'>

/** Means of buckets of time, oldest first, as [time, value, …] relative to `base`; the present bucket as sums. */
type State = { base: number; bucket: number; n: number; sumT: number; sumV: number; past: number[]; delay: Delay }

const BUCKETS = 10
const ENOUGH = 6
const PERIODS = 10
const start: State = { base: 0, bucket: -1, n: 0, sumT: 0, sumV: 0, past: [], delay: null }

function seen(state: State, value: number, at: number, width: number): State {
  const bucket = Math.floor(at / width)
  if (bucket === state.bucket) {
    return { ...state, n: state.n + 1, sumT: state.sumT + (at - state.base), sumV: state.sumV + value }
  }
  const oldest = (bucket - BUCKETS) * width
  const past: number[] = []
  for (let i = 0; i < state.past.length; i += 2) {
    if (state.past[i]! + state.base >= oldest) past.push(state.past[i]! + state.base - at, state.past[i + 1]!)
  }
  if (state.n > 0 && (state.bucket + 1) * width > oldest) past.push(state.sumT / state.n + state.base - at, state.sumV / state.n)
  return { base: at, bucket, n: 1, sumT: 0, sumV: value, past, delay: state.delay }
}

export type Trend = { at: number; value: number; slope: number; error: number; n: number; meanAt: number; spreadAt: number }

/** The straight line through the bucket means, and how far they lie from it. Null while there are too few. */
function trendOf(state: State): Trend | null {
  const points = state.n > 0 ? [...state.past, state.sumT / state.n, state.sumV / state.n] : state.past
  const n = points.length / 2
  if (n < ENOUGH) return null
  let meanAt = 0
  let mean = 0
  for (let i = 0; i < points.length; i += 2) {
    meanAt += points[i]! / n
    mean += points[i + 1]! / n
  }
  let spreadAt = 0
  let slope = 0
  for (let i = 0; i < points.length; i += 2) {
    spreadAt += (points[i]! - meanAt) ** 2
    slope += (points[i]! - meanAt) * (points[i + 1]! - mean)
  }
  if (spreadAt === 0) return null
  slope /= spreadAt
  let squares = 0
  for (let i = 0; i < points.length; i += 2) squares += (points[i + 1]! - mean - slope * (points[i]! - meanAt)) ** 2
  const error = Math.sqrt(squares / (n - 2))
  return { at: state.base, value: mean, slope, error, n, meanAt: state.base + meanAt, spreadAt }
}

/** The value foreseen for a time, and its standard error. */
function foreseen(trend: Trend, at: number): { value: number; error: number } {
  const ahead = at - trend.meanAt
  const error = trend.error * Math.sqrt(1 + 1 / trend.n + (ahead * ahead) / trend.spreadAt)
  return { value: trend.value + trend.slope * ahead, error }
}

/** How sure it is that the value will be at or beyond the limit then: Student's t of the prediction. */
function certainty(trend: Trend, limit: Limit, at: number): number {
  const { value, error } = foreseen(trend, at)
  const beyond = limit.above !== undefined ? value - limit.above : limit.below! - value
  if (error === 0) return beyond >= 0 ? 1 : 0
  return studentCdf(beyond / error, trend.n - 2)
}

const isBeyond = ({ above, below }: Limit, value: number) => (above !== undefined ? value >= above : value <= below!)
const isTowards = ({ above }: Limit, slope: number) => (above !== undefined ? slope > 0 : slope < 0)

/** Milliseconds until the trend reaches the limit; Infinity when it does not. */
export const timeToLimit = (trend: Trend, limit: Limit, from: number): number => {
  const now = foreseen(trend, from).value
  if (isBeyond(limit, now)) return 0
  return isTowards(limit, trend.slope) ? ((limit.above ?? limit.below!) - now) / trend.slope : Infinity
}

function find(options: Options, limits: readonly Limit[], state: State, value: number, at: number): Finding {
  const trend = trendOf(state)
  if (trend === null) return { breach: null, inside: false }
  let nearest: Limit | null = null
  let soonest = Infinity
  let inside = true
  for (const limit of limits) {
    const bound = limit.above ?? limit.below!
    const { value: then } = foreseen(trend, at + options.horizonMs)
    const clear = limit.above !== undefined ? then < bound - options.deadband : then > bound + options.deadband
    inside &&= clear && !isBeyond(limit, value)
    // Once it is beyond the limit there is nothing to foresee: the threshold rule has the word.
    if (isBeyond(limit, value) || !isTowards(limit, trend.slope)) continue
    if (certainty(trend, limit, at + options.horizonMs) < options.confidence) continue
    const left = timeToLimit(trend, limit, at)
    if (left < soonest) [soonest, nearest] = [left, limit]
  }
  if (nearest === null) return { breach: null, inside }
  const minutes = Math.max(1, Math.round(soonest / 60_000))
  const detail = { zh: `约 ${minutes} 分钟后`, en: `in about ${minutes} min` }
  const limit = nearest.above ?? nearest.below!
  return { breach: { level: options.level, limitName: nearest.name, limit, detail }, inside }
}

/** Breaches when the trend of the last while will reach a limit within the horizon, with at least this confidence. */
export const forecast: SeriesRule<Options, State> = {
  name: 'forecast',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  learns: true,
  start,
  complete: () => ({}),

  check({ limits, horizonMs, windowMs }) {
    for (const [i, { above, below }] of limits.entries()) {
      if ((above === undefined) === (below === undefined)) {
        return { path: `/limits/${i}`, message: 'a limit has either `above` or `below`' }
      }
    }
    if (horizonMs > 2 * windowMs) {
      return { path: '/horizonMs', message: 'nobody can look further ahead than twice the time looked back on (windowMs)' }
    }
    return null
  },

  resume: ({ level }, limitName) => ({ ...start, delay: tripped({ level, limitName, limit: null }) }),

  step(options, before, sample, { expectedPeriodMs, limits }) {
    const width = Math.max(options.windowMs, PERIODS * expectedPeriodMs) / BUCKETS
    const state = sample.held ? before : seen(before, sample.value, sample.at, width)
    const found = find(options, options.limits.length > 0 ? options.limits : (limits ?? []), state, sample.value, sample.at)
    const { delay, verdict, wakeAt } = delayed(options, before.delay, found, sample)
    return { state: { ...state, delay }, verdict, wakeAt }
  },

  quiet: () => null,
}
