import { Type, type Static } from 'typebox'
import type { Fenced } from '../../core/fence-book.ts'
import { severity, type Level } from '../../core/level.ts'
import { staticGrades } from '../../core/risk.ts'
import { LevelSchema, TextSchema } from '../../core/rule.ts'
import { metresOutside, ShapeIndex, ShapeSchema, type Point, type Shape } from '../../core/shape.ts'
import {
  AmongSchema,
  CargoAttributeSchema,
  carries,
  delayed,
  nameOfDrawn,
  tripped,
  type Breach,
  type Delay,
  type Position,
  type PositionFacts,
  type PositionRule,
  type Step,
} from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const FenceSchema = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 64 }),
    name: Type.Optional(TextSchema),
    shape: ShapeSchema,
    level: Type.Optional(LevelSchema),
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  level: LevelSchema,
  when: Type.Enum(['enter', 'exit', 'dwell', 'stop', 'stop-outside'], {
    default: 'enter',
    description:
      'enter: being in a fence; exit: being in none; dwell: staying in one for stayMs; stop: standing still in one for stayMs; stop-outside: standing still in none of them for stayMs',
  }),
  fences: Type.Array(FenceSchema, { maxItems: 10_000, default: [], description: 'written here, beside those drawn on the map' }),
  among: AmongSchema,
  levelByGrade: Type.Optional(
    Type.Object(Object.fromEntries(staticGrades.map((grade) => [grade, Type.Optional(LevelSchema)])), {
      additionalProperties: false,
      description: 'in place of level, for drawn fences of these risk grades',
    }),
  ),
  cargo: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 20 }), {
      description: 'only vehicles that carry one of these UN classes, or nobody knows what; 2 is for 2.1 and 2.3 too',
    }),
  ),
  cargoAttribute: CargoAttributeSchema,
  stayMs: Type.Number({
    minimum: 0,
    maximum: 86_400_000,
    default: 1_800_000,
    description: 'for dwell, stop and stop-outside',
  }),
  movingKmh: Type.Number({ minimum: 0, maximum: 50, default: 5, description: 'up to this is standing still' }),
  marginM: Type.Number({ minimum: 0, maximum: 5_000, default: 30, description: 'leaving counts this far outside' }),
  onDelayMs: { ...Duration, default: 0 },
  offDelayMs: { ...Duration, default: 30_000 },
})
type Options = Static<typeof OptionsSchema>
type Place = { id: string; name: { zh: string; en: string }; level: Level; shape: Shape }

/** `fence`: the one the delay or the alarm is about */
type State = { delay: Delay; fence: string | null }
const start: State = { delay: null, fence: null }

type Written = { index: ShapeIndex; places: Place[]; byId: Map<string, Place> }
const compiled = new WeakMap<object, Written>()

/** Derived from the options once per version of the rule. */
function writtenIn({ fences, marginM, level }: Options): Written {
  let known = compiled.get(fences)
  if (!known) {
    const index = new ShapeIndex(
      fences.map(({ shape }) => shape),
      marginM,
    )
    const places = fences.map((one): Place => ({
      ...one,
      name: one.name ?? { zh: one.id, en: one.id },
      level: one.level ?? level,
    }))
    compiled.set(fences, (known = { index, places, byId: new Map(places.map((place) => [place.id, place])) }))
  }
  return known
}

function placeOfDrawn({ level, levelByGrade }: Options, { fence, shape }: Fenced): Place {
  const byGrade =
    fence.grade === null ? undefined : (levelByGrade as Record<string, Level | undefined> | undefined)?.[fence.grade]
  return { id: fence.id, name: nameOfDrawn(fence), level: byGrade ?? level, shape }
}

/** The places that are here or at most the margin away. */
function placesNear(options: Options, { fences }: PositionFacts, at: Point): Place[] {
  const { index, places } = writtenIn(options)
  const written = index
    .near(at)
    .map((number) => places[number]!)
    .filter(({ shape }) => metresOutside(shape, at) <= options.marginM)
  const drawn = options.among ? fences.near(options.among, at, options.marginM) : []
  return [...written, ...drawn.map((one) => placeOfDrawn(options, one))]
}

function placeCalled(options: Options, { fences }: PositionFacts, id: string): Place | undefined {
  const drawn = options.among === undefined ? undefined : fences.get(id)
  return writtenIn(options).byId.get(id) ?? (drawn && placeOfDrawn(options, drawn))
}

