import type { Level } from './level.ts'
import type { Position } from './contact.ts'
import type { DutyRole } from './roster.ts'

/** Whom a step calls: somebody on duty where the alarm is, somebody of the enterprise, or the authority above. */
export type LadderTarget =
  | { duty: DutyRole }
  | { enterprise: Position }
  /** whoever is on duty in the region above */
  | { superior: DutyRole }

/**
 * Ways a step may use: `app` (desk and phone page), a channel by the name it has in the settings, or a kind: `sms`, `voice`, `mail`,
 * `im` (every group's robot), `broadcast`.
 */
export type LadderStep = {
  /** names it in the record; stays the same from version to version as long as it means the same */
  id: string
  /** since the alarm was raised, or rose to this level */
  afterMs: number
  to: LadderTarget
  /** all of these at once; when one fails the next of `otherwise` is tried */
  channels: string[]
  otherwise?: string[]
  /** the written report (core/incident-report.ts) is drafted when this step comes, and goes where the step goes */
  report?: boolean
}

/**
 * Who is called when, until a person acknowledges (ux.md B4). Versioned per region; the nearest region above with one counts.
 * Steps that leave the deployment (`superior`, an enterprise's head by voice) run only where `leaves` was set by a person.
 */
export type Ladder = {
  /** division code; null is what ships */
  region: string | null
  version: number
  steps: Record<Level, LadderStep[]>
  /** from the acknowledgement to the first feedback; overdue goes back on the ladder at `overdueAtMs` */
  feedbackDueMs: Record<Level, number>
  overdueAtMs: number
  leaves: boolean
  /** local hours in which a blue alarm is not pushed: from ≤ hour < to, over midnight */
  quiet?: { from: number; to: number } | null
}

/** Steps that leave the deployment: the authority above, and an enterprise's head by voice. */
export const leavesDeployment = ({ to, channels }: Pick<LadderStep, 'to' | 'channels'>): boolean =>
  'superior' in to || ('enterprise' in to && to.enterprise === 'head' && channels.includes('voice'))
