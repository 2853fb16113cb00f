import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '../core/errors.ts'

/** A file of a backup as it was written. */
export type BackedUpFile = { path: string; bytes: number; sha256: string }

/** What a backup holds. `journal` and `record` say how far it reaches, for whoever compares it with a published head. */
export type Manifest = {
  /** layout of the data folder, see data-dir.ts */
  format: number
  /** of the Watchfire that made it */
  version: string
  startedAt: string
  finishedAt: string
  journal: { first: number; head: number }
  /** entries up to the first break, hash of the last one, and where the chain is broken in the original, if it is */
  record: { entries: number; head: string; brokenAt: number | null }
  files: BackedUpFile[]
}

/** The backup, or the folder it is to go to, is not what it should be. */
export class BadBackup extends PlatformError {
  override readonly code = 'bad-backup'
}

export const MANIFEST = 'manifest.json'
/** Stands in a folder from the first byte of a backup or restore until the last one is on the disk. */
export const UNFINISHED = 'UNFINISHED'

export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

const sealOf = (manifest: Manifest) => createHash('sha256').update(JSON.stringify(manifest)).digest('hex')

/** The last file of a backup to get its name: before it the folder is none. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  const sealed = { ...manifest, sha256: sealOf(manifest) }
  await writeFlushed(join(dir, `${MANIFEST}.new`), `${JSON.stringify(sealed, null, 2)}\n`)
  await rename(join(dir, `${MANIFEST}.new`), join(dir, MANIFEST))
  await syncDir(dir)
}

/** Raises `BadBackup` unless the folder holds a backup that was finished and whose manifest is as it was written. */
export async function readManifest(dir: string): Promise<Manifest> {
  if (existsSync(join(dir, UNFINISHED)))
    throw new BadBackup(`${dir} holds a backup that was not finished: remove it and use another one`, { dir })
  if (!existsSync(join(dir, MANIFEST))) throw new BadBackup(`${dir} has no ${MANIFEST}: it is not a whole backup`, { dir })
  try {
    const { sha256, ...manifest } = JSON.parse(await readFile(join(dir, MANIFEST), 'utf8')) as Manifest & { sha256: string }
    if (sha256 === sealOf(manifest)) return manifest
  } catch {
    // The same sentence whatever is wrong with it.
  }
  throw new BadBackup(`${join(dir, MANIFEST)} is not what was written: use another backup`, { dir })
}

/** Raises `BadBackup` naming the first file that is missing or not what was written. */
export async function checkFiles(dir: string, manifest: Manifest): Promise<void> {
  for (const { path, bytes, sha256 } of manifest.files) {
    const file = join(dir, path)
    const found = await stat(file).catch(() => null)
    if (!found?.isFile()) throw new BadBackup(`${path} is missing from the backup ${dir}`, { path })
    if (found.size !== bytes || (await sha256Of(file)) !== sha256)
      throw new BadBackup(`${path} in the backup ${dir} is not what was written: its checksum differs`, { path })
  }
}

export async function writeFlushed(path: string, text: string, flags = 'w'): Promise<void> {
  const file = await open(path, flags, 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
