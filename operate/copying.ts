import { createHash } from 'node:crypto'
import { mkdir, open, statfs, writeFile, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { backup as copyPages, DatabaseSync } from 'node:sqlite'
import { sha256Of, type BackedUpFile } from './manifest.ts'

const CHUNK = 1 << 20
/** Flushed in small portions: a platform that writes to the same disk must not wait behind gigabytes of ours. */
const FLUSH_EVERY = 16 << 20
const SQLITE_FULL = 13

/** Copies what the file holds at this moment; what is appended to it meanwhile is left for the next backup. */
export async function copyNow(source: FileHandle, root: string, path: string): Promise<BackedUpFile> {
  const to = join(root, path)
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const { size } = await source.stat()
  const hash = createHash('sha256')
  const target = await open(to, 'wx', 0o600)
  try {
    const buffer = Buffer.allocUnsafe(CHUNK)
    let done = 0
    for (let flushed = 0; done < size;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK, size - done), done)
      if (bytesRead === 0) break
      const bytes = buffer.subarray(0, bytesRead)
      hash.update(bytes)
      await writeAll(target, bytes, done)
      done += bytesRead
      if (done - flushed >= FLUSH_EVERY) {
        await target.datasync()
        flushed = done
      }
    }
    await target.sync()
    return { path, bytes: done, sha256: hash.digest('hex') }
  } finally {
    await target.close()
  }
}

async function writeAll(target: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
}

/** Copies a database as it stands at one moment, while somebody else goes on writing to it. */
export async function copyDatabase(from: string, root: string, path: string): Promise<BackedUpFile> {
  const to = join(root, path)
  await writeFile(to, '', { mode: 0o600, flag: 'wx' })
  const source = new DatabaseSync(from, { readOnly: true, timeout: 10_000 })
  try {
    // A reader's snapshot: without it every commit of the platform would begin the copy anew, for ever under load.
    source.exec('BEGIN')
    source.prepare('SELECT count(*) FROM sqlite_schema').get()
    await copyPages(source, to, { rate: 1_000 })
  } finally {
    source.close()
  }
  const copy = await open(to, 'r+')
  try {
    await copy.sync()
    const { size } = await copy.stat()
    return { path, bytes: size, sha256: await sha256Of(to) }
  } finally {
    await copy.close()
  }
}

/** Whether the disk below a folder had no room; SQLite has a number of its own for it. */
export const isFull = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ENOSPC' ||
  (error as NodeJS.ErrnoException).code === 'EDQUOT' ||
  ((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_FULL

/** Bytes this user may still write below a folder that exists. */
export async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir)
  return bavail * bsize
}

export const inMiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
