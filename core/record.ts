import type { Alarm, AlarmChangeKind } from './alarm.ts'
import type { CallResult } from './contact.ts'
import type { Department, Region } from './department.ts'
import type { Fence } from './fence.ts'
import type { HandoverSignedEntry } from './handover.ts'
import type { HazardEntry } from './hazard.ts'
import type { ImportKind, ImportState } from './imports.ts'
import type { Level } from './level.ts'
import type { Mode } from './mode.ts'
import type { Series } from './reading.ts'
import type { RegistryRow } from './registry.ts'
import type { NoticeIssuedEntry, NoticePrintedEntry } from './notice.ts'
import type { KpiDefinition } from './kpi.ts'
import type { Ladder } from './ladder.ts'
import type {
  AlarmReportedEntry,
  LadderAskedEntry,
  LadderDecidedEntry,
  LadderProposedEntry,
  LadderStepEntry,
  LadderTriedEntry,
  PushAnswerEntry,
  PushCodeWrongEntry,
  PushDueEntry,
  RollCallEntry,
} from './escalation.ts'
import type { ProposalVerdict } from './proposal.ts'
import type { ReceiptNews } from './push.ts'
import type { Contribution, RiskState, RiskWeights } from './risk.ts'
import type { StartStep } from './start.ts'
import type { Shift } from './roster.ts'
import type { Rule } from './rule.ts'
import type { WindowEntry } from './window.ts'

/** Who did something: a person's id, `device:<id>`, or the platform itself. Never a name: personal data stays out of the record. */
export type Author = string
export const PLATFORM: Author = 'platform'

/**
 * Everything the `record` stream can carry, kept for ever and hash-chained. `kind` is also the journal entry's kind. What a person does has
 * `from`, the address they did it from, besides `by`.
 */
