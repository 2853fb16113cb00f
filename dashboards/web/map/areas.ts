import type { Fence } from '../../../core/fence.ts'
import { moved, type Point } from '../../../core/ground.ts'
import { pathOf, type Frame } from './frame.ts'
import type { Placed } from './placed.ts'

const ROUND = 48

/** A circle on the ground as a ring of [longitude, latitude]. */
export const circleRing = (centre: Point, radiusM: number): Point[] =>
  Array.from({ length: ROUND }, (_, i) => moved(centre, (i * 360) / ROUND, radiusM))

/** What lies downwind: from the place so many metres, as wide as the wind wavers. A direction, no dispersion model. */
export function downwindRing(from: Point, windDirDeg: number, metres: number, halfAngleDeg = 22.5): Point[] {
  const towards = windDirDeg + 180
  const arc = Array.from({ length: 13 }, (_, i) => moved(from, towards - halfAngleDeg + (i * halfAngleDeg) / 6, metres))
  return [from, ...arc]
}

const AROUND_M = 35

/** The ground a zone's devices stand on, where nobody has drawn the zone: their hull and some metres around it. */
export function hullRing(devices: readonly Placed[]): Point[] {
  const corners = hull(devices.map(({ place }): Point => [place.longitude, place.latitude]))
  return hull(corners.flatMap(roundOff))
}

const METRES_PER_DEGREE = 111_320
/** So near a place the ground is flat: no spherical reckoning for each of a thousand zones. */
function roundOff([longitude, latitude]: Point): Point[] {
  const perDegree = METRES_PER_DEGREE * Math.cos((latitude * Math.PI) / 180)
  return offsets.map(([east, north]) => [longitude + east / perDegree, latitude + north / METRES_PER_DEGREE])
}
const offsets = Array.from({ length: 12 }, (_, i) => {
  const angle = (i * Math.PI) / 6
  return [AROUND_M * Math.sin(angle), AROUND_M * Math.cos(angle)] as const
})

/** Andrew's monotone chain. */
function hull(points: Point[]): Point[] {
  if (points.length < 3) return points
  // Not toSorted and its like: the stated floor of browsers does not know them.
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const turn = (o: Point, a: Point, b: Point) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])
  const half = (of: Point[]) => {
    const chain: Point[] = []
    for (const point of of) {
      while (chain.length >= 2 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop()
      chain.push(point)
    }
    return chain.slice(0, -1)
  }
  return [...half(sorted), ...half([...sorted].reverse())]
}

/** The path of a fence; a corridor is its middle line, drawn as wide as it is. */
export function fencePath(frame: Frame, { shape }: Pick<Fence, 'shape'>): string {
  if (shape.type === 'polygon') return pathOf(frame, shape.points, true)
  if (shape.type === 'circle') return pathOf(frame, circleRing(shape.center as Point, shape.radiusM), true)
  return pathOf(frame, shape.points, false)
}

export const fencePoints = ({ shape }: Pick<Fence, 'shape'>): Point[] =>
  (shape.type === 'circle' ? circleRing(shape.center as Point, shape.radiusM) : shape.points) as Point[]
