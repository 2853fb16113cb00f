import type { AlarmState } from '../../core/alarm.ts'
import { severity, type Level } from '../../core/level.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'
import type { MeasuresDb } from '../measures/measures-db.ts'
import type { OpenAlarm } from '../risk/alarm-weight.ts'

/** One call for a person: an alarm became active, or worse while it was. Times are those of the record. */
export type Annunciation = {
  at: number
  level: Level
  rule: string
  subject: string
  device: string
  enterprise: string
  alarm: string
  acknowledgedAt: number | null
  /** when its condition was over, or it was shelved, suppressed or taken out of service */
  inactiveAt: number | null
}

const isActive = (state: AlarmState) => state === 'active' || state === 'acknowledged'

/** Takes a change of an alarm into the list of annunciations. Only entries of state B count, not records. */
export function noteAnnunciation(
  db: MeasuresDb,
  { change, alarm }: AlarmChangeEntry,
  before: OpenAlarm | undefined,
  { pos, receivedAt }: { pos: number; receivedAt: number },
  region: string,
): void {
  if (change === 'acknowledgement-undone') {
    // Somebody's finger slipped: it is the same call for a person still, and nobody has answered it.
    const newest = 'SELECT max(pos) FROM annunciation WHERE alarm = ?1'
    db.prepare(`UPDATE annunciation SET acknowledged_at = NULL WHERE alarm = ?1 AND pos = (${newest})`).run(alarm.id)
    return
  }
  const worse = before !== undefined && severity[alarm.level] > severity[before.level]
  const wasAcknowledged = change === 'acknowledged' || (alarm.acknowledgedAt !== null && typeof before?.waitsSince === 'number')
  if (wasAcknowledged) {
    db.prepare('UPDATE annunciation SET acknowledged_at = ? WHERE alarm = ? AND acknowledged_at IS NULL').run(
      receivedAt,
      alarm.id,
    )
  }
  if (!isActive(alarm.state)) {
    db.prepare('UPDATE annunciation SET inactive_at = ? WHERE alarm = ? AND inactive_at IS NULL').run(receivedAt, alarm.id)
    return
  }
  if (alarm.state !== 'active' || (before?.state === 'active' && !worse)) return
  db.prepare('INSERT OR REPLACE INTO annunciation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)').run(
    ...[pos, alarm.mode, receivedAt, alarm.level, alarm.ruleId, alarm.subject, alarm.deviceId, alarm.enterpriseId, region],
    alarm.id,
  )
}

type Wanted = { mode: string; from: number; to: number; region?: string; enterpriseId?: string; enterpriseIds?: string[] }
type Row = Omit<Annunciation, 'acknowledgedAt' | 'inactiveAt'> & { acknowledged_at: number | null; inactive_at: number | null }

/** Those of a stretch of time, and those from before it that were still active in it, oldest first. */
export function annunciations(
  db: MeasuresDb,
  { mode, from, to, region = '', enterpriseId, enterpriseIds }: Wanted,
): Annunciation[] {
  const whose = [
    'region >= ? AND region < ?',
    ...(enterpriseId === undefined ? [] : ['enterprise = ?']),
    ...(enterpriseIds ? ['enterprise IN (SELECT value FROM json_each(?))'] : []),
  ].join(' AND ')
  const who = [
    ...[region, `${region}~`],
    ...(enterpriseId === undefined ? [] : [enterpriseId]),
    ...(enterpriseIds ? [JSON.stringify(enterpriseIds)] : []),
  ]
  const columns = 'SELECT at, level, rule, subject, device, enterprise, alarm, acknowledged_at, inactive_at FROM annunciation'
  const rows = db
    .prepare(
      `${columns} WHERE mode = ? AND at >= ? AND at < ? AND ${whose}
       UNION ALL ${columns} WHERE mode = ? AND inactive_at IS NULL AND at < ? AND ${whose}
       UNION ALL ${columns} WHERE mode = ? AND inactive_at > ? AND at < ? AND ${whose}
       ORDER BY at`,
    )
    .all(mode, from, to, ...who, mode, from, ...who, mode, from, from, ...who) as Row[]
  return rows.map(({ acknowledged_at: acknowledgedAt, inactive_at: inactiveAt, ...row }) => ({
    ...row,
    acknowledgedAt,
    inactiveAt,
  }))
}
