import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { join } from 'node:path'
import { Invalid } from '../core/errors.ts'
import type { History, QuarantineQuery } from '../core/history.ts'
import type { Quarantined } from '../core/quarantine.ts'

/** Messages kept of each device; more are only counted (semantics 23). */
const MOST_KEPT = 1_000
/** Messages forgotten at once: more would keep queries waiting. */
const TRIM_STEP = 1_000

type Tally = {
  device: string | null
  enterprise: string | null
  kept: number
  count: number
  code: string
  lastAt: number
  changed: boolean
}
type Answer = Awaited<ReturnType<History['quarantine']>>

const schema = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value NUMERIC) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (
    pos INTEGER PRIMARY KEY, device TEXT, enterprise TEXT, received_at NUMERIC, source TEXT, topic TEXT, code TEXT,
    message TEXT, position INTEGER, key TEXT, bytes INTEGER, payload TEXT
  );
  CREATE INDEX IF NOT EXISTS message_device ON message (device, pos);
  CREATE INDEX IF NOT EXISTS message_enterprise ON message (enterprise, pos);
  CREATE INDEX IF NOT EXISTS message_age ON message (received_at);
  CREATE TABLE IF NOT EXISTS tally (
    device TEXT, enterprise TEXT, kept INTEGER, count INTEGER, code TEXT, last_at NUMERIC, PRIMARY KEY (device, enterprise)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS owner (device TEXT PRIMARY KEY, enterprise TEXT) WITHOUT ROWID;
`

/**
 * What could not be used, by journal position: a projection of the journal's quarantine entries and of resends that
 * conflict with history. Adding what is in already (a replay) changes nothing.
 */
export class Quarantine {
  #database: DatabaseSync
  #tallies = new Map<string, Tally>()
  #owners = new Map<string, string>()
  #newOwners = new Map<string, string>()
  #waiting: { pos: number; message: Quarantined }[] = []
  #cursor: number
  #insert: StatementSync
  #putTally: StatementSync

  constructor(dataDir: string) {
    this.#database = new DatabaseSync(join(dataDir, 'quarantine.db'), { timeout: 5000 })
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${schema}`)
    const all = <T>(sql: string) => this.#database.prepare(sql).all() as T[]
    this.#cursor = all<{ value: number }>("SELECT value FROM meta WHERE name = 'cursor'")[0]?.value ?? 0
    for (const { device, enterprise } of all<{ device: string; enterprise: string }>('SELECT * FROM owner')) {
      this.#owners.set(device, enterprise)
    }
    type Row = { device: string; enterprise: string; kept: number; count: number; code: string; last_at: number }
    for (const { device, enterprise, kept, count, code, last_at } of all<Row>('SELECT * FROM tally')) {
      const tally = { device: device || null, enterprise: enterprise || null, kept, count, code, lastAt: last_at, changed: false }
      this.#tallies.set(`${device}\n${enterprise}`, tally)
    }
    this.#insert = this.#database.prepare('INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    this.#putTally = this.#database.prepare('INSERT OR REPLACE INTO tally VALUES (?, ?, ?, ?, ?, ?)')
  }

  /** Which enterprise a device belongs to, for messages history itself refuses. */
  own(device: string, enterprise: string): void {
    if (this.#owners.get(device) === enterprise) return
    this.#owners.set(device, enterprise)
    this.#newOwners.set(device, enterprise)
  }

  ownerOf(device: string): string | null {
    return this.#owners.get(device) ?? null
  }

  add(pos: number, message: Quarantined): void {
    if (pos < this.#cursor) return
    this.#cursor = pos + 1
    const key = `${message.deviceId ?? ''}\n${message.enterpriseId ?? ''}`
    let tally = this.#tallies.get(key)
    if (!tally) {
      const { deviceId: device, enterpriseId: enterprise } = message
      tally = { device, enterprise, kept: 0, count: 0, code: '', lastAt: 0, changed: true }
      this.#tallies.set(key, tally)
    }
    tally.count++
    tally.code = message.code
    tally.lastAt = message.receivedAt
    tally.changed = true
    if (tally.kept >= MOST_KEPT) return
    tally.kept++
    this.#waiting.push({ pos, message })
  }

  /** Writes what was added; the store's checkpoint follows it, so that nothing falls between the two. */
  flush(): void {
    const changed = [...this.#tallies.values()].filter((tally) => tally.changed)
    if (changed.length === 0 && this.#newOwners.size === 0) return
    this.#inTransaction(() => {
      for (const { pos, message: m } of this.#waiting) {
        const fault = [m.code, m.message, m.position, m.key, m.bytes, m.payload]
        this.#insert.run(pos, m.deviceId, m.enterpriseId, m.receivedAt, m.source, m.topic, ...fault)
      }
      for (const tally of changed) this.#save(tally)
      const own = this.#database.prepare('INSERT OR REPLACE INTO owner VALUES (?, ?)')
      for (const [device, enterprise] of this.#newOwners) own.run(device, enterprise)
      this.#database.prepare("INSERT OR REPLACE INTO meta VALUES ('cursor', ?)").run(this.#cursor)
    })
    for (const tally of changed) tally.changed = false
    this.#waiting = []
    this.#newOwners.clear()
  }

  /** Newest first, also what is not written yet: on a full disk the answer is as good. `total` counts also what was not kept. */
  entries({ device, enterpriseId, enterpriseIds, cursor, limit }: QuarantineQuery): Answer {
    const some = enterpriseIds && new Set<string | null>(enterpriseIds)
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)
    if (!Number.isSafeInteger(before)) throw new Invalid('bad-cursor', 'this is not a `next` of an earlier answer', { cursor })
    const where = ['pos < ?']
    const values: (number | string)[] = [before]
    if (device !== undefined) {
      where.push('device = ?')
      values.push(device)
    }
    if (enterpriseId !== undefined) {
      where.push('enterprise = ?')
      values.push(enterpriseId)
    }
    if (enterpriseIds) {
      where.push('enterprise IN (SELECT value FROM json_each(?))')
      values.push(JSON.stringify(enterpriseIds))
    }
    const written = this.#database
      .prepare(
        `SELECT pos AS id, device AS deviceId, enterprise AS enterpriseId, received_at AS receivedAt, source, topic, code, message,
          position, key, bytes, payload FROM message WHERE ${where.join(' AND ')} ORDER BY pos DESC LIMIT ?`,
      )
      .all(...values, limit + 1) as Answer['entries']
    const waiting = this.#waiting
      .filter(
        ({ pos, message }) =>
          pos < before &&
          (device === undefined || message.deviceId === device) &&
          (enterpriseId === undefined || message.enterpriseId === enterpriseId) &&
          (!some || some.has(message.enterpriseId)),
      )
      .map(({ pos, message }) => ({ id: pos, ...message }))
      .reverse()
      .slice(0, limit + 1)
    const found = waiting.length === 0 ? written : [...waiting, ...written].sort((a, b) => b.id - a.id)
    let total = 0
    for (const tally of this.#tallies.values()) {
      const asked =
        (device === undefined || tally.device === device) &&
        (enterpriseId === undefined || tally.enterprise === enterpriseId) &&
        (!some || some.has(tally.enterprise))
      if (asked) total += tally.count
    }
    const entries = found.slice(0, limit)
    return { entries, total, ...(found.length > limit && { next: String(entries.at(-1)!.id) }) }
  }

  /** One line per device (null: from nobody known), with the newest code. */
  counts(): Awaited<ReturnType<History['quarantineCounts']>> {
    const counts = new Map<string | null, { deviceId: string | null; code: string; count: number; lastAt: number }>()
    for (const { device, code, count, lastAt } of this.#tallies.values()) {
      const line = counts.get(device)
      if (!line) counts.set(device, { deviceId: device, code, count, lastAt })
      else {
        line.count += count
        if (lastAt > line.lastAt) [line.lastAt, line.code] = [lastAt, code]
      }
    }
    return [...counts.values()]
  }

  /** Forgets messages received before a time, which makes room for new ones of the same device; the counts stay. True: there are more. */
  trim(before: number): boolean {
    this.flush()
    type Row = { pos: number; device: string | null; enterprise: string | null }
    const old = this.#database
      .prepare('SELECT pos, device, enterprise FROM message WHERE received_at < ? ORDER BY received_at LIMIT ?')
      .all(before, TRIM_STEP) as Row[]
    if (old.length === 0) return false
    const changed = new Map<Tally, number>()
    for (const { device, enterprise } of old) {
      const tally = this.#tallies.get(`${device ?? ''}\n${enterprise ?? ''}`)
      if (tally) changed.set(tally, (changed.get(tally) ?? 0) + 1)
    }
    this.#inTransaction(() => {
      const forget = this.#database.prepare('DELETE FROM message WHERE pos = ?')
      for (const { pos } of old) forget.run(pos)
      for (const [tally, n] of changed) this.#save({ ...tally, kept: tally.kept - n })
    })
    for (const [tally, n] of changed) tally.kept -= n
    return old.length === TRIM_STEP
  }

  /** The journal starts over: its positions will be given again. */
  startOver(): void {
    this.#cursor = 0
  }

  figures(): Record<string, number> {
    let [count, kept] = [0, 0]
    for (const tally of this.#tallies.values()) [count, kept] = [count + tally.count, kept + tally.kept]
    return { watchfire_quarantined_total: count, watchfire_quarantine_kept: kept }
  }

  close(): void {
    this.#database.close()
  }

  #save({ device, enterprise, kept, count, code, lastAt }: Tally): void {
    this.#putTally.run(device ?? '', enterprise ?? '', kept, count, code, lastAt)
  }

  #inTransaction(write: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      write()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}
