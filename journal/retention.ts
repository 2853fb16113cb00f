import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../core/log.ts'
import type { RecordEntry } from '../core/record.ts'
import { Archive } from './archive.ts'
import type { Cursors } from './cursors.ts'
import type { Disk } from './disk.ts'
import { SegmentFile } from './segment-file.ts'
import { FILE_HEADER, listSegments, type SegmentName } from './segments.ts'

const LOOK_EVERY_MS = 10_000

export type Limits = { maxBytes: number; maxAgeMs: number }
export type Trimmed = { entry: Extract<RecordEntry, { kind: 'journal.trimmed' }>; file: string }

/** Removes whole old segments every reader has passed; what they hold of the record is copied to the archive first. */
export class Retention {
  /** the oldest position still in `readings` */
  tail: number
  bytes = 0
  /** over its size, but a reader has not caught up */
  overFull = false
  #dir: string
  #disk: Disk
  #limits: Limits
  #cursors: Cursors
  #archive: Archive
  #log: Log
  #lookedAt = -Infinity
  #running: Promise<void> | null = null

  constructor(dir: string, disk: Disk, limits: Limits, cursors: Cursors, log: Log) {
    this.#dir = dir
    this.#disk = disk
    this.#limits = limits
    this.#cursors = cursors
    this.#archive = new Archive(dir, disk)
    this.#log = log
    this.tail = listSegments(dir, 'segment')[0]?.first ?? 1
  }

  /** Looks every ten seconds whether something is old enough to go. */
  lookSoon(now: number, current: SegmentName | null, tell: (told: Trimmed) => void): void {
    if (this.#running || performance.now() - this.#lookedAt < LOOK_EVERY_MS) return
    this.trim(now, current, tell).catch((error: Error) =>
      this.#log.error('old segments of the journal cannot be removed', { error: error.message }),
    )
  }

  /** Removes what may go now, but never `current`; `tell` gets what was removed. */
  trim(now: number, current: SegmentName | null, tell: (told: Trimmed) => void): Promise<void> {
    this.#lookedAt = performance.now()
    const before = this.#running ?? Promise.resolve()
    const running = before.catch(() => undefined).then(() => this.#trim(now, current, tell))
    this.#running = running.finally(() => (this.#running = null))
    return this.#running
  }

  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined)
  }

  async #trim(now: number, current: SegmentName | null, tell: (told: Trimmed) => void): Promise<void> {
    const segments = listSegments(this.#dir, 'segment')
    const sizes = new Map(segments.map(({ file }) => [file, statSync(join(this.#dir, file)).size]))
    this.bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    this.overFull = false
    for (const [i, name] of segments.entries()) {
      const after = segments[i + 1]
      if (!after || name.file === current?.file) break
      const tooMuch = this.bytes > this.#limits.maxBytes
      if (!tooMuch && now - lastReceivedAt(this.#dir, after) <= this.#limits.maxAgeMs) break
      if (after.first > (tooMuch ? this.#cursors.slowestFirm() : this.#cursors.slowest())) {
        this.overFull = tooMuch
        break
      }
      await this.#archive.keep(name)
      await this.#disk.remove(join(this.#dir, name.file))
      // It must not come back after a newer one is gone: the archive counts from the oldest that is there.
      await this.#disk.syncDir(this.#dir)
      const bytes = sizes.get(name.file) ?? 0
      this.bytes -= bytes
      this.tail = after.first
      this.#log.info('old segment of the journal removed', { file: name.file, bytes })
      tell({
        file: name.file,
        entry: { kind: 'journal.trimmed', throughPos: after.first - 1, bytes, reason: tooMuch ? 'size' : 'age' },
      })
    }
  }
}

/** When the last entry before a segment came: its header says so, else its first frame is near enough. */
function lastReceivedAt(dir: string, name: SegmentName): number {
  const file = new SegmentFile(dir, name)
  try {
    return file.header?.receivedAt ?? file.next(FILE_HEADER)?.receivedAt ?? Infinity
  } finally {
    file.close()
  }
}
