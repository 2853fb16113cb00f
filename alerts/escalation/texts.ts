import type { Alarm } from '../../core/alarm.ts'
import type { PushDueEntry } from '../../core/escalation.ts'
import { toLocal } from '../../core/local-time.ts'
import { severity } from '../../core/level.ts'
import { modeMarks, type Mode } from '../../core/mode.ts'
import type { Message, MessageVariable } from '../../core/push.ts'
import type { Registry } from '../../core/registry.ts'
import { pushText } from '../push-text.ts'

type Text = { zh: string; en: string }
/** One thing that goes in a message: the decision, and the alarm as it is now. */
export type Item = {
  entry: PushDueEntry
  alarm: Alarm | null
  /** of a report: the very words that were drafted */
  report?: Text | null
}
export type Facts = {
  mode: Mode
  zone: string
  registry: Pick<Registry, 'devices' | 'enterprises' | 'zones'>
  /** where pages are opened from outside; null: no links */
  publicUrl: string | null
  /** persons by id, as their colleagues call them */
  names: Readonly<Record<string, string>>
  /** what answers a test message, for somebody who cannot log in */
  code: string
}

const ends: Record<NonNullable<PushDueEntry['end']>['why'], Text> = {
  acknowledged: { zh: '确认', en: 'taken over' },
  returned: { zh: '已恢复正常，停止通知', en: 'back to normal, no further calls' },
  level: { zh: '级别已调低', en: 'its level was lowered' },
  'set-aside': { zh: '已搁置或停用，停止通知', en: 'set aside, no further calls' },
  'false-alarm': { zh: '判为误报', en: 'marked as a false alarm' },
  ended: { zh: '已结束', en: 'over' },
  'fed-back': { zh: '反馈', en: 'reported on' },
}

/** The message as it leaves. A bundle names what still stands in it, the worst first. */
export function messageOf(
  entry: PushDueEntry,
  items: readonly Item[],
  at: number,
  address: string | null,
  facts: Facts,
): Message {
  const sorted = items.toSorted((a, b) => rank(b) - rank(a))
  const lines = sorted.map((item) => textOf(item, facts))
  const [worst] = sorted
  const alarm = worst?.alarm ?? null
  const head = lines.length > 1 ? { zh: `${lines.length} 条：`, en: `${lines.length} messages:` } : null
  const join = (language: 'zh' | 'en') => [...(head ? [head[language]] : []), ...lines.map((line) => line[language])].join('\n')
  const kind = worst && lines.length === 1 ? worst.entry.message : entry.message
  return {
    id: entry.id,
    kind,
    mode: alarm?.mode ?? facts.mode,
    level: alarm?.level ?? entry.level,
    at,
    alarm: alarm && {
      ...{ change: kind === 'follow-up' ? 'acknowledged' : 'raised', alarm, at: alarm.measuredAt },
      ...{ recordedAt: alarm.raisedAt, pos: worst!.entry.round, comment: null },
    },
    text: { zh: join('zh'), en: join('en') },
    link: linkOf(facts.publicUrl, kind, alarm),
    to: { personId: entry.personId, address },
    variables: variablesOf(worst, lines.length, facts),
  }
}

const rank = ({ alarm }: Item): number => (alarm ? severity[alarm.level] : 0)

/** A page that asks who is there; opening it changes nothing. */
function linkOf(publicUrl: string | null, kind: Message['kind'], alarm: Alarm | null): string | null {
  if (publicUrl === null) return null
  if (alarm) return `${publicUrl}/desk?alarm=${encodeURIComponent(alarm.id)}`
  return kind === 'test' ? `${publicUrl}/enterprise` : `${publicUrl}/desk`
}

function textOf({ entry, alarm, report }: Item, facts: Facts): Text {
  const mark = modeMarks[facts.mode]
  if (entry.message === 'test')
    return {
      zh: `${mark.zh}【测试】收到报警通知测试请应答：登录平台确认，或向值班室报应答码 ${facts.code}`,
      en: `${mark.en}[TEST] Please answer this test: log in, or tell the duty room the code ${facts.code}`,
    }
  if (entry.message === 'roll-call') {
    return entry.step === 'roll-call'
      ? { zh: `${mark.zh}点名：请在 2 分钟内应答`, en: `${mark.en}Roll call: please answer within 2 minutes` }
      : {
          zh: `${mark.zh}点名未全部应答，请核实值班人员在岗`,
          en: `${mark.en}Somebody did not answer the roll call: please see who is there`,
        }
  }
  if (report) return report
  if (!alarm) return { zh: `${mark.zh}平台通知`, en: `${mark.en}Platform message` }
  if (entry.message === 'follow-up') return endText(entry, alarm, facts)
  const text = pushText(
    { kind: 'alarm.changed', change: 'raised', alarm, causePos: 0, at: alarm.measuredAt, by: 'platform', comment: null },
    facts.zone,
  )
  if (entry.message !== 'update') return text
  return { zh: `未按时反馈 · ${text.zh}`, en: `No feedback in time · ${text.en}` }
}

function endText(entry: PushDueEntry, alarm: Alarm, facts: Facts): Text {
  const mark = modeMarks[alarm.mode]
  const { zh, en } = outcomeOf(entry, facts)
  return { zh: `${mark.zh}${zh}：${alarm.message.zh}`, en: `${mark.en}${en}: ${alarm.message.en}` }
}

/** How it ended, and by whom. */
function outcomeOf({ end }: PushDueEntry, facts: Facts): Text {
  const { why, by } = end ?? { why: 'ended' as const, by: null }
  const name = by === null ? null : (facts.names[by] ?? null)
  if (name !== null) return { zh: `已由${name}${ends[why].zh}`, en: `${ends[why].en} by ${name}` }
  return { zh: why === 'acknowledged' ? '已有人确认' : ends[why].zh, en: ends[why].en }
}

/** The few characters of a template: what the message is for stands first, where no provider cuts it off. */
function whatOf({ entry, alarm }: Item, facts: Facts): string {
  if (entry.message === 'test') return `测试，应答码${facts.code}`
  if (entry.message === 'roll-call') return entry.step === 'roll-call' ? '点名，请2分钟内应答' : '点名有人未应答，请核实在岗'
  const text = alarm?.message.zh ?? '平台通知'
  if (entry.message === 'follow-up') return `${outcomeOf(entry, facts).zh}，${text}`
  return entry.message === 'update' ? `未按时反馈，${text}` : text
}

function variablesOf(item: Item | undefined, count: number, facts: Facts): Partial<Record<MessageVariable, string>> {
  if (!item) return {}
  const { entry, alarm } = item
  if (!alarm) return { what: whatOf(item, facts) }
  const { registry } = facts
  const device = registry.devices.get(alarm.deviceId)
  const zone = alarm.zoneId === null ? undefined : registry.zones.get(alarm.zoneId)
  const by = entry.end?.by
  return {
    enterprise: registry.enterprises.get(alarm.enterpriseId)?.name ?? '平台',
    device: device?.name ?? alarm.deviceId,
    place: zone?.name ?? '',
    what: `${count > 1 ? `${count}条，` : ''}${whatOf(item, facts)}`,
    value: alarm.value === null ? '' : `${alarm.value}${alarm.unit}`,
    time: new Date(toLocal(alarm.measuredAt, facts.zone)).toISOString().slice(11, 19),
    ...(by !== null && by !== undefined && facts.names[by] !== undefined && { by: facts.names[by] }),
  }
}
