/**
 * What sensors would say, as functions of time: the same seed and the same instant give the same value, whatever was asked
 * before. So history, live traffic and a test that asks for one instant agree.
 */

/** A well-mixed 32-bit number from two others (finaliser of splitmix32). */
export function mix(seed: number, n: number): number {
  let x = (seed ^ Math.imul(n | 0, 0x9e3779b9)) | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 0
}

/** A seed of its own for every name (FNV-1a, mixed with the run's seed). */
export function seedOf(seed: number, name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return mix(mix(0x2545f491, seed), hash)
}

/** 0 ≤ x < 1, fixed for this seed and number. */
export const uniform = (seed: number, n = 0): number => mix(seed, n) / 2 ** 32

/** −1 … 1, unrelated from one instant to the next: the last digit of a sensor. */
export const jitter = (seed: number, at: number): number => uniform(mix(seed, Math.floor(at / 2 ** 31)), at % 2 ** 31) * 2 - 1

/** −1 … 1, wandering smoothly, a new direction about every `stepMs`: the room around the sensor. */
export function wander(seed: number, at: number, stepMs: number): number {
  const step = Math.floor(at / stepMs)
  const part = at / stepMs - step
  const from = uniform(seed, step) * 2 - 1
  const to = uniform(seed, step + 1) * 2 - 1
  return from + (to - from) * part * part * (3 - 2 * part)
}

const DAY_MS = 86_400_000
const BEIJING_MS = 8 * 3_600_000

/** Milliseconds since midnight in the district (UTC+8, no summer time). */
export const timeOfDay = (at: number): number => (((at + BEIJING_MS) % DAY_MS) + DAY_MS) % DAY_MS

/** −1 … 1 once a day, highest at `peakHour` district time. */
export const daily = (at: number, peakHour: number): number => Math.cos((timeOfDay(at) / DAY_MS - peakHour / 24) * 2 * Math.PI)

/** Corners of a curve: [seconds, value], ascending in seconds. */
export type Curve = readonly (readonly [number, number])[]

/** Straight lines between the corners, level before the first and after the last: ramps, plateaus, recoveries. */
export function along(curve: Curve, seconds: number): number {
  let [before, value] = curve[0]!
  for (const [corner, level] of curve) {
    if (seconds <= corner) {
      return corner === before ? level : value + ((level - value) * (seconds - before)) / (corner - before)
    }
    before = corner
    value = level
  }
  return value
}

/** The value at the last corner not after `seconds`; undefined before the first: switches. */
export function stepped(curve: Curve, seconds: number): number | undefined {
  let value: number | undefined
  for (const [corner, level] of curve) if (corner <= seconds) value = level
  return value
}

/** As many digits as the sensor has. */
export const rounded = (value: number, digits: number): number => {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}
