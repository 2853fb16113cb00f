import { Conflict, Invalid, NotFound } from './errors.ts'
import { isBeingTreated, type FiveField, type Hazard, type HazardState } from './hazard.ts'
import { noticeTextVersion, noticeText, type NoticeFacts, type Review } from './notice-text.ts'
import {
  noticeKinds,
  noticeTitles,
  type HazardNotice,
  type NoticeKind,
  type NoticeNumber,
  type NoticeService,
  type NoticeText,
} from './notice.ts'
import type { Author } from './record.ts'

const MINUTE_MS = 60_000

export type NoticeWish = { kind: NoticeKind; unit: string }
type Moment = { by: Author; at: number; comment: string | null }

/** Where an order to put right can be given: it is graded, and it is not yet said to be done. */
const orderable: ReadonlySet<HazardState> = new Set([
  ...(['graded', 'treating', 'assigned', 'booked', 'supervised', 'rectifying', 'stopped'] as const),
])
const listed: ReadonlySet<HazardState> = new Set(['supervised', 'rectifying', 'stopped', 'inReview'])
const passed: ReadonlySet<HazardState> = new Set(['verified', 'writtenOff', 'reviewed', 'struckOff', 'announced'])
/** What an order cannot be written without. */
const needed: readonly FiveField[] = ['responsible', 'measures', 'deadline']

export const noticesOf = ({ notices }: Hazard): readonly HazardNotice[] => notices ?? []
export const standingNotice = (hazard: Hazard, kind: NoticeKind): HazardNotice | undefined =>
  noticesOf(hazard).findLast((one) => one.kind === kind && one.state === 'standing')

/** The deadline that was put in writing and stands; null where none was. It is what the enterprise was told, so it is what counts. */
export const writtenDeadline = (hazard: Hazard): number | null =>
  noticesOf(hazard).findLast(({ state, deadline }) => state === 'standing' && deadline !== null)?.deadline ?? null

/** What a review is written about: the newest order that was not withdrawn. */
const orderOf = (hazard: Hazard): HazardNotice | null =>
  noticesOf(hazard).findLast(({ kind, state }) => kind !== 'review' && state !== 'withdrawn') ?? null

/** Which notices can be issued of a hazard as it stands; `review`: how the newest look at it came out. */
export function possibleNotices(hazard: Hazard, review: Review | null): NoticeKind[] {
  if (hazard.enterpriseId === null) return []
  return noticeKinds.filter((kind) => {
    if (kind === 'rectify') return orderable.has(hazard.state) && !standingNotice(hazard, kind)
    if (kind === 'supervise') return hazard.listing !== null && listed.has(hazard.state) && !standingNotice(hazard, kind)
    const isTold = (standingNotice(hazard, kind)?.issuedAt ?? -1) >= (review?.at ?? 0)
    const isOut = review !== null && (review.passed ? passed.has(hazard.state) : isBeingTreated(hazard.state))
    return isOut && !isTold && orderOf(hazard) !== null
  })
}

/** The hazard with a notice more, and its words. The number is drawn last: what is refused takes none. */
export function issueNotice(
  hazard: Hazard,
  { kind, unit }: NoticeWish,
  facts: Omit<NoticeFacts, 'about' | 'replaces'>,
  { by, at }: Moment,
  draw: () => { id: string; number: NoticeNumber },
): { hazard: Hazard; notice: HazardNotice; text: NoticeText } {
  if (!possibleNotices(hazard, facts.review).includes(kind))
    throw new Conflict('wrong-state', `${kind}: no such notice can be issued of a hazard that stands like this`, { hazard })
  const isPassed = kind === 'review' && facts.review?.passed === true
  const empty = isPassed ? [] : needed.filter((field) => isEmpty(hazard, field))
  if (empty.length > 0)
    throw new Conflict('fields-missing', `an order cannot be written without: ${empty.join(', ')}`, { missing: empty })
  const { deadline } = hazard.fields
  if (kind !== 'review' && deadline! <= at)
    throw new Conflict('deadline-over', 'the deadline is over already: set another, with its reason', { deadline })
  const notice: HazardNotice = {
    ...draw(),
    ...{ kind, textVersion: noticeTextVersion, issuedAt: at, issuedBy: by, unit, state: 'standing', served: null, ended: null },
    deadline: isPassed ? null : deadline,
    listing: kind === 'supervise' ? hazard.listing!.level : null,
  }
  const replaces = noticesOf(hazard).findLast((one) => one.kind === kind && one.state === 'superseded') ?? null
  const about = kind === 'review' ? orderOf(hazard) : null
  const before = noticesOf(hazard).map((one) =>
    one.kind === kind && one.state === 'standing' ? ended(one, 'superseded', at, by, `由 ${notice.number.text} 替代`) : one,
  )
  return {
    hazard: { ...hazard, version: hazard.version + 1, notices: [...before, notice] },
    notice,
    text: noticeText(notice, hazard, { ...facts, about, replaces: kind === 'review' ? null : replaces }),
  }
}

