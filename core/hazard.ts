import type { Mode } from './mode.ts'
import type { HazardNotice, NoticeStep } from './notice.ts'
import type { Author } from './record.ts'

/** `false-alarms`: by the platform itself, of a point that was marked false too often. */
export const hazardSources = ['alarm', 'inspection', 'self-check', 'tip-off', 'false-alarms'] as const
export type HazardSource = (typeof hazardSources)[number]

/** 一般隐患, 重大事故隐患. `null` until somebody has graded it. */
export const hazardLevels = ['general', 'major'] as const
export type HazardLevel = (typeof hazardLevels)[number]

/** Who supervises a listed hazard (挂牌督办), lowest first. */
export const listingLevels = ['town', 'county', 'city'] as const
export type ListingLevel = (typeof listingLevels)[number]

export const hazardCategories = {
  fire: { zh: '消防', en: 'Fire protection' },
  gas: { zh: '燃气', en: 'Gas' },
  electrical: { zh: '电气', en: 'Electrical' },
  chemicals: { zh: '危险化学品', en: 'Hazardous chemicals' },
  equipment: { zh: '设备设施', en: 'Equipment' },
  monitoring: { zh: '监测监控', en: 'Monitoring' },
  'confined-space': { zh: '有限空间', en: 'Confined space' },
  operation: { zh: '作业行为', en: 'Way of working' },
  management: { zh: '安全管理', en: 'Management' },
  other: { zh: '其他', en: 'Other' },
} as const
export type HazardCategory = keyof typeof hazardCategories

/** 责任 措施 资金 时限 预案: all of them before it is treated (五到位). A person by id, never by name. */
export type FiveFields = {
  responsible: { unit: string | null; personId: string | null } | null
  measures: string | null
  /** no money needed is 0, and said */
  funds: { yuan: number; source: string } | null
  deadline: number | null
  plan: string | null
}
export const fiveFields = ['responsible', 'measures', 'funds', 'deadline', 'plan'] as const
export type FiveField = (typeof fiveFields)[number]
export const emptyFields: FiveFields = { responsible: null, measures: null, funds: null, deadline: null, plan: null }

/**
 * Where a hazard stands (requirements 4.3, workflows 2, 3 and 9). A general one: 排查 found · 登记 registered · 定级 graded · 治理 treating ·
 * 报告 reported · 验收 verified · 销账 writtenOff. A major one: 汇总 gathered · 认定 confirmed · 清单 listed · 交办 assigned · 台账 booked ·
 * 挂牌督办 supervised · 整改 rectifying or 停产整改 stopped · 审核把关 inReview, reviewed · 销号 struckOff · 通报 announced.
 */
export const generalStates = ['found', 'registered', 'graded', 'treating', 'reported', 'verified', 'writtenOff'] as const
export const majorStates = [
  ...(['gathered', 'confirmed', 'listed', 'assigned', 'booked', 'supervised', 'rectifying', 'stopped'] as const),
  ...(['inReview', 'reviewed', 'struckOff', 'announced'] as const),
] as const
export const hazardStates = [...generalStates, ...majorStates, 'dismissed', 'closedDown'] as const
export type HazardState = (typeof hazardStates)[number]

/** What people do to a hazard. */
export const hazardSteps = [
  ...(['register', 'grade', 'plan', 'confirm', 'list', 'assign', 'book', 'supervise', 'treat', 'stop'] as const),
  ...(['report', 'reject', 'verify', 'write-off', 'announce', 'dismiss', 'close-down'] as const),
] as const
export type HazardStep = (typeof hazardSteps)[number]
/** What a step comes to: a grade leads two ways, and who had stopped work goes on rectifying with work stopped. */
export type HazardInput = Exclude<HazardStep, 'grade'> | 'gradeGeneral' | 'gradeMajor' | 'rejectStopped'

const upToMajor = { gradeMajor: 'gathered' } as const

/** Every state and where each input leads; what is not in the row is impossible there. */
const transitions: Record<HazardState, Partial<Record<HazardInput, HazardState>>> = {
  found: { register: 'registered', dismiss: 'dismissed' },
  registered: { plan: 'registered', gradeGeneral: 'graded', ...upToMajor, dismiss: 'dismissed' },
  graded: { plan: 'graded', treat: 'treating', ...upToMajor },
  treating: { plan: 'treating', report: 'reported', ...upToMajor },
  reported: { verify: 'verified', reject: 'treating', ...upToMajor },
  verified: { 'write-off': 'writtenOff' },
  writtenOff: {},
  gathered: { plan: 'gathered', confirm: 'confirmed', gradeGeneral: 'graded', dismiss: 'dismissed' },
  confirmed: { plan: 'confirmed', list: 'listed' },
  listed: { plan: 'listed', assign: 'assigned' },
  assigned: { plan: 'assigned', book: 'booked' },
  booked: { plan: 'booked', supervise: 'supervised', treat: 'rectifying', stop: 'stopped' },
  supervised: { plan: 'supervised', supervise: 'supervised', treat: 'rectifying', stop: 'stopped' },
  rectifying: {
    ...{ plan: 'rectifying', supervise: 'rectifying', stop: 'stopped' },
    ...{ report: 'inReview', 'close-down': 'closedDown' },
  },
  stopped: { plan: 'stopped', supervise: 'stopped', report: 'inReview', 'close-down': 'closedDown' },
  inReview: { verify: 'reviewed', reject: 'rectifying', rejectStopped: 'stopped', 'close-down': 'closedDown' },
  reviewed: { 'write-off': 'struckOff' },
  struckOff: { announce: 'announced' },
  announced: {},
  dismissed: {},
  closedDown: {},
}

