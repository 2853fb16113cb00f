import { join } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { chainOf, GroupWriter, sealFrame, type Planned } from './group.ts'
import type { Entry } from './journal.ts'
import { SegmentFile, type Found } from './segment-file.ts'
import { FILE_HEADER, listSegments, newSegment, writeHeader, type SegmentName } from './segments.ts'

const FILE_BYTES = 64 << 20
/** Frames of the archive gather this much; small enough that a checksum over one does not hold the thread. */
const FRAME_BYTES = 1 << 20

type End = { name: SegmentName; size: number }

/**
 * The record of segments that are gone, kept for ever in `record-*.log`: same frames, same positions, times and hashes. What it
 * holds of a segment that still exists is left over from a copy that was not finished; nobody reads it.
 */
export class Archive {
  #dir: string
  #disk: Disk
  /** null until it has been looked for, and after a failure */
  #end: End | null = null

  constructor(dir: string, disk: Disk) {
    this.#dir = dir
    this.#disk = disk
  }

  /** Copies the record entries of the oldest segment behind what is archived already, and flushes them. */
  async keep(segment: SegmentName): Promise<void> {
    this.#end ??= await this.#findEnd(segment.first)
    let copy: Copy | null = null
    const source = new SegmentFile(this.#dir, segment)
    try {
      for await (const found of unhurried(source)) {
        if (found.records === 0) continue
        for (const record of chainOf(found.bytes, found.at)) {
          copy ??= await this.#begin(record.entry, record.previous)
          await copy.add(record)
        }
      }
      if (copy) this.#end = await copy.finish()
    } catch (error) {
      // Everything behind the last good copy is written anew, so a later flush speaks for all of it.
      this.#end = null
      await copy?.abandon()
      throw error
    } finally {
      source.close()
    }
  }

  async #begin(first: Entry, chain: Uint8Array): Promise<Copy> {
    if (this.#end && this.#end.size < FILE_BYTES) {
      const file = await this.#disk.open(join(this.#dir, this.#end.name.file))
      await file.truncate(this.#end.size)
      return new Copy(this.#end.name, file, this.#end.size)
    }
    const name = newSegment('record', first.pos, 0)
    const file = await this.#disk.open(join(this.#dir, name.file))
    await file.write(writeHeader({ follows: first.pos, receivedAt: first.receivedAt, chain }), 0)
    await this.#disk.syncDir(this.#dir)
    return new Copy(name, file, FILE_HEADER)
  }

  /** The end of what was copied from segments before position `first`; a file with nothing of that kind is removed. */
  async #findEnd(first: number): Promise<End | null> {
    for (const name of listSegments(this.#dir, 'record').toReversed()) {
      const file = new SegmentFile(this.#dir, name)
      let size = 0
      try {
        for await (const found of unhurried(file)) if (found.first < first) size = found.offset + found.length
      } finally {
        file.close()
      }
      if (size > 0) return { name, size }
      await this.#disk.remove(join(this.#dir, name.file))
    }
    return null
  }
}

type ChainedEntry = { entry: Entry; previous: Uint8Array; hash: Uint8Array }

class Copy {
  #name: SegmentName
  #file: DiskFile
  #size: number
  #writer = new GroupWriter()
  #run: ChainedEntry[] = []
  #runBytes = 0

  constructor(name: SegmentName, file: DiskFile, size: number) {
    this.#name = name
    this.#file = file
    this.#size = size
  }

  /** A frame has one time and unbroken positions; another one begins where either changes. */
  async add(record: ChainedEntry): Promise<void> {
    const last = this.#run.at(-1)
    const goesOn =
      last !== undefined &&
      last.entry.pos + last.entry.count === record.entry.pos &&
      last.entry.receivedAt === record.entry.receivedAt &&
      this.#runBytes < FRAME_BYTES
    if (!goesOn) await this.#flush()
    this.#run.push(record)
    this.#runBytes += record.entry.payload.byteLength
  }

  async finish(): Promise<End> {
    await this.#flush()
    await this.#file.sync()
    await this.#file.close()
    return { name: this.#name, size: this.#size }
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined)
  }

  async #flush(): Promise<void> {
    const first = this.#run[0]
    if (!first) return
    const planned = this.#run.map(({ entry }): Planned => {
      const { key, pos, ...rest } = entry
      return { pos, draft: key === null ? rest : { ...rest, key } }
    })
    const hashes = this.#run.map(({ hash }) => hash)
    const { bytes } = this.#writer.write(planned, first.entry.receivedAt, first.previous, hashes)
    sealFrame(bytes, this.#name.salt)
    await this.#file.write(bytes, this.#size)
    this.#size += bytes.length
    this.#run = []
    this.#runBytes = 0
  }
}

/** Whole frames of a file, read without holding the thread. */
export async function* unhurried(file: SegmentFile): AsyncGenerator<Found> {
  for (let offset = FILE_HEADER; ;) {
    if (!file.holdsFrame(offset)) await file.prefetch(offset)
    const found = file.next(offset)
    if (!found) return
    yield found
    offset = found.offset + found.length
  }
}
