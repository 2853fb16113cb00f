import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { journalExtent } from '../journal/extent.ts'
import { verifyChain } from '../journal/seal.ts'
import { listSegments } from '../journal/segments.ts'
import { copyDatabase, copyNow, freeBytes, inMiB, isFull } from './copying.ts'
import { makeFolder, readFormat } from './data-dir.ts'
import {
  BadBackup,
  checkFiles,
  readManifest,
  syncDir,
  UNFINISHED,
  writeFlushed,
  writeManifest,
  type Manifest,
} from './manifest.ts'

export type BackupOptions = {
  dataDir: string
  target: string
  version: string
  /** settings and rule packs kept outside the data folder: name in the backup → file */
  configuration?: Record<string, string>
}

/**
 * Not in a backup: who runs now, the first password in clear, what SQLite keeps beside a database, files on their way to a
 * name, and copies an upgrade made. Nor the key of the local CA: whoever has it can pretend to be any site to the phones that trust it,
 * and the platform runs without it.
 */
const leftOut = /^(lock.*|admin-password|.*-(wal|shm|journal)|.*\.new|before-format-.*|UNFINISHED|voice|ca\.key)$/

/**
 * Copies a data folder, also while the platform runs on it. Segments are opened first, so that what retention removes
 * meanwhile can still be read. Then the journal's cursors, so that what a database still has to read again counts as unread
 * and keeps its keys; then the databases, and the journal after them, so that it is never behind one. A group being written
 * at that moment is cut off at the next start.
 */
export async function backup(options: BackupOptions): Promise<Manifest> {
  const { dataDir, target } = options
  const startedAt = new Date().toISOString()
  const format = readFormat(dataDir)
  if (format === null)
    throw new BadBackup(`${dataDir} is not a data folder: it has no format.json; set WATCHFIRE_DATA_DIR`, { dataDir })
  const inside = relative(resolve(dataDir), resolve(target))
  if (!inside.startsWith('..') && !isAbsolute(inside))
    throw new BadBackup(`${target} lies inside the data folder: a backup belongs on another disk`, { target })
  const isNew = await claim(target)
  try {
    const needed = await sizeOf(dataDir)
    const free = await freeBytes(target)
    if (free < needed)
      throw new BadBackup(`the disk of ${target} has ${inMiB(free)} free and the backup needs about ${inMiB(needed)}`, { target })
    const files = await copyAll(options)
    const manifest: Manifest = {
      format,
      version: options.version,
      startedAt,
      finishedAt: new Date().toISOString(),
      ...describeJournal(join(target, 'journal')),
      files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    }
    for (const dir of new Set(files.map(({ path }) => join(target, path, '..')))) await syncDir(dir)
    await writeManifest(target, manifest)
    await rm(join(target, UNFINISHED))
    await syncDir(target)
    return manifest
  } catch (error) {
    const left = await emptyAgain(target, isNew)
    const then = left ? `what was copied has been removed` : `remove ${target}: it is not a backup`
    if (isFull(error)) throw new BadBackup(`the disk of ${target} is full: the backup was not finished, ${then}`, { target })
    throw error
  }
}

/** Checks a backup without restoring it: every file, and that the record's chain ends where the manifest says. */
export async function verifyBackup(source: string): Promise<Manifest> {
  const manifest = await readManifest(source)
  await checkFiles(source, manifest)
  const { record, journal } = describeJournal(join(source, 'journal'))
  if (record.head !== manifest.record.head || journal.head !== manifest.journal.head)
    throw new BadBackup(`the record in ${source} does not end where its manifest says: use another backup`, { source })
  return manifest
}

function describeJournal(dir: string): Pick<Manifest, 'journal' | 'record'> {
  const { entries, head, brokenAt } = verifyChain(dir)
  const extent = journalExtent(dir)
  return { journal: { first: extent?.first ?? 1, head: extent?.head ?? 1 }, record: { entries, head, brokenAt } }
}

/** Makes the folder ours, marked as unfinished. Returns whether it is new. */
async function claim(target: string): Promise<boolean> {
  const isNew = !existsSync(target)
  if (!isNew) {
    const names = await readdir(target)
    if (names.includes(UNFINISHED))
      throw new BadBackup(`${target} holds a backup that was not finished: remove it, or name another folder`, { target })
    if (names.some((name) => name !== 'lost+found'))
      throw new BadBackup(`${target} is not empty: name a folder that is, or that does not exist yet`, { target })
  }
  makeFolder(target)
  await writeFlushed(join(target, UNFINISHED), `begun ${new Date().toISOString()} by process ${process.pid}\n`, 'wx')
  return isNew
}

