import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { finding, type Finding, type Language } from './finding.ts'

/** What becomes of the platform without a database. */
const remedies: Record<string, Record<Language, string>> = {
  'history.db': {
    zh: '启动后从日志重建（只到日志最早的位置）；要更早的读数，从备份恢复',
    en: 'it is rebuilt from the journal as far back as that reaches; for older readings restore a backup',
  },
  'quarantine.db': {
    zh: '启动后从日志重建（只到日志最早的位置）',
    en: 'it is rebuilt from the journal as far back as that reaches',
  },
  'state.db': { zh: '启动后从记录和日志重建', en: 'it is rebuilt from the record and the journal at the next start' },
  'people.db': {
    zh: '用户和口令只在这里：从备份取回这个文件，否则下次启动只有 admin',
    en: 'users and passwords are nowhere else: take this file from a backup, or the next start knows admin alone',
  },
}
/** Those a data folder need not have. */
const optional: Record<string, Record<Language, string>> = {
  'measures.db': {
    zh: '启动后从日志重新计算（只到日志最早的位置）',
    en: 'it is counted anew from the journal as far back as that reaches',
  },
  'outbox.db': {
    zh: '启动后把本机保存的读数重新发往 InfluxDB，不会重复',
    en: 'what is kept on this machine is sent to InfluxDB again, and nothing is there twice',
  },
}
const unknown: Record<Language, string> = { zh: '从备份恢复', en: 'restore a backup' }

/** Each database by SQLite's own check, and that none has seen more than the journal has. */
export function examineDatabases(dataDir: string, head: number | null, running: boolean, language: Language): Finding[] {
  const there = readdirSync(dataDir).filter((name) => name.endsWith('.db'))
  const findings: Finding[] = []
  for (const file of new Set([...Object.keys(remedies), ...there]).values()) {
    const remedy = (remedies[file] ?? optional[file] ?? unknown)[language]
    if (!there.includes(file)) {
      if (head !== null) findings.push(finding('database-missing', { file, remedy }))
      continue
    }
    try {
      using database = openUnchanged(join(dataDir, file), running)
      const [first] = database.prepare('PRAGMA integrity_check(1)').all() as { integrity_check: string }[]
      if (first?.integrity_check !== 'ok')
        findings.push(finding('database-damaged', { file, message: first?.integrity_check ?? '?', remedy }))
      const cursor = cursorOf(database)
      if (head !== null && cursor !== null && cursor > head && !running)
        findings.push(finding('database-ahead', { file, cursor, head }))
    } catch (error) {
      findings.push(finding('database-damaged', { file, message: (error as Error).message, remedy }))
    }
  }
  return findings
}

/** A database nobody has open and nothing is waiting beside is read as it lies: looking leaves no files behind. */
function openUnchanged(path: string, running: boolean): DatabaseSync {
  const wal = `${path}-wal`
  const asItLies = !running && !(existsSync(wal) && statSync(wal).size > 0)
  const url = pathToFileURL(path)
  if (asItLies) url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true, timeout: 10_000 })
}

/** Where a part reads on in the journal, kept under the same name by all of them. */
function cursorOf(database: DatabaseSync): number | null {
  const columns = database
    .prepare("SELECT name FROM pragma_table_info('meta')")
    .all()
    .map(({ name }) => name)
  const column = columns.find((name) => name === 'value' || name === 'json')
  if (!columns.includes('name') || column === undefined) return null
  const row = database.prepare(`SELECT ${column as string} AS value FROM meta WHERE name = 'cursor'`).get()
  return row ? Number(row['value']) : null
}
