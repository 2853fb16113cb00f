import { DatabaseSync } from 'node:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ReadingBlock } from '../core/reading.ts'

const FILE = 'outbox.db'
const schema = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value NUMERIC) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS refused (first INTEGER PRIMARY KEY, last INTEGER);
`

/** Readings the journal no longer has, to be taken from the store of this machine, series by series. */
export type Gap = {
  /** positions the journal lost, exclusive end */
  toPos: number
  /** received from then on; null: from the beginning */
  receivedFrom: number | null
  /** received up to then, inclusive */
  receivedTo: number
  /** series up to this number are done */
  series: number
}

type Meta = {
  /** everything journalled below is with the archive */
  cursor: number
  /** receipt time of the last reading below it */
  receivedAt: number
  /** what was measured before may be gone from the store of this machine */
  localSince: number
  /** below it there are accepted readings measured before `localSince` */
  oldThrough: number
}

/**
 * What the outbox must remember: how far it is, which rows of the journal were not accepted (so that a reading sent again
 * never takes the place of the first), and what it still has to fetch from elsewhere.
 */
export class OutboxBook {
  #database: DatabaseSync
  #meta: Partial<Meta> = {}
  #changed = new Set<keyof Meta>()
  /** [first, last] in order of position */
  #refused: [number, number][] = []
  /** how many of them are in the database as they are here */
  #saved = 0

  /** `decidedFrom`: rows from there on are decided again, as they were. */
  constructor(dataDir: string, decidedFrom: number) {
    this.#database = new DatabaseSync(join(dataDir, FILE), { timeout: 5000 })
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${schema}`)
    for (const { name, value } of this.#database.prepare('SELECT name, value FROM meta').all() as {
      name: string
      value: number
    }[])
      if (name in metaNames) this.#meta[name as keyof Meta] = value
    this.#database.prepare('DELETE FROM refused WHERE first >= ?').run(decidedFrom)
    const rows = this.#database.prepare('SELECT first, last FROM refused ORDER BY first').all() as {
      first: number
      last: number
    }[]
    this.#refused = rows.map(({ first, last }) => [first, Math.min(last, decidedFrom - 1)])
    this.#saved = this.#refused.length
  }

  /**
   * Readings were accepted without it since: what of the journal it may send, nobody wrote down. The next time there is an
   * archive, all of the store of this machine is sent.
   */
  static abandon(dataDir: string): void {
    if (!existsSync(join(dataDir, FILE))) return
    const book = new OutboxBook(dataDir, 0)
    book.#database.exec("DELETE FROM meta WHERE name = 'cursor' OR name LIKE 'gap.%'; DELETE FROM refused")
    book.close()
  }

  /** Null before the outbox has ever sent anything. */
  get cursor(): number | null {
    return this.#meta.cursor ?? null
  }
  get receivedAt(): number | null {
    return this.#meta.receivedAt ?? null
  }
  get localSince(): number {
    return this.#meta.localSince ?? -Infinity
  }
  get oldThrough(): number {
    return this.#meta.oldThrough ?? 0
  }

  /** Whether any row was measured before what the store of this machine keeps. */
  isOld({ count, measuredAt }: ReadingBlock): boolean {
    const since = this.localSince
    for (let row = 0; row < count; row++) if (measuredAt[row]! < since) return true
    return false
  }

  set(values: Partial<Meta>): void {
    for (const [name, value] of Object.entries(values) as [keyof Meta, number][]) {
      if (this.#meta[name] === value) continue
      this.#meta[name] = value
      this.#changed.add(name)
    }
  }

  /** The row at this position was not accepted. */
  refuse(pos: number): void {
    const last = this.#refused.at(-1)
    if (last && pos <= last[1]) return
    if (last && last[1] === pos - 1) {
      last[1] = pos
      this.#saved = Math.min(this.#saved, this.#refused.length - 1)
    } else this.#refused.push([pos, pos])
  }

  /** Which of `count` rows from `pos` on were not accepted, as offsets. */
  refusedIn(pos: number, count: number): Set<number> | null {
    let found: Set<number> | null = null
    for (let i = this.#firstFrom(pos); i < this.#refused.length; i++) {
      const [first, last] = this.#refused[i]!
      if (first >= pos + count) break
      found ??= new Set()
      for (let at = Math.max(first, pos); at <= Math.min(last, pos + count - 1); at++) found.add(at - pos)
    }
    return found
  }

  gap(): Gap | null {
    const read = (name: string) =>
      (this.#database.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: number | null } | undefined)?.value
    const toPos = read('gap.toPos')
    if (toPos === undefined || toPos === null) return null
    const receivedFrom = read('gap.receivedFrom') ?? null
    return { toPos, receivedFrom, receivedTo: read('gap.receivedTo') ?? Infinity, series: read('gap.series') ?? 0 }
  }

  setGap(gap: Gap | null): void {
    const put = this.#database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
    this.#inTransaction(() => {
      this.#database.exec("DELETE FROM meta WHERE name LIKE 'gap.%'")
      for (const [name, value] of Object.entries(gap ?? {})) if (value !== Infinity) put.run(`gap.${name}`, value)
    })
  }

  /** Writes down what has changed; rows below the cursor are forgotten. */
  save(): void {
    const cursor = this.#meta.cursor ?? 0
    const done = this.#firstFrom(cursor)
    if (this.#changed.size === 0 && this.#saved === this.#refused.length && done === 0) return
    this.#inTransaction(() => {
      const put = this.#database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
      for (const name of this.#changed) put.run(name, this.#meta[name]!)
      const refuse = this.#database.prepare('INSERT OR REPLACE INTO refused VALUES (?, ?)')
      for (const [first, last] of this.#refused.slice(this.#saved)) refuse.run(first, last)
      if (done > 0) this.#database.prepare('DELETE FROM refused WHERE last < ?').run(cursor)
    })
    this.#changed.clear()
    if (done > 0) this.#refused.splice(0, done)
    this.#saved = this.#refused.length
  }

  /** The journal starts over: its positions will be given again. */
  startOver(): void {
    this.#refused = []
    this.#saved = 0
    this.#database.exec('DELETE FROM refused')
  }

  close(): void {
    this.#database.close()
  }

  /** Index of the first stretch that ends at or after `pos`. */
  #firstFrom(pos: number): number {
    let [low, high] = [0, this.#refused.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#refused[middle]![1] < pos) low = middle + 1
      else high = middle
    }
    return low
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

const metaNames: Record<keyof Meta, true> = { cursor: true, receivedAt: true, localSince: true, oldThrough: true }
