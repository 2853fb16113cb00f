import type { Alarm } from './alarm.ts'
import { changeNames } from './change-names.ts'
import type { CallResult, Position } from './contact.ts'
import { parentOf } from './department.ts'
import type { StepOutcome } from './escalation.ts'
import type { LadderTarget } from './ladder.ts'
import { levelNames } from './level.ts'
import { toLocal } from './local-time.ts'
import { modeMarks } from './mode.ts'
import type { Receipt } from './push.ts'
import type { AlarmChangeEntry, RecordEntry, RecordKind } from './record.ts'
import type { Registry } from './registry.ts'
import type { DutyRole } from './roster.ts'

type Text = { zh: string; en: string }
/** What the record says of one alarm, oldest first. */
export type StoryItem = { at: number; entry: RecordEntry }
export type ReportFacts = {
  /** time zone of the deployment */
  zone: string
  registry: Pick<Registry, 'devices' | 'enterprises' | 'zones'>
  /** a division as people call it; without it its code */
  region?: (code: string) => Text | null
  /** a person by id, where whoever reads it may know; without it nobody is named */
  person?: (id: string) => string | null
}

export const storyKinds: RecordKind[] = [
  ...(['alarm.changed', 'alarm.called', 'alarm.reported', 'ladder.asked', 'ladder.step'] as const),
  ...(['push.due', 'push.sent', 'push.failed', 'push.refused', 'push.receipt'] as const),
]
/** From where the record has to be read for the story of an alarm. */
export const storyFrom = ({ causes }: Pick<Alarm, 'causes'>, known: number): number =>
  Math.max(1, Math.min(known, ...causes.filter((pos) => pos > 0)))
export const isOf = (alarmId: string, entry: RecordEntry): boolean =>
  entry.kind === 'alarm.changed' ? entry.alarm.id === alarmId : 'alarmId' in entry && entry.alarmId === alarmId

const roles: Record<DutyRole, Text> = {
  duty1: { zh: '值班一', en: 'duty 1' },
  duty2: { zh: '值班二', en: 'duty 2' },
  shiftLeader: { zh: '班长', en: 'shift leader' },
  dutyLeader: { zh: '带班领导', en: 'duty leader' },
}
const positions: Record<Position, Text> = {
  head: { zh: '企业主要负责人', en: "the enterprise's head" },
  technical: { zh: '企业技术负责人', en: "the enterprise's technical lead" },
  operation: { zh: '企业操作负责人', en: "the enterprise's operation lead" },
  'duty-room': { zh: '企业值班室', en: "the enterprise's duty room" },
}
const outcomes: Record<StepOutcome, Text> = {
  called: { zh: '已通知', en: 'called' },
  nobody: { zh: '无人值班，未能通知', en: 'nobody on duty, not called' },
  unarmed: { zh: '联系人未通过测试，未通知', en: 'contacts never answered a test, not called' },
  off: { zh: '该步骤未启用，未通知', en: 'this step is off, not called' },
  quiet: { zh: '静默时段，未通知', en: 'quiet hours, not called' },
  told: { zh: '无此岗位人员', en: 'nobody holds that position' },
}
const reached: Record<Receipt | 'failed' | 'sent', Text> = {
  queued: { zh: '排队', en: 'queued' },
  sent: { zh: '已送出，无回执', en: 'sent, no receipt' },
  accepted: { zh: '通道已收', en: 'accepted' },
  delivered: { zh: '已送达', en: 'delivered' },
  read: { zh: '已读', en: 'read' },
  acknowledged: { zh: '已确认', en: 'acknowledged' },
  failed: { zh: '未送出', en: 'not sent' },
}
const results: Record<CallResult, Text> = {
  reached: { zh: '已接通', en: 'reached' },
  'no-answer': { zh: '无人接听', en: 'no answer' },
  busy: { zh: '占线', en: 'busy' },
  'wrong-number': { zh: '号码有误', en: 'wrong number' },
}
const states: Record<Alarm['state'], Text> = {
  active: { zh: '报警中，未确认', en: 'active, not acknowledged' },
  acknowledged: { zh: '报警中，已确认', en: 'active, acknowledged' },
  returned: { zh: '已恢复，未确认', en: 'returned, not acknowledged' },
  latched: { zh: '已恢复，待复位', en: 'returned, to be reset' },
  shelved: { zh: '已搁置', en: 'shelved' },
  suppressed: { zh: '窗口内不报警', en: 'suppressed' },
  outOfService: { zh: '已停用', en: 'out of service' },
  normal: { zh: '已结束', en: 'over' },
}
const unsaid = new Set(['explains', 'requested', 'declined', 'withdrawn'])

