import type { HandoverReport } from '../../core/handover.ts'
import type { Level } from '../../core/level.ts'
import type { DutyRole } from '../../core/roster.ts'

export type BriefShift = { id: string; region: string; from: number; to: number; people: Record<DutyRole, string> }
export type Signatures = {
  outgoing: { by: string; at: number; notes: string } | null
  incoming: { by: string; at: number; notes: string; confirmed: string[] } | null
  signedSha256: string | null
}
/** What the platform answers about the handover of one shift. */
export type HandoverAnswer = Signatures & {
  shift: BriefShift
  next: BriefShift | null
  report: HandoverReport | null
  sha256: string | null
  opensAt: number
  late: boolean
  toConfirm: string[]
  since: { id: string; level: Level; message: { zh: string; en: string }; raisedAt: number }[]
  may: { outgoing: boolean; incoming: boolean }
  people: Record<string, string>
}
export type ArchiveRow = Signatures & { shift: BriefShift }
