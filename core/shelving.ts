import type { Level } from './level.ts'

const MINUTE_MS = 60_000

/** Nobody shelves for longer than this (ux.md B3); a red not at all: two persons take it out of service. */
export const longestShelfMs: Record<Exclude<Level, 'red'>, number> = {
  orange: 60 * MINUTE_MS,
  yellow: 480 * MINUTE_MS,
  blue: 1440 * MINUTE_MS,
}
export const DEFAULT_SHELF_MINUTES = 30
export const LONGEST_OUT_OF_SERVICE_MS = 30 * 1440 * MINUTE_MS
/** The word of one person holds for the shift they are on: for longer a second one agrees. */
export const LONGEST_ALONE_MS = 12 * 60 * MINUTE_MS
/** What a person writes beside the reason code says something. */
export const SHORTEST_REASON = 5

export const shelveReasons = ['nuisance', 'known-work', 'device-fault', 'in-hand', 'other'] as const
export type ShelveReason = (typeof shelveReasons)[number]

const fireMetrics = new Set(['fireAlarm', 'smokeObscuration'])

/**
 * Fire, gas at its second level, and what a rule says of itself; every other red is held to be one too. Never shelved or suppressed
 * by one person (alarm-management §2).
 */
export const isLifeSafety = ({
  level,
  metric,
  lifeSafety,
}: {
  level: Level
  metric: string | null
  lifeSafety?: boolean
}): boolean => level === 'red' || lifeSafety === true || (metric !== null && fireMetrics.has(metric))
