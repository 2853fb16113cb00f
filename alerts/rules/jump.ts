import { Type, type Static } from 'typebox'
import { splitChannel } from '../../core/metrics.ts'
import { LevelSchema } from '../../core/rule.ts'
import { delayed, tripped, type Breach, type Delay, type Sample, type SeriesRule } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  perSecond: Type.Number({
    exclusiveMinimum: 0,
    description: 'nothing real changes faster than this, in the unit of the metric',
  }),
  deadband: Type.Number({ minimum: 0, description: 'a change up to this is never a jump, however fast' }),
  usual: Type.Union([Type.Null(), Type.Object({ from: Type.Number(), to: Type.Number() }, { additionalProperties: false })], {
    default: null,
    description: 'readings in here are not compared; no wider than the deadband, so that nothing in it can be a jump',
  }),
  danger: Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('both'), Type.Literal('none')]),
  jumps: Type.Integer({ minimum: 1, maximum: 20, default: 3, description: 'one alone is a step of the world or a late packet' }),
  withinMs: Type.Number({ minimum: 1_000, maximum: 86_400_000, default: 600_000, description: 'so many within this time' }),
  offDelayMs: Type.Number({
    minimum: 0,
    maximum: 86_400_000,
    default: 600_000,
    description: 'over when nothing has jumped for so long',
  }),
})
type Options = Static<typeof OptionsSchema>

/** The last reading, when it jumped of late, and whether this one jumped towards danger. */
type State = { at: number; value: number; jumpedAt: number[]; delay: Delay; doubtful?: true }
const start: State = { at: -1, value: 0, jumpedAt: [], delay: null }

type Habit = Pick<Options, 'perSecond' | 'deadband' | 'danger' | 'usual'>
/** What the quantity itself allows; a diffusion gas sensor needs seconds for its whole range, water in a tank much longer. */
const habits: Record<string, Habit> = {
  combustibleLel: { perSecond: 20, deadband: 30, usual: { from: -5, to: 25 }, danger: 'up' },
  toxicPpm: { perSecond: 100, deadband: 100, usual: { from: -50, to: 50 }, danger: 'up' },
  oxygenVol: { perSecond: 2, deadband: 4, usual: { from: 19, to: 23 }, danger: 'both' },
  temperatureC: { perSecond: 20, deadband: 60, usual: { from: -10, to: 50 }, danger: 'up' },
  pressureMpa: { perSecond: 1, deadband: 0.6, usual: { from: 0, to: 0.6 }, danger: 'both' },
  levelM: { perSecond: 0.1, deadband: 0.5, usual: null, danger: 'both' },
  smokeObscuration: { perSecond: 2, deadband: 4, usual: { from: 0, to: 4 }, danger: 'up' },
  speedKmh: { perSecond: 30, deadband: 60, usual: { from: 0, to: 60 }, danger: 'none' },
  mileageKm: { perSecond: 0.1, deadband: 5, usual: null, danger: 'none' },
}

/** Which way a value jumped: faster than the quantity can change, in the time between two readings. Null when it did not. */
export function jumpOf(
  { perSecond, deadband }: Pick<Options, 'perSecond' | 'deadband'>,
  change: number,
  afterMs: number,
): 'up' | 'down' | null {
  const size = Math.abs(change)
  // Stamps may be rounded to whole seconds, so a shorter time than one is not believed.
  if (size <= deadband || size <= (perSecond * Math.max(afterMs, 1000)) / 1000) return null
  return change > 0 ? 'up' : 'down'
}

/** A jump this way is towards danger: the reading is uncertain and counts, it is not thrown away (semantics 17). */
export const isTowardsDanger = (danger: Options['danger'], way: 'up' | 'down'): boolean => danger === 'both' || danger === way

/** What is known of the last reading: itself, or that it lay in the usual range about a period ago. */
function changeSince({ usual }: Options, before: State, { value, at, gap }: Sample, expectedPeriodMs: number) {
  if (before.at >= 0) return { change: value - before.value, afterMs: at - before.at }
  if (usual === null || gap || isUsual(usual, value)) return null
  return { change: value - (value > usual.to ? usual.to : usual.from), afterMs: expectedPeriodMs }
}

const isUsual = (usual: Options['usual'], value: number) => usual !== null && value > usual.from && value < usual.to

/**
 * Breaches when readings keep differing by more than the quantity can change in the time between them: a fault of the sensor or of
 * the line, shown beside whatever the value itself raises; the readings raise all the same and clear nothing meanwhile (semantics 17). `limitName` says which way,
 * `danger` when it was the dangerous one. In the usual range it rests and remembers nothing, so that calm sensors cost nothing.
 */
export const jump: SeriesRule<Options, State> = {
  name: 'jump',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  start,
  complete: (_options, { metric }) => habits[splitChannel(metric ?? '').metric] ?? { danger: 'none', deadband: 0 },

  check({ usual, deadband }) {
    if (usual === null || (usual.from < usual.to && usual.to - usual.from <= deadband * 1.000_001)) return null
    return { path: '/usual', message: `the usual range must not be wider than the deadband (${deadband})` }
  },

  resume: ({ level }, limitName) => ({ ...start, delay: tripped({ level, limitName, limit: null }) }),

  step(options, before, sample, { expectedPeriodMs }) {
    const { value, at, held } = sample
    const since = held ? null : changeSince(options, before, sample, expectedPeriodMs)
    const way = since && jumpOf(options, since.change, since.afterMs)
    const name = way && isTowardsDanger(options.danger, way) ? 'danger' : way
    const recent = before.jumpedAt.filter((then) => at - then < options.withinMs).slice(1 - options.jumps)
    const jumpedAt = way === null ? recent : [...recent, at].slice(-options.jumps)
    const isFault = way !== null && jumpedAt.length >= options.jumps
    const breach: Breach | null = isFault ? { level: options.level, limitName: name, limit: null } : null
    const delays = { onDelayMs: 0, offDelayMs: options.offDelayMs }
    const { delay, verdict, wakeAt } = delayed(delays, before.delay, { breach, inside: breach === null }, sample)
    if (delay === null && jumpedAt.length === 0 && isUsual(options.usual, value)) return { state: start, verdict, wakeAt }
    const doubtful = name === 'danger' || (held && before.doubtful === true)
    return { state: { at, value, jumpedAt, delay, ...(doubtful && { doubtful }) }, verdict, wakeAt }
  },

  /** A jump towards danger, and whatever a series says that keeps jumping. */
  doubts: ({ doubtful, delay }) => doubtful === true || (delay !== null && delay.tripped !== null),

  quiet: ({ usual }) => usual && { above: usual.from, below: usual.to },
}
