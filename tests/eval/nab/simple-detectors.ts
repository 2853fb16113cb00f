/** Detectors published with the benchmark, to compare with: a score from 0 to 1 for each value, in order, without looking ahead. */
export type Detector = (value: number, at: number) => number

/** erfc with full relative precision: a series near 0, a continued fraction away from it. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  if (x < 2.5) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = x
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction)
}

const WINDOW = 6_400
const STEP = 100

/** NAB's "windowed Gaussian": the tail probability of the value under a normal distribution fitted to the last 6,400 values. */
export function windowedGaussian(): Detector {
  let values: number[] = []
  let next: number[] = []
  let mean = 0
  let deviation = 1
  const fit = () => {
    mean = values.reduce((sum, value) => sum + value, 0) / values.length
    deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
    if (deviation === 0) deviation = 0.000001
  }
  return (value) => {
    const score = values.length === 0 ? 0 : 1 - 0.5 * erfc(Math.abs(value - mean) / deviation / Math.SQRT2)
    if (values.length < WINDOW) {
      values.push(value)
      fit()
    } else {
      next.push(value)
      if (next.length === STEP) {
        values = [...values.slice(STEP), ...next]
        next = []
        fit()
      }
    }
    return score
  }
}

/** NAB's "random": any score, whatever the value. */
export function random(seed: number): Detector {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
