import type { Clock } from '../core/clock.ts'

/**
 * The machine's own clock, for what others check against theirs: codes, signatures, how long a message is good. It may step either way; the
 * platform's order of events is the journal's clock.
 */
export const wallClock: Clock = { now: () => Date.now() }
