import { existsSync } from 'node:fs'
import type { Batch, Entry } from './journal.ts'
import { JournalReader } from './reader.ts'
import { readRecord } from './record-reader.ts'
import { SegmentFile } from './segment-file.ts'
import { FILE_HEADER, listSegments } from './segments.ts'

const CHUNK = 4 << 20

/** A journal's files read by somebody who does not write them, whether a platform is running on them or not; up to what was there at the opening. */
export class OfflineJournal {
  #dir: string
  #reader: JournalReader
  #head: number
  #tail: number

  /** `dir`: the folder with the segments. */
  constructor(dir: string) {
    this.#dir = dir
    this.#reader = new JournalReader(dir)
    const segments = existsSync(dir) ? listSegments(dir, 'segment') : []
    this.#tail = segments[0]?.first ?? 1
    this.#head = this.#tail
    // A newest segment may have no whole frame yet; what the one before ends with is then the head.
    for (const name of segments.slice(-2)) {
      const file = new SegmentFile(dir, name)
      try {
        for (let found = file.next(FILE_HEADER); found; found = file.next(found.offset + found.length)) this.#head = found.next
      } finally {
        file.close()
      }
    }
  }

  head(): number {
    return this.#head
  }

  tail(): number {
    return this.#tail
  }

  read(from: number, maxBytes = CHUNK): Batch {
    const { entries, next, receivedAt, damaged } = this.#reader.read(from, this.#head, maxBytes)
    return { entries, next, clock: receivedAt, damaged }
  }

  readRecord(from: number, kinds: string[]): Promise<Entry[]> {
    return readRecord(this.#dir, from, this.#head, new Set(kinds))
  }

  close(): void {
    this.#reader.close()
  }
}
