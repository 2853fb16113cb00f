import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Draft, Entry, Stream } from './journal.ts'

/*
 * A group commit is one frame, little endian, starting on a multiple of 8:
 *   u32 magic · u32 crc32 of everything after it · u32 length of the frame · u32 number of entries
 *   f64 first position · f64 position after the last · f64 receivedAt
 * then per entry, 8-aligned:
 *   u32 payload length · u32 count · u16 key length · u16 kind length · u8 stream · 3 unused
 *   kind · key · (record: 32 bytes hash of the entry before it, 32 bytes hash) · pad to 8 · payload · pad to 8
 * The frame is the unit of the checksum, so only the last one of a journal can be unfinished.
 */
export const MAGIC = 0x31_47_46_57 // "WFG1"
export const HEADER = 40
const ENTRY = 16
const HASH = 32
const align8 = (n: number) => (n + 7) & ~7

export type Group = { first: number; next: number; receivedAt: number; bytes: number; entries: Entry[] }
export type Planned = { draft: Draft; pos: number }

const headSize = (draft: Draft, keyBytes: number) =>
  align8(ENTRY + Buffer.byteLength(draft.kind) + keyBytes + (draft.stream === 'record' ? 2 * HASH : 0))

/** Bytes the entry will take in a frame. */
export const entrySize = (draft: Draft): number =>
  headSize(draft, draft.key === undefined ? 0 : Buffer.byteLength(draft.key)) + align8(draft.payload.byteLength)

/** SHA-256 over the hash before, the position, the time, the kind and the payload. */
export function chainHash(previous: Uint8Array, pos: number, receivedAt: number, kind: string, payload: Uint8Array): Buffer {
  const numbers = Buffer.alloc(16)
  numbers.writeDoubleLE(pos, 0)
  numbers.writeDoubleLE(receivedAt, 8)
  return createHash('sha256').update(previous).update(numbers).update(kind).update('\0').update(payload).digest()
}

/** The frame of a group; `head` is the hash of the last record entry before it, and the new one comes back. */
export function writeGroup(planned: Planned[], receivedAt: number, head: Uint8Array): { bytes: Buffer; head: Uint8Array } {
  const length = planned.reduce((sum, { draft }) => sum + entrySize(draft), HEADER)
  const bytes = Buffer.allocUnsafe(length)
  const last = planned.at(-1)!
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(length, 8)
  bytes.writeUInt32LE(planned.length, 12)
  bytes.writeDoubleLE(planned[0]!.pos, 16)
  bytes.writeDoubleLE(last.pos + last.draft.count, 24)
  bytes.writeDoubleLE(receivedAt, 32)
  let at = HEADER
  for (const { draft, pos } of planned) {
    const key = draft.key ?? ''
    const keyBytes = Buffer.byteLength(key)
    const start = at
    bytes.fill(0, start, start + ENTRY)
    bytes.writeUInt32LE(draft.payload.byteLength, at)
    bytes.writeUInt32LE(draft.count, at + 4)
    bytes.writeUInt16LE(keyBytes, at + 8)
    bytes.writeUInt16LE(Buffer.byteLength(draft.kind), at + 10)
    bytes[at + 12] = draft.stream === 'record' ? 1 : 0
    at += ENTRY
    at += bytes.write(draft.kind, at)
    if (keyBytes > 0) at += bytes.write(key, at)
    if (draft.stream === 'record') {
      const hash = chainHash(head, pos, receivedAt, draft.kind, draft.payload)
      bytes.set(head, at)
      bytes.set(hash, at + HASH)
      at += 2 * HASH
      head = hash
    }
    const payload = start + headSize(draft, keyBytes)
    bytes.fill(0, at, payload)
    bytes.set(draft.payload, payload)
    at = payload + draft.payload.byteLength
    const end = align8(at)
    bytes.fill(0, at, end)
    at = end
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4)
  return { bytes, head }
}

/** Length of a whole, valid frame at `at`, 0 when there is none. */
export function validFrame(bytes: Buffer, at: number): number {
  if (at + HEADER > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return 0
  const length = bytes.readUInt32LE(at + 8)
  if (length < HEADER || length % 8 !== 0 || at + length > bytes.length) return 0
  return crc32(bytes.subarray(at + 8, at + length)) === bytes.readUInt32LE(at + 4) ? length : 0
}

/** What a frame claims about itself before its checksum is looked at; null when it does not even begin like one. */
export function frameClaim(bytes: Buffer, at: number): { length: number; first: number; next: number } | null {
  if (at + HEADER > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return null
  return { length: bytes.readUInt32LE(at + 8), first: bytes.readDoubleLE(at + 16), next: bytes.readDoubleLE(at + 24) }
}

/** The group in a frame already found valid. Payloads are views into `bytes`. */
export function readGroup(bytes: Buffer, at: number): Group {
  const length = bytes.readUInt32LE(at + 8)
  const receivedAt = bytes.readDoubleLE(at + 32)
  const first = bytes.readDoubleLE(at + 16)
  const entries: Entry[] = []
  let pos = first
  let cursor = at + HEADER
  for (let n = bytes.readUInt32LE(at + 12); n > 0; n--) {
    const start = cursor
    const payloadLength = bytes.readUInt32LE(cursor)
    const count = bytes.readUInt32LE(cursor + 4)
    const keyLength = bytes.readUInt16LE(cursor + 8)
    const kindLength = bytes.readUInt16LE(cursor + 10)
    const stream: Stream = bytes[cursor + 12] === 1 ? 'record' : 'readings'
    cursor += ENTRY
    const kind = bytes.toString('latin1', cursor, (cursor += kindLength))
    const key = keyLength > 0 ? bytes.toString('utf8', cursor, (cursor += keyLength)) : null
    if (stream === 'record') cursor += 2 * HASH
    cursor = start + align8(cursor - start)
    entries.push({ pos, count, stream, kind, receivedAt, key, payload: bytes.subarray(cursor, cursor + payloadLength) })
    cursor += align8(payloadLength)
    pos += count
  }
  return { first, next: bytes.readDoubleLE(at + 24), receivedAt, bytes: length, entries }
}

/** The two hashes of every record entry of a frame, in order. */
export function* chainOf(bytes: Buffer, at: number): Generator<{ entry: Entry; previous: Buffer; hash: Buffer }> {
  const group = readGroup(bytes, at)
  let cursor = at + HEADER
  for (const entry of group.entries) {
    const keyLength = bytes.readUInt16LE(cursor + 8)
    const kindLength = bytes.readUInt16LE(cursor + 10)
    const isRecord = entry.stream === 'record'
    const head = ENTRY + kindLength + keyLength
    if (isRecord) {
      const hashes = cursor + head
      yield { entry, previous: bytes.subarray(hashes, hashes + HASH), hash: bytes.subarray(hashes + HASH, hashes + 2 * HASH) }
    }
    cursor += align8(head + (isRecord ? 2 * HASH : 0)) + align8(entry.payload.byteLength)
  }
}
