import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import { delayed, tripped, type Delay, type Finding, type Breach, type SeriesRule } from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const LimitSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9-]{1,16}$' }),
    by: Type.Number({
      exclusiveMinimum: 0,
      description: 'fires when the value has changed by at least this, in the unit of the metric',
    }),
    level: LevelSchema,
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  limits: Type.Array(LimitSchema, { minItems: 1, maxItems: 8 }),
  direction: Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('both')], { default: 'both' }),
  withinMs: Type.Number({
    minimum: 1_000,
    maximum: 7 * 86_400_000,
    default: 60_000,
    description: "the change is measured over this time, or over four of the device's periods if they are longer",
  }),
  deadband: Type.Number({ minimum: 0, description: 'clears only when the change is this much smaller than the limit' }),
  onDelayMs: { ...Duration, default: 0 },
  offDelayMs: { ...Duration, default: 60_000 },
})
type Options = Static<typeof OptionsSchema>

/**
 * One reading alone proves nothing: a level counts as reached when two readings in a row reached it. `high` and `low` are the
 * highest and lowest such levels of the present bucket of time, `past` those of the buckets before, as [bucket, high, low, …].
 */
type State = {
  at: number
  value: number
  before: number | null
  bucket: number
  high: number | null
  low: number | null
  past: number[]
  delay: Delay
}

const BUCKETS = 8
/** Two readings before and two after, and one of them late: the change is then three periods wide. */
const PERIODS = 4
const start: State = { at: -1, value: 0, before: null, bucket: -1, high: null, low: null, past: [], delay: null }

const widthOf = ({ withinMs }: Options, expectedPeriodMs: number) => Math.max(withinMs, PERIODS * expectedPeriodMs) / BUCKETS

/** The state with this reading in it. */
function seen(state: State, value: number, at: number, width: number): State {
  const bucket = Math.floor(at / width)
  const oldest = bucket - BUCKETS
  const isPair = state.at >= 0 && at - state.at <= width * BUCKETS
  const before = isPair ? state.value : null
  const high = before === null ? null : Math.min(value, before)
  const low = before === null ? null : Math.max(value, before)
  if (bucket === state.bucket) {
    const highest = high === null ? state.high : state.high === null ? high : Math.max(high, state.high)
    const lowest = low === null ? state.low : state.low === null ? low : Math.min(low, state.low)
    return { ...state, at, value, before, high: highest, low: lowest }
  }
  const past: number[] = []
  for (let i = 0; i < state.past.length; i += 3) {
    if (state.past[i]! > oldest) past.push(state.past[i]!, state.past[i + 1]!, state.past[i + 2]!)
  }
  if (state.high !== null && state.low !== null && state.bucket > oldest) past.push(state.bucket, state.high, state.low)
  return { at, value, before, bucket, high, low, past, delay: state.delay }
}

/** How far the value has risen (or fallen) within the window; an outlier at either end does not count. */
function changeOf(state: State, direction: Options['direction'], at: number, width: number): number {
  if (state.before === null) return 0
  const oldest = Math.floor(at / width) - BUCKETS
  let highest = state.bucket > oldest && state.high !== null ? state.high : -Infinity
  let lowest = state.bucket > oldest && state.low !== null ? state.low : Infinity
  for (let i = 0; i < state.past.length; i += 3) {
    if (state.past[i]! <= oldest) continue
    highest = Math.max(highest, state.past[i + 1]!)
    lowest = Math.min(lowest, state.past[i + 2]!)
  }
  const risen = Math.min(state.value, state.before) - lowest
  const fallen = highest - Math.max(state.value, state.before)
  if (direction === 'up') return Math.max(0, risen)
  return Math.max(0, direction === 'down' ? fallen : Math.max(risen, fallen))
}

function find({ limits, deadband }: Options, change: number): Finding {
  let worst: Options['limits'][number] | null = null
  let smallest = Infinity
  for (const limit of limits) {
    if (change >= limit.by && (worst === null || limit.by > worst.by)) worst = limit
    if (limit.by < smallest) smallest = limit.by
  }
  const breach: Breach | null = worst && { level: worst.level, limitName: worst.name, limit: worst.by }
  return { breach, inside: change < smallest - deadband }
}

/** Breaches when the value has changed by a limit or more within the window, and two readings in a row say so. */
export const rateOfChange: SeriesRule<Options, State> = {
  name: 'rate-of-change',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  start,

  complete({ limits }) {
    const sizes = Array.isArray(limits) ? limits.map((limit) => Number(limit?.by)).filter((by) => by > 0) : []
    return { deadband: sizes.length === 0 ? 0 : Math.min(...sizes) / 5 }
  },

  check({ limits, deadband }) {
    for (const [i, { name, by }] of limits.entries()) {
      if (limits.findIndex((other) => other.name === name) !== i) {
        return { path: `/limits/${i}/name`, message: `there are two limits ${name}` }
      }
      if (deadband >= by) return { path: '/deadband', message: `a deadband of ${deadband} leaves nothing of the limit ${by}` }
    }
    return null
  },

  resume({ limits }, limitName) {
    const limit = limits.find(({ name }) => name === limitName) ?? limits[0]!
    return { ...start, delay: tripped({ level: limit.level, limitName: limit.name, limit: limit.by }) }
  },

  step(options, before, sample, { expectedPeriodMs }) {
    const width = widthOf(options, expectedPeriodMs)
    const state = sample.held ? before : seen(before, sample.value, sample.at, width)
    const found = find(options, changeOf(state, options.direction, sample.at, width))
    const { delay, verdict, wakeAt } = delayed(options, before.delay, found, sample)
    return { state: { ...state, delay }, verdict, wakeAt }
  },

  quiet: () => null,
}
