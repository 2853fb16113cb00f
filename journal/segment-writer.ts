import { writeSync, openSync, ftruncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { FILE_HEADER, fileHeader, segmentFile, type SegmentName } from './segments.ts'

/** The end of the newest segment: how much of it is good. */
export type Tail = { name: SegmentName; size: number } | null

/** Appends frames to the newest segment and begins new ones. Knows what is good on disk, and goes back to it after a failure. */
export class SegmentWriter {
  current: SegmentName
  #dir: string
  #disk: Disk
  #segmentBytes: number
  #file: DiskFile | null
  /** everything before is flushed */
  #good: number
  /** what to mend before the next write */
  #broken: 'write' | 'sync' | null = null
  #ledger: number | null = null

  private constructor(dir: string, disk: Disk, segmentBytes: number, current: SegmentName, file: DiskFile | null, good: number) {
    this.#dir = dir
    this.#disk = disk
    this.#segmentBytes = segmentBytes
    this.current = current
    this.#file = file
    this.#good = good
  }

  static async open(
    dir: string,
    disk: Disk,
    tail: Tail,
    head: number,
    segmentBytes: number,
    ledger: boolean,
  ): Promise<SegmentWriter> {
    const current = tail?.name ?? { file: segmentFile('segment', head, 0), first: head, turn: 0 }
    const file = tail ? await disk.open(join(dir, tail.name.file)) : null
    if (file) {
      await file.truncate(tail!.size)
      await file.sync()
    }
    const writer = new SegmentWriter(dir, disk, segmentBytes, current, file, tail?.size ?? 0)
    if (ledger) writer.#ledger = openSync(join(dir, 'flushed'), 'w', 0o600)
    if (tail) writer.#note()
    return writer
  }

  /** Writes one frame whose first position is `first` and flushes it. Throws what the disk says; may be called again. */
  async write(bytes: Uint8Array, first: number): Promise<void> {
    if (this.#broken) await this.#mend(first)
    if (!this.#file || this.#good + bytes.byteLength > this.#segmentBytes + FILE_HEADER) await this.#begin(first)
    this.#broken = 'write'
    await this.#file!.write(bytes, this.#good)
    this.#broken = 'sync'
    await this.#file!.sync()
    this.#broken = null
    this.#good += bytes.byteLength
    this.#note()
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }

  async #mend(first: number): Promise<void> {
    const file = this.#file
    if (file) await file.truncate(this.#good)
    if (this.#broken === 'sync') {
      // The kernel has forgotten which pages did not reach the disk; what this file says about itself is no longer proof.
      this.#file = null
      await file?.close()
      await this.#begin(first)
    }
    this.#broken = null
  }

  async #begin(first: number): Promise<void> {
    if (this.#file && this.#good <= FILE_HEADER && this.current.first === first) return
    const turn =
      this.current.first === first && this.#good > 0
        ? this.current.turn + 1
        : this.current.first === first
          ? this.current.turn
          : 0
    const name = { file: segmentFile('segment', first, turn), first, turn }
    const file = await this.#disk.open(join(this.#dir, name.file))
    try {
      await file.truncate(0)
      await file.write(fileHeader(), 0)
      await file.sync()
      await this.#disk.syncDir(this.#dir)
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
    await this.#file?.close().catch(() => undefined)
    this.#file = file
    this.current = name
    this.#good = FILE_HEADER
    this.#note()
  }

  /**
   * `journal/flushed`: one line, `<segment file> <bytes of it that are flushed>`, rewritten in place after each completed flush.
   * For a test that cuts the power from outside: what lies behind was never promised.
   */
  #note(): void {
    if (this.#ledger === null) return
    const line = `${this.current.file} ${this.#good}\n`
    writeSync(this.#ledger, line, 0)
    ftruncateSync(this.#ledger, line.length)
  }
}
