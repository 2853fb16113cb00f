/** How alive the picture is, judged only by heartbeats that arrived. */
export type Freshness = 'waiting' | 'live' | 'delayed' | 'interrupted'

export const DELAYED_MS = 3_000
export const INTERRUPTED_MS = 5_000

/** `silentMs` since the last heartbeat, null when none has come yet. */
export function freshnessOf(silentMs: number | null): Freshness {
  if (silentMs === null) return 'waiting'
  if (silentMs >= INTERRUPTED_MS) return 'interrupted'
  return silentMs >= DELAYED_MS ? 'delayed' : 'live'
}

/** A point without data for three of its periods, and at least half a minute, is stale. */
export const staleAfterMs = (expectedPeriodMs: number): number => Math.max(3 * expectedPeriodMs, 30_000)
