import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { PlatformError } from '../../core/errors.ts'
import type { Series } from '../../core/reading.ts'
import type { RegistryRow } from '../../core/registry.ts'
import type { RiskChange, RiskColour } from '../../core/risk.ts'
import type { RiskHistoryQuery } from '../../core/measures.ts'
import type { OpenAlarm } from '../risk/alarm-weight.ts'
import type { RiskDecision } from '../risk/risk-board.ts'
import type { Tally } from './device-states.ts'

const FORMAT = 1
const schema = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE registry (entity TEXT NOT NULL, id TEXT NOT NULL, pos INTEGER NOT NULL, at REAL NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (entity, id, pos)) WITHOUT ROWID;
  CREATE TABLE series (id INTEGER PRIMARY KEY, mode TEXT NOT NULL, device TEXT NOT NULL, metric TEXT NOT NULL);
  CREATE TABLE entered (device TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
  CREATE TABLE setting (kind TEXT NOT NULL, version INTEGER NOT NULL, at REAL NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (kind, version)) WITHOUT ROWID;
  CREATE TABLE risk (mode TEXT NOT NULL, id TEXT NOT NULL, pos INTEGER NOT NULL, at REAL NOT NULL, points REAL, colour TEXT NOT NULL,
    weights INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (mode, id, pos)) WITHOUT ROWID;
  CREATE TABLE open_alarm (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE day (day TEXT PRIMARY KEY, listened_ms REAL NOT NULL) WITHOUT ROWID;
  CREATE TABLE day_fact (day TEXT NOT NULL, device TEXT NOT NULL, received INTEGER NOT NULL, invalid INTEGER NOT NULL,
    refused INTEGER NOT NULL, online_ms REAL NOT NULL, out_ms REAL NOT NULL, PRIMARY KEY (day, device)) WITHOUT ROWID;
  CREATE TABLE annunciation (pos INTEGER PRIMARY KEY, mode TEXT NOT NULL, at REAL NOT NULL, level TEXT NOT NULL, rule TEXT NOT NULL,
    subject TEXT NOT NULL, device TEXT NOT NULL, enterprise TEXT NOT NULL, region TEXT NOT NULL, alarm TEXT NOT NULL,
    acknowledged_at REAL, inactive_at REAL);
  CREATE INDEX annunciation_time ON annunciation (mode, at);
  CREATE INDEX annunciation_active ON annunciation (mode, inactive_at);
  CREATE INDEX annunciation_alarm ON annunciation (alarm);
`

export type DayFacts = { listenedMs: number; tallies: Map<string, Tally> }
export type Setting = 'risk.weights' | 'kpi.set'

/**
 * DATA_DIR/measures.db: what risk, rates and the alarm-system report are made of. A projection of the journal: a transaction is
 * open from one save to the next, so that a crash falls back to a moment at which cursor, counts and rows fit together.
 */
export class MeasuresDb {
  readonly db: DatabaseSync
  #statements = new Map<string, StatementSync>()

  constructor(file: string) {
    this.db = new DatabaseSync(file)
    this.db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000')
    const { user_version: format } = this.db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (format > FORMAT) {
      throw new PlatformError(`${file} was written by a newer version (format ${format}, this one reads ${FORMAT})`, { file })
    }
    this.db.exec('BEGIN')
    if (format === 0) this.db.exec(`${schema} PRAGMA user_version = ${FORMAT}`)
  }

  commit(): void {
    this.db.exec('COMMIT')
    this.db.exec('BEGIN')
  }

  close(): void {
    if (this.db.isTransaction) this.db.exec('ROLLBACK')
    this.db.close()
  }

  meta<T>(name: string): T | null {
    const row = this.prepare('SELECT json FROM meta WHERE name = ?').get(name) as { json: string } | undefined
    return row ? (JSON.parse(row.json) as T) : null
  }

  setMeta(name: string, value: unknown): void {
    this.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(name, JSON.stringify(value))
  }

  /** The registry as it stood at a time: each row's newest version before it. */
  registryAt(before: number): RegistryRow[] {
    const rows = this.prepare(
      `SELECT entity, json FROM registry AS r WHERE pos = (SELECT max(pos) FROM registry WHERE entity = r.entity AND id = r.id AND at < ?)
       ORDER BY entity, id`,
    ).all(before) as { entity: string; json: string }[]
    return rows.map(({ entity, json }) => ({ entity, row: JSON.parse(json) as unknown }) as RegistryRow)
  }

  noteRegistry({ entity, row }: RegistryRow, pos: number, at: number): void {
    // The hash of a credential is nobody's business here.
    const json = JSON.stringify(entity === 'device' ? { ...row, tokenHash: '' } : row)
    this.prepare('INSERT OR REPLACE INTO registry VALUES (?, ?, ?, ?, ?)').run(entity, row.id, pos, at, json)
  }

  series(): Series[] {
    return (this.prepare('SELECT id, mode, device, metric FROM series ORDER BY id').all() as Series[]).map((row) => ({ ...row }))
  }

  noteSeries({ id, mode, device, metric }: Series, at: number): void {
    this.prepare('INSERT OR IGNORE INTO series VALUES (?, ?, ?, ?)').run(id, mode, device, metric)
    this.prepare('INSERT OR IGNORE INTO entered VALUES (?, ?)').run(device, at)
  }

  /** Devices that had sent something before a time. */
  enteredBefore(at: number): Set<string> {
    const rows = this.prepare('SELECT device FROM entered WHERE at < ?').all(at) as { device: string }[]
    return new Set(rows.map(({ device }) => device))
  }

  noteSetting(kind: Setting, version: number, at: number, value: unknown): void {
    this.prepare('INSERT OR REPLACE INTO setting VALUES (?, ?, ?, ?)').run(kind, version, at, JSON.stringify(value))
  }

  /** What was in force before a time. */
  setting<T>(kind: Setting, before = Infinity): { version: number; at: number; value: T } | null {
    const row = this.prepare('SELECT version, at, json FROM setting WHERE kind = ? AND at < ? ORDER BY version DESC LIMIT 1').get(
      kind,
      Math.min(before, Number.MAX_SAFE_INTEGER),
    ) as { version: number; at: number; json: string } | undefined
    return row ? { version: row.version, at: row.at, value: JSON.parse(row.json) as T } : null
  }

  noteRisk(pos: number, { risk, contributions }: RiskDecision): void {
    const { mode, id, since, index, colour, weightsVersion } = risk
    const sql = 'INSERT OR REPLACE INTO risk VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
    this.prepare(sql).run(mode, id, pos, since, index, colour, weightsVersion, JSON.stringify(contributions))
  }

  riskHistory({ mode, id, from = 0, to = Number.MAX_SAFE_INTEGER, before = Number.MAX_SAFE_INTEGER, limit }: RiskHistoryQuery) {
    const sql = 'SELECT * FROM risk WHERE mode = ? AND id = ? AND pos < ? AND at >= ? AND at < ? ORDER BY pos DESC LIMIT ?'
    type Row = { pos: number; at: number; points: number | null; colour: RiskColour; weights: number; json: string }
    const rows = this.prepare(sql).all(mode, id, before, from, to, limit + 1) as Row[]
    const changes = rows.slice(0, limit).map(({ pos, at, points: index, colour, weights: weightsVersion, json }): RiskChange => ({
      ...{ pos, at, index, colour, weightsVersion, contributions: JSON.parse(json) as RiskChange['contributions'] },
    }))
    return rows.length > limit ? { changes, next: changes.at(-1)!.pos } : { changes }
  }

  openAlarms(): OpenAlarm[] {
    const rows = this.prepare('SELECT json FROM open_alarm').all() as { json: string }[]
    return rows.map(({ json }) => JSON.parse(json) as OpenAlarm)
  }

  noteOpenAlarm(id: string, alarm: OpenAlarm | null): void {
    if (alarm) this.prepare('INSERT OR REPLACE INTO open_alarm VALUES (?, ?)').run(id, JSON.stringify(alarm))
    else this.prepare('DELETE FROM open_alarm WHERE id = ?').run(id)
  }

  noteDay(day: string, listenedMs: number, tallies: Iterable<[id: string, tally: Tally]>): void {
    this.prepare('INSERT OR REPLACE INTO day VALUES (?, ?)').run(day, listenedMs)
    const put = this.prepare('INSERT OR REPLACE INTO day_fact VALUES (?, ?, ?, ?, ?, ?, ?)')
    for (const [id, { received, invalid, refused, onlineMs, outMs }] of tallies) {
      put.run(day, id, received, invalid, refused, onlineMs, outMs)
    }
  }

  /** Null: nothing is known of that day. */
  dayFacts(day: string): DayFacts | null {
    const known = this.prepare('SELECT listened_ms FROM day WHERE day = ?').get(day) as { listened_ms: number } | undefined
    if (!known) return null
    type Row = { device: string; received: number; invalid: number; refused: number; online_ms: number; out_ms: number }
    const rows = this.prepare('SELECT * FROM day_fact WHERE day = ?').all(day) as Row[]
    const tallies = rows.map(({ device, received, invalid, refused, online_ms: onlineMs, out_ms: outMs }): [string, Tally] => [
      device,
      { received, invalid, refused, onlineMs, outMs },
    ])
    return { listenedMs: known.listened_ms, tallies: new Map(tallies) }
  }

  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.db.prepare(sql)))
    return statement
  }
}
