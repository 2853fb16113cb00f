import { Type, type Static } from 'typebox'
import { metresBetween, type Point } from '../../core/ground.ts'
import { LevelSchema } from '../../core/rule.ts'
import { delayed, tripped, type Breach, type Delay, type Position, type PositionRule } from './rule.ts'

const OptionsSchema = Type.Object({
  level: LevelSchema,
  when: Type.Enum(['jump', 'displaced', 'lost'], {
    description:
      'jump: the way between two fixes is faster than anything drives; displaced: it was not heard of, and is far from where it was; lost: it sends, but not where it is',
  }),
  fasterKmh: Type.Number({ minimum: 50, maximum: 2_000, default: 160, description: 'for jump' }),
  fartherM: Type.Number({
    minimum: 0,
    maximum: 100_000,
    default: 500,
    description: 'for jump: less is the noise of the receiver',
  }),
  jumps: Type.Integer({ minimum: 1, maximum: 20, default: 2, description: 'for jump: there and back are two' }),
  withinMs: Type.Number({ minimum: 10_000, maximum: 86_400_000, default: 600_000, description: 'for jump: so many within this' }),
  awayM: Type.Number({ minimum: 100, maximum: 1_000_000, default: 10_000, description: 'for displaced' }),
  unheardMs: Type.Number({ minimum: 60_000, maximum: 86_400_000, default: 1_800_000, description: 'for displaced' }),
  lostMs: Type.Number({ minimum: 0, maximum: 86_400_000, default: 300_000, description: 'for lost' }),
  offDelayMs: Type.Number({ minimum: 0, maximum: 86_400_000, default: 600_000 }),
})
type Options = Static<typeof OptionsSchema>

/** The last fix that could be believed, and when it jumped of late. */
type State = { fix: [longitude: number, latitude: number, at: number] | null; jumpedAt: number[]; delay: Delay }
const start: State = { fix: null, jumpedAt: [], delay: null }

const km = (metres: number) => Math.round(metres / 100) / 10

/** How far it has come since the last fix, and how long that took. Stamps may be rounded to whole seconds, so less than one is not believed. */
function wayFrom(fix: State['fix'], { longitude, latitude, at }: Position): { metres: number; ms: number } | null {
  if (fix === null) return null
  const [lon, lat, then] = fix
  return { metres: metresBetween([lon, lat], [longitude, latitude] as Point), ms: Math.max(at - then, 1_000) }
}

/**
 * Breaches when a receiver tells what cannot be: it jumps, it reappears far from where it was last heard, or it has no fix. `value` is
 * the distance in km, or for `lost` nothing.
 */
export const gps: PositionRule<Options, State> = {
  name: 'gps',
  over: 'position',
  options: OptionsSchema,
  needsMetric: false,
  about: null,
  hearsBad: true,
  start,
  complete: () => ({}),
  check: () => null,
  resume: ({ level, when }) => ({ ...start, delay: tripped({ level, limitName: when, limit: null }) }),

  step(options, before, position) {
    const { when, level, offDelayMs } = options
    const noFix = position.quality === 'bad'
    const way = noFix || position.held ? null : wayFrom(before.fix, position)
    const breachOf = (value?: number): Breach => ({ level, limitName: when, limit: null, ...(value !== undefined && { value }) })
    let breach: Breach | null = null
    let { jumpedAt } = before
    if (when === 'lost' && noFix) breach = breachOf()
    if (when === 'displaced' && way && way.ms >= options.unheardMs && way.metres >= options.awayM)
      breach = breachOf(km(way.metres))
    if (when === 'jump' && way) {
      const isJump = way.metres > options.fartherM && (way.metres / way.ms) * 3_600 > options.fasterKmh
      jumpedAt = [...jumpedAt, ...(isJump ? [position.at] : [])]
        .filter((then) => position.at - then < options.withinMs)
        .slice(-options.jumps)
      if (isJump && jumpedAt.length >= options.jumps) breach = breachOf(km(way.metres))
    }
    const fix: State['fix'] = noFix ? before.fix : [position.longitude, position.latitude, position.at]
    const delays = { onDelayMs: when === 'lost' ? options.lostMs : 0, offDelayMs }
    const found = { breach, inside: breach === null && !noFix }
    const { delay, verdict, wakeAt } = delayed(delays, before.delay, found, position)
    return { state: { fix: position.held ? before.fix : fix, jumpedAt, delay }, verdict, wakeAt }
  },
}
