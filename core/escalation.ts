import type { PeopleDoor } from './contact.ts'
import type { Alarm } from './alarm.ts'
import type { Ladder, LadderStep, LadderTarget } from './ladder.ts'
import type { Level } from './level.ts'
import type { MessageKind, Receipt } from './push.ts'
import type { Author } from './record.ts'

/** A message that has to leave: in the record before it does. Without a result it is sent again, under the same id. */
export type PushDueEntry = {
  kind: 'push.due'
  id: string
  message: MessageKind
  /** null: about no alarm */
  alarmId: string | null
  /** what the recipient is told of; their acknowledgement is bound to it */
  alarmVersion: number
  /** position of the change that began this call; one alarm can call several times */
  round: number
  step: string
  /** null: the channel itself is the address */
  personId: string | null
  channel: string
  /** ways to this person that are left when this one fails */
  otherwise: string[]
  enterpriseId: string | null
  level: Level | null
  /** over the person's limit, or one of several: leaves in a `summary` that names it in `of` */
  held?: boolean
  of?: string[]
  /** the first red of an enterprise: no limit keeps it */
  first?: boolean
  /** a person wanted this call: no limit keeps it, and it also leaves where somebody has taken the alarm already */
  asked?: boolean
  /** roll call: the shift · follow-up: what ended the call, and who */
  shiftId?: string
  end?: CallEnd
}

export const callEnds = ['acknowledged', 'returned', 'level', 'set-aside', 'false-alarm', 'ended', 'fed-back'] as const
export type CallEnd = { why: (typeof callEnds)[number]; by: Author | null }

/** What came of a step of a ladder: whom it calls stands beside it as `push.due`. */
export const stepOutcomes = ['called', 'nobody', 'unarmed', 'off', 'quiet', 'told'] as const
export type StepOutcome = (typeof stepOutcomes)[number]
export type LadderStepEntry = {
  kind: 'ladder.step'
  alarmId: string
  round: number
  step: string
  outcome: StepOutcome
  ladder: { region: string | null; version: number }
  first?: boolean
  /** whom it was to call; missing in entries of old */
  to?: LadderTarget
  asked?: boolean
}

/** What a person may call by hand: the next rung, or one role whatever the time. */
export const ladderCallees = [
  ...(['next', 'duty1', 'duty2', 'shiftLeader', 'dutyLeader'] as const),
  ...(['operation', 'technical', 'head', 'duty-room', 'superior'] as const),
] as const
export type LadderCallee = (typeof ladderCallees)[number]
/** How a role is called by hand; `next` is called as its ladder has it. */
export const askedWays = { channels: ['app', 'voice'], otherwise: ['sms', 'mail'] } as const

/** Somebody wants steps taken now, of the alarm as they saw it. Of one that has changed since nobody wanted anything. */
export type LadderAskedEntry = {
  kind: 'ladder.asked'
  alarmId: string
  version: number
  to: LadderCallee
  /** those of the ladder under their own ids, or one that is in no ladder */
  steps: LadderStep[]
  reason: string
  by: Author
  idempotencyKey: string | null
}

/** The written report (警情信息快报) as it was drafted: these very words leave where the step does. Persons are not named in it. */
export type AlarmReportedEntry = {
  kind: 'alarm.reported'
  alarmId: string
  alarmVersion: number
  round: number
  step: string
  /** the division it is for; null: there is none above */
  to: string | null
  text: { zh: string; en: string }
}

/** A change of a ladder that waits for its second person, and what became of it. */
export type LadderProposedEntry = {
  kind: 'ladder.proposed'
  proposalId: string
  /** the version it is to follow, 0 for none */
  base: number
  ladder: Ladder
  reason: string
  dryRun?: string
  by: Author
}
export const ladderVerdicts = ['approved', 'rejected', 'withdrawn'] as const
export type LadderVerdict = (typeof ladderVerdicts)[number]
export type LadderDecidedEntry = {
  kind: 'ladder.decided'
  proposalId: string
  verdict: LadderVerdict
  comment: string | null
  by: Author
}

/** A ladder somebody wants, with what became of that; as `GET /ladders/proposals` answers. */
export type LadderProposal = {
  id: string
  /** the version it was made from */
  base: number
  ladder: Ladder
  reason: string
  dryRun: string | null
  /** what that dry run counted */
  tried: { from: number; to: number; alarms: number; calls: number } | null
  by: Author
  at: number
  state: 'open' | LadderVerdict
  decision: { by: Author; at: number; comment: string | null } | null
}

