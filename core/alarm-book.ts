import type { Alarm } from './alarm.ts'
import type { FalseAlarmsOfPoint } from './case.ts'
import type { AlarmChangeEntry, RecordEntry } from './record.ts'
import type { Rule } from './rule.ts'

/** Asking about alarms: alerts implements it, dashboards use it. */
export interface AlarmBook {
  alarms(query: AlarmQuery): Promise<{ alarms: Alarm[]; next?: string }>
  alarm(id: string): Promise<Alarm | null>
  /** Every change, push and action of one alarm, oldest first. */
  timeline(id: string): Promise<TimelineItem[]>
  /** Alarms that are over and whose case is not, oldest first. */
  openCases?(): Promise<Alarm[]>
  /** How often the point was marked false before `at`. */
  falseAlarms?(subject: Pick<Alarm, 'mode' | 'deviceId' | 'subject'>, at: number): Promise<FalseAlarmsOfPoint>
  /** Points that were marked false too often before `at`. */
  falseAlarmPoints?(mode: string, at: number): Promise<Pick<Alarm, 'mode' | 'deviceId' | 'subject'>[]>
  rules(): Promise<{ rules: Rule[]; faults: PackFault[]; warnings?: RuleWarning[]; learning?: RuleLearning[] }>
  /** The reason a rule cannot be put in force, or null when it can. `path` names the field. */
  checkRule(rule: unknown): Promise<{ message: string; path: string } | null>
  /** What a person should look at were this rule in force; nothing for one that cannot be. */
  warningsIf?(rule: unknown): Promise<RuleWarning[]>
  /** What each type of rule takes, as JSON Schema: forms are made from it. */
  ruleTypes?(): Promise<RuleTypeForm[]>
}

export type AlarmQuery = {
  mode: string
  open?: boolean
  device?: string
  enterpriseId?: string
  /** any of these, where somebody may see a part */
  enterpriseIds?: string[]
  level?: string
  from?: number
  to?: number
  cursor?: string
  limit: number
}

export type TimelineItem = { pos: number; at: number } & (
  | { type: 'change'; entry: AlarmChangeEntry }
  | { type: 'action'; entry: Extract<RecordEntry, { kind: 'action' | 'action.refused' }> }
  | { type: 'view'; entry: Extract<RecordEntry, { kind: 'alarm.viewed' | 'alarm.shown' | 'evidence.exported' }> }
  | { type: 'call'; entry: Extract<RecordEntry, { kind: 'alarm.called' }> }
  | { type: 'ladder'; entry: Extract<RecordEntry, { kind: 'ladder.step' | 'ladder.asked' | 'alarm.reported' }> }
  | { type: 'push'; entry: Extract<RecordEntry, { kind: PushKind }> }
)

export type PushKind = 'push.due' | 'push.sent' | 'push.failed' | 'push.refused' | 'push.receipt'

/** A pack file that could not be loaded: the old rules stay in force and this is shown. */
export type PackFault = { file: string; line: number | null; reason: string; since: number }

/** Something about a rule in force that may be meant but that a person should look at. */
export type RuleWarning = {
  ruleId: string
  /**
   * laxer than the standard's limit · a default that waits for a decision · a limit never seen · two rules with the same say ·
   * an expression that says the same of every reading
   */
  code: 'above-bound' | 'needs-decision' | 'shadowed' | 'conflict' | 'constant'
  path: string
  message: string
}

export type RuleTypeForm = { name: string; over: 'series' | 'device' | 'position' | 'group'; options: object }

/** What a rule that learns knows by now: on how many series it works, how many it knows, and those it knows least about. */
export type RuleLearning = {
  ruleId: string
  series: number
  known: number
  learning: { device: string; metric: string; learned: number; of: number }[]
}
