import { close, fdatasync, ftruncate, open, write } from 'node:fs'
import { open as openHandle, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The changes the journal makes to files, so that a test can put a disk underneath that is full, slow, failing or loses its cache. */
export interface Disk {
  /** Opens for writing, making the file when it is not there. */
  open(path: string): Promise<DiskFile>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes names in the folder durable. */
  syncDir(path: string): Promise<void>
}

export interface DiskFile {
  /** Writes all of it or throws. */
  write(bytes: Uint8Array, offset: number): Promise<void>
  /** Returns when everything written so far is on the disk. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** Callbacks rather than file handles: two of these calls stand behind every group. */
class RealFile implements DiskFile {
  #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const from = (done: number) =>
        write(this.#fd, bytes, done, bytes.byteLength - done, offset + done, (error, written) => {
          if (error) reject(error)
          else if (done + written >= bytes.byteLength) resolve()
          else if (written === 0) reject(new Error('the disk takes nothing'))
          else from(done + written)
        })
      from(0)
    })
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => fdatasync(this.#fd, (error) => (error ? reject(error) : resolve())))
  }

  truncate(length: number): Promise<void> {
    return new Promise((resolve, reject) => ftruncate(this.#fd, length, (error) => (error ? reject(error) : resolve())))
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => close(this.#fd, (error) => (error ? reject(error) : resolve())))
  }
}

const opened = (path: string, flags: string) =>
  new Promise<number>((resolve, reject) => open(path, flags, 0o600, (error, fd) => (error ? reject(error) : resolve(fd))))

export const realDisk: Disk = {
  async open(path) {
    try {
      return new RealFile(await opened(path, 'r+'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return new RealFile(await opened(path, 'wx+'))
    }
  },
  rename,
  remove: unlink,
  async syncDir(path) {
    const handle = await openHandle(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

/** Puts a small file in the place of the one before: whoever opens it finds the old or the new, whole. */
export async function replaceFile(disk: Disk, path: string, text: string): Promise<void> {
  const file = await disk.open(`${path}.new`)
  try {
    await file.truncate(0)
    await file.write(Buffer.from(text), 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(`${path}.new`, path)
  await disk.syncDir(dirname(path))
}
