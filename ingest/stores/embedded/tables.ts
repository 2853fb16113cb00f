import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Mode } from '../../../core/mode.ts'
import type { Series } from '../../../core/reading.ts'
import { PlatformError } from '../../../core/errors.ts'
import { RollupTable } from './rollup.ts'
import { binOf, binWidths, type Chunk, type ChunkHead } from './chunk.ts'

/** The history file is of a kind this version does not know. */
export class UnknownHistoryFormat extends PlatformError {
  override readonly code = 'unknown-history-format'
}

const FORMAT = 1
const schema = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value NUMERIC) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, mode TEXT, device TEXT, metric TEXT, bins INTEGER);
  -- Rows not yet in a chunk: number = series * 2, + 1 for those that came late.
  CREATE TABLE IF NOT EXISTS open_rows (number INTEGER PRIMARY KEY, bytes BLOB);
  CREATE TABLE IF NOT EXISTS chunk (
    series INTEGER, bin INTEGER, t0 NUMERIC, id INTEGER, t1 NUMERIC, n INTEGER, good INTEGER,
    min REAL, max REAL, sum REAL, last REAL, last_at NUMERIC, PRIMARY KEY (series, bin, t0, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS body (id INTEGER PRIMARY KEY, bytes BLOB);
`
const HEAD = 'id, t0, t1, n, good, min, max, sum, last, last_at'
type HeadRow = [number, number, number, number, number, number, number, number, number, number]
const headOf = ([id, t0, t1, n, good, min, max, sum, last, lastAt]: HeadRow): ChunkHead => ({
  id,
  t0,
  t1,
  n,
  good,
  min,
  max,
  sum,
  last,
  lastAt,
})

/**
 * The SQL of the embedded store. One connection writes, another reads: a reader sees the state of the last commit while a
 * checkpoint is half way.
 */
export class Tables {
  #write: DatabaseSync
  #read: DatabaseSync
  #statements: Record<'series' | 'open' | 'closeOpen' | 'chunk' | 'body' | 'meta' | 'dropChunk' | 'dropBody', StatementSync>
  #touching: StatementSync
  #next: StatementSync
  #first: StatementSync
  #old: StatementSync
  #body: StatementSync
  /** to write, and to read what a query needs */
  readonly rollups: RollupTable

  constructor(file: string, { readOnly = false }: { readOnly?: boolean } = {}) {
    this.#write = new DatabaseSync(file, { timeout: 5000, readOnly })
    if (!readOnly) {
      this.#write.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000',
      )
    }
    this.#write.exec(schema)
    const meta = this.#write.prepare('SELECT value FROM meta WHERE name = ?')
    const format = (meta.get('format') as { value: number } | undefined)?.value
    if (format === undefined) this.#write.prepare('INSERT INTO meta VALUES (?, ?)').run('format', FORMAT)
    else if (format !== FORMAT) {
      this.#write.close()
      throw new UnknownHistoryFormat(`${file} has format ${format}; this version reads ${FORMAT}`, { file, format })
    }
    this.#read = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
    this.#read.exec('PRAGMA cache_size = -32768')
    const write = (sql: string) => this.#write.prepare(sql)
    this.#statements = {
      series: write('INSERT INTO series VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET bins = excluded.bins'),
      open: write('INSERT OR REPLACE INTO open_rows VALUES (?, ?)'),
      closeOpen: write('DELETE FROM open_rows WHERE number = ?'),
      chunk: write('INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
      body: write('INSERT INTO body VALUES (?, ?)'),
      meta: write('INSERT OR REPLACE INTO meta VALUES (?, ?)'),
      dropChunk: write('DELETE FROM chunk WHERE series = ? AND bin = ? AND t0 = ? AND id = ?'),
      dropBody: write('DELETE FROM body WHERE id = ?'),
    }
    const where = 'FROM chunk WHERE series = ? AND bin = ?'
    this.#touching = this.#read.prepare(`SELECT ${HEAD} ${where} AND t0 >= ? AND t0 < ? AND t1 >= ? AND id < ?`)
    this.#touching.setReturnArrays(true)
    this.#next = this.#read.prepare(`SELECT t0 ${where} AND t0 > ? ORDER BY t0 LIMIT 1`)
    this.#first = this.#read.prepare(`SELECT t0 ${where} ORDER BY t0 LIMIT 1`)
    this.#old = this.#read.prepare(`SELECT ${HEAD} ${where} AND t0 < ? AND t1 < ? LIMIT ?`)
    this.#old.setReturnArrays(true)
    this.rollups = new RollupTable(this.#write)
    this.#body = this.#read.prepare('SELECT bytes FROM body WHERE id = ?')
  }

  cursor(): number {
    const row = this.#write.prepare("SELECT value FROM meta WHERE name = 'cursor'").get() as { value: number } | undefined
    return row?.value ?? 0
  }

  nextChunkId(): number {
    // Ids are never given twice, also not after the newest chunks have been trimmed.
    const given = this.#write.prepare("SELECT value FROM meta WHERE name = 'nextChunk'").get() as { value: number } | undefined
    return given?.value ?? 1
  }

  *series(): Generator<Series & { bins: number }> {
    for (const row of this.#read.prepare('SELECT id, mode, device, metric, bins FROM series ORDER BY id').iterate()) {
      const { id, mode, device, metric, bins } = row as { id: number; mode: Mode; device: string; metric: string; bins: number }
      yield { id, mode, device, metric, bins }
    }
  }

  *openRows(): Generator<{ number: number; bytes: Uint8Array }> {
    for (const row of this.#read.prepare('SELECT number, bytes FROM open_rows').iterate()) {
      yield row as { number: number; bytes: Uint8Array }
    }
  }

  begin(): void {
    this.#write.exec('BEGIN IMMEDIATE')
  }
  commit(): void {
    this.#write.exec('COMMIT')
  }
  rollback(): void {
    if (this.#write.isTransaction) this.#write.exec('ROLLBACK')
  }

  putSeries(series: Series, bins: number): void {
    this.#statements.series.run(series.id, series.mode, series.device, series.metric, bins)
  }
  putOpen(series: number, late: boolean, bytes: Uint8Array | null): void {
    const number = series * 2 + (late ? 1 : 0)
    if (bytes === null) this.#statements.closeOpen.run(number)
    else this.#statements.open.run(number, bytes)
  }
  putChunk(chunk: Chunk): void {
    const { id, series, t0, t1, n, good, min, max, sum, last, lastAt } = chunk
    this.#statements.body.run(id, chunk.bytes)
    this.#statements.chunk.run(series, binOf(chunk), t0, id, t1, n, good, min, max, sum, last, lastAt)
  }
  putMeta(name: 'cursor' | 'nextChunk', value: number): void {
    this.#statements.meta.run(name, value)
  }

  inTransaction(work: () => void): void {
    this.begin()
    try {
      work()
      this.commit()
    } catch (error) {
      this.rollback()
      throw error
    }
  }

  /** In a transaction of its own. */
  dropChunks(series: number, chunks: ChunkHead[]): void {
    this.inTransaction(() => this.removeChunks(series, chunks))
  }

  removeChunks(series: number, chunks: ChunkHead[]): void {
    for (const chunk of chunks) {
      this.#statements.dropChunk.run(series, binOf(chunk), chunk.t0, chunk.id)
      this.#statements.dropBody.run(chunk.id)
    }
  }

  /**
   * Chunks with ids below `idsBelow` that start before `to` and either start at or after `from` or, with `reachingIn`, reach
   * into it. `bins` has a bit for each bin the series uses.
   */
  heads(series: number, bins: number, from: number, to: number, reachingIn: boolean, idsBelow: number): ChunkHead[] {
    const heads: ChunkHead[] = []
    for (let bin = 0; bin < binWidths.length; bin++) {
      if (!(bins & (1 << bin))) continue
      const earliest = reachingIn ? from - binWidths[bin]! : from
      const found = this.#touching.all(series, bin, earliest, to, from, idsBelow) as unknown as HeadRow[]
      for (const row of found) heads.push(headOf(row))
    }
    return heads.sort((a, b) => a.t0 - b.t0)
  }

  /** Some chunks that end before a time. */
  endedBefore(series: number, bins: number, time: number, most: number): ChunkHead[] {
    const heads: ChunkHead[] = []
    for (let bin = 0; bin < binWidths.length && heads.length < most; bin++) {
      if (!(bins & (1 << bin))) continue
      const found = this.#old.all(series, bin, time, time, most - heads.length) as unknown as HeadRow[]
      for (const row of found) heads.push(headOf(row))
    }
    return heads
  }

  /** When the first chunk that starts after `time` starts. */
  nextStart(series: number, bins: number, time: number): number {
    return this.#least(this.#next, bins, series, time)
  }

  firstStart(series: number, bins: number): number {
    return this.#least(this.#first, bins, series)
  }

  /** Null when the chunk has been trimmed since its head was read. */
  body(id: number): Uint8Array | null {
    return (this.#body.get(id) as { bytes: Uint8Array } | undefined)?.bytes ?? null
  }

  bytes(): number {
    const pragma = (name: string) => Object.values(this.#write.prepare(`PRAGMA ${name}`).get()!)[0] as number
    return pragma('page_count') * pragma('page_size')
  }

  close(): void {
    this.rollback()
    this.#read.close()
    this.#write.close()
  }

  #least(statement: StatementSync, bins: number, series: number, ...rest: number[]): number {
    let least = Infinity
    for (let bin = 0; bin < binWidths.length; bin++) {
      if (!(bins & (1 << bin))) continue
      const row = statement.get(series, bin, ...rest) as { t0: number } | undefined
      if (row && row.t0 < least) least = row.t0
    }
    return least
  }
}
