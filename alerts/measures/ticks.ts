const SECOND = 1000

/** Ticks are whole seconds; tick s comes before the first entry received at or after s (semantics 2). */
export const tickAtOrAfter = (ms: number): number => Math.ceil(ms / SECOND) * SECOND
/** The first tick that comes after everything received at `ms`. */
export const tickAfter = (ms: number): number => Math.floor(ms / SECOND) * SECOND + SECOND
