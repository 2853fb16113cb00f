import type { Alarm } from './alarm.ts'
import { splitChannel } from './metrics.ts'
import { isLifeSafety } from './shelving.ts'

/**
 * Suppression by design (alarm-management §1, state H): for a while nobody is called for named points. `maintenance` and
 * `hot-work` are for named kinds of alarm; `calibration` and `panel-test` are for everything the points say, which is a test.
 */
export const windowKinds = ['maintenance', 'hot-work', 'calibration', 'panel-test'] as const
export type WindowKind = (typeof windowKinds)[number]

const HOUR_MS = 3_600_000
export const longestWindowMs: Record<WindowKind, number> = {
  maintenance: 8 * HOUR_MS,
  'hot-work': 8 * HOUR_MS,
  calibration: 2 * HOUR_MS,
  'panel-test': 2 * HOUR_MS,
}

/** What the points say meanwhile is a test and no measurement. */
export const isTest = (kind: WindowKind): boolean => kind === 'calibration' || kind === 'panel-test'

/**
 * `test` · `enterprise` · `integrity`: it names what tells that somebody plays with a device · `many` points · `whole` enterprise ·
 * `long` · `again`: the same points shortly after another.
 */
export const secondReasons = ['test', 'enterprise', 'integrity', 'many', 'whole', 'long', 'again'] as const
export type SecondReason = (typeof secondReasons)[number]

/** One person answers for so many points and so long, and not again before as long has passed. */
export const POINTS_OF_ONE = 20
export const LONGEST_OF_ONE_MS = 2 * HOUR_MS

/** A device, or one quantity of it: without a channel all of its channels. */
export type WindowPoint = { device: string; metric: string | null }

/** What somebody declared; it never changes. */
export type DeclaredWindow = {
  id: string
  kind: WindowKind
  enterpriseId: string
  points: WindowPoint[]
  /** ids or types of rules whose alarms are suppressed; empty for a test, which is about all of them */
  rules: string[]
  reason: string
  /** ms UTC */
  from: number
  until: number
  /** declared by the enterprise itself, so that nothing follows before another person has confirmed it */
  byEnterprise: boolean
  /** a panel's own test bit: nobody has to confirm what stands on the panel */
  byDevice?: true
  /** what a second person is needed for; absent in records from before windows were bounded, which go on as they were judged */
  secondFor?: SecondReason[]
}

export type SuppressionWindow = DeclaredWindow & {
  declaredBy: string
  declaredAt: number
  confirmedBy: string | null
  confirmedAt: number | null
  refusedBy: string | null
  refusedAt: number | null
  endedBy: string | null
  endedAt: number | null
  /** why it was refused or ended early */
  comment: string | null
}

/** `waiting` for the second person · `planned` for later · `lapsed`: nobody confirmed it in time. */
export const windowStates = ['waiting', 'planned', 'in-force', 'refused', 'ended', 'over', 'lapsed'] as const
export type WindowState = (typeof windowStates)[number]

export const needsConfirmation = ({ kind, byEnterprise, byDevice, secondFor = [] }: DeclaredWindow): boolean =>
  byDevice !== true && (byEnterprise || isTest(kind) || secondFor.length > 0)

/** Whether somebody of the regulator has to confirm it: all but tests, and a test of many points. */
export const isForRegulator = ({ kind, secondFor }: Pick<DeclaredWindow, 'kind' | 'secondFor'>): boolean =>
  !isTest(kind) || secondFor?.includes('many') === true

/** Declared since windows are bounded. A panel's own are judged anew in every replay. */
export const isBounded = ({ secondFor, byDevice }: DeclaredWindow): boolean => secondFor !== undefined || byDevice === true

/** From when it is in force, Infinity while it waits for the second person. */
export function startOf(window: SuppressionWindow): number {
  if (!needsConfirmation(window)) return Math.max(window.from, window.declaredAt)
  return window.confirmedAt === null ? Infinity : Math.max(window.from, window.confirmedAt)
}

/** When it is over, whatever a record says: no window is longer than its kind may be. */
export const endOf = (window: SuppressionWindow): number =>
  Math.min(ownEndOf(window), window.refusedAt ?? Infinity, window.endedAt ?? Infinity)

const ownEndOf = ({ kind, from, until }: DeclaredWindow): number => Math.min(until, from + longestWindowMs[kind])

export const isInForce = (window: SuppressionWindow, at: number): boolean => at >= startOf(window) && at < endOf(window)

export function windowState(window: SuppressionWindow, at: number): WindowState {
  if (at >= endOf(window)) {
    const end = endOf(window)
    if (end === window.refusedAt) return 'refused'
    if (end < ownEndOf(window)) return 'ended'
    return startOf(window) === Infinity ? 'lapsed' : 'over'
  }
  if (startOf(window) === Infinity) return 'waiting'
  return at >= startOf(window) ? 'in-force' : 'planned'
}

/** Fire, gas at its second level and every other red are suppressed only when two persons stand for it. */
const coversLifeSafety = ({ confirmedAt, byDevice }: SuppressionWindow, at: number): boolean =>
  byDevice === true || (confirmedAt !== null && at >= confirmedAt)

export const isPoint = (point: WindowPoint, device: string, metric: string | null): boolean =>
  point.device === device &&
  (point.metric === null || (metric !== null && (point.metric === metric || point.metric === splitChannel(metric).metric)))

/** The window has a say about this alarm at that time. An alarm of a group of devices is not about one of its points. */
export function covers(window: SuppressionWindow, alarm: Alarm, ruleType: string | undefined, at: number): boolean {
  const { deviceId, metric, subject, ruleId } = alarm
  if (!isInForce(window, at)) return false
  if (subject !== deviceId && !subject.startsWith(`${deviceId}/`)) return false
  if (!window.points.some((point) => isPoint(point, deviceId, metric))) return false
  if (isLifeSafety(alarm) && !coversLifeSafety(window, at)) return false
  if (window.secondFor && tellsTampering(ruleType, metric) && !isStoodFor(window, at)) return false
  return isTest(window.kind) || window.rules.some((one) => one === ruleId || one === ruleType)
}

const isStoodFor = ({ confirmedAt, byDevice }: SuppressionWindow, at: number): boolean =>
  byDevice === true || (confirmedAt !== null && at >= confirmedAt)

const tamperingTypes: ReadonlySet<string> = new Set(['silent', 'bad-reading', 'wrong-clock', 'stuck', 'copied', 'jump'])
const tamperingMetrics: ReadonlySet<string> = new Set([
  ...(['tamper', 'bypassed', 'inService', 'settingChanged', 'coverOpen', 'powerLost'] as const),
  ...(['fault', 'backupFault', 'calibrationOverdue', 'testing'] as const),
])

/** A rule that tells that a device is kept from saying the truth, by somebody or something: what would tell of a window's misuse. */
export const tellsTampering = (ruleType: string | undefined, metric: string | null | undefined): boolean =>
  tamperingTypes.has(ruleType ?? '') || (typeof metric === 'string' && tamperingMetrics.has(splitChannel(metric).metric))

/** What a person or a panel says of a window, as the record carries it. */
export type WindowEntry =
  | { kind: 'window.declared'; window: DeclaredWindow; by: string }
  | { kind: 'window.confirmed'; windowId: string; by: string }
  | { kind: 'window.refused' | 'window.ended'; windowId: string; by: string; reason: string | null }

export const windowEntryKinds = ['window.declared', 'window.confirmed', 'window.refused', 'window.ended'] as const
