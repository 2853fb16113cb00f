import { metricOf, splitChannel } from '../core/metrics.ts'
import type { Device } from '../core/registry.ts'
import type { Rule } from '../core/rule.ts'
import { COULD_NOT_RUN } from './rules/rule.ts'

type Text = { zh: string; en: string }
export type Facts = {
  device: Device | undefined
  deviceId: string
  metric: string | null
  value: number | null
  overRange: boolean
  limit: number | null
  limitName: string | null
  detail?: Text | undefined
}

/** The rule's message with the facts of this alarm filled in. A value above the range reads `> range`, never a number we made up. */
export function fillMessage(rule: Rule, facts: Facts): Text {
  if (facts.limitName === COULD_NOT_RUN) {
    const { title } = rule
    const why = facts.detail ? { zh: '（{detail}）', en: ' ({detail})' } : { zh: '', en: '' }
    const failed = {
      zh: `规则“${title.zh}”无法运行：{device} {metric} 未被判断${why.zh}`,
      en: `Rule “${title.en}” could not run: {device} {metric} is not judged${why.en}`,
    }
    return { zh: fill(failed.zh, facts, 'zh'), en: fill(failed.en, facts, 'en') }
  }
  return { zh: fill(rule.message.zh, facts, 'zh'), en: fill(rule.message.en, facts, 'en') }
}

function fill(template: string, facts: Facts, language: 'zh' | 'en'): string {
  const known = facts.metric === null ? undefined : metricOf(facts.metric)
  const channel = facts.metric === null ? null : splitChannel(facts.metric).channel
  const words: Record<string, string> = {
    device: facts.device?.name ?? facts.deviceId,
    metric: known ? `${known[language]}${channel === null ? '' : ` ${channel}`}` : (facts.metric ?? ''),
    unit: known?.unit ?? '',
    value: valueText(facts, known),
    limit: facts.limit === null ? '' : String(facts.limit),
    limitName: facts.limitName ?? '',
    detail: facts.detail?.[language] ?? '',
  }
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole).trim()
}

function valueText({ value, overRange, device }: Facts, known: { max: number; digits: number } | undefined): string {
  if (overRange) {
    const range = device?.attributes['range']
    return `> ${typeof range === 'number' ? range : (known?.max ?? '')}`
  }
  if (value === null) return ''
  return known ? String(Number(value.toFixed(known.digits))) : String(value)
}
