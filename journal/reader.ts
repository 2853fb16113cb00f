import { readGroup } from './group.ts'
import type { Damage, Entry } from './journal.ts'
import { SegmentFile, type Found } from './segment-file.ts'
import { FILE_HEADER, listSegments, type SegmentName } from './segments.ts'

const CHUNK = 1 << 20

export type Read = { entries: Entry[]; next: number; receivedAt: number; damaged: Damage[] }

/** Reads the journal of a folder in order, from files that somebody else may be appending to or removing. */
export class JournalReader {
  #dir: string
  #open: SegmentFile | null = null
  #offset = FILE_HEADER
  /** where `#offset` is in the order of positions */
  #at = 0
  #receivedAt = 0

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Entries of durable groups from `from` up to `head`, about `maxBytes` of them; at least one group when there is one. */
  read(from: number, head: number, maxBytes: number): Read {
    const read: Read = { entries: [], next: from, receivedAt: this.#receivedAt, damaged: [] }
    if (from >= head) return read
    if (!this.#open || this.#at !== from) read.next = Math.min(head, this.#seek(from))
    for (let bytes = 0; read.next < head && (bytes === 0 || bytes < maxBytes);) {
      const found = this.#open?.next(this.#offset, Math.min(CHUNK, Math.max(64 << 10, maxBytes))) ?? null
      if (!found) {
        this.#leave(read, head)
        continue
      }
      if (found.skipped > 0 && found.first > read.next)
        this.#missing(read, Math.min(found.first, head), {
          file: this.#open!.name.file,
          offset: this.#offset,
          bytes: found.skipped,
        })
      if (found.first >= head) break
      this.#offset = found.offset + found.length
      if (found.next > read.next) this.#take(read, found)
      bytes += found.length
    }
    this.#at = read.next
    this.#receivedAt = Math.max(this.#receivedAt, read.receivedAt)
    return read
  }

  close(): void {
    this.#open?.close()
    this.#open = null
  }

  #take(read: Read, found: Found): void {
    for (const entry of readGroup(found.bytes, found.at).entries)
      if (entry.pos + entry.count > read.next) read.entries.push(entry)
    read.next = found.next
    read.receivedAt = found.receivedAt
  }

  #missing(read: Read, toPos: number, where: Pick<Damage, 'file' | 'offset' | 'bytes'>): void {
    read.damaged.push({ ...where, fromPos: read.next, toPos })
    read.next = toPos
  }

  /** The end of a segment; what the next one does not begin with is missing, unless retention took it or a restore left it out. */
  #leave(read: Read, head: number): void {
    const [offset, bytes] = [this.#offset, Math.max(0, (this.#open?.size ?? 0) - this.#offset)]
    const current = this.#open?.name
    const segments = listSegments(this.#dir, 'segment')
    const name = segments.find(
      ({ first, turn }) => !current || first > current.first || (first === current.first && turn > current.turn),
    )
    const upTo = Math.min(name?.first ?? head, head)
    if (name && !this.#begin(name)) read.next = Math.min(head, this.#seek(read.next))
    else if (upTo > read.next) {
      const meant = name !== undefined && (name === segments[0] || (this.#open?.header?.follows ?? Infinity) <= read.next)
      if (meant) read.next = upTo
      else this.#missing(read, upTo, { file: current?.file ?? '', offset, bytes })
    }
  }

  /** Goes to the group with `from` in it; returns `from`, or where the journal begins when that is later. */
  #seek(from: number): number {
    const segments = listSegments(this.#dir, 'segment')
    const name = segments.findLast(({ first }) => first <= from) ?? segments[0]
    if (!name) return from
    const goesOn = this.#open?.name.file === name.file && this.#at <= from
    if (!goesOn && !this.#begin(name)) return this.#seek(from)
    for (let found = this.#open!.skim(this.#offset); found && found.next <= from && found.skipped === 0;) {
      this.#offset = found.offset + found.length
      found = this.#open!.skim(this.#offset)
    }
    return Math.max(from, segments[0]!.first)
  }

  /** False when retention was faster. */
  #begin(name: SegmentName): boolean {
    this.close()
    this.#offset = FILE_HEADER
    try {
      this.#open = new SegmentFile(this.#dir, name)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
  }
}
