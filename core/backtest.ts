import type { Level } from './level.ts'
import type { Mode } from './mode.ts'
import type { Rule } from './rule.ts'

/** Trying rules on the past: alerts implements it, dashboards use it. Times are ms UTC, ranges from ≤ t < to by `raisedAt`. */
export interface Backtests {
  /** Begins one, or finds the one that was asked for before: the same question has the same id and the same answer. */
  startBacktest(question: BacktestQuestion): Promise<Backtest>
  backtest(id: string): Promise<Backtest | null>
  /** Ends one that waits or runs; null when there is none of that id. */
  cancelBacktest?(id: string): Promise<Backtest | null>
  /** A version judged on the live journal beside the one in force, from a moment on, for as long as it is asked for: it raises nothing. */
  shadow?(question: ShadowQuestion): Promise<Shadow>
  endShadow?(id: string): Promise<void>
}

/** `until`: what comes after is not judged any more. */
export type ShadowQuestion = { id: string; mode: Mode; from: number; until?: number; rule: Rule }

/** `result` is what it would have raised until `at`, against the version in force. */
export type Shadow = { id: string } & (
  | { state: 'catching-up'; progress: number }
  | { state: 'running' | 'ended'; at: number; result: BacktestResult }
  | { state: 'failed'; reason: string }
)

export type BacktestQuestion = {
  mode: Mode
  from: number
  to: number
  /** the version to try in place of the one in force; null: the rules as they were in force then, compared with what was recorded */
  rule: Rule | null
  /** what really happened, to see whether and how early it was noticed */
  incidents: Incident[]
}

export type Incident = { name: string; from: number; to?: number; deviceId?: string; zoneId?: string }

export type Backtest = { id: string; question: BacktestQuestion } & (
  | { state: 'waiting' | 'running'; progress: number }
  | { state: 'failed'; reason: string }
  | { state: 'cancelled' }
  | { state: 'done'; result: BacktestResult }
)

/** An alarm as a backtest tells it. `id` is the live alarm's own when the same cause raised it. */
export type FoundAlarm = {
  id: string
  ruleId: string
  ruleVersion: number
  subject: string
  deviceId: string
  zoneId: string | null
  /** the worst it reached before `to` */
  level: Level
  measuredAt: number
  raisedAt: number
  late: boolean
}

export type BacktestResult = {
  /** what it ran over; where the journal no longer reaches nothing is guessed */
  from: number
  to: number
  /** `history`: of the time before the journal's tail, in the order (receivedAt, measuredAt), which is nearly the one it came in; absent: the journal */
  source?: 'journal' | 'history'
  /** judged from the platform's first entry on, so every state is the one it was then */
  exact: boolean
  /** otherwise: from here on, so that holds and silences had settled by `from` */
  warmUpFrom: number
  /** rules whose memory reaches further back than the warm-up */
  coldRules: string[]
  readings: number
  alarms: FoundAlarm[]
  total: number
  perDay: { day: string; red: number; orange: number; yellow: number; blue: number }[]
  /** minutes in which a desk would have been flooded (ISA-18.2: more than 10 alarms in 10 minutes) */
  floodMinutes: number
  topPoints: { subject: string; deviceId: string; count: number }[]
  /** red and orange alarms raised between 22:00 and 06:00 */
  atNight: number
  /** against the rule in force over the same time, or against the record when no rule was given */
  difference: BacktestDifference
  incidents: (Incident & { caughtBy: FoundAlarm | null; leadMs: number | null })[]
  /** what people said of the alarms of that time, where a rule was tried: its own and those its limits touch */
  marks?: BacktestMarks
}

/** A mark counts for the version tried when it raises nothing (or still something) about the same point within the hour. */
export type BacktestMarks = {
  /** alarms somebody called false, and how many of them this version would not raise */
  falseAlarms: number
  removed: number
  /** alarms whose case was closed with a cause, and those of them this version would not raise */
  real: number
  lost: { alarm: FoundAlarm; cause: string }[]
}

/** `moved`: the same thing about the same point, raised earlier or later or at another level (within the hour). */
export type BacktestDifference = {
  against: 'rule-in-force' | 'record'
  same: number
  added: FoundAlarm[]
  gone: FoundAlarm[]
  moved: { now: FoundAlarm; was: FoundAlarm }[]
  /** of all, where the lists end early */
  counts?: { added: number; gone: number; moved: number }
}

/** Alarms are listed up to this many; the counts are of all. */
export const BACKTEST_ALARMS_LISTED = 1_000