export type RecordEntry =
  | { kind: 'platform.started'; version: string; mode: Mode }
  | { kind: 'platform.stopped' }
  /** a part of the platform needs a person, or no longer does: an alarm follows from it */
  | { kind: 'part.alarm'; part: string; code: string; raised: boolean; mode: Mode; text: { zh: string; en: string } }
  /** nothing could be acknowledged between these two: silence does not count meanwhile */
  | { kind: 'receiving.stopped'; reason: string }
  | { kind: 'receiving.resumed'; stoppedForMs: number }
  | { kind: 'clock.stepped'; byMs: number }
  | { kind: 'series.defined'; series: Series[] }
  | ({ kind: 'registry.changed'; by: Author; before: RegistryRow['row'] | null } & RegistryRow)
  | { kind: 'device.attributes'; deviceId: string; attributes: Record<string, string | number | boolean | null> }
  /** `restores`: the version it says again; `proposalId`: what was approved */
  | { kind: 'rule.set'; rule: Rule; by: Author; reason?: string; restores?: number; proposalId?: string }
  /** a person's rule was taken back (the pack's stands again, as `rule.set`), or a pack dropped one */
  | { kind: 'rule.removed'; ruleId: string; version: number; by: Author; reason?: string }
  /** a second person has looked at a version that one put in force, or took away, alone */
  | { kind: 'rule.reviewed'; ruleId: string; version: number; by: Author }
  /** a version somebody would put in force in place of version `base`: nothing follows from it until a second person approves */
  | {
      kind: 'rule.proposed'
      proposalId: string
      base: number
      rule: Rule
      reason: string
      shadow: boolean
      shadowHours?: number
      by: Author
    }
  | { kind: 'rule.decided'; proposalId: string; ruleId: string; verdict: ProposalVerdict; comment: string | null; by: Author }
  /** a fence as it stands after a change; its versions count from 1, a retired one has `retiredAt` */
  | { kind: 'fence.set'; fence: Fence; by: Author }
  | HazardEntry
  | NoticeIssuedEntry
  | NoticePrintedEntry
  /** somebody has looked at how whoever gave a tip can be reached */
  | { kind: 'tip.contact-read'; hazardId: string; by: Author }
  /** what of a tip is of a person, its contact and photo, is deleted */
  | { kind: 'tip.erased'; hazardId: string; by: Author }
  | { kind: 'pack.refused'; file: string; line: number | null; reason: string }
  /** nobody is called for named points for a while; a panel's own test bit is written by the engine */
  | WindowEntry
  | AlarmChangeEntry
  | ActionEntry
  /** a person has opened an alarm as it stood in this version */
  | { kind: 'alarm.viewed'; alarmId: string; version: number; by: Author }
  /** a person has looked at what walls showed at a past moment, and at others around it for some minutes; `enterpriseId` null: of all they see */
  | { kind: 'wall.viewed'; at: number; mode: Mode; enterpriseId: string | null; by: Author }
  /** the walls were asked to show it */
  | { kind: 'alarm.shown'; alarmId: string; by: Author }
  /** somebody rang about it, and what came of it; `personId` null: a number that is nobody's here */
  | { kind: 'alarm.called'; alarmId: string; personId: string | null; result: CallResult; note: string | null; by: Author }
  /** everything about an alarm left as a signed file */
  | { kind: 'evidence.exported'; alarmId: string; sha256: string; by: Author }
  /** the live risk index of a place became another, and why: written at a tick of the journal */
  | { kind: 'risk.changed'; risk: RiskState; contributions: Contribution[] }
  | { kind: 'risk.weights'; version: number; origin: 'shipped' | 'person'; weights: RiskWeights; by: Author }
  /** all rates in force from here on, with their targets */
  | { kind: 'kpi.set'; version: number; origin: 'shipped' | 'person'; definitions: KpiDefinition[]; by: Author }
  /** the engine's verdict on an action it could not accept */
  | {
      kind: 'action.refused'
      actionPos: number
      alarmId: string
      code: string
      message: string
      current: Alarm | null
      why?: string
    }
  | {
      kind: 'push.sent' | 'push.failed' | 'push.refused'
      /** empty where it is about no alarm */
      alarmId: string
      alarmVersion: number
      channel: string
      attempt: number
      detail: string
      /** of what was decided as `push.due`; the webhook that is told every change has none of these */
      messageId?: string
      step?: string
      personId?: string | null
      receipt?: 'accepted' | 'delivered' | null
      providerId?: string
      /** of `push.failed`: it is not tried again · it certainly never left */
      isFinal?: boolean
      neverLeft?: boolean
    }
  | PushDueEntry
  | PushAnswerEntry
  | PushCodeWrongEntry
  | LadderStepEntry
  | LadderAskedEntry
  | AlarmReportedEntry
  | LadderTriedEntry
  | RollCallEntry
  | LadderProposedEntry
  | LadderDecidedEntry
  /**
   * A ladder as it stands from here on: `by` put in force what `proposedBy` had proposed. `dryRun`: the trial that was looked at before steps
   * were let out of the deployment
   */
  | { kind: 'ladder.set'; ladder: Ladder; by: Author; dryRun?: string; proposalId?: string; proposedBy?: Author }
  /**
   * What a provider told later of a message: told apart by our id, or by the provider's own from when it was sent. Who it was is
   * the recipient of that message.
   */
  | ({ kind: 'push.receipt'; channel: string; alarmId?: string; personId?: string | null } & ReceiptNews)
  | {
      kind: 'user.changed'
      personId: string
      role: string
      change:
        | 'created'
        | 'role'
        | 'rights'
        | 'password'
        | 'disabled'
        | 'enabled'
        | 'contact'
        | 'armed'
        | 'second-factor'
        | 'second-factor-removed'
        | 'erased'
      /** `role`, `rights`: what it was and what it is */
      before?: UserRights
      after?: UserRights
      by: Author
    }
  /** a division of the region tree has a name; a department answers for a function in a region */
  | { kind: 'region.set'; region: Region; before: Region | null; by: Author }
  | { kind: 'department.set'; department: Department; before: Department | null; by: Author }
  /** a step of the first login was left out knowingly, or is to be done after all */
  | { kind: 'start.step'; step: StartStep; skipped: boolean; by: Author }
  /** a sheet was brought in: how many rows, and what came of them; what each did is entries of its own */
  | ({ kind: 'import.done'; what: ImportKind; by: Author } & Record<ImportState, number>)
  /** somebody has seen or taken personal data of others */
  | { kind: 'personal-data.accessed'; personIds: string[]; what: 'list' | 'one' | 'export'; by: Author }
  /** a shift as it stands after a change */
  | { kind: 'roster.set'; shift: Shift; change: 'added' | 'substituted' | 'cancelled'; by: Author; reason?: string }
  | HandoverSignedEntry
  /** `by`: who ended the session of another */
  | { kind: 'session.opened' | 'session.closed' | 'session.refused'; personId: string | null; from: string; by?: Author }
  | { kind: 'pairing.changed'; change: 'created' | 'revoked'; tokenId: string; by: Author }
  | { kind: 'journal.damaged'; file: string; offset: number; bytes: number; fromPos: number; toPos: number }
  | { kind: 'journal.trimmed'; throughPos: number; bytes: number; reason: 'age' | 'size' }
  | { kind: 'cursor.dropped'; name: string; pos: number }
  /** `rows` of a resolution (readings where none is named) went; `into`: sums of them stay */
  | {
      kind: 'history.trimmed'
      class: string
      before: number
      rows: number
      resolution?: 'reading' | 'minute' | 'hour'
      into?: 'reading' | 'minute' | 'hour' | null
    }
  | { kind: 'restored'; lastHead: string; gap: { fromPos: number; toPos: number } | null }

