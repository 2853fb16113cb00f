import { levels } from '../../core/level.ts'
import type { PerformanceFigures } from '../../core/performance.ts'
import { durationText, numberText } from '../web/format.ts'
import { t } from '../web/i18n/i18n.ts'

/** One line of the report: what was measured, what is wanted, and whether it is. */
export type Line = { name: string; value: string; wanted: string; verdict: 'met' | 'missed' | 'none' }

export const percent = (share: number, digits = 1): string => `${numberText(share * 100, digits)} %`
const rate = (value: number | null) => (value === null ? t('reports.tooShort') : numberText(value, value < 10 ? 2 : 1))
const within = (value: number | null, most: number) => (value === null ? null : value <= most)
/** A share of one in a hundred can be told from a hundred on. */
const ENOUGH_FOR_SHARES = 100
const minutes = (ms: number) => t('reports.minutes', { n: numberText(ms / 60_000, ms < 600_000 ? 1 : 0) })
const waited = (ms: number | null) => (ms === null ? t('reports.none') : durationText(ms))

/** What ISA-18.2 / IEC 62682 and EEMUA 191 want, as published in their performance tables; shares of levels are for red, orange, yellow. */
export const wanted = {
  perDay: 144,
  perHour: 6,
  per10Min: 1,
  most10Min: 10,
  busy10MinShare: 0.01,
  busyHourShare: 0.01,
  floodShare: 0.01,
  topShare: 0.05,
  stale: 5,
  redShare: 0.01,
  orangeShare: 0.05,
  yellowShare: 0.15,
  acknowledgeMs: { red: 60_000, orange: 300_000, yellow: 1_800_000 },
}

const verdict = (isMet: boolean): Line['verdict'] => (isMet ? 'met' : 'missed')

/** The lines of the table, in the order of the standards' own. Nothing is met by a time of which nothing is known. */
export function linesOf(figures: PerformanceFigures, topShare: number): Line[] {
  const { annunciations, acknowledge } = figures
  const line = (name: string, value: string, want: string, isMet: boolean | null): Line => ({
    name: t(`reports.metric.${name}`),
    value: figures.known ? value : t('reports.unknown'),
    wanted: want,
    verdict: !figures.known || isMet === null ? 'none' : verdict(isMet),
  })
  const atMost = (value: string) => `≤ ${value}`
  const under = (value: string) => `< ${value}`
  const hasEnough = annunciations >= ENOUGH_FOR_SHARES
  const share = (count: number) => (annunciations === 0 ? null : count / annunciations)
  const mix = (['red', 'orange', 'yellow'] as const).map((level) => {
    const is = share(figures.levels[level])
    const most = wanted[`${level}Share`]
    const text = is === null ? t('reports.none') : `${numberText(figures.levels[level])} · ${percent(is)}`
    return line(
      `share-${level}`,
      text,
      level === 'red' ? under(percent(most, 0)) : `≈ ${percent(most, 0)}`,
      is === null || !hasEnough ? null : is <= most * 1.5,
    )
  })
  const waits = (['red', 'orange', 'yellow'] as const).map((level) => {
    const { count, medianMs } = acknowledge.byLevel[level]
    const most = wanted.acknowledgeMs[level]
    return line(
      `wait-${level}`,
      count === 0 ? t('reports.none') : `${waited(medianMs)} (${numberText(count)})`,
      atMost(durationText(most)),
      medianMs === null ? null : medianMs <= most,
    )
  })
  return [
    line('annunciations', numberText(annunciations), '', null),
    line('perDay', rate(figures.perDay), atMost(String(wanted.perDay)), within(figures.perDay, wanted.perDay)),
    line('perHour', rate(figures.perHour), atMost(String(wanted.perHour)), within(figures.perHour, wanted.perHour)),
    line('per10Min', rate(figures.per10Min), atMost(String(wanted.per10Min)), within(figures.per10Min, wanted.per10Min)),
    line('most10Min', numberText(figures.most10Min), atMost(String(wanted.most10Min)), figures.most10Min <= wanted.most10Min),
    line('busy10Min', percent(figures.busy10MinShare, 2), under('1 %'), figures.busy10MinShare < wanted.busy10MinShare),
    line('busyHour', percent(figures.busyHourShare, 2), under('1 %'), figures.busyHourShare < wanted.busyHourShare),
    line(
      'flood',
      `${minutes(figures.floodMs)} · ${percent(figures.floodShare, 2)} · ${t('reports.floods', { n: figures.floods })}`,
      under('1 %'),
      figures.floodShare < wanted.floodShare,
    ),
    line('inFlood', numberText(figures.inFlood), '', null),
    line(
      'topTen',
      annunciations === 0 ? t('reports.none') : percent(topShare),
      atMost('5 %'),
      hasEnough ? topShare <= wanted.topShare : null,
    ),
    line('chattering', numberText(figures.chattering), '0', figures.chattering === 0),
    line('fleeting', numberText(figures.fleeting), '0', figures.fleeting === 0),
    line('stale', numberText(figures.stale), under('5'), figures.stale < wanted.stale),
    line('standing', numberText(figures.standing), '', null),
    ...mix,
    line('wait', `${waited(acknowledge.medianMs)} / ${waited(acknowledge.p90Ms)} / ${waited(acknowledge.maxMs)}`, '', null),
    ...waits,
    line('never', numberText(acknowledge.never), '0', acknowledge.never === 0),
  ]
}

/** Red first; levels without any are left out. */
export const levelCounts = ({ levels: counts }: PerformanceFigures) => levels.map((level) => ({ level, count: counts[level] }))
