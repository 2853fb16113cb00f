import type { Evidence } from '../../core/evidence.ts'
import type { RecordEntry } from '../../core/record.ts'
import { has, said, t } from '../web/i18n/i18n.ts'

export type EvidenceLine = { pos: number; at: number; what: string; who: string | null; hash: string }

/** What an entry is about, in few words; the entry itself stands in the file. */
function detailOf(entry: RecordEntry): string {
  switch (entry.kind) {
    case 'rule.set':
      return `${entry.rule.id} v${entry.rule.version}`
    case 'registry.changed':
      return `${entry.entity} ${entry.row.id} ${'name' in entry.row ? entry.row.name : ''}`.trim()
    case 'alarm.changed':
      return `${t(`change.${entry.change}`)} · ${t(`level.${entry.alarm.level}`)} · v${entry.alarm.version}`
    case 'action':
      return `${t(`action.${entry.action}`)} v${entry.version} ${entry.comment ?? ''}`.trim()
    case 'alarm.viewed':
      return String(entry.version)
    case 'alarm.called':
      return [t(`desk.call.results.${entry.result}`), entry.note].filter(Boolean).join(' · ')
    case 'evidence.exported':
      return entry.sha256.slice(0, 16)
    case 'ladder.step':
      return `${entry.step} ${t(`desk.ladder.outcome.${entry.outcome}`)}`
    case 'ladder.asked':
      return `${t(`desk.ladder.callee.${entry.to}`)} ${entry.reason}`
    case 'alarm.reported':
      return entry.to ?? ''
    case 'push.due':
      return `${entry.channel} ${entry.step}`
    case 'push.sent':
    case 'push.failed':
    case 'push.refused':
      return `${entry.channel} ${entry.detail}`.trim()
    case 'push.receipt':
      return `${entry.channel} ${t(`push.receipt.${entry.receipt}`)}`
    default:
      return ''
  }
}

/** The record of a file as lines of a sheet, in its order. */
export function evidenceLines({ record, people }: Evidence): EvidenceLine[] {
  const nameOf = (id: string) => (id === 'platform' ? t('platform') : (people?.[id] ?? id))
  return record.map(({ pos, receivedAt, kind, payload, hash }) => {
    const entry = JSON.parse(payload) as RecordEntry
    const known = `desk.evidence.kinds.${kind.replace('.', '-')}`
    const what = has(known) ? t(known, { detail: detailOf(entry) }) : kind
    const by = 'by' in entry ? (entry.by ?? null) : 'personId' in entry ? (entry.personId ?? null) : null
    return { pos, at: receivedAt, what, who: by === null ? null : nameOf(by), hash: hash.slice(0, 16) }
  })
}

type Series = { device?: string; metric: string; points: [number, number, ...unknown[]][] }
export type SeriesLine = { metric: string; n: number; min: number; max: number }

export const seriesLines = ({ readings }: Evidence): SeriesLine[] =>
  (readings.series as Series[]).map(({ metric, points }) => {
    const values = points.map(([, value]) => value)
    return {
      metric,
      n: values.length,
      min: values.reduce((a, b) => Math.min(a, b), Infinity),
      max: values.reduce((a, b) => Math.max(a, b), -Infinity),
    }
  })

/** The headline of the alarm: what, where it stands now. */
export const alarmLine = ({ alarm }: Evidence): string => `${t(`levelFull.${alarm.level}`)} · ${said(alarm.message)}`
