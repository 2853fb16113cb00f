import type { SuppressionWindow, WindowState } from '../../core/window.ts'
import { metricText } from '../web/format.ts'
import { t } from '../web/i18n/i18n.ts'

export type ShownWindow = SuppressionWindow & { state: WindowState }

export const windowGroups = ['waiting', 'in-force', 'planned', 'past'] as const
export type WindowGroup = (typeof windowGroups)[number]

export const groupOf = ({ state }: ShownWindow): WindowGroup =>
  state === 'waiting' || state === 'in-force' || state === 'planned' ? state : 'past'

export const isOpen = (window: ShownWindow): boolean => groupOf(window) !== 'past'

/** `1# 探测器 · 硫化氢`, with the whole device named as such. */
export const pointText = (name: string, metric: string | null, locale: string): string =>
  `${name} · ${metric === null ? t('windows.wholeDevice') : metricText(metric, locale)}`
