import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '../core/errors.ts'
import { frameClaim, HEADER, MAGIC, readGroup, validFrame, type Group } from './group.ts'
import type { Damage, Entry } from './journal.ts'

/** 16 bytes at the start of a segment: a name, the format's number, nothing. */
export const FILE_HEADER = 16
const FORMAT = 1
const NAME = /^(segment|record)-(\d{16})-(\d+)\.log$/
const CHUNK = 4 << 20

export const fileHeader = (): Buffer => {
  const bytes = Buffer.alloc(FILE_HEADER)
  bytes.write('WFJRNL', 0, 'latin1')
  bytes.writeUInt32LE(FORMAT, 8)
  return bytes
}

export type SegmentName = { file: string; first: number; turn: number }

export const segmentFile = (kind: 'segment' | 'record', first: number, turn: number): string =>
  `${kind}-${String(first).padStart(16, '0')}-${turn}.log`

/** The segments of a journal, oldest first. A second one for the same position was begun after a failed flush. */
export function listSegments(dir: string, kind: 'segment' | 'record'): SegmentName[] {
  return readdirSync(dir)
    .flatMap((file) => {
      const match = NAME.exec(file)
      return match?.[1] === kind ? [{ file, first: Number(match[2]), turn: Number(match[3]) }] : []
    })
    .sort((a, b) => a.first - b.first || a.turn - b.turn)
}

function checkHeader(path: string, fd: number): void {
  const head = Buffer.alloc(FILE_HEADER)
  const length = readSync(fd, head, 0, FILE_HEADER, 0)
  if (length < FILE_HEADER) return // begun and not yet written to, or cut short: it has nothing to give
  if (head.toString('latin1', 0, 6) !== 'WFJRNL') return // its frames are looked for all the same
  const format = head.readUInt32LE(8)
  if (format > FORMAT) throw new PlatformError(`${path} has journal format ${format}, this Watchfire reads ${FORMAT}`)
}

/** Groups of one file in order from `offset` on; what is not a valid frame is stepped over and told. */
export class SegmentFile {
  readonly name: SegmentName
  #fd: number
  #buffer = Buffer.alloc(0)
  #start = 0

