/** Distances and directions on the ground. Coordinates are [longitude, latitude] in WGS-84 degrees; nothing here needs a library. */
export type Point = [longitude: number, latitude: number]

const EARTH_M = 6_371_008.8
const RAD = Math.PI / 180
export const M_PER_DEGREE = EARTH_M * RAD

/** Great-circle distance. */
export function metresBetween([lonA, latA]: Point, [lonB, latB]: Point): number {
  const half = (degrees: number) => Math.sin((degrees * RAD) / 2) ** 2
  const h = half(latB - latA) + Math.cos(latA * RAD) * Math.cos(latB * RAD) * half(lonB - lonA)
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** Where something is after so many metres in a direction (degrees clockwise from north); for distances of a few kilometres. */
export function moved([lon, lat]: Point, headingDeg: number, metres: number): Point {
  const north = (metres * Math.cos(headingDeg * RAD)) / M_PER_DEGREE
  const east = (metres * Math.sin(headingDeg * RAD)) / (M_PER_DEGREE * Math.cos(lat * RAD))
  return [lon + east, lat + north]
}
