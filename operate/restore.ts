import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { lockDataDir } from '../journal/lock.ts'
import { restoredMark, type Restored } from '../journal/recovery.ts'
import { copyNow, freeBytes, inMiB, isFull } from './copying.ts'
import { FORMAT, readFormat, makeFolder } from './data-dir.ts'
import { BadBackup, checkFiles, readManifest, syncDir, UNFINISHED, writeFlushed, type Manifest } from './manifest.ts'

const MARK = 'format.json'

/**
 * Puts a backup into an empty data folder, after every file has been checked. The next start notes it in the record and goes
 * on behind `knownHead`, the position the original is known to have reached, so that no position is given twice.
 */
export async function restore(source: string, dataDir: string, knownHead: number | null = null): Promise<Manifest> {
  const manifest = await readManifest(source)
  if (manifest.format > FORMAT)
    throw new BadBackup(
      `the backup has format ${manifest.format}, this Watchfire reads up to ${FORMAT}: use version ${manifest.version} or a newer one`,
    )
  await refuseUsed(dataDir)
  await checkFiles(source, manifest)
  const files = manifest.files.filter(({ path }) => !/^configuration[\\/]/.test(path))
  if (!files.some(({ path }) => path === MARK)) throw new BadBackup(`${source} has no ${MARK}: it is not a whole backup`)
  makeFolder(dataDir)
  const needed = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const free = await freeBytes(dataDir)
  if (free < needed) throw new BadBackup(`the disk of ${dataDir} has ${inMiB(free)} free and the restore needs ${inMiB(needed)}`)
  const lock = await lockDataDir(dataDir)
  try {
    await writeFlushed(join(dataDir, UNFINISHED), `a restore of ${source}, begun ${new Date().toISOString()}\n`, 'wx')
    // The format's mark gets its name last: a folder with a journal and without it is refused by every start.
    for (const file of files) await copyChecked(source, dataDir, file)
    await mkdir(join(dataDir, 'journal'), { recursive: true, mode: 0o700 })
    await writeFlushed(restoredMark(join(dataDir, 'journal')), `${JSON.stringify({ knownHead } satisfies Restored)}\n`)
    for (const dir of new Set(files.map(({ path }) => dirname(join(dataDir, path))))) await syncDir(dir)
    await syncDir(join(dataDir, 'journal'))
    await rename(join(dataDir, `${MARK}.restored`), join(dataDir, MARK))
    await rm(join(dataDir, UNFINISHED))
    await syncDir(dataDir)
    return manifest
  } catch (error) {
    await removeCopies(dataDir)
    if (isFull(error)) throw new BadBackup(`the disk of ${dataDir} is full: nothing was restored`)
    throw error
  } finally {
    await lock.release()
  }
}

async function refuseUsed(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return
  const names = (await readdir(dataDir)).filter((name) => name !== 'lost+found')
  if (names.includes('lock')) await (await lockDataDir(dataDir)).release() // raises `FolderInUse` with the owner's pid
  if (names.includes(UNFINISHED))
    throw new BadBackup(`${dataDir} holds a restore that was not finished: remove it and restore again`, { dataDir })
  if (names.some((name) => name !== 'lock'))
    throw new BadBackup(
      `${dataDir} is not empty: a restore never goes over ${readFormat(dataDir) === null ? 'other files' : 'data'}; set WATCHFIRE_DATA_DIR to a new folder`,
      { dataDir },
    )
}

async function copyChecked(source: string, dataDir: string, { path, sha256 }: Manifest['files'][number]): Promise<void> {
  const handle = await open(join(source, path), 'r')
  await using _closed = handle
  const written = await copyNow(handle, dataDir, path === MARK ? `${MARK}.restored` : path)
  if (written.sha256 !== sha256) throw new BadBackup(`${path} in the backup ${source} changed while it was read`, { path })
}

async function removeCopies(dataDir: string): Promise<void> {
  try {
    for (const name of await readdir(dataDir))
      if (name !== UNFINISHED && name !== 'lock' && name !== 'lost+found') await rm(join(dataDir, name), { recursive: true })
    await rm(join(dataDir, UNFINISHED), { force: true })
  } catch {
    // The mark that is left says what the folder is.
  }
}