export type UserRights = { role?: string; regions?: string[]; sectors?: string[] }

/** An alarm as it stands after a change, and why it changed. */
export type AlarmChangeEntry = {
  kind: 'alarm.changed'
  change: AlarmChangeKind
  alarm: Alarm
  /** position of the reading, action or configuration entry that caused it; for a tick, of the last entry before it */
  causePos: number
  /** event time of the change */
  at: number
  by: Author
  comment: string | null
  /** devices whose silence the alarm explains from here on, and no longer explains */
  explained?: { added: string[]; released: string[] }
}

/** Something a person asks of an alarm, bound to the version they saw. The engine answers in `pos` order. */
export type ActionEntry = {
  kind: 'action'
  alarmId: string
  action: AlarmAction
  version: number
  by: Author
  comment: string | null
  /** for how long it is set aside, from its place in the order … */
  minutes?: number | null
  /** … or until when, ms UTC */
  untilMs?: number | null
  /** what the action takes besides */
  details?: ActionDetails | null
  /** the answer to a repeated request with the same key is the first answer */
  idempotencyKey: string | null
}

export type ActionDetails = {
  /** `shelve`, `false-alarm` */
  reasonCode?: string
  /** `dispatch`: one of them */
  person?: string
  team?: string
  /** `escalate` */
  to?: Level | 'superior'
  /** `close`; `evidence` also with `feedback`, photos as core/photo.ts writes them */
  cause?: string
  measures?: string
  result?: string
  evidence?: string
  /**
   * `acknowledge`, with others at once; `twoPersons` where a red is among them, and `out-of-service` for longer than one person's
   * shift. `false`: out of service for no longer, which the engine holds it to
   */
  group?: string
  twoPersons?: boolean
}

export const alarmActions = [
  'acknowledge',
  'reset',
  'comment',
  'shelve',
  'unshelve',
  'out-of-service',
  'return-to-service',
  'undo-acknowledge',
  'dispatch',
  'accept',
  'feedback',
  'false-alarm',
  'escalate',
  'close',
  // the second person's word on what the first one asked for; `withdraw` is the first one's
  'confirm',
  'decline',
  'withdraw',
] as const
export type AlarmAction = (typeof alarmActions)[number]

export type RecordKind = RecordEntry['kind']
