import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import { metresBetween, moved, type Point } from '../../core/shape.ts'
import { delayed, type Delay, type GroupRule, type Position } from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const OptionsSchema = Type.Object({
  level: LevelSchema,
  attribute: Type.String({ default: 'convoy', description: 'attribute whose value names the convoy a vehicle is in' }),
  minM: Type.Number({ minimum: 0, maximum: 100_000, default: 100, description: 'closer than this while moving is too close' }),
  maxM: Type.Number({ minimum: 1, maximum: 100_000, default: 2_000, description: 'farther than this from every other is lost' }),
  movingKmh: Type.Number({ minimum: 0, maximum: 50, default: 20 }),
  onDelayMs: { ...Duration, default: 60_000 },
  offDelayMs: { ...Duration, default: 60_000 },
})
type Options = Static<typeof OptionsSchema>

type Vehicle = { device: string; position: Position; holdUntil: number; pos: number }
type State = { vehicles: Vehicle[]; delay: Delay; now: number }
const start: State = { vehicles: [], delay: null, now: -Infinity }

/** Where it is by now if it has gone on as it did. */
function pointAt({ longitude, latitude, speedKmh, headingDeg, at }: Position, now: number): Point {
  const here: Point = [longitude, latitude]
  if (speedKmh === null || headingDeg === null) return here
  return moved(here, headingDeg, (speedKmh / 3.6) * ((now - at) / 1000))
}

type Finding = { vehicles: Vehicle[]; metres: number; isLost: boolean }

/** The vehicle farthest from all others, if that is too far; else the two closest, if that is too close. */
function worst({ minM, maxM, movingKmh }: Options, vehicles: Vehicle[], now: number): Finding | null {
  const points = vehicles.map(({ position }) => pointAt(position, now))
  let lost: Finding | null = null
  let close: Finding | null = null
  for (const [i, vehicle] of vehicles.entries()) {
    let nearest = { metres: Infinity, other: vehicle }
    for (const [k, other] of vehicles.entries()) {
      if (k === i) continue
      const metres = metresBetween(points[i]!, points[k]!)
      if (metres < nearest.metres) nearest = { metres, other }
    }
    const { metres, other } = nearest
    if (metres > maxM && metres > (lost?.metres ?? 0)) lost = { vehicles: [vehicle], metres, isLost: true }
    const moving = (vehicle.position.speedKmh ?? 0) > movingKmh
    if (moving && metres < minM && metres < (close?.metres ?? Infinity))
      close = { vehicles: [vehicle, other], metres, isLost: false }
  }
  return lost ?? close
}

/** Breaches when vehicles of one convoy come too close to each other while moving, or one is lost. Who is not heard of is not measured. */
export const convoy: GroupRule<Options, State> = {
  name: 'convoy',
  over: 'group',
  options: OptionsSchema,
  needsMetric: false,
  start,
  complete: () => ({}),
  check: ({ minM, maxM }) => (minM >= maxM ? { path: '/maxM', message: 'maxM is more than minM' } : null),
  scope: ({ attribute }) => ({ attribute }),
  hears: () => ({ metrics: [], positions: true }),

  step(options, before, event, { nameOf }) {
    const now = Math.max(before.now, event.at)
    let vehicles = before.vehicles.filter(({ holdUntil }) => holdUntil >= now)
    if (event.is === 'left' || event.is === 'position') vehicles = vehicles.filter(({ device }) => device !== event.device)
    if (event.is === 'position') {
      const { device, position, holdUntil, pos } = event
      vehicles = [...vehicles, { device, position, holdUntil, pos }].sort((a, b) => (a.device < b.device ? -1 : 1))
    }
    const found = vehicles.length < 2 ? null : worst(options, vehicles, now)
    const names = found?.vehicles.map(({ device }) => nameOf(device)) ?? []
    const breach = found && {
      level: options.level,
      limitName: null,
      limit: found.isLost ? options.maxM : options.minM,
      value: Math.round(found.metres),
      detail: found.isLost
        ? { zh: `${names[0]}掉队`, en: `${names[0]} is lost` }
        : { zh: `${names.join('与')}过近`, en: `${names.join(' and ')} too close` },
    }
    // Fewer than two known positions prove nothing, neither way.
    const quality = event.is === 'position' && vehicles.length > 1 ? event.position.quality : 'uncertain'
    const { delay, verdict, wakeAt } = delayed(
      options,
      before.delay,
      { breach, inside: breach === null },
      { at: now, quality, gap: false },
    )
    const state = vehicles.length === 0 && delay === null ? start : { vehicles, delay, now }
    return { state, verdict, wakeAt, causes: (found?.vehicles ?? []).map(({ pos }) => pos) }
  },

  isAtRest: ({ vehicles }, device) => !vehicles.some((one) => one.device === device),
  quiet: () => null,
}