/** It reached them: signed for, or left there. */
export function serveNotice(hazard: Hazard, id: string, service: Omit<NoticeService, 'by'>, { by, at }: Moment): Hazard {
  const notice = noticeIn(hazard, id)
  if (notice.state === 'withdrawn' || notice.served !== null)
    throw new Conflict('wrong-state', 'it was served, or withdrawn, already', { hazard })
  // People say when by the minute.
  if (service.at > at || service.at < notice.issuedAt - (notice.issuedAt % MINUTE_MS))
    throw new Invalid('invalid', 'it is served after it was issued, and not in the future', { field: 'at' })
  if (service.how === 'signed' && service.capacity === null)
    throw new Invalid('invalid', 'say in what capacity they signed', { field: 'capacity' })
  if (service.how === 'left' && (service.note ?? '').trim() === '')
    throw new Invalid('reason-missing', 'say why it was left, and that there were witnesses', { field: 'comment' })
  return withNotice(hazard, { ...notice, served: { ...service, by } })
}

/** It holds no more; its number is used up. */
export function withdrawNotice(hazard: Hazard, id: string, { by, at, comment }: Moment): Hazard {
  const notice = noticeIn(hazard, id)
  if (notice.state === 'withdrawn') throw new Conflict('wrong-state', 'it is withdrawn already', { hazard })
  if ((comment ?? '').trim() === '') throw new Invalid('reason-missing', 'withdrawing needs a reason', { field: 'comment' })
  return withNotice(hazard, ended(notice, 'withdrawn', at, by, comment!))
}

/** What a step changed that a notice had put in writing: that notice is superseded, and says why. */
export function supersede(before: Hazard, hazard: Hazard, { by, at }: Moment): Hazard {
  if (!hazard.notices) return hazard
  const { deadline } = hazard.fields
  const isMoved = deadline !== before.fields.deadline
  return {
    ...hazard,
    notices: hazard.notices.map((one) => {
      if (one.state !== 'standing') return one
      if (isMoved && one.deadline !== null && one.deadline !== deadline) return ended(one, 'superseded', at, by, '时限已变更')
      if (one.listing !== null && one.listing !== hazard.listing?.level) return ended(one, 'superseded', at, by, '督办级别已变更')
      return one
    }),
  }
}

export const noticeLine = ({ kind, number }: HazardNotice): string => `《${noticeTitles[kind]}》${number.text}`

function noticeIn(hazard: Hazard, id: string): HazardNotice {
  const notice = noticesOf(hazard).find((one) => one.id === id)
  if (!notice) throw new NotFound(`there is no notice ${id}`)
  return notice
}
const withNotice = (hazard: Hazard, notice: HazardNotice): Hazard => ({
  ...hazard,
  version: hazard.version + 1,
  notices: noticesOf(hazard).map((one) => (one.id === notice.id ? notice : one)),
})
const ended = (
  ...[notice, state, at, by, reason]: [HazardNotice, 'superseded' | 'withdrawn', number, Author, string]
): HazardNotice => ({ ...notice, state, ended: { at, by, reason } })

function isEmpty({ fields: { responsible, measures, deadline } }: Hazard, field: FiveField): boolean {
  if (field === 'deadline') return deadline === null
  if (field === 'measures') return (measures ?? '').trim() === ''
  return (responsible?.unit ?? '').trim() === '' && (responsible?.personId ?? null) === null
}
