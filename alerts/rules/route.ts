import { Type, type Static } from 'typebox'
import { FenceSelectionSchema, type FenceKind } from '../../core/fence.ts'
import { isSelected, type Fences } from '../../core/fence-book.ts'
import { LevelSchema, TextSchema } from '../../core/rule.ts'
import { metresFromEdge, metresToPath, PathSchema, type Point } from '../../core/shape.ts'
import {
  COULD_NOT_RUN,
  delayed,
  nameOfDrawn,
  tripped,
  type Attributes,
  type Breach,
  type Delay,
  type PositionRule,
} from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const RouteSchema = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 64 }),
    name: Type.Optional(TextSchema),
    path: PathSchema,
    halfWidthM: Type.Number({ minimum: 10, maximum: 50_000 }),
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  level: LevelSchema,
  routes: Type.Array(RouteSchema, {
    maxItems: 1_000,
    default: [],
    description: 'written here; a vehicle that names no route may take any of them',
  }),
  among: {
    ...FenceSelectionSchema,
    default: { kinds: ['route'] satisfies FenceKind[] },
    description: 'drawn fences that are routes, for vehicles that name them',
  },
  routeAttribute: Type.String({
    default: 'route',
    description: 'attribute that names the approved route of a vehicle, or several, with commas between',
  }),
  marginM: Type.Number({ minimum: 0, maximum: 5_000, default: 30, description: 'being back counts this far inside' }),
  onDelayMs: { ...Duration, default: 60_000 },
  offDelayMs: { ...Duration, default: 60_000 },
})
type Options = Static<typeof OptionsSchema>
type State = { delay: Delay }
const start: State = { delay: null }

/** `halfWidthM`: how far from its middle one may be, where it has one */
type Way = { name: { zh: string; en: string }; halfWidthM: number; fromEdge(at: Point): number }

const wayOf = ({ id, name, path, halfWidthM }: Options['routes'][number]): Way => ({
  name: name ?? { zh: id, en: id },
  halfWidthM,
  fromEdge: (at) => metresToPath(at, path) - halfWidthM,
})

function wayDrawn({ among }: Options, fences: Fences, id: string): Way | null {
  const drawn = fences.get(id)
  if (!drawn || !isSelected(among, drawn.fence)) return null
  const { fence, shape } = drawn
  const halfWidthM = 'corridor' in shape ? shape.halfWidthM : 0
  return { name: nameOfDrawn(fence), halfWidthM, fromEdge: (at) => metresFromEdge(shape, at) }
}

/** The routes this vehicle may take; none when none is asked of it, null when it names one nobody drew. */
function waysOf(options: Options, attributes: Attributes, fences: Fences): Way[] | null {
  const named = attributes[options.routeAttribute]
  if (named === undefined || named === null || named === '') return options.routes.map(wayOf)
  const ids = String(named).split(',')
  const ways = ids.map((given) => {
    const id = given.trim()
    const written = options.routes.find((one) => one.id === id)
    return written ? wayOf(written) : wayDrawn(options, fences, id)
  })
  return ways.includes(null) ? null : (ways as Way[])
}

/** The route whose edge is nearest, and how far outside it the position is (negative inside). */
function nearest(ways: Way[], at: Point): { way: Way; outsideM: number } {
  let best = { way: ways[0]!, outsideM: Infinity }
  for (const way of ways) {
    const outsideM = way.fromEdge(at)
    if (outsideM < best.outsideM) best = { way, outsideM }
  }
  return best
}

/** Breaches once a vehicle has been off its approved route for onDelayMs. One whose route nobody drew is not judged, and that is said. */
export const route: PositionRule<Options, State> = {
  name: 'route',
  over: 'position',
  options: OptionsSchema,
  needsMetric: false,
  about: null,
  start,
  complete: () => ({}),

  check({ routes }) {
    const seen = new Set<string>()
    const twice = routes.findIndex(({ id }) => seen.size === seen.add(id).size)
    return twice < 0 ? null : { path: `/routes/${twice}/id`, message: `there are two routes ${routes[twice]!.id}` }
  },

  resume: ({ level }) => ({ delay: tripped({ level, limitName: null, limit: null }) }),

  step(options, before, position, { attributes, fences }) {
    const ways = waysOf(options, attributes, fences)
    if (ways === null) {
      return { state: start, verdict: { level: 'blue', limitName: COULD_NOT_RUN, limit: null }, wakeAt: null }
    }
    if (ways.length === 0) return { state: start, verdict: position.quality === 'good' ? 'clear' : 'unchanged', wakeAt: null }
    const { way, outsideM } = nearest(ways, [position.longitude, position.latitude])
    const { name: detail, halfWidthM } = way
    const breach: Breach | null =
      outsideM > 0
        ? { level: options.level, limitName: null, limit: halfWidthM, detail, value: Math.round(outsideM + halfWidthM) }
        : null
    const inside = outsideM <= -Math.min(options.marginM, halfWidthM / 2)
    const { delay, verdict, wakeAt } = delayed(options, before.delay, { breach, inside }, position)
    return { state: delay === null ? start : { delay }, verdict, wakeAt }
  },
}