/** A wrong code was given for a message: how often since it was last quiet. Beyond the limit no code of it is taken for a while. */
export type PushCodeWrongEntry = { kind: 'push.code-wrong'; messageId: string; personId: string; attempt: number; by: Author }

/** Somebody answered a message: a test, a roll call. `by` is who gave the answer, `personId` whom it was sent to. */
export type PushAnswerEntry = { kind: 'push.answered'; messageId: string; personId: string; by: Author }

export type LadderTriedEntry = {
  kind: 'ladder.tried'
  id: string
  region: string | null
  /** SHA-256 of the steps that were tried */
  steps: string
  from: number
  to: number
  alarms: number
  calls: number
  by: Author
}

export type RollCallEntry = { kind: 'roll-call.ended'; shiftId: string; answered: string[]; missed: string[] }

/** Whom one alarm of the past would have called, when, by what. */
export type TriedCall = {
  alarmId: string
  enterpriseId: string
  level: Level
  raisedAt: number
  step: string
  at: number
  to: LadderTarget
  personIds: string[]
  channels: string[]
  leaves: boolean
}
export type DryRun = {
  id: string
  region: string | null
  from: number
  to: number
  alarms: number
  calls: TriedCall[]
  truncated: boolean
}

export type EscalationFacts = {
  /** no channel is configured: nobody is pushed anything */
  hasChannels: boolean
  shipped: Ladder
  ladders: Ladder[]
  /** steps that leave the deployment run somewhere */
  leavesSomewhere: boolean
  climbing: number
}

/** A step of a ladder that was taken. `to`: null in entries of old. */
export type LadderRung = { step: string; at: number; outcome: StepOutcome; to: LadderTarget | null }
/** Where the calling about one alarm stands. `off`: nobody is called from here · `none`: nobody was ever to be called about this one. */
export type LadderPlace = {
  phase: 'off' | 'none' | 'climbing' | 'waiting' | 'overdue' | 'over'
  /** of this round */
  taken: LadderRung[]
  /** the next rung that will call somebody, unless somebody acts */
  next: { at: number; to: LadderTarget[] } | null
  /** whom `next` by hand would call now and by which ways; empty: nobody */
  byHand?: { to: LadderTarget; channels: string[] }[]
  /** somebody has it and owes a first feedback by then */
  feedbackDueAt: number | null
}

/** One message to one person as it may be shown to them. */
export type MyPush = {
  id: string
  message: MessageKind
  alarmId: string | null
  channel: string
  at: number
  receipt: Receipt | 'failed'
  answered: boolean
  /** roll call: of which shift, and whether it asks or tells that somebody is missing */
  rollCall?: { shiftId: string; asks: boolean; open: boolean }
}

export type AskedCall = Pick<LadderAskedEntry, 'alarmId' | 'version' | 'to' | 'reason' | 'by' | 'idempotencyKey'>
/** `alarm`: as the part that calls knows it. */
export type AskedAnswer = { steps: LadderStep[]; alarm: Alarm }

/** From alarms to people. The part that pushes implements it, dashboards ask. */
export interface EscalationDesk {
  escalationFacts(): Promise<EscalationFacts>
  ladderPlace(alarmId: string): Promise<LadderPlace>
  /** Lists whom the last week's alarms would have called, and records that it was tried. */
  tryLadder(ladder: Ladder, by: Author): Promise<DryRun>
  /** Takes the next rung, or calls one role, now. The same key again is the same answer. Raises why it cannot be. */
  askCall(wish: AskedCall): Promise<AskedAnswer>
  /** Sends every contact of an enterprise a test message; resolves with how many. */
  testContacts(enterpriseId: string, by: Author): Promise<{ personId: string; messageId: string }[]>
  /** The same to one person of the deployment itself, by every way there is to them. */
  testPerson(personId: string): Promise<{ personId: string; messageId: string }[]>
  /** `code`: as it stands in the message, given for somebody else. Raises `NotFound`, `Forbidden` by code, `Conflict`. */
  answerPush(messageId: string, by: Author, code: string | null): Promise<{ message: MessageKind; personId: string }>
  answerRollCall(personId: string): Promise<{ shiftId: string }>
  myPushes(personId: string): Promise<MyPush[]>
}

export interface Escalation extends EscalationDesk {
  /** Who can be reached how; until then nobody is called. */
  reach(people: PeopleDoor): void
}
