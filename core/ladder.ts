import type { Level } from './level.ts'
import type { Position } from './contact.ts'
import type { DutyRole } from './roster.ts'

/** Whom a step calls: somebody on duty where the alarm is, somebody of the enterprise, or the authority above. */
export type LadderTarget =
  | { duty: DutyRole }
  | { enterprise: Position }
  /** whoever is on duty in the region above */
  | { superior: DutyRole }

/** Ways a step may use, in the deployment's own channel names: `app` is the desk and the phone page. */
export type LadderStep = {
  /** names it in the record; stays the same from version to version as long as it means the same */
  id: string
  /** since the alarm was raised, or rose to this level */
  afterMs: number
  to: LadderTarget
  /** all of these at once; when one fails the next of `otherwise` is tried */
  channels: string[]
  otherwise?: string[]
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
}