  constructor(dir: string, name: SegmentName) {
    this.name = name
    this.#fd = openSync(join(dir, name.file), 'r')
    checkHeader(join(dir, name.file), this.#fd)
  }

  get size(): number {
    return fstatSync(this.#fd).size
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** The valid frame at or after `offset`, null when there is none up to the end of the file. `skipped` bytes lie before it. */
  next(offset: number, chunk = CHUNK): { bytes: Buffer; at: number; offset: number; length: number; skipped: number } | null {
    let look = offset
    for (;;) {
      const found = this.#frameAt(look, chunk)
      if (found === 'end') return null
      if (found) return { ...found, offset: look, skipped: look - offset }
      const after = this.#magicAfter(look + 8)
      if (after === null) return null
      look = after
    }
  }

  #frameAt(offset: number, chunk: number): { bytes: Buffer; at: number; length: number } | 'end' | null {
    if (!this.#load(offset, HEADER, chunk)) return 'end'
    let at = offset - this.#start
    const claim = frameClaim(this.#buffer, at)
    if (!claim) return null
    if (claim.length > HEADER && claim.length <= this.size - offset && !this.#load(offset, claim.length, chunk)) return null
    at = offset - this.#start
    const length = validFrame(this.#buffer, at)
    return length > 0 ? { bytes: this.#buffer, at, length } : null
  }

  #magicAfter(offset: number): number | null {
    const magic = Buffer.alloc(4)
    magic.writeUInt32LE(MAGIC)
    for (let from = offset; this.#load(from, HEADER, CHUNK);) {
      const base = this.#start
      let at = from - base
      while ((at = this.#buffer.indexOf(magic, at)) >= 0) {
        if ((base + at) % 8 === 0) return base + at
        at++
      }
      from = Math.max(from + 8, (base + this.#buffer.length - HEADER) & ~7)
    }
    return null
  }

  /** Has `length` bytes from `offset` on in memory; false when the file ends before. A new buffer each time: payloads are views. */
  #load(offset: number, length: number, chunk: number): boolean {
    if (offset >= this.#start && offset + length <= this.#start + this.#buffer.length) return true
    const available = this.size - offset
    if (available < length) return false
    const size = Math.min(available, Math.max(length, chunk))
    const bytes = Buffer.from(new ArrayBuffer(size))
    let filled = 0
    while (filled < size) {
      const got = readSync(this.#fd, bytes, filled, size - filled, offset + filled)
      if (got === 0) break
      filled += got
    }
    this.#buffer = bytes.subarray(0, filled)
    this.#start = offset
    return filled >= length
  }
}

/** Reads the journal of a folder in order, from files that somebody else may be appending to. */
export class JournalReader {
  #dir: string
  #open: SegmentFile | null = null
  #offset = FILE_HEADER
  /** where `#offset` is in the order of positions */
  #at = 0

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Entries of durable groups from `from` up to `head`, about `maxBytes` of them; at least one group when there is one. */
  read(from: number, head: number, maxBytes: number): { entries: Entry[]; next: number; receivedAt: number; damaged: Damage[] } {
    const entries: Entry[] = []
    const damaged: Damage[] = []
    let next = from
    let receivedAt = 0
    let bytes = 0
    if (from >= head) return { entries, next, receivedAt, damaged }
    if (!this.#open || this.#at !== from) this.#seek(from)
    while (next < head && (bytes === 0 || bytes < maxBytes)) {
      const found = this.#open?.next(this.#offset, Math.min(CHUNK, Math.max(64 << 10, maxBytes))) ?? null
      if (!found) {
        const expected = next
        const end = {
          file: this.#open?.name.file ?? this.#dir,
          offset: this.#offset,
          bytes: Math.max(0, (this.#open?.size ?? 0) - this.#offset),
        }
        if (!this.#nextSegment()) {
          damaged.push({ ...end, fromPos: expected, toPos: head })
          next = head
          break
        }
        const first = this.#open!.name.first
        if (first > expected) {
          damaged.push({ ...end, fromPos: expected, toPos: first })
          next = first
        }
        continue
      }
      const group: Group = readGroup(found.bytes, found.at)
      if (found.skipped > 0 && group.first > next) {
        damaged.push({
          file: this.#open!.name.file,
          offset: this.#offset,
          bytes: found.skipped,
          fromPos: next,
          toPos: Math.min(group.first, head),
        })
        next = Math.min(group.first, head)
      }
      if (group.first >= head) break
      this.#offset = found.offset + found.length
      if (group.next <= next) continue
      for (const entry of group.entries) if (entry.pos + entry.count > next) entries.push(entry)
      next = group.next
      receivedAt = group.receivedAt
      bytes += group.bytes
    }
    this.#at = next
    return { entries, next, receivedAt, damaged }
  }

  close(): void {
    this.#open?.close()
    this.#open = null
  }

  #seek(from: number): void {
    const segments = listSegments(this.#dir, 'segment')
    const name = segments.findLast(({ first }) => first <= from) ?? segments[0]
    if (name && this.#open?.name.file === name.file && this.#at <= from) return
    this.close()
    if (!name) return
    this.#open = new SegmentFile(this.#dir, name)
    this.#offset = FILE_HEADER
  }

  #nextSegment(): boolean {
    const segments = listSegments(this.#dir, 'segment')
    const current = this.#open?.name
    const name = current
      ? segments.find(({ first, turn }) => first > current.first || (first === current.first && turn > current.turn))
      : segments[0]
    if (!name) return false
    this.close()
    this.#open = new SegmentFile(this.#dir, name)
    this.#offset = FILE_HEADER
    return true
  }
}
