import { layoutOf, unitRangeOf, type Canvas, type Droppable } from './canvas.ts'

/** Glyph heights of a Source-Han-like face: Han 0.92 em, digits 0.733 em. */
const HAN_EM = 0.92
const DIGIT_EM = 0.733
/** u = 7.27·D / (0.92·p): Han glyphs under 25 minutes of arc from the farthest seat. */
const MM_PER_METRE_AT_25_MINUTES = 7.27
const ARC_MINUTES_PER_RADIAN = (180 / Math.PI) * 60
export const LEAST_HAN_MINUTES = 20
export const LEAST_DIGIT_MINUTES = 16

export type Legibility = {
  /** wanted unit in px */
  u: number
  accepted: boolean
  dropped: Droppable[]
  hanMinutes: number
  digitMinutes: number
  /** the farthest seat this canvas can serve with these pixels, in metres */
  farthestM: number
  /** the largest pixel pitch is the other way out: what would serve this seat, in mm; coarser pixels, larger letters */
  pitchMm: number
}

/** The font size a wall needs: pixel pitch p in mm, farthest seat D in metres (ux A2). */
export function legibilityOf(canvas: Canvas, pitchMm: number, distanceM: number): Legibility {
  const wanted = Math.round((MM_PER_METRE_AT_25_MINUTES * distanceM) / (HAN_EM * pitchMm))
  const { nominal, ceiling } = unitRangeOf(canvas)
  const u = Math.max(wanted, Math.round(nominal))
  const layout = layoutOf(canvas, u, false)
  const minutes = (em: number) => ((u * em * pitchMm) / (distanceM * 1000)) * ARC_MINUTES_PER_RADIAN
  const hanMinutes = minutes(HAN_EM)
  const digitMinutes = minutes(DIGIT_EM)
  return {
    u,
    accepted: u <= Math.round(ceiling) && hanMinutes >= LEAST_HAN_MINUTES && digitMinutes >= LEAST_DIGIT_MINUTES,
    dropped: layout.dropped,
    hanMinutes,
    digitMinutes,
    farthestM: (ceiling * HAN_EM * pitchMm) / MM_PER_METRE_AT_25_MINUTES,
    pitchMm: (MM_PER_METRE_AT_25_MINUTES * distanceM) / (HAN_EM * ceiling),
  }
}
