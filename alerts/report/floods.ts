import { FLOOD_ENTERS_ABOVE, FLOOD_LEAVES_BELOW, FLOOD_WINDOW_MS } from '../../core/flood.ts'

export type Flood = { from: number; to: number }

/**
 * Alarm floods among annunciations (ascending): one begins with the annunciation that makes more than 10 in 10 minutes and ends
 * when fewer than 5 are left in the 10 minutes before. One that has not ended ends at `asOf`.
 */
export function floodsOf(times: readonly number[], asOf: number): Flood[] {
  const floods: Flood[] = []
  let oldest = 0
  let seen = 0
  let began: number | null = null
  const leaveUntil = (now: number) => {
    while (oldest < seen && times[oldest]! + FLOOD_WINDOW_MS <= now) {
      const left = times[oldest]! + FLOOD_WINDOW_MS
      oldest++
      if (began === null || seen - oldest >= FLOOD_LEAVES_BELOW) continue
      floods.push({ from: began, to: left })
      began = null
    }
  }
  for (const at of times) {
    leaveUntil(at)
    seen++
    if (began === null && seen - oldest > FLOOD_ENTERS_ABOVE) began = at
  }
  leaveUntil(asOf)
  if (began !== null) floods.push({ from: began, to: asOf })
  return floods
}

/** The most annunciations in any 10 minutes that end with one of from ≤ t < to. */
export function mostInWindow(times: readonly number[], from: number, to: number): number {
  let most = 0
  let oldest = 0
  for (const [i, at] of times.entries()) {
    if (at >= to) break
    while (times[oldest]! + FLOOD_WINDOW_MS <= at) oldest++
    if (at >= from) most = Math.max(most, i - oldest + 1)
  }
  return most
}
