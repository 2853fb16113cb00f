import { Type, type Static } from 'typebox'
import { metricOf } from '../../core/metrics.ts'
import { LevelSchema } from '../../core/rule.ts'
import { halfHourOf, hourOf, knownSlots, learned, normalAt, slotOf, slotsOf, type Normal } from './deviation/norm.ts'
import { delayed, tripped, type Delay, type Finding, type SeriesRule } from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const Hour = Type.Number({ minimum: 0, maximum: 24, multipleOf: 0.5 })
const LimitSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9-]{1,16}$' }),
    spreads: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'so many times the usual spread of this time' })),
    percent: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'so many percent of what is normal at this time' })),
    level: LevelSchema,
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  limits: Type.Array(LimitSchema, { minItems: 1, maxItems: 4 }),
  direction: Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('both')], { default: 'both' }),
  judges: Type.Union([Type.Literal('readings'), Type.Literal('half-hours')], {
    default: 'readings',
    description: 'each reading, or the mean of each half hour',
  }),
  running: Type.Integer({ minimum: 1, maximum: 336, default: 1, description: 'so many half hours in a row (half-hours only)' }),
  hours: Type.Union([Type.Null(), Type.Object({ from: Hour, to: Hour }, { additionalProperties: false })], {
    default: null,
    description: 'judges only between these hours of the day',
  }),
  season: Type.Union([Type.Literal('day'), Type.Literal('weekend'), Type.Literal('week')], { default: 'weekend' }),
  learnDays: Type.Integer({ minimum: 1, maximum: 60, default: 5, description: 'a time of day is known after so many days' }),
  memoryDays: Type.Integer({ minimum: 2, maximum: 200, default: 14, description: 'older days fade' }),
  atLeast: Type.Number({ minimum: 0, description: 'a smaller difference is never a deviation, in the unit of the metric' }),
  utcOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840, default: 480 }),
  deadband: Type.Number({ minimum: 0, description: 'clears only this far inside the limit, in the unit of the metric' }),
  onDelayMs: { ...Duration, default: 0 },
  offDelayMs: { ...Duration, default: 600_000 },
})
type Options = Static<typeof OptionsSchema>
type Limit = Options['limits'][number]

type State = {
  /** see norm.ts */
  norm: string
  /** the present half hour, what it has brought so far, and what is normal for it (`days` 0: nobody knows) */
  half: number
  n: number
  mean: number
  spread: number
  normal: Normal
  /** per limit: half hours in a row beyond it */
  running: number[]
  delay: Delay
}

/** A half hour with fewer readings says nothing. */
const ENOUGH = 3
const nobodyKnows: Normal = { centre: 0, spread: 0, days: 0 }
const start: State = { norm: '', half: -1, n: 0, mean: 0, spread: 0, normal: nobodyKnows, running: [], delay: null }

/** How far from the centre a value must be. */
const sizeOf = ({ spreads, percent }: Limit, { centre, spread }: Normal, atLeast: number) =>
  Math.max(atLeast, spreads !== undefined ? spreads * spread : (percent! / 100) * Math.abs(centre))

function awayFrom({ centre }: Normal, value: number, direction: Options['direction']): number {
  const away = value - centre
  return direction === 'up' ? away : direction === 'down' ? -away : Math.abs(away)
}

const isWithin = (hours: Options['hours'], hour: number): boolean => {
  if (hours === null) return true
  return hours.from <= hours.to ? hour >= hours.from && hour < hours.to : hour >= hours.from || hour < hours.to
}

const judges = ({ hours, learnDays }: Options, half: number, normal: Normal): boolean =>
  normal.days >= learnDays && isWithin(hours, hourOf(half))

function beyondAny(options: Options, normal: Normal, value: number): boolean {
  const away = awayFrom(normal, value, options.direction)
  return options.limits.some((limit) => away >= sizeOf(limit, normal, options.atLeast))
}

