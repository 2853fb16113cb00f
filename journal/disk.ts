import { open, type FileHandle } from 'node:fs/promises'

/** The writes the journal makes, so that a test can put a disk underneath that is full, slow, failing or loses its cache. */
export interface Disk {
  /** Opens for writing, making the file when it is not there. */
  open(path: string): Promise<DiskFile>
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

class RealFile implements DiskFile {
  #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      done += (await this.#handle.write(bytes, done, bytes.byteLength - done, offset + done)).bytesWritten
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

export const realDisk: Disk = {
  async open(path) {
    return new RealFile(await open(path, 'r+').catch(() => open(path, 'wx+', 0o600)))
  },
  async syncDir(path) {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}
