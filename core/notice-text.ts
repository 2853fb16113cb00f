import { toLocal } from './local-time.ts'
import type { Hazard, ListingLevel } from './hazard.ts'
import { noticeTitles, type HazardNotice, type NoticeKind, type NoticeText } from './notice.ts'

/** Which wording is in use. A change of a sentence below is a new version: notices issued keep theirs (they are recorded whole). */
export const noticeTextVersion = '2026-11'

/** How a review came out, and what was said. */
export type Review = { passed: boolean; at: number; comment: string | null }
export type NoticeFacts = {
  enterprise: string
  /** where it is, as the enterprise is shown it */
  place: string
  zone: string
  /** who looks at it when it is done */
  verifier: string
  /** the clause that was broken, where somebody said one */
  clause: string | null
  /** of `review`: what came out, and the notice it was about */
  review: Review | null
  about: HazardNotice | null
  /** the notice this one takes the place of */
  replaces: HazardNotice | null
}

const listingUnits: Record<ListingLevel, string> = { town: '镇（街道）级', county: '县（区）级', city: '市级' }

/** `2026年3月31日` in the zone. */
export function chineseDay(ms: number, zone: string): string {
  const day = new Date(toLocal(ms, zone))
  return `${day.getUTCFullYear()}年${day.getUTCMonth() + 1}月${day.getUTCDate()}日`
}

/** The notice in full. Plain sentences of the standard forms; what is not known stays a line to be filled in by hand. */
export function noticeText(notice: HazardNotice, hazard: Hazard, facts: NoticeFacts): NoticeText {
  const { kind, number, unit, issuedAt } = notice
  const { replaces } = facts
  return {
    title: `${hazard.mode === 'live' ? '' : '（模拟演练，不具效力）'}${noticeTitles[kind]}`,
    number: number.text,
    addressee: facts.enterprise,
    paragraphs: [
      ...bodies[kind](notice, hazard, facts),
      ...(replaces ? [`本文书自送达之日起替代《${noticeTitles[replaces.kind]}》${replaces.number.text}。`] : []),
    ],
    unit,
    date: chineseDay(issuedAt, facts.zone),
    signatures: [1, 2].map(() => '执法人员（签名）：＿＿＿＿＿＿＿＿　证号：＿＿＿＿＿＿＿＿＿＿＿＿'),
    receipt: [
      '送达方式：□ 直接送达　□ 留置送达　　送达时间：＿＿＿＿年＿＿月＿＿日＿＿时＿＿分',
      '受送达人（签名或盖章）：＿＿＿＿＿＿＿＿＿＿　职务：＿＿＿＿＿＿＿＿',
      '留置送达事由：＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿',
      '见证人（签名）：＿＿＿＿＿＿＿＿＿＿　＿＿＿＿＿＿＿＿＿＿',
    ],
    foot: '本文书一式两份：一份由发出单位备案，一份交受送达单位。',
  }
}

type Body = (notice: HazardNotice, hazard: Hazard, facts: NoticeFacts) => string[]
const given = (label: string, text: string | null | undefined) => (text ? [`${label}：${text}`] : [])
/** By unit only: a person's name would stay in the record for ever. */
const demands = ({ fields: { responsible, measures, funds, plan } }: Hazard): string[] => [
  ...given('整改责任单位', responsible?.unit ?? '你单位主要负责人'),
  ...given('整改措施', measures),
  ...given('整改资金', funds && (funds.yuan === 0 ? `无需资金（${funds.source}）` : `${funds.yuan} 元（${funds.source}）`)),
  ...given('整改期间的安全措施和应急预案', plan),
]
const problem = ({ description }: Hazard, { place, clause }: NoticeFacts): string[] => [
  `1. （地点：${place}）${description}`,
  ...(clause ? [`上述问题违反了${clause}。`] : []),
]
/** Work safety law (2021) §102. */
const consequences =
  '逾期未整改或者整改不符合要求的，依照《中华人民共和国安全生产法》第一百零二条等规定处以罚款；拒不执行的，责令停产停业整顿，' +
  '对直接负责的主管人员和其他直接责任人员处以罚款；构成犯罪的，依法追究刑事责任。由此造成事故的，依法追究有关人员的责任。'
/** Law of administrative reconsideration §20, law of administrative litigation §46. */
const remedies =
  '如不服本决定，可以自收到本文书之日起六十日内向＿＿＿＿＿＿人民政府申请行政复议，或者六个月内依法向＿＿＿＿＿＿人民法院提起行政诉讼，' +
  '但本决定不停止执行，法律另有规定的除外。'
const report = (unit: string, verifier: string) =>
  `整改完毕后，你单位应当向${unit}书面报告，由${verifier}复查；参与整改的人员不得参加复查。`
const dayOrLine = (ms: number | null, zone: string) => (ms === null ? '＿＿＿＿年＿＿月＿＿日' : chineseDay(ms, zone))

const bodies: Record<NoticeKind, Body> = {
  rectify: ({ deadline, unit }, hazard, facts) => [
    '经查，你单位存在下列问题：',
    ...problem(hazard, facts),
    `现责令你单位对上述问题于${dayOrLine(deadline, facts.zone)}前整改完毕，达到有关法律、法规、规章和标准规定的要求。`,
    ...demands(hazard),
    ...(hazard.isWorkStopped ? ['整改期间停产停业，经复查合格前不得恢复。'] : ['整改期间，你单位应当采取措施，确保安全生产。']),
    report(unit, facts.verifier),
    consequences,
    remedies,
  ],
  review: ({ deadline, unit }, hazard, facts) => {
    const { about, review, zone, verifier } = facts
    const passed = review?.passed === true
    return [
      ...(about
        ? [
            `本机关于${chineseDay(about.issuedAt, zone)}发出《${noticeTitles[about.kind]}》${about.number.text}，` +
              `经${verifier}于${dayOrLine(review?.at ?? null, zone)}对你单位整改情况进行复查，提出如下意见：`,
          ]
        : []),
      ...problem(hazard, facts),
      passed ? '复查意见：上述问题已整改完毕，符合要求。' : '复查意见：上述问题未整改完毕或者整改不符合要求。',
      ...given('复查说明', review?.comment),
      ...given('复查证据', passed ? hazard.evidence.join('、') : null),
      ...(passed
        ? ['同意按规定程序办理销号。你单位应当保持整改成果，防止同类问题再次发生。']
        : [`你单位应当继续整改，于${dayOrLine(deadline, zone)}前整改完毕。`, report(unit, verifier), consequences, remedies]),
    ]
  },
  supervise: ({ deadline, unit, listing }, hazard, facts) => [
    `你单位存在的下列问题已认定为重大事故隐患，现决定实行${listing ? listingUnits[listing] : ''}挂牌督办：`,
    ...problem(hazard, facts),
    `治理期限：${dayOrLine(deadline, facts.zone)}前。`,
    ...demands(hazard),
    ...(hazard.isWorkStopped ? ['治理期间停产停业，经审核合格前不得恢复。'] : []),
    `督办单位：${unit}；审核验收单位：${facts.verifier}。`,
    `治理完成后，你单位应当组织评估并向${unit}书面申请解除挂牌督办；经${facts.verifier}审核合格的，予以销号并解除，参与治理的人员不得参加审核。`,
    '挂牌督办期间，你单位应当在显著位置公示本隐患及其治理情况，并按督办单位要求报告治理进展。',
    consequences,
    remedies,
  ],
}