export function targetName(to: LadderTarget): Text {
  if ('enterprise' in to) return positions[to.enterprise]
  if ('duty' in to) return roles[to.duty]
  return { zh: `上级${roles[to.superior].zh}`, en: `${roles[to.superior].en} of the authority above` }
}

/**
 * The written report to the authority above (警情信息快报, ux.md B4): what is in alarm, who was called, what was done, as the record has it.
 * From the same record the same words.
 */
export function incidentReport(alarm: Alarm, story: readonly StoryItem[], at: number, facts: ReportFacts): Text {
  return { zh: inLanguage('zh', alarm, story, at, facts), en: inLanguage('en', alarm, story, at, facts) }
}

function inLanguage(
  ...[language, alarm, story, at, facts]: [keyof Text, Alarm, readonly StoryItem[], number, ReportFacts]
): string {
  const { registry, zone } = facts
  const say = (zh: string, en: string) => (language === 'zh' ? zh : en)
  const line = (name: Text, text: string | null) =>
    text === null || text === '' ? [] : [`${name[language]}${say('：', ': ')}${text}`]
  const stamp = (ms: number) => new Date(toLocal(ms, zone)).toISOString().slice(0, 19).replace('T', ' ')
  const clock = (ms: number) => stamp(ms).slice(stamp(at).slice(0, 10) === stamp(ms).slice(0, 10) ? 11 : 5)
  const place = (code: string) => {
    const named = facts.region?.(code)?.[language]
    return named === undefined || named === code ? code : `${named} ${code}`
  }
  const enterprise = registry.enterprises.get(alarm.enterpriseId)
  const device = registry.devices.get(alarm.deviceId)
  const where = alarm.zoneId === null ? null : (registry.zones.get(alarm.zoneId)?.name ?? null)
  const above = enterprise ? parentOf(enterprise.region) : null
  const before = story.filter(({ entry }) => entry.kind === 'alarm.reported').length
  const limit = alarm.limit === null ? null : `${alarm.limitName ?? ''} ${alarm.limit} ${alarm.unit}`.trim()
  const minutes = Math.max(0, Math.floor(((alarm.endedAt ?? at) - alarm.raisedAt) / 60_000))
  const who = (id: string) => (id === 'platform' ? null : (facts.person?.(id) ?? null))
  return [
    `${modeMarks[alarm.mode][language]}${say('警情信息快报', 'Incident report')}${before === 0 ? say('（首报）', ' (first)') : say(`（续报 ${before}）`, ` (follow-up ${before})`)}${say('：', ': ')}${levelNames[alarm.level][language]} ${alarm.message[language]}`,
    ...line({ zh: '报送', en: 'To' }, above === null ? null : place(above)),
    ...line({ zh: '来自', en: 'From' }, enterprise ? place(enterprise.region) : null),
    ...line({ zh: '时间', en: 'Time' }, stamp(at)),
    '',
    say('一、警情', '1. Alarm'),
    ...line({ zh: '单位', en: 'Enterprise' }, enterprise?.name ?? null),
    ...line({ zh: '地点', en: 'Place' }, where),
    ...line({ zh: '监测点', en: 'Point' }, [device?.name ?? alarm.deviceId, alarm.metric].filter(Boolean).join(' ')),
    ...line({ zh: '级别', en: 'Level' }, levelNames[alarm.level][language]),
    ...line({ zh: '情况', en: 'What' }, alarm.message[language]),
    ...line({ zh: '限值', en: 'Limit' }, limit === null ? null : [limit, alarm.limitSource].filter(Boolean).join(' · ')),
    ...line({ zh: '发生', en: 'Happened' }, stamp(alarm.measuredAt)),
    ...line({ zh: '平台获知', en: 'Known to the platform' }, stamp(alarm.raisedAt)),
    ...line({ zh: '现状', en: 'Now' }, `${states[alarm.state][language]}${say(`，已 ${minutes} 分钟`, `, ${minutes} min`)}`),
    ...line({ zh: '编号', en: 'Number' }, `${alarm.id} v${alarm.version}`),
    '',
    say('二、通知情况', '2. Who was called'),
    ...orNone(callLines(language, story, clock, who), say('尚未通知任何人', 'nobody so far')),
    '',
    say('三、处置情况', '3. What was done'),
    ...orNone(doneLines(language, story, clock, who), say('尚无处置', 'nothing so far')),
    '',
    say('本快报由平台按记录生成，以记录为准。', 'Made by the platform from its record, which is what counts.'),
  ].join('\n')
}