/** Ends the half hour: what was normal in it is learned, what was not is counted and never becomes the norm. */
function ended(options: Options, state: State, half: number): State {
  const { season, limits, atLeast } = options
  let { norm, running } = state
  if (state.n >= ENOUGH) {
    let odd = false
    if (options.judges === 'half-hours' && judges(options, state.half, state.normal)) {
      const away = awayFrom(state.normal, state.mean, options.direction)
      running = limits.map((limit, i) => (away >= sizeOf(limit, state.normal, atLeast) ? (running[i] ?? 0) + 1 : 0))
      odd = running.some((count) => count > 0)
    }
    if (!odd) {
      const brought = { mean: state.mean, spread: state.spread }
      norm = learned(norm, season, slotOf(state.half, season), brought, options.memoryDays)
    }
  }
  const normal = normalAt(norm, season, slotOf(half, season)) ?? nobodyKnows
  return { norm, half, n: 0, mean: 0, spread: 0, normal, running, delay: state.delay }
}

function find(options: Options, state: State, value: number): Finding | null {
  const { limits, atLeast, deadband, direction, running } = options
  let worst: Limit | null = null
  if (options.judges === 'half-hours') {
    for (const [i, limit] of limits.entries()) if ((state.running[i] ?? 0) >= running) worst = limit
    return found(
      worst,
      state.normal,
      atLeast,
      state.running.every((count) => count === 0),
    )
  }
  if (!judges(options, state.half, state.normal)) return null
  const away = awayFrom(state.normal, value, direction)
  let smallest = Infinity
  for (const limit of limits) {
    const size = sizeOf(limit, state.normal, atLeast)
    if (away >= size) worst = limit
    smallest = Math.min(smallest, size)
  }
  return found(worst, state.normal, atLeast, away < smallest - deadband)
}

/** `limit` of the breach is the value at which the norm ends on the near side, as a person reads it. */
function found(worst: Limit | null, normal: Normal, atLeast: number, inside: boolean): Finding {
  if (worst === null) return { breach: null, inside }
  const size = Number(sizeOf(worst, normal, atLeast).toPrecision(4))
  return { breach: { level: worst.level, limitName: worst.name, limit: size }, inside: false }
}

/** Takes a good value into the present half hour. */
function taken(state: State, value: number): State {
  const n = state.n + 1
  const mean = state.mean + (value - state.mean) / n
  return { ...state, n, mean, spread: state.spread + (Math.abs(value - mean) - state.spread) / n }
}

/**
 * Breaches when a value is far from what this series usually is at this time of day. It learns online, never from what it found
 * odd; until a time of day has been seen on `learnDays` days it does not know, says so (`knowledge`) and raises nothing. What
 * changed for good is learned again only by a new version of the rule: a leak must not become the norm by lasting.
 */
export const deviation: SeriesRule<Options, State> = {
  name: 'deviation',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  learns: true,
  start,

  complete({ judges: what }, { metric }) {
    const lastDigit = 10 ** -(metricOf(metric ?? '')?.digits ?? 2)
    return { atLeast: 2 * lastDigit, deadband: lastDigit, ...(what === 'half-hours' ? { offDelayMs: 0 } : {}) }
  },

  check({ limits, judges: what, running }) {
    for (const [i, { spreads, percent }] of limits.entries()) {
      if ((spreads === undefined) === (percent === undefined)) {
        return { path: `/limits/${i}`, message: 'a limit has either `spreads` or `percent`' }
      }
    }
    if (what === 'readings' && running > 1) {
      return { path: '/running', message: '`running` counts half hours: set judges to half-hours' }
    }
    return null
  },

  resume({ limits }, limitName) {
    const limit = limits.find(({ name }) => name === limitName) ?? limits[0]!
    return { ...start, delay: tripped({ level: limit.level, limitName: limit.name, limit: null }) }
  },

  step(options, before, sample) {
    const half = halfHourOf(sample.at, options.utcOffsetMinutes)
    let state = half === before.half ? before : ended(options, before, half)
    const finding = find(options, state, sample.value)
    const odd =
      options.judges === 'readings' && judges(options, half, state.normal) && beyondAny(options, state.normal, sample.value)
    if (!sample.held && sample.quality === 'good' && !odd) state = taken(state, sample.value)
    // What nobody knows neither raises nor clears.
    if (finding === null) return { state, verdict: 'unchanged', wakeAt: null }
    const { delay, verdict, wakeAt } = delayed(options, state.delay, finding, sample)
    return { state: { ...state, delay }, verdict, wakeAt }
  },

  quiet: () => null,

  knowledge({ season, learnDays }, { norm }) {
    const known = knownSlots(norm, season, learnDays)
    return { known: known === slotsOf(season), learned: known, of: slotsOf(season) }
  },
}
