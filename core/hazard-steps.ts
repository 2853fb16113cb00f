import { afterWorkingDays, type HolidayCalendar } from './calendar.ts'
import { Conflict, Invalid } from './errors.ts'
import {
  emptyFields,
  fiveFields,
  hazardClocks,
  hazardTransition,
  isBeingTreated,
  isHazardOver,
  listingLevels,
  overdueLadder,
  TIP_CHECK_DAYS,
  type FiveField,
  type FiveFields,
  type Hazard,
  type HazardCategory,
  type HazardInput,
  type HazardLevel,
  type HazardStep,
  type ListingLevel,
  type OverdueStep,
} from './hazard.ts'
import { supersede, writtenDeadline } from './notice-steps.ts'
import type { Author } from './record.ts'

/** Which days are worked, and whose clocks count. */
export type WorkingTime = { calendar: HolidayCalendar; zone: string }
export type HazardMoment = { by: Author; at: number; comment: string | null }
export type HazardStepDetails = {
  /** `grade` */
  level?: HazardLevel
  /** `plan`: those named are set, the others stay */
  fields?: Partial<FiveFields>
  /** `report`, `verify`: what is added */
  evidence?: string[]
  /** `supervise` */
  listing?: ListingLevel
  /** `register`: what was found and where, as whoever has looked says it; a tip's own words may give away whose they are */
  description?: string
  place?: string
  category?: HazardCategory
}
export type NewHazard = Pick<
  Hazard,
  'id' | 'mode' | 'source' | 'alarmId' | 'point' | 'enterpriseId' | 'place' | 'description' | 'category'
> & { fields?: Partial<FiveFields> }

const needFiveFields: ReadonlySet<HazardStep> = new Set(['treat', 'stop', 'report', 'verify', 'write-off'])
const needReason: ReadonlySet<HazardStep> = new Set(['reject', 'dismiss', 'close-down'])
/** Who treats it does not say that it is gone, nor strike it off. */
const needAnother: ReadonlySet<HazardStep> = new Set(['verify', 'write-off'])

export function openHazard({ fields, ...wanted }: NewHazard, { by, at }: HazardMoment, time: WorkingTime): Hazard {
  const hazard: Hazard = {
    ...wanted,
    version: 1,
    level: null,
    fields: { ...emptyFields, ...fields },
    state: 'found',
    since: at,
    dueAt: null,
    createdAt: at,
    createdBy: by,
    fixers: [],
    verifiedBy: null,
    evidence: [],
    listing: null,
    isWorkStopped: false,
    deadlineMoves: 0,
  }
  return { ...hazard, dueAt: dueAt(hazard, time) }
}

/** The hazard after a step; raises why it cannot be taken. */
export function takeStep(
  ...[hazard, step, details, moment, time]: [
    hazard: Hazard,
    step: HazardStep,
    details: HazardStepDetails,
    moment: HazardMoment,
    time: WorkingTime,
  ]
): Hazard {
  const { by, at, comment } = moment
  const state = hazardTransition(hazard.state, inputOf(hazard, step, details))
  if (state === null) throw new Conflict('wrong-state', `${step} is not possible in the state ${hazard.state}`, { hazard })
  if (needReason.has(step) && (comment ?? '').trim() === '')
    throw new Invalid('reason-missing', `${step} needs a reason`, { field: 'comment' })
  if (step === 'assign' && missingFields(hazard.fields).includes('responsible')) throw missing(['responsible'])
  const next = effects[step]?.(hazard, details, moment) ?? hazard
  if (needFiveFields.has(step) || (step === 'plan' && isBeingTreated(state))) {
    const empty = missingFields(next.fields)
    if (empty.length > 0) throw missing(empty)
  }
  if (step === 'plan' && isBeingTreated(state) && (comment ?? '').trim() === '')
    throw new Invalid('reason-missing', 'a plan that is being carried out changes only for a reason', { field: 'comment' })
  if ((step === 'report' || step === 'verify') && hazard.level === 'major' && next.evidence.length === 0)
    throw new Conflict('evidence-missing', 'a major hazard is gone only with a photo or a record that shows it', {})
  if (needAnother.has(step) && fixersOf(hazard).has(by))
    throw new Conflict('same-person', 'who treats a hazard, or said how, does not verify it', { fixers: [...fixersOf(hazard)] })
  const moved = state !== hazard.state
  const changed = supersede(hazard, { ...next, state, version: hazard.version + 1, since: moved ? at : hazard.since }, moment)
  return { ...changed, dueAt: dueAt(changed, time) }
}

/** Which of the five are not filled in. */
export const missingFields = (fields: FiveFields): FiveField[] => fiveFields.filter((field) => !isFilled[field](fields))

const said = (text: string | null | undefined): boolean => typeof text === 'string' && text.trim() !== ''
const isFilled: Record<FiveField, (fields: FiveFields) => boolean> = {
  responsible: ({ responsible }) => said(responsible?.unit) || said(responsible?.personId),
  measures: ({ measures }) => said(measures),
  funds: ({ funds }) => funds !== null && funds.yuan >= 0 && said(funds.source),
  deadline: ({ deadline }) => deadline !== null,
  plan: ({ plan }) => said(plan),
}

/** Nobody answers for it: shown as a gap, wherever it stands. */
export const hasNoOwner = ({ state, fields }: Hazard): boolean => !isHazardOver(state) && !isFilled.responsible(fields)
export const isOverdue = ({ dueAt }: Hazard, now: number): boolean => dueAt !== null && now > dueAt

