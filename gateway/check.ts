import { metricOf, splitChannel, type Metric } from '../core/metrics.ts'
import { GOOD, isBad, qualityCode, reasonOf } from '../core/quality.ts'
import type { Device } from '../core/registry.ts'

/** What a series may report: the catalogue's range, and the upper end of this device's own where it states one. */
export type Range = { min: number; max: number; top: number; flag: boolean; overRangeIsDanger: boolean }

const BAD_RANGE = qualityCode('bad', 'range')
const UNCERTAIN_RANGE = qualityCode('uncertain', 'range')
const OVER_RANGE = qualityCode('uncertain', 'over-range')
const CLOCK = qualityCode('uncertain', 'clock')

const year2010 = Date.UTC(2010, 0, 1)
const MAX_AHEAD_MS = 5 * 60_000

/**
 * The range of a key at a device, null for one that is not in the catalogue. `range#<channel>`, else `range`, is the upper
 * end of a device's scale; it speaks of what the device is there to detect, not of its battery or its own temperature.
 */
export function rangeOf(key: string, attributes: Device['attributes']): Range | null {
  const metric: Metric | undefined = metricOf(key)
  if (!metric) return null
  const overRangeIsDanger = metric.overRangeIsDanger === true
  const stated = overRangeIsDanger ? statedTop(key, attributes) : null
  return { min: metric.min, max: metric.max, top: stated ?? metric.max, flag: metric.kind === 'flag', overRangeIsDanger }
}

function statedTop(key: string, attributes: Device['attributes']): number | null {
  const { channel } = splitChannel(key)
  const stated = (channel !== null ? attributes[`range#${channel}`] : undefined) ?? attributes['range']
  // `100`, `"100"`, `"0-100"`, `"0~100 %LEL"`
  const number = typeof stated === 'string' ? /(?:^|[-~–])\s*([0-9.]+)[^0-9.\-~–]*$/.exec(stated)?.[1] : stated
  const top = typeof number === 'boolean' || number === null || number === undefined ? NaN : Number(number)
  return Number.isFinite(top) && top > 0 ? top : null
}

/** Only what the value alone can tell (semantics 18); jumps and stuck values are the engine's to find. */
export function judgeValue(range: Range | null, value: number): number {
  if (range === null) return GOOD
  if (value >= range.min && value <= range.top) return range.flag && value !== 0 && value !== 1 ? BAD_RANGE : GOOD
  // A saturated detector is not a broken one (semantics 17).
  if (value > range.top && range.overRangeIsDanger) return OVER_RANGE
  return value < range.min || value > range.max ? BAD_RANGE : UNCERTAIN_RANGE
}

/** The stamp could not be believed; a reason that says more about the value stands. */
export const doubtClock = (quality: number): number => (isBad(quality) || reasonOf(quality) !== 'none' ? quality : CLOCK)

/** Semantics 12: not before 2010 and not more than five minutes ahead of us. */
export const isBelievable = (time: number, receivedAt: number): boolean => time >= year2010 && time <= receivedAt + MAX_AHEAD_MS
