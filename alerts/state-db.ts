import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Alarm } from '../core/alarm.ts'
import type { AlarmQuery, TimelineItem } from '../core/alarm-book.ts'
import { FALSE_ALARM_DAYS, FALSE_ALARMS_BEFORE_RECTIFICATION, type FalseAlarmsOfPoint } from '../core/case.ts'
import { Invalid, PlatformError } from '../core/errors.ts'
import type { Fence } from '../core/fence.ts'
import type { Series } from '../core/reading.ts'
import type { RecordEntry } from '../core/record.ts'
import type { RegistryRow } from '../core/registry.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry } from '../journal/journal.ts'
import type { EngineState } from './engine.ts'
import type { RulebookRow } from './rulebook.ts'

const FORMAT = 1
/** More marks of one point than this are not counted. */
const MARKS_READ = 100
/** So long before its mark an alarm may have been raised to be found with its point. */
const RAISED_BEFORE_MS = 30 * 86_400_000
const schema = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE registry (entity TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (entity, id)) WITHOUT ROWID;
  CREATE TABLE series (id INTEGER PRIMARY KEY, mode TEXT NOT NULL, device TEXT NOT NULL, metric TEXT NOT NULL);
  CREATE TABLE rules (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE alarms (
    id TEXT PRIMARY KEY, mode TEXT NOT NULL, open INTEGER NOT NULL, level TEXT NOT NULL, device TEXT NOT NULL,
    enterprise TEXT NOT NULL, raised_at REAL NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX alarms_newest ON alarms (mode, raised_at DESC, id DESC);
  CREATE INDEX alarms_open ON alarms (mode, raised_at DESC, id DESC) WHERE open = 1;
  CREATE INDEX alarms_device ON alarms (device, raised_at DESC, id DESC);
  CREATE TABLE timeline (alarm TEXT NOT NULL, pos INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (alarm, pos)) WITHOUT ROWID;
  CREATE TABLE engine_pages (page INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE engine_parts (part TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (part, id)) WITHOUT ROWID;
`

/** How the engine stood at `cursor`, with the registry, series, fences and rules of the same moment. */
export type Saved = { rows: RegistryRow[]; series: Series[]; fences: Fence[]; rules: RulebookRow[]; engine: EngineState | null }

/**
 * DATA_DIR/state.db: what is in the record, arranged for questions, and how far the engine has got. A transaction is open from
 * one save to the next; questions are asked on the same connection and so see all of it, and a crash falls back to a moment at
 * which cursor, projections and engine fit together.
 */
export class StateDb {
  #db: DatabaseSync
  #statements = new Map<string, StatementSync>()

  constructor(file: string) {
    this.#db = new DatabaseSync(file)
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000')
    const { user_version: format } = this.#db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (format > FORMAT) {
      throw new PlatformError(`${file} was written by a newer version (format ${format}, this one reads ${FORMAT})`, { file })
    }
    this.#db.exec('BEGIN')
    if (format === 0) this.#db.exec(`${schema} PRAGMA user_version = ${FORMAT}`)
  }

  /** Where to read on in the journal. */
  cursor(): number {
    return (this.#meta('cursor') as number | undefined) ?? 1
  }

  pushCursor(): number | null {
    return (this.#meta('push') as number | undefined) ?? null
  }

  setPushCursor(pos: number): void {
    this.#setMeta('push', pos)
  }

  load(): Saved {
    const all = <Row>(sql: string) => this.#prepare(sql).all() as Row[]
    const registry = all<{ entity: string; json: string }>('SELECT entity, json FROM registry ORDER BY entity, id')
    const isFence = ({ entity }: { entity: string }) => entity === 'fence'
    const fences = registry.filter(isFence).map(({ json }) => JSON.parse(json) as Fence)
    const rows = registry
      .filter((row) => !isFence(row))
      .map(({ entity, json }) => ({ entity, row: JSON.parse(json) as unknown }) as RegistryRow)
    const series = all<Series>('SELECT id, mode, device, metric FROM series ORDER BY id').map((row) => ({ ...row }))
    const rules = all<{ json: string }>('SELECT json FROM rules').map(({ json }) => JSON.parse(json) as RulebookRow)
    const head = this.#meta('engine') as EngineState['head'] | undefined
    if (!head) return { rows, series, fences, rules, engine: null }
    const parts = (part: string) =>
      (this.#prepare('SELECT id, json FROM engine_parts WHERE part = ?').all(part) as { id: string; json: string }[]).map(
        ({ id, json }) => [id, JSON.parse(json)] as [string, never],
      )
    const pages = all<{ page: number; bytes: Uint8Array }>('SELECT page, bytes FROM engine_pages').map(
      ({ page, bytes }): [number, Uint8Array] => [page, bytes],
    )
    const states = parts('series').map(([id, saved]): EngineState['series'][number] => [Number(id), saved])
    const engine = {
      ...{ head, pages, series: states, devices: parts('device'), alarms: parts('alarm') },
      ended: parts('ended'),
      ...{ positions: parts('position'), groups: parts('group'), windows: parts('window'), causes: parts('cause') },
    }
    return { rows, series, fences, rules, engine }
  }

  /** Everything up to `cursor` is in; what was noted and this belong together. */
  save(cursor: number, engine: EngineState): void {
    this.#setMeta('cursor', cursor)
    this.#setMeta('engine', engine.head)
    const page = this.#prepare('INSERT OR REPLACE INTO engine_pages (page, bytes) VALUES (?, ?)')
    for (const [number, bytes] of engine.pages) page.run(number, bytes)
    this.#saveParts('series', engine.series)
    this.#saveParts('device', engine.devices)
    this.#saveParts('alarm', engine.alarms)
    this.#saveParts('ended', engine.ended)
    this.#saveParts('position', engine.positions)
    this.#saveParts('group', engine.groups)
    this.#saveParts('window', engine.windows)
    this.#saveParts('cause', engine.causes)
    this.#db.exec('COMMIT')
    this.#db.exec('BEGIN')
  }

  /** Takes what the record says into the tables. */
  note(entry: Entry): void {
    switch (entry.kind) {
      case 'alarm.changed':
      case 'action':
      case 'action.refused':
      case 'alarm.viewed':
      case 'alarm.shown':
      case 'alarm.called':
      case 'evidence.exported':
      case 'ladder.step':
      case 'ladder.asked':
      case 'alarm.reported':
      case 'push.due':
      case 'push.receipt':
      case 'push.sent':
      case 'push.failed':
      case 'push.refused':
        return this.#noteAlarm(entry)
      case 'series.defined':
        for (const { id, mode, device, metric } of (read(entry) as { series: Series[] }).series) {
          this.#run('INSERT OR IGNORE INTO series (id, mode, device, metric) VALUES (?, ?, ?, ?)', id, mode, device, metric)
        }
        return
      case 'registry.changed': {
        const { entity, row } = read(entry) as Extract<RecordEntry, { kind: 'registry.changed' }>
        this.#noteRow(entity, row.id, row)
        return
      }
      case 'fence.set': {
        const { fence } = read(entry) as Extract<RecordEntry, { kind: 'fence.set' }>
        this.#noteRow('fence', fence.id, fence)
      }
    }
  }

  #noteRow(entity: string, id: string, row: object): void {
    this.#run('INSERT OR REPLACE INTO registry (entity, id, json) VALUES (?, ?, ?)', entity, id, JSON.stringify(row))
  }

  noteRule(row: RulebookRow): void {
    this.#run('INSERT OR REPLACE INTO rules (id, json) VALUES (?, ?)', row.id, JSON.stringify(row))
  }

  alarm(id: string): Alarm | null {
    const row = this.#prepare('SELECT json FROM alarms WHERE id = ?').get(id) as { json: string } | undefined
    return row ? (JSON.parse(row.json) as Alarm) : null
  }

  openAlarms(): Alarm[] {
    const rows = this.#prepare('SELECT json FROM alarms WHERE open = 1 ORDER BY raised_at, id').all() as { json: string }[]
    return rows.map(({ json }) => JSON.parse(json) as Alarm)
  }

  alarms(query: AlarmQuery): { alarms: Alarm[]; next?: string } {
    const conditions = ['mode = ?']
    const values: SQLInputValue[] = [query.mode]
    const also = (condition: string, ...given: SQLInputValue[]) => {
      conditions.push(condition)
      values.push(...given)
    }
    if (query.open !== undefined) also(query.open ? 'open = 1' : 'open = 0')
    if (query.device !== undefined) also('device = ?', query.device)
    if (query.enterpriseId !== undefined) also('enterprise = ?', query.enterpriseId)
    if (query.enterpriseIds) also('enterprise IN (SELECT value FROM json_each(?))', JSON.stringify(query.enterpriseIds))
    if (query.level !== undefined) also('level = ?', query.level)
    if (query.from !== undefined) also('raised_at >= ?', query.from)
    if (query.to !== undefined) also('raised_at < ?', query.to)
    if (query.cursor !== undefined) also('(raised_at, id) < (?, ?)', ...readCursor(query.cursor))
    const sql = `SELECT json FROM alarms WHERE ${conditions.join(' AND ')} ORDER BY raised_at DESC, id DESC LIMIT ?`
    const rows = this.#prepare(sql).all(...values, query.limit + 1) as { json: string }[]
    const alarms = rows.slice(0, query.limit).map(({ json }) => JSON.parse(json) as Alarm)
    const last = alarms.at(-1)
    return rows.length > query.limit && last ? { alarms, next: writeCursor(last) } : { alarms }
  }

  timeline(id: string): TimelineItem[] {
    const rows = this.#prepare('SELECT json FROM timeline WHERE alarm = ? ORDER BY pos').all(id) as { json: string }[]
    return rows.map(({ json }) => JSON.parse(json) as TimelineItem)
  }

  /** Marks of the point, however its alarms were raised: the index of the device leads to them. */
  falseAlarms({ mode, deviceId, subject }: Pick<Alarm, 'mode' | 'deviceId' | 'subject'>, at: number): FalseAlarmsOfPoint {
    const sql = `SELECT json FROM alarms WHERE device = ? AND mode = ? AND json_extract(json, '$.subject') = ?
      AND json_extract(json, '$.case.falseAlarm.at') <= ? ORDER BY json_extract(json, '$.case.falseAlarm.at') DESC LIMIT ?`
    const rows = this.#prepare(sql).all(deviceId, mode, subject, at, MARKS_READ) as { json: string }[]
    const marks = rows.map(({ json }) => {
      const alarm = JSON.parse(json) as Alarm
      const { at, reason, text, by } = alarm.case!.falseAlarm!
      return { alarmId: alarm.id, at, reason, text, by }
    })
    const inSevenDays = marks.filter((mark) => mark.at > at - FALSE_ALARM_DAYS * 86_400_000).length
    const needsRectification = inSevenDays >= FALSE_ALARMS_BEFORE_RECTIFICATION
    return { subject, inSevenDays, needsRectification, last: marks.slice(0, 5) }
  }

  /** Points marked false too often lately, of alarms raised in the last weeks. */
  falseAlarmPoints(mode: string, at: number): Pick<Alarm, 'mode' | 'deviceId' | 'subject'>[] {
    const sql = `SELECT mode, device AS deviceId, json_extract(json, '$.subject') AS subject FROM alarms
      WHERE mode = ? AND raised_at > ? AND json_extract(json, '$.case.falseAlarm.at') > ? GROUP BY device, subject HAVING count(*) >= ?`
    const since = at - FALSE_ALARM_DAYS * 86_400_000
    const rows = this.#prepare(sql).all(mode, since - RAISED_BEFORE_MS, since, FALSE_ALARMS_BEFORE_RECTIFICATION)
    return rows.map((row) => ({ ...row })) as Pick<Alarm, 'mode' | 'deviceId' | 'subject'>[]
  }

  close(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    this.#db.close()
  }

  #noteAlarm(entry: Entry): void {
    const said = read(entry)
    const item = timelineItem(said, entry)
    if (!item) return
    if (said.kind === 'alarm.changed') {
      const { alarm } = said
      this.#run(
        `INSERT OR REPLACE INTO alarms (id, mode, open, level, device, enterprise, raised_at, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[alarm.id, alarm.mode, alarm.state === 'normal' ? 0 : 1, alarm.level, alarm.deviceId, alarm.enterpriseId],
        alarm.raisedAt,
        JSON.stringify(alarm),
      )
    }
    const id = said.kind === 'alarm.changed' ? said.alarm.id : (said as { alarmId: string }).alarmId
    this.#run('INSERT OR REPLACE INTO timeline (alarm, pos, json) VALUES (?, ?, ?)', id, entry.pos, JSON.stringify(item))
  }

  #saveParts(part: string, rows: [id: string | number, value: unknown][]): void {
    for (const [id, value] of rows) {
      if (value === null) this.#run('DELETE FROM engine_parts WHERE part = ? AND id = ?', part, String(id))
      else
        this.#run(
          'INSERT OR REPLACE INTO engine_parts (part, id, json) VALUES (?, ?, ?)',
          part,
          String(id),
          JSON.stringify(value),
        )
    }
  }

  #meta(name: string): unknown {
    const row = this.#prepare('SELECT json FROM meta WHERE name = ?').get(name) as { json: string } | undefined
    return row ? JSON.parse(row.json) : undefined
  }

  #setMeta(name: string, value: unknown): void {
    this.#run('INSERT OR REPLACE INTO meta (name, json) VALUES (?, ?)', name, JSON.stringify(value))
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values)
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)))
    return statement
  }
}

