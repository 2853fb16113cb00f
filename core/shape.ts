import Flatbush from 'flatbush'
import pointInPolygon from 'point-in-polygon-hao'
import { Type, type Static } from 'typebox'
import { M_PER_DEGREE, metresBetween, type Point } from './ground.ts'

export { metresBetween, moved, type Point } from './ground.ts'

/*
 * Places on the map. Coordinates are [longitude, latitude] in WGS-84 degrees, as GeoJSON writes them; distances are metres on a
 * sphere, which is right to a few tenths of a percent and so far better than a vehicle's fix.
 */

const PointSchema = Type.Tuple([Type.Number({ minimum: -180, maximum: 180 }), Type.Number({ minimum: -90, maximum: 90 })])
const RingSchema = Type.Array(PointSchema, { minItems: 3, maxItems: 5_000 })
const strict = { additionalProperties: false } as const

export const PathSchema = Type.Array(PointSchema, { minItems: 2, maxItems: 20_000 })
export const ShapeSchema = Type.Union([
  Type.Object({ polygon: Type.Array(RingSchema, { minItems: 1, maxItems: 50, description: 'outer ring, then holes' }) }, strict),
  Type.Object({ circle: PointSchema, radiusM: Type.Number({ minimum: 1, maximum: 500_000 }) }, strict),
  Type.Object({ corridor: PathSchema, halfWidthM: Type.Number({ minimum: 1, maximum: 50_000 }) }, strict),
])
export type Shape = Static<typeof ShapeSchema>

const RAD = Math.PI / 180

/** Distance to a line through these points, on a plane laid at the point that asks. */
export function metresToPath([lon, lat]: Point, path: readonly (readonly number[])[], isRing = false): number {
  const scale = Math.cos(lat * RAD)
  let nearest = Infinity
  for (let i = isRing ? 0 : 1; i < path.length; i++) {
    const a = path[(i + path.length - 1) % path.length]!
    const b = path[i]!
    const ax = (a[0]! - lon) * scale
    const ay = a[1]! - lat
    const dx = (b[0]! - a[0]!) * scale
    const dy = b[1]! - a[1]!
    const length = dx * dx + dy * dy
    const along = length === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length))
    nearest = Math.min(nearest, Math.hypot(ax + along * dx, ay + along * dy))
  }
  return nearest * M_PER_DEGREE
}

const closed = (ring: readonly (readonly number[])[]): number[][] => {
  const [first, last] = [ring[0]!, ring.at(-1)!]
  const same = first[0] === last[0] && first[1] === last[1]
  return (same ? ring : [...ring, first]) as number[][]
}

/** Metres to the shape's edge from outside; 0 inside and on the edge. */
export function metresOutside(shape: Shape, at: Point): number {
  if ('circle' in shape) return Math.max(0, metresBetween(shape.circle as Point, at) - shape.radiusM)
  if ('corridor' in shape) return Math.max(0, metresToPath(at, shape.corridor) - shape.halfWidthM)
  if (pointInPolygon(at, shape.polygon.map(closed)) !== false) return 0
  return Math.min(...shape.polygon.map((ring) => metresToPath(at, ring, true)))
}

/** Metres to the shape's edge: from outside positive, from inside negative. */
export function metresFromEdge(shape: Shape, at: Point): number {
  if ('circle' in shape) return metresBetween(shape.circle as Point, at) - shape.radiusM
  if ('corridor' in shape) return metresToPath(at, shape.corridor) - shape.halfWidthM
  const edge = Math.min(...shape.polygon.map((ring) => metresToPath(at, ring, true)))
  return pointInPolygon(at, shape.polygon.map(closed)) === false ? edge : -edge
}

/** [west, south, east, north], with so many metres around it. */
function boxOf(shape: Shape, aroundM: number): [number, number, number, number] {
  const points = 'polygon' in shape ? shape.polygon[0]! : 'corridor' in shape ? shape.corridor : [shape.circle]
  const reach = aroundM + ('circle' in shape ? shape.radiusM : 'corridor' in shape ? shape.halfWidthM : 0)
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const point of points) {
    const [lon, lat] = point as Point
    box[0] = Math.min(box[0], lon)
    box[1] = Math.min(box[1], lat)
    box[2] = Math.max(box[2], lon)
    box[3] = Math.max(box[3], lat)
  }
  // Meridians are closest at the end that is farther from the equator.
  const farthest = Math.min(89, Math.max(Math.abs(box[1]), Math.abs(box[3])) + reach / M_PER_DEGREE)
  const dLat = (reach / M_PER_DEGREE) * 1.001
  const dLon = dLat / Math.cos(farthest * RAD)
  return [box[0] - dLon, box[1] - dLat, box[2] + dLon, box[3] + dLat]
}

/** Finds the few shapes worth measuring among thousands. */
export class ShapeIndex {
  #tree: Flatbush | null

  constructor(shapes: readonly Shape[], aroundM: number) {
    this.#tree = shapes.length > 0 ? new Flatbush(shapes.length) : null
    for (const shape of shapes) this.#tree!.add(...boxOf(shape, aroundM))
    this.#tree?.finish()
  }

  /** Numbers of the shapes that may be within the distance given at the start, or so many metres more, ascending. */
  near([lon, lat]: Point, withinM = 0): number[] {
    if (!this.#tree) return []
    const [west, south, east, north] = boxOf({ circle: [lon, lat], radiusM: withinM }, 0)
    return this.#tree.search(west, south, east, north).sort((a, b) => a - b)
  }
}