/** The state an input leads to, or null when it is impossible in this one. */
export const hazardTransition = (from: HazardState, input: HazardInput): HazardState | null => transitions[from][input] ?? null

/** What can be done to a hazard in a state, whoever asks. */
export const possibleSteps = (state: HazardState): HazardStep[] =>
  hazardSteps.filter((step) =>
    step === 'grade' ? 'gradeGeneral' in transitions[state] || 'gradeMajor' in transitions[state] : step in transitions[state],
  )

export const isHazardOver = (state: HazardState): boolean => Object.keys(transitions[state]).length === 0
/** Still to be put right: a major one that is written off is only still to be announced. */
export const isHazardStanding = (state: HazardState): boolean => !isHazardOver(state) && state !== 'struckOff'
export const isBeingTreated = (state: HazardState): boolean => ['treating', 'rectifying', 'stopped'].includes(state)

/**
 * How many working days a hazard may stay in a state; `deadline` is its own 时限. Ours except where a source gives one: five days to
 * tell who decides (a major fire hazard is reported within five), seven to decide on a listing (requirements 4.3, workflow 4).
 */
export const hazardClocks: Record<HazardState, number | 'deadline' | null> = {
  ...{ found: 3, registered: 3, graded: 5, treating: 'deadline', reported: 5, verified: 3, writtenOff: null },
  ...{ gathered: 5, confirmed: 2, listed: 2, assigned: 2, booked: 7, supervised: 5, rectifying: 'deadline', stopped: 'deadline' },
  ...{ inReview: 5, reviewed: 3, struckOff: 5, announced: null, dismissed: null, closedDown: null },
}
/** A tip-off has to be looked into before anything can be registered. */
export const TIP_CHECK_DAYS = 7

/** What happens to whoever lets a clock run out, in working days after it did (通报 → 约谈 → 督办 → 移交). */
export const overdueLadder = [
  { step: 'notice', days: 1 },
  { step: 'talk', days: 5 },
  { step: 'supervise', days: 10 },
  { step: 'hand-over', days: 20 },
] as const
export type OverdueStep = (typeof overdueLadder)[number]['step']

export type Hazard = {
  id: string
  /** changes with every change */
  version: number
  mode: Mode
  source: HazardSource
  alarmId: string | null
  /** of `false-alarms`: what keeps alarming for nothing */
  point?: { deviceId: string; subject: string }
  enterpriseId: string | null
  place: string
  level: HazardLevel | null
  description: string
  category: HazardCategory
  fields: FiveFields
  state: HazardState
  /** when it came into this state, and when it has to be out of it */
  since: number
  dueAt: number | null
  createdAt: number
  createdBy: Author
  /** everybody who said how it is treated, or that it is: none of them verifies */
  fixers: Author[]
  verifiedBy: Author | null
  /** photos and records by which somebody else can see that it is gone */
  evidence: string[]
  listing: { level: ListingLevel; by: Author; at: number } | null
  /** work goes on only when it is put right */
  isWorkStopped: boolean
  /** how often its deadline was moved while it was treated */
  deadlineMoves: number
  /** what was put in writing to the enterprise, oldest first */
  notices?: HazardNotice[]
}

/** A hazard as it stands after a change, and who changed it. */
export type HazardEntry = {
  kind: 'hazard.changed'
  hazard: Hazard
  change: 'created' | HazardStep | NoticeStep
  by: Author
  comment: string | null
  at: number
}

/** A tip nobody has taken up: words and place are still those of whoever gave it, and are for who looks into tips alone. */
export const isRawTip = ({ source, state, version }: Pick<Hazard, 'source' | 'state' | 'version'>): boolean =>
  source === 'tip-off' && isUntaken({ state, version })
/** Nobody has registered it: it is found, or was dismissed as it was found. */
export const isUntaken = ({ state, version }: Pick<Hazard, 'state' | 'version'>): boolean =>
  state === 'found' || (state === 'dismissed' && version <= 2)

/** What a stranger with the code of their tip is told. */
export type TipState = 'received' | 'verified' | 'treating' | 'done' | 'unconfirmed'
export function tipStateOf(state: HazardState): TipState {
  if (state === 'found') return 'received'
  if (state === 'dismissed') return 'unconfirmed'
  if (['writtenOff', 'struckOff', 'announced', 'closedDown'].includes(state)) return 'done'
  return isBeingTreated(state) || ['reported', 'verified', 'inReview', 'reviewed'].includes(state) ? 'treating' : 'verified'
}