/** What is due for letting the clock run out and from when, as far as it has come by `now`. */
export function overdueSteps(hazard: Hazard, now: number, { calendar, zone }: WorkingTime): { step: OverdueStep; at: number }[] {
  const { dueAt } = hazard
  if (dueAt === null || now <= dueAt) return []
  const steps: { step: OverdueStep; at: number }[] = []
  for (const { step, days } of overdueLadder) {
    const at = afterWorkingDays(calendar, dueAt, days, zone)
    if (at > now) break
    steps.push({ step, at })
  }
  return steps
}

/** Everybody who has a hand in the treatment. */
export function fixersOf({ fixers, fields }: Hazard): Set<Author> {
  const responsible = fields.responsible?.personId
  return new Set([...fixers, ...(responsible ? [responsible] : [])])
}

type Effect = (hazard: Hazard, details: HazardStepDetails, moment: HazardMoment) => Hazard
const withFixer = (hazard: Hazard, by: Author): Hazard => ({ ...hazard, fixers: [...new Set([...hazard.fixers, by])] })
const withEvidence = (hazard: Hazard, evidence: string[] = []): Hazard => ({
  ...hazard,
  evidence: [...new Set([...hazard.evidence, ...evidence.filter(said)])],
})

/** What a step changes besides the state. */
const effects: Partial<Record<HazardStep, Effect>> = {
  register: (hazard, { description, place, category }) => {
    if (hazard.source === 'tip-off') checkRetold(hazard, { description, place, category })
    return {
      ...hazard,
      ...(said(description) && { description: description! }),
      ...(said(place) && { place: place! }),
      ...(category && { category }),
    }
  },
  grade: (hazard, { level }) => {
    const isOther = hazard.level !== null && hazard.level !== level
    return { ...hazard, level: level!, ...(isOther && { evidence: [], verifiedBy: null }) }
  },
  plan: (hazard, { fields = {} }, { by, at }) => {
    const { deadline } = fields
    if (typeof deadline === 'number' && deadline !== hazard.fields.deadline && deadline <= at)
      throw new Invalid('invalid', 'the deadline is already over', { field: 'deadline' })
    const before = hazard.fields.deadline
    const moves = isBeingTreated(hazard.state) && deadline !== undefined && deadline !== before ? 1 : 0
    // Who was responsible stays out of the verification, though somebody else is now.
    const known = withFixer({ ...hazard, fixers: [...fixersOf(hazard)] }, by)
    return { ...known, fields: { ...hazard.fields, ...fields }, deadlineMoves: hazard.deadlineMoves + moves }
  },
  supervise: (hazard, { listing }, { by, at }) => {
    if (listing === undefined) throw new Invalid('invalid', 'who supervises it: town, county or city', { field: 'listing' })
    const held = hazard.listing
    if (held && listingLevels.indexOf(listing) <= listingLevels.indexOf(held.level))
      throw new Conflict('wrong-state', `it is already supervised by the ${held.level}; only a higher one takes over`, { hazard })
    return { ...hazard, listing: { level: listing, by, at } }
  },
  treat: (hazard, _details, { by }) => withFixer(hazard, by),
  stop: (hazard, _details, { by }) => ({ ...withFixer(hazard, by), isWorkStopped: true }),
  report: (hazard, { evidence }, { by }) => withFixer(withEvidence(hazard, evidence), by),
  reject: (hazard) => ({ ...hazard, evidence: [], verifiedBy: null }),
  verify: (hazard, { evidence }, { by }) => ({ ...withEvidence(hazard, evidence), verifiedBy: by }),
}

/** Whoever reads on must not tell a tip from an inspection, nor the sender by what they wrote (requirements S136). */
function checkRetold(
  tip: Hazard,
  { description, place, category }: Record<'description' | 'place' | 'category', string | undefined>,
): void {
  const isOwn = (text: string | undefined, theirs: string) => said(text) && text!.trim() !== theirs.trim()
  if (!isOwn(description, tip.description))
    throw new Invalid('invalid', 'say in your own words what was found: those of a tip may give away whose they are', {
      field: 'description',
    })
  if (!isOwn(place, tip.place))
    throw new Invalid('invalid', 'say where by a place of the registry: the words of a tip may give away whose they are', {
      field: 'place',
    })
  if (category === undefined) throw new Invalid('invalid', 'say of which kind it is', { field: 'category' })
}

function inputOf({ isWorkStopped, level: before }: Hazard, step: HazardStep, { level }: HazardStepDetails): HazardInput {
  if (step === 'reject') return isWorkStopped && before === 'major' ? 'rejectStopped' : 'reject'
  if (step !== 'grade') return step
  if (level === undefined) throw new Invalid('invalid', 'which grade: general or major', { field: 'level' })
  return level === 'general' ? 'gradeGeneral' : 'gradeMajor'
}

function dueAt(hazard: Hazard, { calendar, zone }: WorkingTime): number | null {
  const { state, since, source, fields } = hazard
  const days = state === 'found' && source === 'tip-off' ? TIP_CHECK_DAYS : hazardClocks[state]
  // What was put in writing counts; a plan with another deadline supersedes it, so the two are one.
  if (days === 'deadline') return writtenDeadline(hazard) ?? fields.deadline
  return days === null ? null : afterWorkingDays(calendar, since, days, zone)
}

const missing = (fields: FiveField[]) =>
  new Conflict('fields-missing', `these of the five fields are empty: ${fields.join(', ')}`, { missing: fields })
