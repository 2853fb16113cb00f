import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Draft, Entry, Stream } from './journal.ts'

/*
 * A group commit is one frame, little endian, starting on a multiple of 8:
 *   u32 magic · u32 checksum of everything after it · u32 checksum of the rest of this header · u32 length of the frame
 *   u32 number of entries · u32 how many of them are `record` · f64 first position · f64 position after the last · f64 receivedAt
 * then per entry, 8-aligned:
 *   u32 payload length · u32 count · u16 key length · u16 kind length · u8 stream · 3 unused
 *   kind · key · (record: 32 bytes hash of the entry before it, 32 bytes hash) · pad to 8 · payload · pad to 8
 * The frame is the unit of the checksum, so only the last one of a journal can be unfinished. Checksums are CRC-32 begun from
 * the segment's salt: bytes a device made up, or that lay in the file before, never look like a frame. The header has its
 * own so that a reader may step over frames it does not want.
 */
export const MAGIC = 0x31_47_46_57 // "WFG1"
export const HEADER = 48
const ENTRY = 16
const HASH = 32
const LONGEST_NAME = 0xffff
export const align8 = (n: number) => (n + 7) & ~7

export type FrameHeader = { length: number; entries: number; records: number; first: number; next: number; receivedAt: number }
export type Group = { first: number; next: number; receivedAt: number; bytes: number; entries: Entry[] }
export type Planned = { draft: Draft; pos: number }

/** The entry as a reader gets it. */
export const entryOf = ({ draft, pos }: Planned, receivedAt: number): Entry => ({
  pos,
  count: draft.count,
  stream: draft.stream,
  kind: draft.kind,
  receivedAt,
  key: draft.key ?? null,
  payload: draft.payload,
})

/** Kinds are few and of ASCII; their bytes are looked up rather than encoded for each entry. */
const kindBytes = new Map<string, Uint8Array>()
function bytesOfKind(kind: string): Uint8Array {
  const known = kindBytes.get(kind)
  if (known) return known
  const bytes = Buffer.from(kind, 'latin1')
  kindBytes.set(kind, bytes)
  return bytes
}

const headSize = (draft: Draft, keyBytes: number) =>
  align8(ENTRY + draft.kind.length + keyBytes + (draft.stream === 'record' ? 2 * HASH : 0))
const keySize = ({ key }: Draft) => (key === undefined ? 0 : Buffer.byteLength(key))

/** Bytes the entry will take in a frame. */
export const entrySize = (draft: Draft): number => headSize(draft, keySize(draft)) + align8(draft.payload.byteLength)

/** Whether the entry can be written at all; what cannot is a bug of who made it. */
export const isWritable = (draft: Draft): boolean =>
  Number.isSafeInteger(draft.count) && draft.count >= 1 && draft.kind.length <= LONGEST_NAME && keySize(draft) <= LONGEST_NAME

/** SHA-256 over the hash before, the position, the time, and everything the entry says. */
export function chainHash(previous: Uint8Array, entry: Omit<Entry, 'stream'>): Buffer {
  const numbers = Buffer.alloc(24)
  numbers.writeDoubleLE(entry.pos, 0)
  numbers.writeDoubleLE(entry.receivedAt, 8)
  numbers.writeUInt32LE(entry.count, 16)
  numbers.writeUInt32LE(entry.key === null ? 0 : 1, 20)
  const names = `${entry.kind}\0${entry.key ?? ''}\0`
  return createHash('sha256').update(previous).update(numbers).update(names).update(entry.payload).digest()
}

/** Builds frames in one buffer it uses again and again: only one group is ever on its way. */
export class GroupWriter {
  #buffer = Buffer.allocUnsafeSlow(256 << 10)

  /**
   * The frame of a group, valid until the next call and still without its checksums (`sealFrame`). `head` is the hash of the
   * last record entry before it; the new one comes back. Hashes given in `chain` are kept as they are: a copy proves nothing.
   */
  write(planned: Planned[], receivedAt: number, head: Uint8Array, chain?: Uint8Array[]): { bytes: Buffer; head: Uint8Array } {
    const bytes = this.#sized(planned)
    const last = planned.at(-1)!
    let records = 0
    let at = HEADER
    for (const { draft, pos } of planned) {
      const isRecord = draft.stream === 'record'
      const keyBytes = keySize(draft)
      const start = at
      const { payload, kind } = draft
      bytes.writeUInt32LE(payload.byteLength, at)
      bytes.writeUInt32LE(draft.count, at + 4)
      bytes.writeUInt16LE(keyBytes, at + 8)
      bytes.writeUInt16LE(kind.length, at + 10)
      bytes.writeUInt32LE(isRecord ? 1 : 0, at + 12)
      bytes.set(bytesOfKind(kind), at + ENTRY)
      at += ENTRY + kind.length
      if (keyBytes > 0) at += bytes.write(draft.key!, at)
      if (isRecord) {
        const hash = chain?.[records] ?? chainHash(head, { ...draft, key: draft.key ?? null, pos, receivedAt })
        bytes.set(head, at)
        bytes.set(hash, at + HASH)
        at += 2 * HASH
        head = hash
        records++
      }
      const body = start + headSize(draft, keyBytes)
      while (at < body) bytes[at++] = 0
      bytes.set(payload, body)
      at = body + payload.byteLength
      while (at % 8 !== 0) bytes[at++] = 0
    }
    bytes.writeUInt32LE(MAGIC, 0)
    bytes.writeUInt32LE(bytes.length, 12)
    bytes.writeUInt32LE(planned.length, 16)
    bytes.writeUInt32LE(records, 20)
    bytes.writeDoubleLE(planned[0]!.pos, 24)
    bytes.writeDoubleLE(last.pos + last.draft.count, 32)
    bytes.writeDoubleLE(receivedAt, 40)
    return { bytes, head }
  }

