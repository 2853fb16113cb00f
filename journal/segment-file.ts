import { closeSync, fstatSync, openSync, read as readAsync, readSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { frameHeader, HEADER, isWhole, MAGIC, type FrameHeader } from './group.ts'
import { FILE_HEADER, readHeader, type SegmentHeader, type SegmentName } from './segments.ts'

const CHUNK = 1 << 20
const SKIM = 4 << 10
const readLater = promisify(readAsync)

/** A frame at `offset` of the file, lying at `at` in `bytes`; `skipped` bytes before it are no frame. */
export type Found = FrameHeader & { bytes: Buffer; at: number; offset: number; skipped: number }

/** Reads the frames of one segment, from a file that somebody else may be appending to. */
export class SegmentFile {
  readonly name: SegmentName
  readonly header: SegmentHeader | null
  #fd: number
  #size: number
  #buffer = Buffer.alloc(0)
  #start = 0
  /** the buffer was read for the question being asked */
  #fresh = false

  constructor(dir: string, name: SegmentName) {
    this.name = name
    const path = join(dir, name.file)
    this.#fd = openSync(path, 'r')
    try {
      this.#size = fstatSync(this.#fd).size
      const head = Buffer.alloc(FILE_HEADER)
      this.header = readHeader(path, head.subarray(0, readSync(this.#fd, head, 0, FILE_HEADER, 0)))
    } catch (error) {
      closeSync(this.#fd)
      throw error
    }
  }

  /** As it is now. */
  get size(): number {
    return (this.#size = fstatSync(this.#fd).size)
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** The whole frame at or after `offset`, null when there is none up to the end of the file. */
  next(offset: number, chunk = CHUNK): Found | null {
    for (let look = offset; ;) {
      const frame = this.#frameAt(look, true, chunk)
      if (frame === 'end') return null
      if (frame) return { ...frame, offset: look, skipped: look - offset }
      const after = this.#magicAfter(look + 8)
      if (after === null) return null
      look = after
    }
  }

  /** Like `next` for those who only want to pass: a frame whose header is sound is not read. Its entries are not in `bytes`. */
  skim(offset: number): Found | null {
    const frame = this.#frameAt(offset, false, SKIM)
    if (frame === 'end') return null
    return frame && frame.offset + frame.length <= this.#size ? { ...frame, offset, skipped: 0 } : this.next(offset)
  }

  /** A frame's header where it is sound, whether or not the entries are. */
  headerAt(offset: number): FrameHeader | null {
    const frame = this.#frameAt(offset, false, SKIM)
    return frame === 'end' ? null : frame
  }

  /** Reads ahead without holding the thread, so that the following `next` finds what it wants in memory. */
  async prefetch(offset: number, length = CHUNK): Promise<void> {
    const size = Math.min(length, this.size - offset)
    if (size <= 0) return
    const bytes = Buffer.from(new ArrayBuffer(size))
    const { bytesRead } = await readLater(this.#fd, bytes, 0, size, offset)
    this.#buffer = bytes.subarray(0, bytesRead)
    this.#start = offset
    const header = frameHeader(this.#buffer, 0, this.name.salt)
    if (header && header.length > length && header.length <= this.#size - offset) await this.prefetch(offset, header.length)
  }

  /** Whether all of the frame at `offset` is in memory already. */
  holdsFrame(offset: number): boolean {
    const at = offset - this.#start
    if (at < 0 || at >= this.#buffer.length) return false
    const header = frameHeader(this.#buffer, at, this.name.salt)
    return header !== null && at + header.length <= this.#buffer.length
  }

  #frameAt(
    offset: number,
    whole: boolean,
    chunk: number,
  ): (FrameHeader & { bytes: Buffer; at: number; offset: number }) | 'end' | null {
    // What was read earlier may have been on its way to the disk at that moment: only a fresh look can tell damage.
    for (const fresh of [false, true]) {
      if (fresh) {
        if (this.#start === offset && this.#fresh) return null
        this.#buffer = Buffer.alloc(0)
      }
      this.#fresh = false
      if (!this.#load(offset, HEADER, chunk)) return 'end'
      const header = frameHeader(this.#buffer, offset - this.#start, this.name.salt)
      if (!header) continue
      if (whole && !this.#load(offset, header.length, chunk)) continue
      const at = offset - this.#start
      if (!whole || isWhole(this.#buffer, at, header.length, this.name.salt))
        return { ...header, bytes: this.#buffer, at, offset }
    }
    return null
  }

  /** Offset of the next place at or after `offset` that begins like a frame. */
  #magicAfter(offset: number): number | null {
    const magic = Buffer.alloc(4)
    magic.writeUInt32LE(MAGIC)
    for (let from = offset; this.#load(from, HEADER, CHUNK);) {
      const base = this.#start
      for (let at = this.#buffer.indexOf(magic, from - base); at >= 0; at = this.#buffer.indexOf(magic, at + 1)) {
        if ((base + at) % 8 === 0) return base + at
      }
      from = Math.max(from + 8, (base + this.#buffer.length - HEADER) & ~7)
    }
    return null
  }

  /** Has `length` bytes from `offset` on in memory; false when the file ends before. A new buffer each time: payloads are views. */
  #load(offset: number, length: number, chunk: number): boolean {
    if (offset >= this.#start && offset + length <= this.#start + this.#buffer.length) return true
    if (this.#size < offset + Math.max(length, chunk) && this.size < offset + length) return false
    const size = Math.min(this.#size - offset, Math.max(length, chunk))
    const bytes = Buffer.from(new ArrayBuffer(size))
    let filled = 0
    while (filled < size) {
      const got = readSync(this.#fd, bytes, filled, size - filled, offset + filled)
      if (got === 0) break
      filled += got
    }
    this.#buffer = bytes.subarray(0, filled)
    this.#start = offset
    this.#fresh = true
    return filled >= length
  }
}
