import type { AlarmState } from './alarm.ts'
import type { CaseState } from './case.ts'
import type { Level } from './level.ts'
import type { Mode } from './mode.ts'
import type { Author } from './record.ts'
import type { DutyRole } from './roster.ts'
import type { WindowKind } from './window.ts'

/** The report is made from so long before the shift ends … */
export const HANDOVER_OPENS_MS = 15 * 60_000
/** … and signed by both at the latest so long after it (ux.md B5). */
export const HANDOVER_LATE_MS = 15 * 60_000
export const HANDOVER_OFFLINE_MS = 30 * 60_000
export const HANDOVER_STALE_MS = 24 * 3_600_000

type Text = { zh: string; en: string }

/** An alarm as it is handed over. Names of things stand in it, for they may be called otherwise later; persons are ids. */
export type HandedAlarm = {
  id: string
  level: Level
  state: AlarmState
  message: Text
  subject: string
  device: string
  enterprise: string
  measuredAt: number
  raisedAt: number
  acknowledgedBy: Author | null
  /** active for more than a day */
  stale: boolean
  /** shelved or out of service: until when, null without an end; absent otherwise */
  until?: number | null
  /** who set it aside and why */
  by?: Author
  reason?: string | null
}

export type HandedCase = {
  alarmId: string
  level: Level
  message: Text
  device: string
  enterprise: string
  state: CaseState
  to: { person: string } | { team: string } | null
  dueAt: number | null
  /** nobody accepted it in time · what was found is not told in time */
  overdue: 'unaccepted' | 'feedback' | null
}

/** What one shift leaves to the next (ux.md B5), as it stood at one moment. */
export type HandoverReport = {
  format: 'watchfire-handover/1'
  mode: Mode
  region: string
  shift: { id: string; from: number; to: number; people: Record<DutyRole, string> }
  next: { id: string; from: number; people: Record<DutyRole, string> } | null
  at: number
  /** still to be dealt with, worst and oldest first */
  open: HandedAlarm[]
  /** shelved, out of service or suppressed by a window */
  setAside: HandedAlarm[]
  /** work on alarms that is not done, overdue first; of alarms that are over as well */
  cases: HandedCase[]
  windows: {
    id: string
    kind: WindowKind
    enterprise: string
    points: string[]
    reason: string
    until: number
    waiting: boolean
  }[]
  offline: { deviceId: string; device: string; enterprise: string; lastReceivedAt: number | null }[]
  rules: { ruleId: string; version: number; title: Text | null; at: number; by: Author; reason: string | null }[]
  /** how the desk was alarmed in the shift; null where nothing is known of it */
  figures: {
    annunciations: number
    floodMs: number
    acknowledgeMedianMs: number | null
    neverAcknowledged: number
    levels: Record<Level, number>
    top: {
      ruleId: string
      title: Text | null
      subject: string
      device: string
      enterprise: string
      level: Level
      count: number
    }[]
  } | null
  /** null: this deployment keeps no ledger of hazards */
  hazards: { id: string; description: string; place: string; dueAt: number }[] | null
  /** what the outgoing shift adds in its own words */
  notes: string
}

export const handoverSides = ['outgoing', 'incoming'] as const
export type HandoverSide = (typeof handoverSides)[number]

/** One of the two has signed. The outgoing one's entry carries the report; the incoming one's says which alarms they took over one by one. */
export type HandoverSignedEntry = {
  kind: 'handover.signed'
  shiftId: string
  region: string
  side: HandoverSide
  /** of the text of the report */
  sha256: string
  report?: string
  confirmed?: string[]
  notes?: string
  by: Author
}

/** What the incoming shift takes over one by one: every red and orange alarm that is open, set aside, or whose work is not done. */
export function toConfirm({ open, setAside, cases }: Pick<HandoverReport, 'open' | 'setAside' | 'cases'>): string[] {
  const isSerious = ({ level }: { level: Level }) => level === 'red' || level === 'orange'
  const ids = [
    ...[...open, ...setAside].filter(isSerious).map(({ id }) => id),
    ...cases.filter(isSerious).map(({ alarmId }) => alarmId),
  ]
  return [...new Set(ids)]
}
