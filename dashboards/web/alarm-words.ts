import type { Alarm } from '../../core/alarm.ts'
import { metricOf } from '../../core/metrics.ts'
import { metricText, valueText } from './format.ts'
import { has, locale, said, t } from './i18n/i18n.ts'

/**
 * The value that crossed a limit, with `>` in front when the detector could not measure any higher. Null where no limit was
 * crossed: a fire signal, a fault or silence is said by its message.
 */
export function alarmValueText(alarm: Alarm): string | null {
  if (alarm.value === null || alarm.limit === null) return null
  const known = alarm.metric === null ? undefined : metricOf(alarm.metric)
  if (known?.kind === 'flag') return null
  const shown = alarm.overRange && known ? Math.min(alarm.value, known.max) : alarm.value
  return `${alarm.overRange ? '> ' : ''}${valueText(alarm.metric, shown)}`
}

export const limitNameText = (name: string): string => (has(`limit.${name}`) ? t(`limit.${name}`) : name)

/** `≥ 50 高高报 HH`; where a worse level nobody has acknowledged was kept, `≥ 25 高报 H · 曾达红色` */
export function limitText(alarm: Alarm): string | null {
  if (alarm.limit === null || (alarm.metric !== null && metricOf(alarm.metric)?.kind === 'flag')) return null
  const sign = alarm.limitName?.startsWith('L') ? '≤' : '≥'
  const name = alarm.limitName === null ? '' : ` ${limitNameText(alarm.limitName)}`
  const before = alarm.limitLevel ? ` · ${t('reachedBefore', { level: t(`level.${alarm.level}`) })}` : ''
  return `${sign} ${valueText(alarm.metric, alarm.limit).replace(/\.0+$/, '')}${name}${before}`
}

/** What is wrong in a few words: the metric where a limit was crossed, else the rule's own sentence. */
export const alarmWhat = (alarm: Alarm): string =>
  alarm.metric === null || alarmValueText(alarm) === null ? said(alarm.message) : metricText(alarm.metric, locale.value)

/** A rule's limit option or fault code of a device in words: `no-substance:toxicPpm`. */
export function faultText(fault: string): string {
  const [code = '', metric] = fault.split(':')
  const words = has(`fault.${code}`) ? t(`fault.${code}`) : code
  return metric === undefined ? words : `${words}: ${metricText(metric, locale.value)}`
}
