import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { recordDraft } from '../../journal/codec.ts'
import { openJournal, type JournalOptions } from '../../journal/embedded.ts'
import type { Draft } from '../../journal/journal.ts'
import { recordEntries } from '../../journal/record-reader.ts'
import { verifyChain } from '../../journal/seal.ts'
import { listSegments } from '../../journal/segments.ts'
import { backup, verifyBackup } from '../../operate/backup.ts'
import { openDataDir } from '../../operate/data-dir.ts'
import { BadBackup, checkFiles, readManifest } from '../../operate/manifest.ts'
import { restore } from '../../operate/restore.ts'
import { smallDisk } from '../chaos/disks.ts'

const root = join(import.meta.dirname, '../..')
const dirs: string[] = []
const newDir = () => {
  dirs.push(mkdtempSync(join(tmpdir(), 'watchfire-operate-')))
  return dirs.at(-1)!
}
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })))

const note = (reason: string) => recordDraft({ kind: 'receiving.stopped', reason })
const block = (length: number): Draft => ({ stream: 'readings', kind: 'block', payload: Buffer.alloc(length), count: 3 })

/** A data folder with a journal of this many entries. */
async function folderWith(entries: number, more: Partial<JournalOptions> = {}) {
  const dataDir = newDir()
  openDataDir(dataDir, false)
  const journal = await openJournal({ dir: dataDir, cursors: ['reader'], log: silentLog, segmentBytes: 20_000, ...more })
  for (let i = 0; i < entries; i++) await journal.append([note(`${i}`), block(1_000)])
  return { dataDir, journal }
}
const backUp = (dataDir: string, target = join(newDir(), 'copy')) =>
  backup({ dataDir, target, version: 'test' }).then((manifest) => ({ manifest, target }))

