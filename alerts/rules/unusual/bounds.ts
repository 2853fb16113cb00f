/** How far something has ever been up and down, and how far lately; `n` times seen. */
export type Bounds = { n: number; up: number; down: number; latelyUp: number; latelyDown: number }

export const NO_BOUNDS: Bounds = { n: 0, up: 0, down: 0, latelyUp: 0, latelyDown: 0 }

/** A new extreme is believed by a third at a time: one outlier alone does not blind the rule. */
const BELIEVED = 1 / 3
/** The range of late is never thought smaller than this share of the whole. */
const SMALLEST_SHARE = 0.05

const outside = (value: number, up: number, down: number) => Math.max(0, value - up, down - value)

/** How far a value lies outside the bounds, in whole ranges. */
export function excessOf(bounds: Bounds, value: number, smallestRange: number): { ever: number; lately: number } {
  const { up, down, latelyUp, latelyDown } = bounds
  const range = Math.max(up - down, smallestRange, 1e-9 * Math.abs(up) + 1e-12)
  const rangeLately = Math.max(latelyUp - latelyDown, SMALLEST_SHARE * range, smallestRange)
  return { ever: outside(value, up, down) / range, lately: outside(value, latelyUp, latelyDown) / rangeLately }
}

/** The bounds with this value in them. What is learned at the beginning is believed at once. */
export function bounded(bounds: Bounds, value: number, options: { learnReadings: number; fadeReadings: number }): Bounds {
  if (bounds.n === 0) return { n: 1, up: value, down: value, latelyUp: value, latelyDown: value }
  const believed = bounds.n < options.learnReadings ? 1 : BELIEVED
  const kept = 0.5 ** (1 / options.fadeReadings)
  const { n, up, down, latelyUp, latelyDown } = bounds
  return {
    n: n + 1,
    up: value > up ? up + (value - up) * believed : up,
    down: value < down ? down + (value - down) * believed : down,
    latelyUp: Math.max(value, value + (latelyUp - value) * kept),
    latelyDown: Math.min(value, value + (latelyDown - value) * kept),
  }
}
