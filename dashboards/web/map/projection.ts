/** Web Mercator, as every tile there is; north is up and nothing is tilted, so one centre and one zoom say what is on the screen. */
export type Place = { latitude: number; longitude: number }
/** `zoom` as in web maps: the world is 512 px wide at 0 and twice as wide at each next. */
export type View = { centre: Place; zoom: number; width: number; height: number }
export type Xy = { x: number; y: number }

const TILE = 512
const MOST_LATITUDE = 85.0511
const EQUATOR_M = 40_075_016.7
const RAD = Math.PI / 180

/** The world as a square from 0 to 1. */
export function worldOf({ latitude, longitude }: Place): Xy {
  const held = Math.max(-MOST_LATITUDE, Math.min(MOST_LATITUDE, latitude))
  const sine = Math.sin(held * RAD)
  return { x: (longitude + 180) / 360, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) }
}

export const placeOfWorld = ({ x, y }: Xy): Place => ({
  longitude: x * 360 - 180,
  latitude: Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) / RAD,
})

/** Pixels of the whole world at a zoom. */
export const worldPixels = (zoom: number): number => TILE * 2 ** zoom

export const metresPerPixel = (zoom: number, latitude: number): number =>
  (EQUATOR_M * Math.cos(latitude * RAD)) / worldPixels(zoom)
export const zoomOfScale = (metresPerPixel: number, latitude: number): number =>
  Math.log2((EQUATOR_M * Math.cos(latitude * RAD)) / TILE / metresPerPixel)
/** One metre on the ground as a part of the world's width. */
export const worldPerMetre = (latitude: number): number => 1 / (EQUATOR_M * Math.cos(latitude * RAD))

export function project(view: View, place: Place): Xy {
  const [size, at, centre] = [worldPixels(view.zoom), worldOf(place), worldOf(view.centre)]
  return { x: view.width / 2 + (at.x - centre.x) * size, y: view.height / 2 + (at.y - centre.y) * size }
}

export function unproject(view: View, x: number, y: number): Place {
  const [size, centre] = [worldPixels(view.zoom), worldOf(view.centre)]
  return placeOfWorld({ x: centre.x + (x - view.width / 2) / size, y: centre.y + (y - view.height / 2) / size })
}

const MARGIN = 0.84
const LEAST_METRES = 400
/** A stray position far away (a device at 0,0) must not shrink the district to a dot: the middle 98 % decide. */
const TRIMMED = 0.01
export const MOST_ZOOM = 19
export const LEAST_ZOOM = 2
const held = (zoom: number) => Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, zoom))

/** The view that shows the places, whatever their number; never nearer than `nearest`. */
export function fit(places: readonly Place[], width: number, height: number, nearest = MOST_ZOOM): View {
  if (places.length === 0) return { centre: { latitude: 30, longitude: 110 }, zoom: LEAST_ZOOM + 1, width, height }
  const worlds = places.map(worldOf)
  const [west, east] = middle(worlds.map(({ x }) => x))
  const [north, south] = middle(worlds.map(({ y }) => y))
  const centre = placeOfWorld({ x: (west + east) / 2, y: (north + south) / 2 })
  const least = LEAST_METRES * worldPerMetre(centre.latitude)
  const [wide, high] = [Math.max(least, east - west), Math.max(least, south - north)]
  const zoom = Math.log2(Math.min((width * MARGIN) / wide, (height * MARGIN) / high) / TILE)
  return { centre, zoom: Math.min(nearest, held(zoom)), width, height }
}

function middle(values: number[]): [number, number] {
  const sorted = Float64Array.from(values).sort()
  const cut = Math.floor(sorted.length * TRIMMED)
  return [sorted[cut]!, sorted[sorted.length - 1 - cut]!]
}

/** Zoomed by a factor with the place under (x, y) staying where it is. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const under = unproject(view, x, y)
  const next = { ...view, zoom: held(view.zoom + Math.log2(factor)) }
  const now = project(next, under)
  return moved(next, x - now.x, y - now.y)
}

export const moved = (view: View, dx: number, dy: number): View => ({
  ...view,
  centre: unproject(view, view.width / 2 - dx, view.height / 2 - dy),
})

type Window = { west: number; east: number; north: number; south: number; zoom: number }

/**
 * The ground in a view and as much again on every side, in the world square. The same one as long as the view stays well inside it, so
 * that what is worked out for it is not worked out again for every frame of a move.
 */
export class Around {
  #last: Window | null = null

  of({ centre, zoom, width, height }: View): Window {
    const [{ x, y }, size] = [worldOf(centre), worldPixels(zoom)]
    const [w, h] = [width / size, height / size]
    const last = this.#last
    const isInside =
      last !== null &&
      x - w * 0.6 >= last.west &&
      x + w * 0.6 <= last.east &&
      y - h * 0.6 >= last.north &&
      y + h * 0.6 <= last.south &&
      // One far larger than the view would have everything looked at that is nowhere near.
      zoom - last.zoom < 1
    if (isInside) return last
    return (this.#last = { west: x - w * 1.5, east: x + w * 1.5, north: y - h * 1.5, south: y + h * 1.5, zoom })
  }
}

/** A round length for the scale bar, at most `most` pixels long. */
export function scaleBar(view: View, most: number): { pixels: number; text: string } {
  const perPixel = metresPerPixel(view.zoom, view.centre.latitude)
  const metres = most * perPixel
  const power = 10 ** Math.floor(Math.log10(metres))
  const round = [5, 2, 1].map((n) => n * power).find((n) => n <= metres) ?? power
  return { pixels: round / perPixel, text: round >= 1000 ? `${round / 1000} km` : `${round} m` }
}
