import type { ListingLevel } from './hazard.ts'
import type { Author } from './record.ts'

/** Written notices of a hazard: 责令限期整改指令书, 整改复查意见书, 重大事故隐患挂牌督办通知书. */
export const noticeKinds = ['rectify', 'review', 'supervise'] as const
export type NoticeKind = (typeof noticeKinds)[number]
export const noticeTitles: Record<NoticeKind, string> = {
  rectify: '责令限期整改指令书',
  review: '整改复查意见书',
  supervise: '重大事故隐患挂牌督办通知书',
}
/** The mark of each series of numbers (代字). */
export const noticeMarks: Record<NoticeKind, string> = { rectify: '责改', review: '复查', supervise: '督办' }

/** One series per kind, county and year, counted from 1 without a gap. */
export type NoticeNumber = { region: string; year: number; n: number; text: string }

/** In what capacity somebody signs for it. Their name stands on the paper: the record is for ever and has none. */
export const receiverCapacities = ['head', 'manager', 'staff', 'mail-room'] as const
export type ReceiverCapacity = (typeof receiverCapacities)[number]
/** 直接送达 signed for, or 留置送达 left there because nobody would sign. */
export const serviceWays = ['signed', 'left'] as const
export type ServiceWay = (typeof serviceWays)[number]
export type NoticeService = {
  how: ServiceWay
  at: number
  capacity: ReceiverCapacity | null
  /** of whoever signed, where they are known here */
  personId: string | null
  /** of `left`: why, and that there were witnesses */
  note: string | null
  by: Author
}

/** `superseded`: something it says has become another since. A withdrawn one keeps its number (作废). */
export type NoticeState = 'standing' | 'superseded' | 'withdrawn'
export type HazardNotice = {
  id: string
  kind: NoticeKind
  number: NoticeNumber
  /** which wording it was written with */
  textVersion: string
  issuedAt: number
  issuedBy: Author
  /** who issues it */
  unit: string
  /** what it says, null where it says none */
  deadline: number | null
  listing: ListingLevel | null
  state: NoticeState
  served: NoticeService | null
  /** of one that stands no more */
  ended: { at: number; by: Author; reason: string } | null
}

/** A notice as it is printed; recorded once, so that every printing says the same whatever the wording has become. */
export type NoticeText = {
  title: string
  number: string
  addressee: string
  paragraphs: string[]
  unit: string
  date: string
  /** lines to be signed by hand */
  signatures: string[]
  receipt: string[]
  foot: string
}

export const noticeSteps = ['issue-notice', 'serve-notice', 'withdraw-notice'] as const
export type NoticeStep = (typeof noticeSteps)[number]

/** A notice was issued, in these words; the hazard it is about changed with it. */
export type NoticeIssuedEntry = {
  kind: 'notice.issued'
  hazardId: string
  noticeId: string
  /** of the series, see `noticeSeries` */
  series: string
  n: number
  text: NoticeText
  by: Author
}
/** It was printed: `copy` 0 is the original, which leaves once. */
export type NoticePrintedEntry = { kind: 'notice.printed'; hazardId: string; noticeId: string; copy: number; by: Author }

/** What is told of a notice besides itself. */
export type ShownNotice = HazardNotice & { isPrinted: boolean; copies: number }
