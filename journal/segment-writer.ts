import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { receivedAtOf, sealFrame } from './group.ts'
import { FILE_HEADER, listSegments, newSegment, writeHeader, type SegmentHeader, type SegmentName } from './segments.ts'

/** The newest segment as it was found: how much of it is good. */
export type Tail = { name: SegmentName; size: number; begunAt: number } | null

/** Where the frame begins, and how the journal stands before it. */
type Before = SegmentHeader & { first: number }

const LEDGER_LINE = 96

/** Appends frames to the newest segment and begins new ones. Knows what is good on disk, and goes back to it after a failure. */
export class SegmentWriter {
  /** the segment being written to; null before the first */
  current: SegmentName | null
  /** receivedAt of its first entry */
  begunAt: number
  #dir: string
  #disk: Disk
  #segmentBytes: number
  #file: DiskFile | null = null
  /** everything before is flushed */
  #good: number
  /** what went wrong with the file since it was good */
  #broken: 'write' | 'sync' | null = null
  #rollWanted = false
  #ledger: number | null = null

  private constructor(dir: string, disk: Disk, segmentBytes: number, tail: Tail) {
    this.#dir = dir
    this.#disk = disk
    this.#segmentBytes = segmentBytes
    this.current = tail?.name ?? null
    this.begunAt = tail?.begunAt ?? 0
    this.#good = tail?.size ?? 0
  }

  /** Goes on behind the good part of `tail`; what lay there was never acknowledged and is cut off. */
  static async open(dir: string, disk: Disk, tail: Tail, segmentBytes: number, ledger: boolean): Promise<SegmentWriter> {
    const writer = new SegmentWriter(dir, disk, segmentBytes, tail)
    if (ledger) writer.#ledger = openSync(join(dir, 'flushed'), 'w', 0o600)
    if (tail) {
      const file = await disk.open(join(dir, tail.name.file))
      await file.truncate(tail.size)
      // After a kill the page cache may hold frames nobody has flushed; from here on they count as durable.
      await file.sync()
      writer.#file = file
      writer.#note()
    }
    return writer
  }

  /** The next frame goes to a new segment. */
  roll(): void {
    this.#rollWanted = true
  }

  /**
   * Writes one frame and flushes it. `before` is how the journal stands without it, for the head of a new segment. Throws
   * what the disk says; may be called again with the same.
   */
  async write(frame: Buffer, before: Before): Promise<void> {
    if (this.#broken) await this.#mend()
    const full = this.#good > FILE_HEADER && (this.#rollWanted || this.#good + frame.length > this.#segmentBytes)
    if (!this.#file || full) await this.#begin(before, receivedAtOf(frame))
    sealFrame(frame, this.current!.salt)
    this.#broken = 'write'
    await this.#file!.write(frame, this.#good)
    this.#broken = 'sync'
    await this.#file!.sync()
    this.#broken = null
    this.#good += frame.length
    this.#note()
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  /**
   * After a failed write the file is cut back and used again. After a failed flush it is not: the kernel has forgotten which
   * pages did not reach the disk, and a second flush would say they had.
   */
  async #mend(): Promise<void> {
    const file = this.#file
    const cutBack = await file?.truncate(this.#good).then(
      () => true,
      () => false,
    )
    if (this.#broken === 'sync' || !cutBack) {
      this.#file = null
      await file?.close().catch(() => undefined)
    }
    this.#broken = null
  }

  async #begin(before: Before, begunAt: number): Promise<void> {
    const turns = listSegments(this.#dir, 'segment').flatMap(({ first, turn }) => (first === before.first ? turn : []))
    const name = newSegment('segment', before.first, Math.max(-1, ...turns) + 1)
    const path = join(this.#dir, name.file)
    const file = await this.#disk.open(path)
    try {
      await file.write(writeHeader(before), 0)
      await file.sync()
      await this.#disk.syncDir(this.#dir)
    } catch (error) {
      await file.close().catch(() => undefined)
      await this.#disk.remove(path).catch(() => undefined)
      throw error
    }
    await this.#file?.close().catch(() => undefined)
    this.#file = file
    this.current = name
    this.begunAt = begunAt
    this.#good = FILE_HEADER
    this.#rollWanted = false
    this.#note()
  }

  /**
   * `journal/flushed`: one line of 96 bytes, `<segment file> <bytes of it that are flushed>` padded with spaces, written anew
   * in place after each completed flush and itself never flushed. For a test that cuts the power from outside: after
   * kill -9 cut that segment to that length, and remove segments that come after it by name; what they held was never promised.
   */
  #note(): void {
    if (this.#ledger === null) return
    writeSync(this.#ledger, `${`${this.current!.file} ${this.#good}`.padEnd(LEDGER_LINE - 1)}\n`, 0)
  }
}
