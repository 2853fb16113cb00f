import { worried, worry, type PartWorry } from '../core/part-words.ts'
import type { PartAlarm, PartStatus } from '../core/part.ts'
import type { Gap } from './outbox-book.ts'
import type { Trouble } from './outbox-delivery.ts'

type Facts = {
  lagRows: number
  lagMs: number
  trouble: Trouble | null
  gap: Gap | null
  saveFault: string | null
  sent: number
  requests: number
  failures: number
  quarantined: number
}

/** From here on being behind is said, though nothing fails. */
const NOTICED_LAG_MS = 60_000

/** How the outbox is, for /readyz, the wall and /metrics. It is never `down`: readings are safe here and alarms are judged. */
export function outboxStatus(facts: Facts): PartStatus {
  const { lagRows, lagMs, trouble, gap, saveFault } = facts
  const figures = {
    watchfire_outbox_lag_rows: lagRows,
    watchfire_outbox_lag_seconds: lagMs / 1000,
    watchfire_outbox_sent_total: facts.sent,
    watchfire_outbox_requests_total: facts.requests,
    watchfire_outbox_failures_total: facts.failures,
    watchfire_outbox_quarantined_total: facts.quarantined,
    watchfire_outbox_from_embedded: gap ? 1 : 0,
  }
  const behind = { rows: rounded(lagRows), time: roundedTime(lagMs) }
  const worries: PartWorry[] = []
  if (trouble) worries.push(worry(trouble.holds ? 'influx-refuses' : 'influx-unreachable', { reason: trouble.reason, ...behind }))
  else if (lagMs >= NOTICED_LAG_MS) worries.push(worry('influx-behind', behind))
  if (gap) worries.push(worry('influx-away-too-long'))
  if (saveFault !== null) worries.push(worry('influx-place-unwritable', { reason: saveFault }))
  if (worries.length === 0) return { name: 'influx', state: 'ok', figures }
  return { name: 'influx', state: 'degraded', ...worried(...worries), figures, alarms: alarmsOf(trouble, gap) }
}

/** Being behind ends by itself; these two do not. */
function alarmsOf(trouble: Trouble | null, gap: Gap | null): PartAlarm[] {
  const refused = trouble?.holds && {
    code: 'refused',
    text: {
      zh: 'InfluxDB 拒绝平台写入：请检查地址、令牌和存储桶；数据已在本地保存，不会丢失',
      en: 'InfluxDB refuses the platform: look at its address, token and bucket; readings are kept here and not lost',
    },
  }
  const away = gap && {
    code: 'away-too-long',
    text: {
      zh: 'InfluxDB 中断时间超过日志保留范围，正从本地历史库补传',
      en: 'InfluxDB was away for longer than the journal keeps: readings are sent from the embedded store',
    },
  }
  return [refused, away].filter((one) => one !== null && one !== undefined && one !== false)
}

/** Two digits are enough for people, and a text that changes with every reading would be sent with every reading. */
function rounded(n: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, n))) - 1)
  return (Math.round(n / unit) * unit).toLocaleString('en')
}

function roundedTime(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 120) return `${Math.round(seconds / 10) * 10} s`
  const minutes = seconds / 60
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`
}
