import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite'
import { PlatformError } from './core/errors.ts'
import { FORMAT } from './data-dir.ts'
import { restoredMark } from './journal/recovery.ts'

/** What a backup holds: every file with its size and SHA-256. */
export type Manifest = { format: number; createdAt: string; files: { path: string; bytes: number; sha256: string }[] }

/** The backup or the folder it is to go to is not what it should be. */
export class BadBackup extends PlatformError {
  override readonly code = 'bad-backup'
}

const MANIFEST = 'manifest.json'

const isEmpty = async (dir: string) => !existsSync(dir) || (await readdir(dir)).length === 0

/**
 * Copies a data folder, also while the platform runs on it. The journal's cursors first, so that what a database still has to
 * read again counts as unread and keeps its keys; then the databases, and after them the rest of the journal, so that it is
 * never behind one; segments before the archive, so that a segment which retention moves meanwhile is in one of the two. A
 * group being written at that moment is cut off at the next start.
 */
export async function backup(dataDir: string, target: string): Promise<Manifest> {
  if (!existsSync(join(dataDir, 'format.json')))
    throw new BadBackup(`${dataDir} is not a data folder: it has no format.json; set WATCHFIRE_DATA_DIR`)
  if (!(await isEmpty(target))) throw new BadBackup(`${target} is not empty: name a folder that is, or that does not exist yet`)
  if (!relative(resolve(dataDir), resolve(target)).startsWith('..'))
    throw new BadBackup(`${target} lies inside the data folder: a backup belongs on another disk`)
  await mkdir(join(target, 'journal'), { recursive: true, mode: 0o700 })
  const journal = join(dataDir, 'journal')
  await copyIfThere(join(journal, 'cursors.json'), join(target, 'journal', 'cursors.json'))
  for (const name of (await readdir(dataDir)).filter((name) => name.endsWith('.db')).sort()) {
    const database = new DatabaseSync(join(dataDir, name), { readOnly: true, timeout: 10_000 })
    try {
      await copyDatabase(database, join(target, name))
    } finally {
      database.close()
    }
  }
  for (const kind of ['segment', 'record']) {
    const names = (await readdir(journal)).filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.log')).sort()
    for (const name of names) await copyIfThere(join(journal, name), join(target, 'journal', name))
  }
  if (existsSync(join(dataDir, 'heads'))) {
    await mkdir(join(target, 'heads'), { mode: 0o700 })
    for (const name of await readdir(join(dataDir, 'heads')))
      await copyIfThere(join(dataDir, 'heads', name), join(target, 'heads', name))
  }
  await copyIfThere(join(dataDir, 'format.json'), join(target, 'format.json'))
  const manifest: Manifest = { format: FORMAT, createdAt: new Date().toISOString(), files: await describe(target) }
  await writeFile(join(target, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true })
  return manifest
}

/** Puts a backup into an empty data folder, after every file has been checked. The next start notes it in the record. */
export async function restore(source: string, dataDir: string): Promise<Manifest> {
  const manifest = await readManifest(source)
  if (!(await isEmpty(dataDir)))
    throw new BadBackup(`${dataDir} is not empty: a restore never goes over data; set WATCHFIRE_DATA_DIR to a new folder`)
  if (manifest.format !== FORMAT) throw new BadBackup(`the backup has format ${manifest.format}, this Watchfire reads ${FORMAT}`)
  const found = new Map((await describe(source)).map((file) => [file.path, file]))
  for (const { path, bytes, sha256 } of manifest.files) {
    const file = found.get(path)
    if (!file) throw new BadBackup(`${path} is missing from the backup`)
    if (file.bytes !== bytes || file.sha256 !== sha256)
      throw new BadBackup(`${path} in the backup is not what was written: its checksum differs`)
  }
  for (const { path } of manifest.files) {
    await mkdir(dirname(join(dataDir, path)), { recursive: true, mode: 0o700 })
    await copyFlushed(join(source, path), join(dataDir, path))
  }
  await writeFile(restoredMark(join(dataDir, 'journal')), `${JSON.stringify({ knownHead: null })}\n`, {
    mode: 0o600,
    flush: true,
  })
  return manifest
}

async function readManifest(source: string): Promise<Manifest> {
  try {
    const manifest = JSON.parse(await readFile(join(source, MANIFEST), 'utf8')) as Manifest
    if (Array.isArray(manifest.files)) return manifest
  } catch {
    // The same sentence whatever is wrong with it.
  }
  throw new BadBackup(`${source} has no readable ${MANIFEST}: it is not a whole backup`)
}

async function describe(dir: string): Promise<Manifest['files']> {
  const names = (await readdir(dir, { recursive: true })).sort()
  const files: Manifest['files'] = []
  for (const path of names) {
    const { size, isFile } = await stat(join(dir, path)).then((one) => ({ size: one.size, isFile: one.isFile() }))
    if (isFile && path !== MANIFEST) files.push({ path, bytes: size, sha256: await sha256Of(join(dir, path)) })
  }
  return files
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** What retention has removed between the listing and the copy is in the archive, which comes later. */
async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await copyFlushed(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

async function copyFlushed(from: string, to: string): Promise<void> {
  await copyFile(from, to)
  const handle = await open(to, 'r+')
  try {
    await handle.chmod(0o600)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