  #sized(planned: Planned[]): Buffer {
    let length = HEADER
    for (const { draft } of planned) length += entrySize(draft)
    if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length))
    return this.#buffer.subarray(0, length)
  }
}

/** Gives a frame its checksums for the segment it goes to. */
export function sealFrame(bytes: Buffer, salt: number): void {
  bytes.writeUInt32LE(crc32(bytes.subarray(12, HEADER), salt), 8)
  bytes.writeUInt32LE(crc32(bytes.subarray(8), salt), 4)
}

export const receivedAtOf = (frame: Buffer): number => frame.readDoubleLE(40)

/** What a frame says about itself, null where none begins. Says nothing yet about the entries. */
export function frameHeader(bytes: Buffer, at: number, salt: number): FrameHeader | null {
  if (at + HEADER > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return null
  if (crc32(bytes.subarray(at + 12, at + HEADER), salt) !== bytes.readUInt32LE(at + 8)) return null
  return {
    length: bytes.readUInt32LE(at + 12),
    entries: bytes.readUInt32LE(at + 16),
    records: bytes.readUInt32LE(at + 20),
    first: bytes.readDoubleLE(at + 24),
    next: bytes.readDoubleLE(at + 32),
    receivedAt: bytes.readDoubleLE(at + 40),
  }
}

/** Whether all of the frame is there and as it was written. */
export const isWhole = (bytes: Buffer, at: number, length: number, salt: number): boolean =>
  at + length <= bytes.length && crc32(bytes.subarray(at + 8, at + length), salt) === bytes.readUInt32LE(at + 4)

/** The group in a frame found whole. Payloads are views into `bytes`. */
export function readGroup(bytes: Buffer, at: number): Group {
  const entries: Entry[] = []
  for (const { entry } of entriesOf(bytes, at)) entries.push(entry)
  return {
    first: bytes.readDoubleLE(at + 24),
    next: bytes.readDoubleLE(at + 32),
    receivedAt: bytes.readDoubleLE(at + 40),
    bytes: bytes.readUInt32LE(at + 12),
    entries,
  }
}

/** The record entries of a whole frame with their two hashes, in order. */
export function* chainOf(bytes: Buffer, at: number): Generator<{ entry: Entry; previous: Buffer; hash: Buffer }> {
  for (const { entry, hashes } of entriesOf(bytes, at)) {
    if (hashes > 0)
      yield { entry, previous: bytes.subarray(hashes, hashes + HASH), hash: bytes.subarray(hashes + HASH, hashes + 2 * HASH) }
  }
}

function* entriesOf(bytes: Buffer, frame: number): Generator<{ entry: Entry; hashes: number }> {
  const receivedAt = bytes.readDoubleLE(frame + 40)
  let pos = bytes.readDoubleLE(frame + 24)
  let at = frame + HEADER
  for (let n = bytes.readUInt32LE(frame + 16); n > 0; n--) {
    const start = at
    const payloadLength = bytes.readUInt32LE(at)
    const count = bytes.readUInt32LE(at + 4)
    const keyLength = bytes.readUInt16LE(at + 8)
    const kindLength = bytes.readUInt16LE(at + 10)
    const stream: Stream = bytes[at + 12] === 1 ? 'record' : 'readings'
    at += ENTRY
    const kind = bytes.toString('latin1', at, at + kindLength)
    at += kindLength
    const key = keyLength > 0 ? bytes.toString('utf8', at, at + keyLength) : null
    at += keyLength
    const hashes = stream === 'record' ? at : 0
    if (stream === 'record') at += 2 * HASH
    at = start + align8(at - start)
    const payload = bytes.subarray(at, at + payloadLength)
    yield { entry: { pos, count, stream, kind, receivedAt, key, payload }, hashes }
    at += align8(payloadLength)
    pos += count
  }
}
