export type Point = { latitude: number; longitude: number }

/** Middle of the fictional district. The ground is real, nothing that the simulator puts on it is. */
const CENTRE: Point = { latitude: 36.62, longitude: 117.3 }
const METRES_PER_DEGREE = 111_320

/** A place by its distance from the middle of the district. */
export function placeAt(eastM: number, northM: number): Point {
  const shrink = Math.cos((CENTRE.latitude * Math.PI) / 180)
  const digits = (degrees: number) => Math.round(degrees * 1e6) / 1e6
  return {
    latitude: digits(CENTRE.latitude + northM / METRES_PER_DEGREE),
    longitude: digits(CENTRE.longitude + eastM / (METRES_PER_DEGREE * shrink)),
  }
}

/** The district's roads, metres from its middle: four run north, three run east. */
export const northRoads = [-2_000, -700, 700, 2_000]
export const eastRoads = [-1_500, 0, 1_500]

/** Which block each truck circles: west and east road, south and north road, and the corner where its depot is. */
const blocks: [west: number, east: number, south: number, north: number, corner: number][] = [
  [0, 1, 0, 1, 0],
  [0, 2, 0, 1, 1],
  [0, 3, 0, 2, 2],
  [1, 2, 0, 2, 3],
  [1, 3, 1, 2, 0],
  [2, 3, 0, 1, 1],
  [0, 1, 1, 2, 2],
  [1, 2, 0, 1, 3],
  [2, 3, 1, 2, 0],
  [0, 2, 1, 2, 1],
]

/** The closed round of truck `n` (from 0) along the roads, beginning at its depot; every other truck drives it backwards. */
export function roundOfTruck(n: number): Point[] {
  const [west, east, south, north, corner] = blocks[n % blocks.length]!
  const [w, e, s, t] = [northRoads[west]!, northRoads[east]!, eastRoads[south]!, eastRoads[north]!]
  const corners = [placeAt(w, s), placeAt(e, s), placeAt(e, t), placeAt(w, t)]
  if (n % 2 === 1) corners.reverse()
  return [...corners.slice(corner), ...corners.slice(0, corner)]
}
