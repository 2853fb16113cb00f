import type { AlarmCase, SecondPersonRequest } from './case.ts'
import type { Level } from './level.ts'
import type { Mode } from './mode.ts'

/**
 * Where an alarm stands (semantics 19, ISA-18.2 letters in brackets): `active` [B] unacknowledged · `acknowledged` [C] ·
 * `returned` [D, or E when the rule latches] the hazard went away before anyone acknowledged · `latched` [F]
 * acknowledged and gone, waiting for a reset · `shelved` [G] · `suppressed` [H] · `outOfService` [I] · `normal` [A] over.
 */
export const alarmStates = [
  'active',
  'acknowledged',
  'returned',
  'latched',
  'shelved',
  'suppressed',
  'outOfService',
  'normal',
] as const
export type AlarmState = (typeof alarmStates)[number]

/** What goes on behind an alarm that nobody is told about for a while. */
export type SetAside = {
  /** when it comes back by itself; null only out of service */
  until: number | null
  /** whether it is active when it comes back */
  isConditionTrue: boolean
  /** who wanted it and why: not for what is suppressed */
  by?: string
  /** out of service: the second person who agreed to it */
  confirmedBy?: string
  comment?: string | null
  reasonCode?: string | null
  /** `suppressed`: the windows that cover it, see core/window.ts */
  windows?: string[]
}

/** One alarm per (mode, rule, subject) while it is not `normal`; H → HH raises its level. */
export type Alarm = {
  id: string
  /** changes with state, level or owner, never with value */
  version: number
  mode: Mode
  ruleId: string
  ruleVersion: number
  /** what is in alarm: `device/metric`, or the device alone for silence and device faults */
  subject: string
  deviceId: string
  enterpriseId: string
  zoneId: string | null
  metric: string | null
  level: Level
  state: AlarmState
  /** which limit was crossed: `HH` `H` `L` `LL`, or null where the rule has none */
  limitName: string | null
  /** the level of that limit, where the alarm still has a worse one from before: what reaches that level now is news once more */
  limitLevel?: Level
  limit: number | null
  /** which rule, clause or approval the winning limit comes from */
  limitSource: string | null
  /** the value that made the last change of level, null where there is none */
  value: number | null
  /** the value was outside the detector's range: show `> range` */
  overRange: boolean
  unit: string
  latching: boolean
  /** when it happened at the device (event time) */
  measuredAt: number
  /** when the platform knew */
  raisedAt: number
  /** its rule says that lives depend on it, see core/shelving.ts */
  lifeSafety?: true
  /** how often it has become active since it was raised */
  occurrences: number
  /** raised by data older than what was already judged: "happened then, arrived now" */
  late: boolean
  /** since when windows have kept it from people without a break, see alerts/windows.ts */
  behindSince?: number
  /** windows that keep it from nobody any more: they began when another was over, or would have kept it too long */
  heardOver?: string[]
  /** 补报: over before it was known; `by`: the gateway that kept it, or the device itself. See core/alarm-group.ts */
  report?: { by: string }
  /** raised more than 60 s after it was measured */
  delayed: boolean
  acknowledgedBy: string | null
  acknowledgedAt: number | null
  returnedAt: number | null
  endedAt: number | null
  /** present while `shelved`, `suppressed` or `outOfService` */
  setAside?: SetAside
  /** of a cause: whose silence it explains, see `explained` in the entries of its timeline */
  explains?: { cause: 'gateway' | 'power' | 'network'; source: string | null; devices: number }
  /** the work around it, once there is any */
  case?: AlarmCase
  /** what waits for a second person */
  request?: SecondPersonRequest
  message: { zh: string; en: string }
  guidance: { zh: string; en: string }[]
  /** positions in the journal of the readings (or entries) that raised it */
  causes: number[]
}

/**
 * What made an alarm change. The first five come from data, the rest from people (`dispatch-unaccepted`: from nobody; `explains`: a
 * cause makes more devices silent, or fewer).
 */
export const alarmChanges = [
  'raised',
  'level',
  'returned',
  'again',
  'ended',
  'acknowledged',
  'reset',
  'commented',
  'shelved',
  'unshelved',
  'taken-out-of-service',
  'returned-to-service',
  'suppressed',
  'unsuppressed',
  'acknowledgement-undone',
  'dispatched',
  'accepted',
  'dispatch-unaccepted',
  'fed-back',
  'escalated',
  'false-alarm',
  'closed',
  'requested',
  'declined',
  'withdrawn',
  'explains',
] as const
export type AlarmChangeKind = (typeof alarmChanges)[number]

export const isOpen = (alarm: Pick<Alarm, 'state'>): boolean => alarm.state !== 'normal'

/** Still wants a person: makes sound, blinks, counts as unacknowledged. */
export const isUnacknowledged = (alarm: Pick<Alarm, 'state'>): boolean => alarm.state === 'active' || alarm.state === 'returned'
