import type { LadderStep } from '../../core/ladder.ts'
import { has, t } from '../web/i18n/i18n.ts'
import { keyOf } from './ladder-draft.ts'

export const whoText = ({ to }: Pick<LadderStep, 'to'>): string => t(`ladder.to.${keyOf(to)}`)
/** Kinds of ways have words, a channel of the deployment its own name. */
export const waysText = (ways: readonly string[]): string =>
  ways.map((way) => (has(`ladder.way.${way}`) ? t(`ladder.way.${way}`) : way)).join(t('ladder.and'))
export const secondsText = (ms: number): string => t('ladder.seconds', { n: ms / 1000 })
export const stepText = (step: LadderStep): string =>
  `${secondsText(step.afterMs)} · ${whoText(step)} · ${waysText(step.channels)}`