/** The place the position is in: the one it was in before unless another is worse. */
function placeAt(near: Place[], at: Point, before: string | null): Place | null {
  let found: Place | null = null
  for (const place of near) {
    if (metresOutside(place.shape, at) > 0) continue
    const gain = found === null ? 1 : severity[place.level] - severity[found.level]
    if (gain > 0 || (gain === 0 && place.id === before)) found = place
  }
  return found
}

/** The vehicle has to be in one of them, or has to stand still only in one of them. */
const isAboutOutside = ({ when }: Options) => when === 'exit' || when === 'stop-outside'
const isAboutStanding = ({ when }: Options) => when === 'stop' || when === 'stop-outside'

const onDelayOf = ({ when, onDelayMs, stayMs }: Options) => (when === 'enter' || when === 'exit' ? onDelayMs : stayMs)

const unchanged = (state: State): Step<State> => ({ state, verdict: 'unchanged', wakeAt: null })

function stepOutside(options: Options, before: State, position: Position, facts: PositionFacts, stands: boolean): Step<State> {
  const at: Point = [position.longitude, position.latitude]
  const { level, fences, among, offDelayMs } = options
  const count = fences.length + (among ? facts.fences.count(among) : 0)
  // Where nothing is drawn there is nothing to be outside of.
  const outside = count > 0 && placesNear(options, facts, at).length === 0
  const [only] = fences.length === 1 && count === 1 ? writtenIn(options).places : []
  const detail = only?.name ?? { zh: `${count}个区域`, en: `${count} areas` }
  const breach = outside && stands ? { level, limitName: null, limit: null, detail } : null
  const found = { breach, inside: breach === null }
  const { delay, verdict, wakeAt } = delayed({ onDelayMs: onDelayOf(options), offDelayMs }, before.delay, found, position)
  return { state: delay === null ? start : { delay, fence: null }, verdict, wakeAt }
}

/**
 * Breaches while a device is where it must not be, is not where it must be, or stays or stands too long. One alarm per device: it names
 * the worst place it is in; when it leaves that one for another, the alarm returns and is raised again for the other.
 */
export const geofence: PositionRule<Options, State> = {
  name: 'geofence',
  over: 'position',
  options: OptionsSchema,
  needsMetric: false,
  about: null,
  start,
  complete: () => ({}),

  check({ fences, among }) {
    if (fences.length === 0 && among === undefined) {
      return { path: '/fences', message: 'write fences here, or name drawn ones by `among` (ids, kinds, tags)' }
    }
    const seen = new Set<string>()
    const twice = fences.findIndex(({ id }) => seen.size === seen.add(id).size)
    return twice < 0 ? null : { path: `/fences/${twice}/id`, message: `there are two fences ${fences[twice]!.id}` }
  },

  resume: ({ level }) => ({ delay: tripped({ level, limitName: null, limit: null }), fence: null }),

  step(options, before, position, facts) {
    if (!carries(options.cargo, facts.attributes, options.cargoAttribute)) {
      return position.quality === 'good' ? { state: start, verdict: 'clear', wakeAt: null } : unchanged(before)
    }
    // A speed nobody knows is neither standing nor moving.
    if (isAboutStanding(options) && position.speedKmh === null) return unchanged(before)
    const stands = !isAboutStanding(options) || position.speedKmh! <= options.movingKmh
    if (isAboutOutside(options)) return stepOutside(options, before, position, facts, stands)
    const at: Point = [position.longitude, position.latitude]
    const place = stands ? placeAt(placesNear(options, facts, at), at, before.fence) : null
    const left = before.fence === null ? undefined : placeCalled(options, facts, before.fence)
    const isLeft = !stands || left === undefined || metresOutside(left.shape, at) > options.marginM
    if (place && before.delay !== null && place.id !== before.fence && isLeft) {
      // From one place straight into the next: the first is over, and the second is looked at on its own.
      if (position.quality === 'good') return { state: start, verdict: 'clear', wakeAt: position.at }
    }
    const breach: Breach | null = place && { level: place.level, limitName: null, limit: null, detail: place.name }
    const delays = { onDelayMs: onDelayOf(options), offDelayMs: options.offDelayMs }
    const found = { breach, inside: place === null && isLeft }
    const { delay, verdict, wakeAt } = delayed(delays, before.delay, found, position)
    return { state: delay === null ? start : { delay, fence: place?.id ?? before.fence }, verdict, wakeAt }
  },
}
