import { placeOfWorld, worldOf, type View } from './projection.ts'

/** ux A3: the camera arrives 800 ms after it left. */
export const FLIGHT_MS = 800
/** How much it climbs on the way (van Wijk and Nuij, "Smooth and efficient zooming and panning", 2003). */
const RHO = 1.42

/** The views between two, by part of the way from 0 to 1: the path on which the picture seems to move evenly. */
export function flight(from: View, to: View): (part: number) => View {
  const [a, b] = [worldOf(from.centre), worldOf(to.centre)]
  const [w0, w1] = [2 ** -from.zoom, 2 ** -to.zoom].map((size) => size * (to.width / 512)) as [number, number]
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const far = Math.hypot(dx, dy)
  const view = (along: number, width: number): View => ({
    ...to,
    centre: placeOfWorld({ x: a.x + dx * along, y: a.y + dy * along }),
    zoom: -Math.log2(width / (to.width / 512)),
  })
  if (far < w0 * 1e-4) {
    return (part) => (part >= 1 ? to : view(part, w0 * (w1 / w0) ** eased(part)))
  }
  const b0 = (w1 ** 2 - w0 ** 2 + RHO ** 4 * far ** 2) / (2 * w0 * RHO ** 2 * far)
  const b1 = (w1 ** 2 - w0 ** 2 - RHO ** 4 * far ** 2) / (2 * w1 * RHO ** 2 * far)
  const r0 = Math.log(Math.sqrt(b0 ** 2 + 1) - b0)
  const r1 = Math.log(Math.sqrt(b1 ** 2 + 1) - b1)
  const length = (r1 - r0) / RHO
  return (part) => {
    if (part >= 1) return to
    const s = eased(part) * length
    const along = (w0 / (RHO ** 2 * far)) * (Math.cosh(r0) * Math.tanh(RHO * s + r0) - Math.sinh(r0))
    return view(along, (w0 * Math.cosh(r0)) / Math.cosh(RHO * s + r0))
  }
}

const eased = (part: number): number => (part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2)
