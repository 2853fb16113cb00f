/** `good` raises and clears. `uncertain` raises, never clears. `bad` does neither and makes the subject unknown. */
export const qualities = ['good', 'uncertain', 'bad'] as const
export type Quality = (typeof qualities)[number]

/**
 * Why a reading is not good. The gateway assigns only the stateless ones (semantics 18): `unit`, `range` (impossible for
 * the quantity), `over-range` (the worst reading, not a broken one), `clock` (the stamp could not be believed).
 */
export const reasons = ['none', 'unit', 'range', 'over-range', 'clock', 'warm-up', 'device-fault', 'no-substance'] as const
export type Reason = (typeof reasons)[number]

/** Quality and reason in one byte: the block's column. */
export const qualityCode = (quality: Quality, reason: Reason = 'none'): number =>
  (qualities.indexOf(quality) << 5) | reasons.indexOf(reason)

export const GOOD = qualityCode('good')
export const qualityOf = (code: number): Quality => qualities[code >> 5] ?? 'bad'
export const reasonOf = (code: number): Reason => reasons[code & 31] ?? 'none'
export const isGood = (code: number): boolean => code >> 5 === 0
export const isBad = (code: number): boolean => code >> 5 === 2
