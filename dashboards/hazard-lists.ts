import { cellText, csvLine } from '../core/csv.ts'
import { hazardCategories, type Hazard } from '../core/hazard.ts'
import { toLocal } from '../core/local-time.ts'

/** 两个清单: what is wrong, and what is done about it (requirements S132). */
export const hazardLists = ['problems', 'measures'] as const
export type HazardList = (typeof hazardLists)[number]
type Lang = 'zh' | 'en'
type Cell = { zh: string; en: string; of: (hazard: Hazard, words: Words) => string }
/** Names the ledger does not have itself. */
export type Words = { lang: Lang; zone: string; enterprise: (id: string) => string; person: (id: string) => string }

const levelNames = {
  general: { zh: '一般隐患', en: 'general' },
  major: { zh: '重大事故隐患', en: 'major' },
} as const
const sourceNames = {
  alarm: { zh: '报警', en: 'alarm' },
  inspection: { zh: '督导检查', en: 'inspection' },
  'self-check': { zh: '企业自查', en: 'self-check' },
  'tip-off': { zh: '群众举报', en: 'tip-off' },
  'false-alarms': { zh: '反复误报', en: 'false alarms' },
} as const
const stateNames: Record<Hazard['state'], { zh: string; en: string }> = {
  found: { zh: '排查', en: 'found' },
  registered: { zh: '登记', en: 'registered' },
  graded: { zh: '定级', en: 'graded' },
  treating: { zh: '治理', en: 'being treated' },
  reported: { zh: '报告', en: 'reported as treated' },
  verified: { zh: '验收', en: 'verified' },
  writtenOff: { zh: '销账', en: 'written off' },
  gathered: { zh: '汇总', en: 'gathered' },
  confirmed: { zh: '认定', en: 'confirmed' },
  listed: { zh: '清单', en: 'listed' },
  assigned: { zh: '交办', en: 'assigned' },
  booked: { zh: '台账', en: 'booked' },
  supervised: { zh: '挂牌督办', en: 'supervised' },
  rectifying: { zh: '整改', en: 'being rectified' },
  stopped: { zh: '停产整改', en: 'work stopped' },
  inReview: { zh: '审核把关', en: 'in review' },
  reviewed: { zh: '审核通过', en: 'reviewed' },
  struckOff: { zh: '销号', en: 'struck off' },
  announced: { zh: '通报', en: 'announced' },
  dismissed: { zh: '不属实', en: 'dismissed' },
  closedDown: { zh: '关闭/吊销', en: 'closed down' },
}
const day = (ms: number | null, zone: string) => (ms === null ? '' : new Date(toLocal(ms, zone)).toISOString().slice(0, 10))
const owner = ({ fields: { responsible } }: Hazard, { person }: Words) =>
  [responsible?.unit, responsible?.personId && person(responsible.personId)].filter(Boolean).join(' ')

const number: Cell = { zh: '编号', en: 'number', of: ({ id }) => id }
const enterprise: Cell = {
  ...{ zh: '企业', en: 'enterprise' },
  of: ({ enterpriseId }, words) => (enterpriseId === null ? '' : words.enterprise(enterpriseId)),
}
const responsible: Cell = { zh: '责任', en: 'responsible', of: owner }
const deadline: Cell = { zh: '时限', en: 'deadline', of: ({ fields }, { zone }) => day(fields.deadline, zone) }
const state: Cell = { zh: '环节', en: 'stage', of: ({ state }, { lang }) => stateNames[state][lang] }
const columns: Record<HazardList, Cell[]> = {
  problems: [
    number,
    enterprise,
    { zh: '地点', en: 'place', of: ({ place }) => place },
    { zh: '来源', en: 'source', of: ({ source }, { lang }) => sourceNames[source][lang] },
    { zh: '级别', en: 'grade', of: ({ level }, { lang }) => (level === null ? '' : levelNames[level][lang]) },
    { zh: '类别', en: 'category', of: ({ category }, { lang }) => hazardCategories[category][lang] },
    { zh: '问题', en: 'problem', of: ({ description }) => description },
    { zh: '发现日期', en: 'found on', of: ({ createdAt }, { zone }) => day(createdAt, zone) },
    responsible,
    deadline,
    state,
  ],
  measures: [
    number,
    enterprise,
    { zh: '问题', en: 'problem', of: ({ description }) => description },
    { zh: '措施', en: 'measures', of: ({ fields }) => fields.measures ?? '' },
    responsible,
    {
      ...{ zh: '资金(元)', en: 'funds (yuan)' },
      of: ({ fields: { funds } }) => (funds === null ? '' : `${funds.yuan} ${funds.source}`),
    },
    deadline,
    { zh: '预案', en: 'plan', of: ({ fields }) => fields.plan ?? '' },
    state,
    { zh: '证据', en: 'evidence', of: ({ evidence }) => evidence.join(' ') },
  ],
}

/** One of the two lists as a file a spreadsheet reads. */
export function hazardCsv(list: HazardList, hazards: readonly Hazard[], words: Words): string {
  const cells = columns[list]
  const lines = hazards.map((hazard) => csvLine(cells.map(({ of }) => cellText(of(hazard, words)))))
  return `\uFEFF${csvLine(cells.map((cell) => cell[words.lang]))}${lines.join('')}`
}
