import { isGood, qualityCode } from '../core/quality.ts'

/*
 * A device whose clock stands still at a believable time sends every reading under the same stamp. History keeps the first
 * (semantics 10), but nobody may take the others for resends: what they say happened when they came.
 */

/** The stamp that last came in a series, if that was not the newest in order: it came late, or it has stood still. */
export type LastStamp = { stamp: number; value: number; receivedAt: number; pos: number; standing: boolean }

/**
 * The same stamp again, more than an expected period after its last reading came, with something else to say: nobody measures
 * twice in one millisecond, so the clock stands. Once it does, the same value again is a sign of life like any other.
 */
export function standsStill(last: LastStamp, measuredAt: number, receivedAt: number, value: number, periodMs: number): boolean {
  if (measuredAt !== last.stamp || receivedAt - last.receivedAt <= periodMs) return false
  return last.standing || value !== last.value
}

/** It raises but never clears, like any stamp that cannot be believed; what was worse stays worse. */
export const standingQuality = (quality: number): number => (isGood(quality) ? qualityCode('uncertain', 'clock') : quality)
