/** Local equirectangular projection: true to scale near its centre, which for a district is everywhere that matters. North is up. */
export type Place = { latitude: number; longitude: number }
export type View = { centre: Place; /** pixels per metre */ scale: number; width: number; height: number }

const METRES_PER_DEGREE = 111_320
const radians = (degrees: number): number => (degrees * Math.PI) / 180
const metresPerDegreeOfLongitude = (latitude: number): number => METRES_PER_DEGREE * Math.max(0.01, Math.cos(radians(latitude)))

export function project(view: View, { latitude, longitude }: Place): { x: number; y: number } {
  const east = (longitude - view.centre.longitude) * metresPerDegreeOfLongitude(view.centre.latitude)
  const north = (latitude - view.centre.latitude) * METRES_PER_DEGREE
  return { x: view.width / 2 + east * view.scale, y: view.height / 2 - north * view.scale }
}

export function unproject(view: View, x: number, y: number): Place {
  const east = (x - view.width / 2) / view.scale
  const north = (view.height / 2 - y) / view.scale
  return {
    latitude: view.centre.latitude + north / METRES_PER_DEGREE,
    longitude: view.centre.longitude + east / metresPerDegreeOfLongitude(view.centre.latitude),
  }
}

const MARGIN = 0.86
const LEAST_METRES = 400
/** A stray position far away (a device at 0,0) must not shrink the district to a dot: the middle 98 % decide. */
const TRIMMED = 0.01

/** The view that shows the places, whatever their number. */
export function fit(places: readonly Place[], width: number, height: number): View {
  if (places.length === 0) return { centre: { latitude: 0, longitude: 0 }, scale: 0.05, width, height }
  const [south, north] = middle(places.map(({ latitude }) => latitude))
  const [west, east] = middle(places.map(({ longitude }) => longitude))
  const centre = { latitude: (south + north) / 2, longitude: (west + east) / 2 }
  const wide = Math.max(LEAST_METRES, (east - west) * metresPerDegreeOfLongitude(centre.latitude))
  const high = Math.max(LEAST_METRES, (north - south) * METRES_PER_DEGREE)
  return { centre, scale: Math.min((width * MARGIN) / wide, (height * MARGIN) / high), width, height }
}

function middle(values: number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b)
  const cut = Math.floor(sorted.length * TRIMMED)
  return [sorted[cut]!, sorted[sorted.length - 1 - cut]!]
}

const MOST_SCALE = 20
const LEAST_SCALE = 0.0002

/** Zoomed by a factor with the place under (x, y) staying where it is. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, view.scale * factor))
  const under = unproject(view, x, y)
  const next = { ...view, scale }
  const now = project(next, under)
  return moved(next, x - now.x, y - now.y)
}

export const moved = (view: View, dx: number, dy: number): View => ({
  ...view,
  centre: unproject(view, view.width / 2 - dx, view.height / 2 - dy),
})

/** A round length for the scale bar, at most `most` pixels long. */
export function scaleBar(view: View, most: number): { pixels: number; text: string } {
  const metres = most / view.scale
  const power = 10 ** Math.floor(Math.log10(metres))
  const round = [5, 2, 1].map((n) => n * power).find((n) => n <= metres) ?? power
  return { pixels: round * view.scale, text: round >= 1000 ? `${round / 1000} km` : `${round} m` }
}
