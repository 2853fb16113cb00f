import { Type, type Static } from 'typebox'
import { splitChannel } from '../../core/metrics.ts'
import { LevelSchema } from '../../core/rule.ts'
import { delayed, tripped, type Delay, type Breach, type SeriesRule } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  perSecond: Type.Number({
    exclusiveMinimum: 0,
    description: 'nothing real changes faster than this, in the unit of the metric',
  }),
  deadband: Type.Number({ minimum: 0, description: 'a change up to this is never a jump, however fast' }),
  danger: Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('both'), Type.Literal('none')]),
  offDelayMs: Type.Number({
    minimum: 0,
    maximum: 86_400_000,
    default: 600_000,
    description: 'over when nothing has jumped for so long',
  }),
})
type Options = Static<typeof OptionsSchema>

type State = { at: number; value: number; delay: Delay }
const start: State = { at: -1, value: 0, delay: null }

type Habit = Pick<Options, 'perSecond' | 'deadband' | 'danger'>
/** What the quantity itself allows; a diffusion gas sensor needs seconds for its whole range, water in a tank much longer. */
const habits: Record<string, Habit> = {
  combustibleLel: { perSecond: 20, deadband: 30, danger: 'up' },
  toxicPpm: { perSecond: 100, deadband: 100, danger: 'up' },
  oxygenVol: { perSecond: 2, deadband: 4, danger: 'both' },
  temperatureC: { perSecond: 20, deadband: 60, danger: 'up' },
  pressureMpa: { perSecond: 1, deadband: 0.6, danger: 'both' },
  levelM: { perSecond: 0.1, deadband: 0.5, danger: 'both' },
  smokeObscuration: { perSecond: 2, deadband: 4, danger: 'up' },
  speedKmh: { perSecond: 30, deadband: 60, danger: 'none' },
  mileageKm: { perSecond: 0.1, deadband: 5, danger: 'none' },
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

/**
 * Breaches when two readings differ by more than the quantity can change in the time between them: a fault of the sensor or of
 * the line, shown beside whatever the value itself raises. `limitName` says which way, `danger` when it was the dangerous one.
 */
export const jump: SeriesRule<Options, State> = {
  name: 'jump',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  start,
  complete: (_options, { metric }) => habits[splitChannel(metric ?? '').metric] ?? { danger: 'none', deadband: 0 },
  check: () => null,
  resume: ({ level }, limitName) => ({ ...start, delay: tripped({ level, limitName, limit: null }) }),

  step(options, before, sample) {
    const { value, at, held } = sample
    const way = held || before.at < 0 ? null : jumpOf(options, value - before.value, at - before.at)
    const name = way !== null && isTowardsDanger(options.danger, way) ? 'danger' : way
    const breach: Breach | null = way && { level: options.level, limitName: name, limit: null }
    const { delay, verdict, wakeAt } = delayed(
      { onDelayMs: 0, offDelayMs: options.offDelayMs },
      before.delay,
      { breach, inside: breach === null },
      sample,
    )
    return { state: { at, value, delay }, verdict, wakeAt }
  },

  quiet: () => null,
}
