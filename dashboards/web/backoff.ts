const STEPS_MS = [500, 1_000, 2_000, 4_000, 8_000, 10_000]
const JITTER = 0.2

/** How long to wait before the n-th attempt (from 1) to connect again. For ever, never longer than 12 s. `random` is 0 … 1. */
export function backoffMs(attempt: number, random: number): number {
  const step = STEPS_MS[Math.min(attempt, STEPS_MS.length) - 1] ?? STEPS_MS[0]!
  return Math.round(step * (1 - JITTER + 2 * JITTER * random))
}
