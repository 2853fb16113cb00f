import type { Level } from './level.ts'

export const reportPeriods = ['shift', 'day', 'week'] as const
export type ReportPeriod = (typeof reportPeriods)[number]

/** `from` ≤ t < `to`, widened to whole periods. `shifts`: local times at which one begins, `08:00`. */
export type PerformanceQuery = {
  mode: string
  from: number
  to: number
  by: ReportPeriod
  shifts: string[]
  region?: string
  enterpriseId?: string
  /** any of these, where somebody may see a part */
  enterpriseIds?: string[]
}

/** How well a desk was alarmed in a stretch of time (ISA-18.2 / EEMUA 191). Annunciations are counted, not entries. */
export type PerformanceFigures = {
  from: number
  to: number
  /** false while it runs, or when the record does not reach back so far */
  complete: boolean
  /** false: nothing is known of this time, and the figures say nothing */
  known: boolean
  annunciations: number
  /** averages; null where the time is too short to tell: under 10 minutes, an hour, half a day */
  per10Min: number | null
  perHour: number | null
  perDay: number | null
  /** most in any 10 minutes */
  most10Min: number
  /** whole 10-minute periods with more than 10, hours with more than 30, as shares of the time */
  busy10MinShare: number
  busyHourShare: number
  /** flood: from more than 10 in 10 minutes until fewer than 5 */
  floodMs: number
  floodShare: number
  floods: number
  inFlood: number
  /** alarms with 3 or more annunciations within 60 s */
  chattering: number
  /** active for less than 10 s and not repeated */
  fleeting: number
  /** active for more than 24 h at some time in the period */
  stale: number
  /** acknowledged and still active for more than 1 h */
  standing: number
  levels: Record<Level, number>
  acknowledge: {
    /** annunciations that were acknowledged, median, 90 % and longest of their waits */
    acknowledged: number
    medianMs: number | null
    p90Ms: number | null
    maxMs: number | null
    /** still waiting, or over without anybody having acknowledged */
    never: number
    byLevel: Record<Level, { count: number; medianMs: number | null }>
  }
}

export type FrequentAlarm = {
  ruleId: string
  subject: string
  deviceId: string
  enterpriseId: string
  level: Level
  count: number
  share: number
  chattering: boolean
}

export type PerformanceReport = {
  mode: string
  by: ReportPeriod
  zone: string
  /** one desk serves everything that was asked for */
  desk: { region: string | null; enterpriseId: string | null }
  /** what is older is not in the record */
  knownFrom: number | null
  asOf: number
  periods: PerformanceFigures[]
  total: PerformanceFigures
  /** the ten most frequent, whose share should be small */
  top: FrequentAlarm[]
  staleNow: { alarmId: string; ruleId: string; deviceId: string; enterpriseId: string; level: Level; since: number }[]
}