const orNone = (lines: string[], none: string): string[] => (lines.length > 0 ? lines : [none])
type Clock = (ms: number) => string
type Who = (id: string) => string | null

function callLines(language: keyof Text, story: readonly StoryItem[], clock: Clock, who: Who): string[] {
  const results = receiptsOf(story)
  const ways = Map.groupBy(
    story.flatMap(({ entry }) => (entry.kind === 'push.due' && entry.message !== 'follow-up' ? [entry] : [])),
    ({ round, step }) => `${round} ${step}`,
  )
  return story.flatMap(({ at, entry }) => {
    if (entry.kind !== 'ladder.step') return []
    const { step, round, outcome, to, asked } = entry
    const called = (ways.get(`${round} ${step}`) ?? []).map(({ id, channel, personId }) => {
      const name = personId === null ? null : who(personId)
      return `${channel === 'app' ? { zh: '页面', en: 'page' }[language] : channel}${name === null ? '' : ` ${name}`} ${reached[results.get(id) ?? 'queued'][language]}`
    })
    const whom = to ? targetName(to)[language] : step
    const byHand = asked ? { zh: '（人工）', en: ' (by hand)' }[language] : ''
    const told = called.length > 0 ? called.join(language === 'zh' ? '；' : '; ') : outcomes[outcome][language]
    return [`${clock(at)} ${whom}${byHand}${language === 'zh' ? '：' : ': '}${told}`]
  })
}

/** How far each message is known to have come. */
function receiptsOf(story: readonly StoryItem[]): Map<string, keyof typeof reached> {
  const found = new Map<string, keyof typeof reached>()
  for (const { entry } of story) {
    if (entry.kind === 'push.sent') found.set(entry.messageId ?? '', entry.receipt ?? 'sent')
    else if (entry.kind === 'push.refused' || (entry.kind === 'push.failed' && entry.isFinal))
      found.set(entry.messageId ?? '', 'failed')
    else if (entry.kind === 'push.receipt' && entry.messageId !== null) found.set(entry.messageId, entry.receipt)
  }
  return found
}

function doneLines(language: keyof Text, story: readonly StoryItem[], clock: Clock, who: Who): string[] {
  const by = (id: string) => who(id) ?? (id === 'platform' ? null : { zh: '值班人员', en: 'staff' }[language])
  const told = (at: number, what: string, id: string, note: string | null) =>
    [`${clock(at)} ${what}`, by(id), note?.trim() || null].filter((one) => one !== null).join(' · ')
  return story.flatMap(({ at, entry }) => {
    switch (entry.kind) {
      case 'alarm.changed':
        return unsaid.has(entry.change) ? [] : [told(at, changeNames[entry.change][language], entry.by, noteOf(entry, language))]
      case 'alarm.called':
        return [
          told(
            at,
            `${{ zh: '电话联系企业，', en: 'rang the enterprise up: ' }[language]}${results[entry.result][language]}`,
            entry.by,
            entry.note,
          ),
        ]
      case 'ladder.asked':
        return [told(at, { zh: '人工呼叫', en: 'called by hand' }[language], entry.by, entry.reason)]
      case 'alarm.reported':
        return [told(at, { zh: '已起草快报', en: 'report drafted' }[language], 'platform', null)]
      default:
        return []
    }
  })
}

function noteOf({ change, alarm, comment }: AlarmChangeEntry, language: keyof Text): string | null {
  if (change === 'fed-back') return alarm.case?.feedback?.text ?? comment
  if (change === 'closed' && alarm.case?.closing) {
    const { cause, measures, result } = alarm.case.closing
    return [cause, measures, result].join(language === 'zh' ? '；' : '; ')
  }
  if (change === 'level' || change === 'escalated') return [levelNames[alarm.level][language], comment].filter(Boolean).join(' ')
  return comment
}