/** SQLite's BUSY, READONLY, IOERR, FULL, CANTOPEN: the disk, not us. */
const diskTrouble = new Set([5, 8, 10, 13, 14])

/** It may work later: the disk is full or failing. */
export const isDiskTrouble = (error: unknown): error is Error =>
  (error as { code?: string }).code === 'ERR_SQLITE_ERROR' && diskTrouble.has((error as { errcode: number }).errcode & 0xff)

const read = (entry: Entry): RecordEntry => readRecordEntry(entry)

function timelineItem(said: RecordEntry, { pos, receivedAt }: Entry): TimelineItem | null {
  switch (said.kind) {
    case 'alarm.changed':
      return { pos, at: said.at, type: 'change', entry: said }
    case 'action':
    case 'action.refused':
      return { pos, at: receivedAt, type: 'action', entry: said }
    case 'alarm.called':
      return { pos, at: receivedAt, type: 'call', entry: said }
    case 'alarm.viewed':
    case 'alarm.shown':
    case 'evidence.exported':
      return { pos, at: receivedAt, type: 'view', entry: said }
    case 'ladder.step':
    case 'ladder.asked':
    case 'alarm.reported':
      return { pos, at: receivedAt, type: 'ladder', entry: said }
    case 'push.due':
    case 'push.receipt':
    case 'push.sent':
    case 'push.failed':
    case 'push.refused':
      // A roll call, a test and a bundle are about no alarm.
      if (!said.alarmId) return null
      return { pos, at: receivedAt, type: 'push', entry: said }
    default:
      return null
  }
}

const writeCursor = ({ raisedAt, id }: Alarm): string => Buffer.from(JSON.stringify([raisedAt, id])).toString('base64url')

function readCursor(cursor: string): [number, string] {
  try {
    const [raisedAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown]
    if (typeof raisedAt === 'number' && typeof id === 'string') return [raisedAt, id]
  } catch {
    // falls through to the refusal
  }
  throw new Invalid('bad-cursor', 'the cursor is not one that was given out')
}