test('a database that is written to all the time is copied all the same, as it stood at one moment', async () => {
  const { dataDir, journal } = await folderWith(1)
  const database = new DatabaseSync(join(dataDir, 'history.db'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (n INTEGER, bytes BLOB)')
  const insert = database.prepare('INSERT INTO t VALUES (?, ?)')
  database.exec('BEGIN')
  for (let i = 0; i < 12_000; i++) insert.run(i, Buffer.alloc(2_000))
  database.exec('COMMIT')
  let written = 12_000
  const writing = setInterval(() => insert.run(written++, Buffer.alloc(100)), 2)
  try {
    const { target } = await backUp(dataDir)
    const copy = new DatabaseSync(join(target, 'history.db'))
    const { rows, last } = copy.prepare('SELECT count(*) AS rows, max(n) AS last FROM t').get() as { rows: number; last: number }
    expect(rows).toBe(last + 1)
    expect(copy.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    copy.close()
  } finally {
    clearInterval(writing)
    database.close()
    await journal.stop()
  }
})

test('photos and the certificate of the server are in a backup, the key of the CA that phones trust is not', async () => {
  const { dataDir, journal } = await folderWith(1)
  const files = ['photos/ab12.jpg', 'tls/ca.crt', 'tls/ca.key', 'tls/server.crt', 'tls/server.key']
  for (const file of files) {
    mkdirSync(join(dataDir, file, '..'), { recursive: true })
    writeFileSync(join(dataDir, file), file)
  }
  const { manifest, target } = await backUp(dataDir)
  await journal.stop()
  expect(files.filter((file) => !manifest.files.some(({ path }) => path === file))).toEqual(['tls/ca.key'])
  expect(existsSync(join(target, 'tls/ca.key'))).toBe(false)
})

test.skipIf(process.platform !== 'linux')('a folder that nobody can make is said to be none, at once', () => {
  for (const dir of ['/proc/x', '/proc/x/deep/er', '/dev/null/x'])
    expect(() => openDataDir(dir, false)).toThrow(`${dir} cannot be used as the data folder`)
})

test('segments that retention removes while they are copied are in the backup, with an unbroken chain and every position', async () => {
  const { dataDir, journal } = await folderWith(120, { maxBytes: 40_000 })
  // Held open by a lock, so that the journal is looked at once before and once after retention.
  const blocked = new DatabaseSync(join(dataDir, 'a.db'))
  blocked.exec('PRAGMA journal_mode = DELETE; CREATE TABLE t (n); BEGIN EXCLUSIVE')
  const copying = spawnedBackup(dataDir)
  await expect.poll(() => existsSync(join(copying.target, 'a.db')), { timeout: 15_000 }).toBe(true)
  const before = listSegments(journal.dir, 'segment').length
  journal.follow('reader', 1, () => undefined).release(journal.head())
  await journal.trim()
  for (let i = 0; i < 60; i++) await journal.append([note(`later ${i}`), block(1_000)])
  expect(listSegments(journal.dir, 'segment')[0]!.first).toBeGreaterThan(1)
  blocked.exec('COMMIT')
  blocked.close()
  expect(await copying.code).toBe(0)
  await journal.stop()

  expect(listSegments(join(copying.target, 'journal'), 'segment').length).toBeGreaterThanOrEqual(before)
  const again = join(newDir(), 'again')
  await restore(copying.target, again)
  const restored = await openJournal({ dir: again, cursors: ['reader'], log: silentLog })
  for (let pos = 1; pos < restored.head();) {
    const { next, damaged, entries } = restored.read(pos)
    expect([damaged, entries[0]!.pos]).toEqual([[], pos])
    pos = next
  }
  expect([...recordEntries(restored.dir)].filter(({ entry }) => entry.kind === 'receiving.stopped').length).toBeGreaterThan(120)
  expect(verifyChain(restored.dir).brokenAt).toBeNull()
  await restored.stop()
})

function spawnedBackup(dataDir: string) {
  const target = join(newDir(), 'copy')
  const child = spawn(process.execPath, [join(root, 'launch.js'), 'operate/backup-command.ts', 'backup', target], {
    env: { ...process.env, WATCHFIRE_DATA_DIR: dataDir },
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: dataDir,
  })
  return { target, child, code: new Promise<number | null>((resolve) => child.once('exit', resolve)) }
}

const disk = smallDisk(8)
afterAll(() => disk?.remove())

test.skipIf(!disk)(
  'a disk that fills while a backup goes to it is said in one sentence, and nothing is left behind',
  async () => {
    const { dataDir, journal } = await folderWith(700)
    await journal.stop()
    // Most of it is still beside the database, so that the look at the disk before the start does not see it.
    const database = new DatabaseSync(join(dataDir, 'history.db'))
    database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (bytes BLOB)')
    for (let i = 0; i < 3; i++) database.prepare('INSERT INTO t VALUES (?)').run(Buffer.alloc(1 << 20))
    const said: string[] = []
    for (const free of [500_000, 2_500_000, 3_600_000]) {
      writeFileSync(join(disk!.dir, 'ballast'), Buffer.alloc((8 << 20) - free))
      await expect(backUp(dataDir, join(disk!.dir, 'copy'))).rejects.toThrow(BadBackup)
      said.push(
        await backUp(dataDir, join(disk!.dir, 'copy')).then(
          () => 'it went through',
          (error: Error) => error.message,
        ),
      )
      rmSync(join(disk!.dir, 'ballast'))
      expect(readdirSync(disk!.dir)).toEqual([])
    }
    expect(said).toEqual([
      expect.stringMatching(/has .* free and the backup needs about/),
      expect.stringMatching(/is full: the backup was not finished, what was copied has been removed/),
      expect.stringMatching(/is full: the backup was not finished, what was copied has been removed/),
    ])
    database.close()
  },
)

test('a restore killed at any moment leaves a folder that no start takes for whole', { timeout: 60_000 }, async () => {
  const { dataDir, journal } = await folderWith(400)
  await journal.stop()
  writeFileSync(join(dataDir, 'big'), Buffer.alloc(60 << 20, 'x'))
  const { target, manifest } = await backUp(dataDir)
  let refused = 0
  for (let round = 0; round < 6; round++) {
    const again = join(newDir(), 'again')
    const child = spawn(process.execPath, [join(root, 'launch.js'), 'operate/backup-command.ts', 'restore', target], {
      env: { ...process.env, WATCHFIRE_DATA_DIR: again },
      stdio: 'ignore',
      cwd: target,
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await expect.poll(() => existsSync(join(again, 'UNFINISHED')), { interval: 1, timeout: 15_000 }).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, round * 15))
    child.kill('SIGKILL')
    await ended
    try {
      openDataDir(again, false)
      await checkFiles(again, manifest)
    } catch (error) {
      refused++
      expect((error as Error).message).toMatch(/restore that was not finished/)
      await expect(restore(target, again)).rejects.toThrow(/restore that was not finished/)
    }
  }
  expect(refused).toBeGreaterThan(0)
})

test('a backup whose last segment ends elsewhere than its manifest says does not pass for whole', async () => {
  const { dataDir, journal } = await folderWith(5)
  await journal.stop()
  const { target } = await backUp(dataDir)
  expect((await verifyBackup(target)).journal.head).toBe(journal.head())
  mkdirSync(join(target, 'journal', 'segment-0000000000000900-0-00000001.log.d'))
  writeFileSync(join(target, 'journal', 'segment-0000000000000900-0-00000001.log'), '')
  await expect(verifyBackup(target)).rejects.toThrow(/does not end where its manifest says/)
  await expect(readManifest(newDir())).rejects.toThrow(/not a whole backup/)
})
