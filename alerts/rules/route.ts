import { Type, type Static } from 'typebox'
import { LevelSchema, TextSchema } from '../../core/rule.ts'
import { metresToPath, PathSchema, type Point } from '../../core/shape.ts'
import { COULD_NOT_RUN, delayed, tripped, type Attributes, type Breach, type Delay, type PositionRule } from './rule.ts'

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
  routes: Type.Array(RouteSchema, { minItems: 1, maxItems: 1_000 }),
  routeAttribute: Type.String({
    default: 'route',
    description: 'attribute that names the approved route of a vehicle; without it any of the routes will do',
  }),
  marginM: Type.Number({ minimum: 0, maximum: 5_000, default: 30, description: 'being back counts this far inside' }),
  onDelayMs: { ...Duration, default: 60_000 },
  offDelayMs: { ...Duration, default: 60_000 },
})
type Options = Static<typeof OptionsSchema>
type Route = Options['routes'][number]
type State = { delay: Delay }
const start: State = { delay: null }

/** The routes this vehicle may take; null when it has one nobody drew. */
function routesOf({ routes, routeAttribute }: Options, attributes: Attributes): Route[] | null {
  const named = attributes[routeAttribute]
  if (named === undefined || named === null || named === '') return routes
  const own = routes.filter(({ id }) => id === String(named))
  return own.length === 0 ? null : own
}

/** The route whose corridor is nearest, and how far outside it the position is (negative inside). */
function nearest(routes: Route[], at: Point): { route: Route; outsideM: number } {
  let best = { route: routes[0]!, outsideM: Infinity }
  for (const route of routes) {
    const outsideM = metresToPath(at, route.path) - route.halfWidthM
    if (outsideM < best.outsideM) best = { route, outsideM }
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

  step(options, before, position, { attributes }) {
    const routes = routesOf(options, attributes)
    if (routes === null) {
      return { state: start, verdict: { level: 'blue', limitName: COULD_NOT_RUN, limit: null }, wakeAt: null }
    }
    const { route: own, outsideM } = nearest(routes, [position.longitude, position.latitude])
    const breach: Breach | null =
      outsideM > 0
        ? {
            level: options.level,
            limitName: null,
            limit: own.halfWidthM,
            detail: own.name ?? { zh: own.id, en: own.id },
            value: Math.round(outsideM + own.halfWidthM),
          }
        : null
    const inside = outsideM <= -Math.min(options.marginM, own.halfWidthM / 2)
    const { delay, verdict, wakeAt } = delayed(options, before.delay, { breach, inside }, position)
    return { state: delay === null ? start : { delay }, verdict, wakeAt }
  },
}
