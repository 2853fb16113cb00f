import { placeOfWorld, worldOf, worldPixels, type Place, type View } from './projection.ts'

/**
 * Shapes are written once in pixels of one zoom around one place, and from then on only shifted and scaled: a path of thousands of points
 * is never written again because the camera moved.
 */
export type Frame = { x: number; y: number; size: number }
const ZOOM = 16

export function frameAt(place: Place): Frame {
  return { ...worldOf(place), size: worldPixels(ZOOM) }
}

export const framed = (frame: Frame, place: Place): { x: number; y: number } => framedWorld(frame, worldOf(place))
export const framedWorld = (frame: Frame, { x, y }: { x: number; y: number }) => ({
  x: (x - frame.x) * frame.size,
  y: (y - frame.y) * frame.size,
})

export function transformOf(view: View, frame: Frame): string {
  const size = worldPixels(view.zoom)
  const centre = worldOf(view.centre)
  const scale = size / frame.size
  const x = view.width / 2 + (frame.x - centre.x) * size
  const y = view.height / 2 + (frame.y - centre.y) * size
  return `matrix(${scale} 0 0 ${scale} ${x.toFixed(2)} ${y.toFixed(2)})`
}

const digits = (value: number): string => value.toFixed(1)

/** `M x y L …` of a line or ring of [longitude, latitude]. */
export function pathOf(frame: Frame, points: readonly (readonly number[])[], isRing: boolean): string {
  let path = ''
  for (const [longitude, latitude] of points) {
    const { x, y } = framed(frame, { longitude: longitude!, latitude: latitude! })
    path += `${path === '' ? 'M' : 'L'}${digits(x)} ${digits(y)}`
  }
  return isRing ? `${path}Z` : path
}

export const centreOf = (places: readonly Place[]): Place => {
  const worlds = places.map(worldOf)
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return placeOfWorld({ x: mean(worlds.map(({ x }) => x)), y: mean(worlds.map(({ y }) => y)) })
}