async function copyAll({ dataDir, target, configuration = {} }: BackupOptions): Promise<Manifest['files']> {
  const journal = join(dataDir, 'journal')
  const files: Manifest['files'] = []
  const opened = new Map<string, FileHandle>()
  const openAll = async (kind: 'segment' | 'record') => {
    for (const { file } of listSegments(journal, kind)) {
      if (opened.has(file)) continue
      const handle = await openIfThere(join(journal, file))
      if (!handle) throw new BadBackup(`${file} was removed while it was to be copied: run the backup again`, { file })
      opened.set(file, handle)
    }
  }
  await mkdir(join(target, 'journal'), { mode: 0o700 })
  try {
    await openAll('segment')
    files.push(...(await copyIfThere(dataDir, target, join('journal', 'cursors.json'))))
    files.push(...(await copyOthers(dataDir, target)))
    // By name, so history before the outbox: what history has still to decide, the outbox forgets, but not the other way about.
    for (const name of (await readdir(dataDir)).filter((name) => name.endsWith('.db')).sort())
      files.push(await copyDatabase(join(dataDir, name), target, name))
    await openAll('segment')
    // Behind the segments: what retention has moved since is then in both, and the archive's half is not read.
    const segments = [...opened.keys()].sort()
    for (const file of segments) files.push(await copyNow(opened.get(file)!, target, join('journal', file)))
    await openAll('record')
    for (const file of opened.keys())
      if (!segments.includes(file)) files.push(await copyNow(opened.get(file)!, target, join('journal', file)))
    files.push(...(await copyIfThere(dataDir, target, join('journal', 'damage.json'))))
    for (const [name, file] of Object.entries(configuration)) {
      const handle = await open(file, 'r')
      await using _closed = handle
      files.push(await copyNow(handle, target, join('configuration', name)))
    }
    return files
  } finally {
    for (const handle of opened.values()) await handle.close()
  }
}

/** Everything small: format, published heads, and whatever a part keeps beside its database. */
async function copyOthers(dataDir: string, target: string): Promise<Manifest['files']> {
  const files: Manifest['files'] = []
  for (const entry of await readdir(dataDir, { withFileTypes: true, recursive: true })) {
    const path = relative(dataDir, join(entry.parentPath, entry.name))
    const parts = path.split(/[\\/]/)
    if (!entry.isFile() || parts[0] === 'journal' || parts.some((part) => leftOut.test(part)) || path.endsWith('.db')) continue
    files.push(...(await copyIfThere(dataDir, target, path)))
  }
  return files
}

async function copyIfThere(dataDir: string, target: string, path: string): Promise<Manifest['files']> {
  const handle = await openIfThere(join(dataDir, path))
  if (!handle) return []
  await using _closed = handle
  return [await copyNow(handle, target, path)]
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function sizeOf(dir: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || leftOut.test(entry.name)) continue
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    )
  }
  return bytes
}

/** Takes away what was copied. False when even that is not possible. */
async function emptyAgain(target: string, isNew: boolean): Promise<boolean> {
  try {
    const names = (await readdir(target)).filter((name) => name !== UNFINISHED && name !== 'lost+found')
    for (const name of names) await rm(join(target, name), { recursive: true, force: true })
    // The mark last: as long as anything of the copy is there, it says what the copy is.
    await rm(join(target, UNFINISHED), { force: true })
    if (isNew) await rm(target, { recursive: true, force: true })
    return true
  } catch {
    return false
  }
}

/** Settings file and rule packs as a backup keeps them. They may hold secrets: every file of a backup is for its owner alone. */
export async function configurationFiles(yamlFile: string, packsDir: string | null): Promise<Record<string, string>> {
  const files: Record<string, string> = existsSync(yamlFile) ? { 'watchfire.yaml': yamlFile } : {}
  for (const name of packsDir !== null && existsSync(packsDir) ? await readdir(packsDir) : [])
    if (name.endsWith('.yaml')) files[join('packs', name)] = join(packsDir!, name)
  return files
}

/** The version that runs. */
export const ownVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** A backup is for its owner alone, also in a folder that was there before. */
export const closeToOthers = (target: string): Promise<void> => chmod(target, 0o700)
