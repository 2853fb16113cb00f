import { Type, type Static } from 'typebox'
import { LevelSchema, TextSchema } from '../../core/rule.ts'
import { fenceKinds, FenceSelectionSchema } from '../../core/fence.ts'
import type { Fences } from '../../core/fence-book.ts'
import { metresOutside, ShapeIndex, ShapeSchema, type Point } from '../../core/shape.ts'
import { delayed, nameOfDrawn, tripped, type Breach, type Delay, type PositionRule } from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const Kmh = Type.Number({ minimum: 1, maximum: 250 })
const RoadSchema = Type.Object(
  { id: Type.String({ minLength: 1, maxLength: 64 }), name: Type.Optional(TextSchema), shape: ShapeSchema, limitKmh: Kmh },
  { additionalProperties: false },
)
const BandSchema = Type.Object(
  { overPct: Type.Number({ minimum: 0, maximum: 500 }), level: LevelSchema },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  limitKmh: { ...Kmh, default: 80, description: 'where no road is known; the lower of two known ones counts' },
  roads: Type.Array(RoadSchema, { maxItems: 10_000, default: [], description: 'roads and areas with a limit of their own' }),
  among: {
    ...FenceSelectionSchema,
    default: { kinds: [...fenceKinds] },
    description: 'drawn fences whose limitKmh counts as well',
  },
  bands: Type.Array(BandSchema, {
    minItems: 1,
    maxItems: 8,
    default: [
      { overPct: 0, level: 'blue' },
      { overPct: 10, level: 'yellow' },
      { overPct: 20, level: 'orange' },
      { overPct: 50, level: 'red' },
    ],
    description: 'level by how far the speed is over the limit',
  }),
  deadbandKmh: Type.Number({ minimum: 0, maximum: 50, default: 3 }),
  onDelayMs: { ...Duration, default: 10_000 },
  offDelayMs: { ...Duration, default: 10_000 },
})
type Options = Static<typeof OptionsSchema>
type State = { delay: Delay }
const start: State = { delay: null }

const compiled = new WeakMap<object, ShapeIndex>()

function indexOf({ roads }: Options): ShapeIndex {
  let index = compiled.get(roads)
  if (!index) {
    const shapes = roads.map(({ shape }) => shape)
    compiled.set(roads, (index = new ShapeIndex(shapes, 0)))
  }
  return index
}

const unknownRoad = { zh: '道路等级未知', en: 'road class unknown' }

type Limit = { limit: number; detail: { zh: string; en: string } }

/** The lowest limit that holds here, and of which road. */
function limitAt(options: Options, fences: Fences, at: Point): Limit {
  const found: Limit[] = []
  for (const number of indexOf(options).near(at)) {
    const { shape, limitKmh, name, id } = options.roads[number]!
    if (metresOutside(shape, at) === 0) found.push({ limit: limitKmh, detail: name ?? { zh: id, en: id } })
  }
  for (const { fence } of fences.near(options.among, at, 0)) {
    if (fence.limitKmh !== null) found.push({ limit: fence.limitKmh, detail: nameOfDrawn(fence) })
  }
  const unknown: Limit = { limit: options.limitKmh, detail: unknownRoad }
  return found.length === 0 ? unknown : found.reduce((lowest, one) => (one.limit < lowest.limit ? one : lowest))
}

/**
 * Breaches once a vehicle has been faster than the road allows for onDelayMs, at a level by how much. Only speeds the device sent
 * itself count: one worked out from two positions jumps with every drift.
 */
export const speed: PositionRule<Options, State> = {
  name: 'speed',
  over: 'position',
  options: OptionsSchema,
  needsMetric: false,
  about: 'speedKmh',
  start,
  complete: () => ({}),
  check: ({ bands }) =>
    bands.some(({ overPct }) => overPct === 0) ? null : { path: '/bands', message: 'one band starts at overPct 0' },
  resume: ({ bands }) => ({ delay: tripped({ level: bands[0]!.level, limitName: null, limit: null }) }),

  step(options, before, position, { fences }) {
    const { speedKmh, speedIsDerived, longitude, latitude } = position
    if (speedKmh === null || speedIsDerived) return { state: before, verdict: 'unchanged', wakeAt: null }
    const { limit, detail } = limitAt(options, fences, [longitude, latitude])
    const overPct = ((speedKmh - limit) / limit) * 100
    const band = options.bands.filter((one) => overPct >= one.overPct).sort((a, b) => b.overPct - a.overPct)[0]
    // At the limit is still allowed.
    const breach: Breach | null =
      band && speedKmh > limit ? { level: band.level, limitName: null, limit, detail, value: speedKmh } : null
    const found = { breach, inside: speedKmh <= limit - options.deadbandKmh }
    const { delay, verdict, wakeAt } = delayed(options, before.delay, found, position)
    return { state: delay === null ? start : { delay }, verdict, wakeAt }
  },
}
