import type { Level } from './level.ts'
import type { ActionDetails, AlarmAction, Author } from './record.ts'

/**
 * Where the work around an alarm stands (requirements 4.3): `open` nobody was sent · `dispatched` somebody was and has not
 * answered · `unaccepted` nor did they in time · `accepted` · `feedback` they said what they found · `review` one person has
 * closed it and another must agree · `closed` · `falseAlarm`. The alarm's own state goes its own way beside it.
 */
export const caseStates = ['open', 'dispatched', 'unaccepted', 'accepted', 'feedback', 'review', 'closed', 'falseAlarm'] as const
export type CaseState = (typeof caseStates)[number]

export const caseInputs = ['dispatch', 'lapse', 'accept', 'feedback', 'falseAlarm', 'askReview', 'withdraw', 'close'] as const
export type CaseInput = (typeof caseInputs)[number]

/**
 * Every state and where each input leads; what is not in the row is impossible there. Whoever was sent answers before the case
 * is closed: nobody closes over the head of somebody on their way.
 */
const transitions: Record<CaseState, Partial<Record<CaseInput, CaseState>>> = {
  open: { dispatch: 'dispatched', feedback: 'feedback', falseAlarm: 'falseAlarm', askReview: 'review', close: 'closed' },
  dispatched: {
    ...{ dispatch: 'dispatched', lapse: 'unaccepted', accept: 'accepted' },
    ...{ feedback: 'feedback', falseAlarm: 'falseAlarm' },
  },
  unaccepted: {
    ...{ dispatch: 'dispatched', accept: 'accepted', feedback: 'feedback' },
    ...{ falseAlarm: 'falseAlarm', askReview: 'review', close: 'closed' },
  },
  accepted: { dispatch: 'dispatched', feedback: 'feedback', falseAlarm: 'falseAlarm' },
  feedback: {
    ...{ dispatch: 'dispatched', feedback: 'feedback', falseAlarm: 'falseAlarm' },
    ...{ askReview: 'review', close: 'closed' },
  },
  review: { close: 'closed', withdraw: 'feedback' },
  closed: {},
  falseAlarm: {},
}

/** The state an input leads to, or null when it is impossible in this one. */
export const caseTransition = (from: CaseState, input: CaseInput): CaseState | null => transitions[from][input] ?? null

export const isCaseOver = (state: CaseState): boolean => state === 'closed' || state === 'falseAlarm'

/** Where the work on the alarm as it is now stands: what was over before it came again does not count. */
export const caseStateOf = ({ case: known, occurrences }: { case?: AlarmCase | undefined; occurrences: number }): CaseState =>
  known && !(isCaseOver(known.state) && known.occurrence < occurrences) ? known.state : 'open'

/** Somebody still has to do something about it, whatever has become of the alarm. */
export const isCaseOpen = (one: AlarmCase | undefined): one is AlarmCase => one !== undefined && !isCaseOver(one.state)

export type Dispatch = {
  /** a person's id, or a team by its name */
  to: { person: string } | { team: string }
  note: string | null
  by: Author
  at: number
  /** unanswered by then it goes back on top of the queue */
  acceptBy: number
  /** when what was found is due */
  dueAt: number
  acceptedBy: Author | null
  acceptedAt: number | null
}

export type AlarmCase = {
  state: CaseState
  /** which occurrence of the alarm it is about: a later one begins a case of its own */
  occurrence: number
  openedAt: number
  dispatch: Dispatch | null
  /** the newest; all of them stand in the timeline */
  feedback: { text: string; evidence?: string; by: Author; at: number } | null
  firstFeedbackAt: number | null
  escalation: { to: Level | 'superior'; note: string; by: Author; at: number } | null
  falseAlarm: { reason: FalseAlarmReason; text: string | null; by: Author; confirmedBy: Author | null; at: number } | null
  closing: {
    cause: string
    measures: string
    result: string
    evidence: string | null
    by: Author
    reviewedBy: Author | null
    at: number
  } | null
}

/** What one person wants and a second one must agree to; gone when the alarm changes, for nobody agreed to that. */
export type SecondPersonRequest = {
  action: AlarmAction
  by: Author
  at: number
  /** the version of the alarm it holds for */
  version: number
  comment: string | null
  minutes: number | null
  untilMs: number | null
  details: ActionDetails | null
}

export const falseAlarmReasons = {
  calibration: { zh: '标定', en: 'Calibration' },
  maintenance: { zh: '检修', en: 'Maintenance' },
  'sensor-fault': { zh: '传感器故障', en: 'Sensor fault' },
  interference: { zh: '通讯干扰', en: 'Interference' },
  'unfit-rule': { zh: '规则不当', en: 'Rule does not fit' },
  accident: { zh: '误触', en: 'Triggered by accident' },
  other: { zh: '其他', en: 'Other' },
} as const
export type FalseAlarmReason = keyof typeof falseAlarmReasons
export const isFalseAlarmReason = (code: unknown): code is FalseAlarmReason =>
  typeof code === 'string' && Object.hasOwn(falseAlarmReasons, code)

/** Whoever is sent answers within this, or the alarm is back on top of the queue (ux.md B3). */
export const acceptWithinMs = (level: Level): number => (level === 'red' ? 2 : 5) * 60_000
export const UNDO_WITHIN_MS = 10_000
export const LONGEST_DISPATCH_MS = 30 * 86_400_000

/** What a point was marked false for lately; three in seven days and somebody has to put the point right. */
export type FalseAlarmsOfPoint = {
  subject: string
  inSevenDays: number
  needsRectification: boolean
  /** the newest five, newest first */
  last: { alarmId: string; at: number; reason: FalseAlarmReason; text: string | null; by: Author }[]
}
export const FALSE_ALARM_DAYS = 7
export const FALSE_ALARMS_BEFORE_RECTIFICATION = 3
