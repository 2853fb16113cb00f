import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { FORMAT, openDataDir, readMark } from '../../operate/data-dir.ts'
import { copyBefore, migrate } from '../../operate/migrate.ts'
import { migrations } from '../../operate/migrations/index.ts'
import { steps, unrepeatable } from './migrating.ts'

const dirs: string[] = []
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })))

/** A data folder of format 1 with a database that is still partly beside itself, as after a kill. */
function oldFolder(fill = 100): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'watchfire-migrate-'))
  dirs.push(dataDir)
  openDataDir(dataDir, false, 1)
  const database = new DatabaseSync(join(dataDir, 'counts.db'))
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE counts (n INTEGER, bytes BLOB)')
  for (let n = 0; n < 5; n++) database.prepare('INSERT INTO counts VALUES (?, ?)').run(n, Buffer.alloc(fill))
  database.close()
  writeFileSync(join(dataDir, 'story.txt'), 'one ')
  return dataDir
}

function contents(dataDir: string) {
  const database = new DatabaseSync(join(dataDir, 'counts.db'))
  const counts = database
    .prepare('SELECT n FROM counts ORDER BY n')
    .all()
    .map(({ n }) => n)
  const columns = database
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all('counts')
    .map(({ name }) => name)
  database.close()
  const text = (name: string) => (existsSync(join(dataDir, name)) ? readFileSync(join(dataDir, name), 'utf8') : null)
  return { format: readMark(dataDir).format, counts, columns, story: text('story.txt'), made: text('new.txt') }
}
const before = { format: 1, counts: [0, 1, 2, 3, 4], columns: ['n', 'bytes'], story: 'one ', made: null }
const after = { format: 3, counts: [1, 2, 3, 4, 5], columns: ['n', 'bytes', 'owner'], story: 'ONE TWO three', made: 'new' }

async function killed(dataDir: string, at: string, afterMs?: number): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'migrating.ts'), 'die', dataDir, at], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  if (afterMs !== undefined) {
    await expect.poll(() => existsSync(`${copyBefore(dataDir, 2)}.new`), { interval: 1, timeout: 15_000 }).toBe(true)
    setTimeout(() => child.kill('SIGKILL'), afterMs)
  }
  await ended
}

test('a migration runs once, forward, after a copy of what it changes', async () => {
  const dataDir = oldFolder()
  const seen: string[] = []
  for (let start = 0; start < 2; start++)
    await migrate(
      dataDir,
      silentLog,
      unrepeatable((name) => seen.push(name)),
    )
  expect(seen).toEqual(steps)
  expect(contents(dataDir)).toEqual(after)
  const copy = copyBefore(dataDir, 2)
  expect(readFileSync(join(copy, 'story.txt'), 'utf8')).toBe('one ')
  expect(statSync(copy).mode & 0o077).toBe(0)
  expect(() => openDataDir(dataDir, false, 2)).toThrow(
    /has data of format 3, this Watchfire reads format 2: start the version that wrote it/,
  )
})

test('killed at any step, and again at another, the next start still migrates exactly once', { timeout: 60_000 }, async () => {
  for (const [i, first] of steps.entries()) {
    const dataDir = oldFolder()
    await killed(dataDir, first)
    await killed(dataDir, steps[(i * 5 + 2) % steps.length]!)
    await migrate(
      dataDir,
      silentLog,
      unrepeatable(() => undefined),
    )
    expect(contents(dataDir)).toEqual(after)
  }
})

test('killed while the copy is made or put back, nothing is lost', { timeout: 60_000 }, async () => {
  for (const ms of [0, 15]) {
    const dataDir = oldFolder(3 << 20)
    await killed(dataDir, 'never', ms)
    await killed(dataDir, '2 between two files')
    await migrate(
      dataDir,
      silentLog,
      unrepeatable(() => undefined),
    )
    expect(contents(dataDir)).toEqual(after)
  }
})

test('a migration that fails leaves the folder as the version before left it, and says so', async () => {
  const dataDir = oldFolder()
  const failing = unrepeatable((name) => {
    if (name === '2 between two files') throw new Error('row 7 makes no sense')
  })
  await expect(migrate(dataDir, silentLog, failing)).rejects.toThrow(
    /could not be brought from format 1 to 2: row 7 makes no sense. It is as it was/,
  )
  expect(contents(dataDir)).toEqual(before)
  openDataDir(dataDir, false, 1)
})

test('the migrations that ship lead from format 1 to today without a gap', () => {
  expect(migrations.map(({ to }) => to)).toEqual(migrations.map((_, i) => i + 2))
  expect(FORMAT).toBe(1 + migrations.length)
})
