import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PlatformError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { copyDatabase, copyNow, isFull } from './copying.ts'
import { readMark, writeMark } from './data-dir.ts'
import { syncDir } from './manifest.ts'
import { migrations as ours } from './migrations/index.ts'
import type { Migration } from './migrations/migration.ts'

/** The data folder could not be brought up to date; it is as the version before left it. */
export class MigrationFailed extends PlatformError {
  override readonly code = 'migration-failed'
}

/** The copy an upgrade keeps of what it changed. */
export const copyBefore = (dataDir: string, to: number): string => join(dataDir, `before-format-${to}`)

/**
 * Brings the data folder up to date, one number after the other; whoever calls owns its lock. Each migration first copies
 * what it changes; the folder's number is written last. So wherever a crash comes, the next start finds either the copy
 * unfinished and begins it again, or puts the copy back and runs the migration again from the same beginning.
 */
export async function migrate(dataDir: string, log: Log, migrations: Migration[] = ours): Promise<void> {
  for (const migration of migrations) {
    const mark = readMark(dataDir)
    if (mark.format >= migration.to) continue
    if (mark.format !== migration.to - 1)
      throw new MigrationFailed(`${dataDir} has format ${mark.format}, and nothing here leads on from it: restore a backup`)
    const copy = copyBefore(dataDir, migration.to)
    log.info('the data folder is brought up to date', { from: mark.format, to: migration.to, what: migration.says, copy })
    try {
      if (existsSync(copy)) await putBack(dataDir, copy, migration.changes)
      else await keep(dataDir, copy, migration.changes)
      await migration.run(dataDir)
    } catch (error) {
      const why = isFull(error) ? 'the disk is full' : (error as Error).message
      if (existsSync(copy)) await putBack(dataDir, copy, migration.changes)
      throw new MigrationFailed(
        `${dataDir} could not be brought from format ${mark.format} to ${migration.to}: ${why}. It is as it was: mend that and start again, or start the version before`,
        { to: migration.to },
      )
    }
    for (const path of migration.changes) await flush(join(dataDir, path))
    await syncDir(dataDir)
    writeMark(dataDir, { ...mark, format: migration.to })
    await syncDir(dataDir)
    log.info('the data folder is up to date', { format: migration.to })
  }
}

/** Gets its name when it is whole. */
async function keep(dataDir: string, copy: string, changes: string[]): Promise<void> {
  const draft = `${copy}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  await copyThose(dataDir, draft, changes)
  await syncDir(draft)
  await rename(draft, copy)
  await syncDir(dataDir)
}

async function putBack(dataDir: string, copy: string, changes: string[]): Promise<void> {
  for (const path of changes)
    for (const beside of ['', '-wal', '-shm', '-journal'])
      await rm(join(dataDir, path + beside), { recursive: true, force: true })
  await copyThose(copy, dataDir, changes)
}

async function copyThose(from: string, to: string, paths: string[]): Promise<void> {
  for (const path of paths) {
    if (!existsSync(join(from, path))) continue
    await mkdir(dirname(join(to, path)), { recursive: true, mode: 0o700 })
    if (path.endsWith('.db')) await copyDatabase(join(from, path), to, path)
    else {
      const handle = await open(join(from, path), 'r')
      await using _closed = handle
      await copyNow(handle, to, path)
    }
  }
}

async function flush(path: string): Promise<void> {
  if (!existsSync(path)) return
  const handle = await open(path, 'r')
  await using _closed = handle
  await handle.sync()
}
