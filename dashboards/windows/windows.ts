import { endOf, type SecondReason, type SuppressionWindow, type WindowState } from '../../core/window.ts'
import type { Rule } from '../../core/rule.ts'
import { ApiFailure, failureText } from '../web/api.ts'
import { metricText, whenText } from '../web/format.ts'
import { has, said, t } from '../web/i18n/i18n.ts'
import { deviceText } from '../web/live-key.ts'
import type { Live } from '../web/live.ts'

export type ShownWindow = SuppressionWindow & { state: WindowState }

export const windowGroups = ['waiting', 'in-force', 'planned', 'past'] as const
export type WindowGroup = (typeof windowGroups)[number]

export const groupOf = ({ state }: ShownWindow): WindowGroup =>
  state === 'waiting' || state === 'in-force' || state === 'planned' ? state : 'past'

export const isOpen = (window: ShownWindow): boolean => groupOf(window) !== 'past'

/** `1# 探测器 · 硫化氢`, with the whole device named as such. */
export const pointText = (name: string, metric: string | null, locale: string): string =>
  `${name} · ${metric === null ? t('windows.wholeDevice') : metricText(metric, locale)}`

export type TitledRule = Pick<Rule, 'id' | 'type' | 'title'>

/** What a window names, in words: a rule by its title, a kind of rule by what that kind looks for. */
export function ruleWords(named: string, rules: readonly TitledRule[]): string {
  const rule = rules.find(({ id }) => id === named)
  if (rule) return said(rule.title)
  return has(`windows.ruleType.${named}`) ? t(`windows.ruleType.${named}`) : named
}

/** Why one person does not answer for it alone, or null. */
export const secondWords = (reasons: readonly SecondReason[] = []): string | null =>
  reasons.length === 0
    ? null
    : t('windows.needsSecond', { why: reasons.map((reason) => t(`windows.secondFor.${reason}`)).join(t('windows.comma')) })

/** A panel that says it is being tested, and is not or no longer believed. */
export function panelWords(window: ShownWindow, now: number): string | null {
  if (!window.byDevice || window.state === 'refused') return null
  if (window.until <= window.from) return t('windows.beyond')
  return window.endedAt === null && now >= endOf(window) ? t('windows.overlong') : null
}

/** Which window is in the way, and from when it would be possible, in the reader's time. */
export function windowFailure(failure: unknown, live: Live, zone: string): string {
  if (!(failure instanceof ApiFailure) || !failure.code.startsWith('window-test-')) return failureText(failure)
  const { device, window, until, possibleAt } = failure.details as Record<string, string | number>
  const when = (ms: string | number | undefined) => whenText(Number(ms), zone, live.now.value)
  return t(`windows.crowded.${failure.code.slice('window-test-'.length)}`, {
    ...{ device: deviceText(live, String(device)), window, until: when(until), possibleAt: when(possibleAt) },
  })
}
