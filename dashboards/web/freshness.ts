import type { LiveDevice } from '../../core/live.ts'

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

/** Data older than this is not called live, however seldom its devices speak. */
const LIVE_FOR_MS = 10_000
/** So long without a reading from anybody is too long where nothing is known of the devices. */
const QUIET_AFTER_MS = 60_000

/** After so long without a reading from anybody something is missing: the device that speaks most often would be stale. */
export function quietAfterMs(devices: Iterable<Pick<LiveDevice, 'state' | 'expectedPeriodMs'>>): number {
  let shortest = Infinity
  for (const { state, expectedPeriodMs } of devices) {
    if (state === 'online' || state === 'stale') shortest = Math.min(shortest, expectedPeriodMs)
  }
  return shortest === Infinity ? QUIET_AFTER_MS : staleAfterMs(shortest)
}

/** What the newest reading of all, so old, says on a connection that lives. `connected`: old, and not due yet. */
export function newestIs(ageMs: number, quietAfter = () => QUIET_AFTER_MS): 'live' | 'connected' | 'quiet' {
  if (ageMs <= LIVE_FOR_MS) return 'live'
  return ageMs > quietAfter() ? 'quiet' : 'connected'
}
