/** How alive the picture is, judged only by heartbeats that arrived; `past`: it is of a moment that has passed, and stands. */
export type Freshness = 'waiting' | 'live' | 'delayed' | 'interrupted' | 'past'

export const DELAYED_MS = 3_000
/** Everybody is to see it within 5 s of the last heartbeat: half a second is for drawing it, also on a busy machine. */
export const INTERRUPTED_MS = 4_500

/** `silentMs` since the last heartbeat, null when none has come yet. */
export function freshnessOf(silentMs: number | null): Freshness {
  if (silentMs === null) return 'waiting'
  if (silentMs >= INTERRUPTED_MS) return 'interrupted'
  return silentMs >= DELAYED_MS ? 'delayed' : 'live'
}

/** A point without data for three of its periods, and at least half a minute, is stale. */
export const staleAfterMs = (expectedPeriodMs: number): number => Math.max(3 * expectedPeriodMs, 30_000)
