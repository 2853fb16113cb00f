import { randomInt } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { PlatformError } from '../core/errors.ts'

/*
 * A segment begins with 64 bytes, little endian:
 *   "WFJRNL", 2 unused · u32 format · u32 CRC-32 of the rest, begun from format − 1 · f64 position after the entry before it
 *   f64 receivedAt of that entry · 32 bytes hash of the last record entry before it
 * then come frames (group.ts). So the newest segment alone tells where the journal stands.
 */
export const FILE_HEADER = 64
const FORMAT = 1
const NAME = /^(segment|record)-(\d{16})-(\d+)-([0-9a-f]{8})\.log$/

export type SegmentKind = 'segment' | 'record'
/** `turn` counts segments begun for the same position, after a failed flush. `salt` is in the name so that damage cannot take it. */
export type SegmentName = { file: string; first: number; turn: number; salt: number }
/** `follows` is below the first position where positions were left out on purpose, after a restore. */
export type SegmentHeader = { follows: number; receivedAt: number; chain: Uint8Array }

export function newSegment(kind: SegmentKind, first: number, turn: number): SegmentName {
  const salt = randomInt(2 ** 32)
  const file = `${kind}-${String(first).padStart(16, '0')}-${turn}-${salt.toString(16).padStart(8, '0')}.log`
  return { file, first, turn, salt }
}

/** The segments of a journal, oldest first. */
export function listSegments(dir: string, kind: SegmentKind): SegmentName[] {
  return readdirSync(dir)
    .flatMap((file) => {
      const match = NAME.exec(file)
      return match?.[1] === kind
        ? [{ file, first: Number(match[2]), turn: Number(match[3]), salt: Number.parseInt(match[4]!, 16) }]
        : []
    })
    .sort((a, b) => a.first - b.first || a.turn - b.turn)
}

export function writeHeader({ follows, receivedAt, chain }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER)
  bytes.write('WFJRNL', 0, 'latin1')
  bytes.writeUInt32LE(FORMAT, 8)
  bytes.writeDoubleLE(follows, 16)
  bytes.writeDoubleLE(receivedAt, 24)
  bytes.set(chain, 32)
  bytes.writeUInt32LE(headerSum(bytes), 12)
  return bytes
}

/** Begun from the format's number, so that a flipped bit in that does not look like another format. */
const headerSum = (bytes: Buffer) => crc32(bytes.subarray(16, FILE_HEADER), (bytes.readUInt32LE(8) - 1) >>> 0)

/** Null when the header is damaged: the frames behind it are looked for all the same. Raises on another format. */
export function readHeader(path: string, bytes: Buffer): SegmentHeader | null {
  if (bytes.length < FILE_HEADER || bytes.toString('latin1', 0, 6) !== 'WFJRNL') return null
  if (headerSum(bytes) !== bytes.readUInt32LE(12)) return null
  const format = bytes.readUInt32LE(8)
  if (format !== FORMAT) {
    throw new PlatformError(
      `${path} is journal format ${format}, this Watchfire reads format ${FORMAT}: start the version that wrote it, or restore a backup`,
      { path, format },
    )
  }
  return { follows: bytes.readDoubleLE(16), receivedAt: bytes.readDoubleLE(24), chain: Uint8Array.from(bytes.subarray(32, 64)) }
}
