import { existsSync, readFileSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../core/log.ts'
import type { RecordEntry } from '../core/record.ts'
import { Cursors } from './cursors.ts'
import type { Disk } from './disk.ts'
import { chainOf } from './group.ts'
import type { Damage } from './journal.ts'
import { Keys } from './keys.ts'
import { recordEntries } from './record-reader.ts'
import { SegmentFile } from './segment-file.ts'
import type { Tail } from './segment-writer.ts'
import { FILE_HEADER, listSegments, type SegmentName } from './segments.ts'

const NO_HASH: Uint8Array = new Uint8Array(32)

/** How the journal stands between two entries. */
export type Standing = { next: number; receivedAt: number; chain: Uint8Array }

export type Recovered = Standing & {
  /** where to go on writing; null = begin a new segment */
  tail: Tail
  keys: Keys
  cursors: Cursors
  damaged: Damage[]
  /** below `next` where positions are left out because the original of a restored copy may have given them away */
  follows: number
  /** this is the first start after a restore */
  restored: Extract<RecordEntry, { kind: 'restored' }> | null
}

/** Left by a restore for the next start: how far the original is known to have come. */
export type Restored = { knownHead: number | null }
export const restoredMark = (dir: string): string => join(dir, 'restored.json')

/** What the files say: where the journal ends, its last time and hash, and what is damaged in the newest segment. */
export function recover(dir: string, disk: Disk, declared: string[], log: Log, yielding: string[] = []): Recovered {
  const cursors = new Cursors(dir, disk, declared, log, yielding)
  dropUnbegun(dir)
  const segments = listSegments(dir, 'segment')
  const name = segments.at(-1)
  const mark = existsSync(restoredMark(dir)) ? (JSON.parse(readFileSync(restoredMark(dir), 'utf8')) as Restored) : null
  const beginning = { next: 1, receivedAt: 0, chain: NO_HASH }
  const found = name ? scan(dir, segments, segments.length - 1) : { ...endOfArchive(dir, beginning), end: 0, damaged: [] }
  const damaged = [...found.damaged]
  let tail: Tail = null
  if (name) {
    const lost = endDamage(dir, name, found, cursors.reached)
    if (lost) damaged.push(lost)
    // What is damaged is left as it is for whoever looks into it; the journal goes on in a new segment.
    if (damaged.length === 0) tail = { name, size: found.end, begunAt: found.begunAt }
    const unfinished = statSync(join(dir, name.file)).size - found.end
    if (tail && unfinished > 0)
      log.info('an unfinished write at the end of the journal was cut off', { file: name.file, bytes: unfinished })
  } else if (cursors.reached > found.next) {
    damaged.push({ file: 'every segment', offset: 0, bytes: 0, fromPos: found.next, toPos: cursors.reached })
  }
  const next = Math.max(found.next, ...damaged.map(({ toPos }) => toPos), mark?.knownHead ?? 1)
  // What the original gave a position after the copy was made keeps it: nobody else may have it again.
  if (next > found.next) tail = null
  const restored = mark && {
    kind: 'restored' as const,
    lastHead: Buffer.from(found.chain).toString('hex'),
    gap: next > found.next ? { fromPos: found.next, toPos: next } : null,
  }
  const keys = new Keys()
  for (const { entry } of recordEntries(dir, Math.min(cursors.slowestFirm(), next)))
    if (entry.key !== null) keys.add(entry.key, entry.pos)
  const follows = restored?.gap?.fromPos ?? next
  return { next, follows, receivedAt: found.receivedAt, chain: found.chain, tail, keys, cursors, damaged, restored }
}

/** A segment whose header never reached the disk has nothing in it. */
function dropUnbegun(dir: string): void {
  for (const { file } of listSegments(dir, 'segment').toReversed()) {
    if (statSync(join(dir, file)).size >= FILE_HEADER) return
    unlinkSync(join(dir, file))
  }
}

type Scan = Standing & { end: number; begunAt: number; damaged: Damage[] }

/** Reads all of one segment. Where its header is damaged, the one before tells how the journal stood. */
function scan(dir: string, segments: SegmentName[], i: number): Scan {
  const name = segments[i]!
  const file = new SegmentFile(dir, name)
  try {
    const before: Standing = file.header
      ? { next: name.first, receivedAt: file.header.receivedAt, chain: file.header.chain }
      : i > 0
        ? scan(dir, segments, i - 1)
        : endOfArchive(dir, { next: name.first, receivedAt: 0, chain: NO_HASH })
    const found: Scan = {
      next: Math.max(before.next, name.first),
      receivedAt: before.receivedAt,
      chain: before.chain,
      begunAt: before.receivedAt,
      end: FILE_HEADER,
      damaged: [],
    }
    for (let frame = file.next(found.end); frame; frame = file.next(found.end)) {
      if (frame.skipped > 0)
        found.damaged.push({ file: name.file, offset: found.end, bytes: frame.skipped, fromPos: found.next, toPos: frame.first })
      if (frame.records > 0) for (const { hash } of chainOf(frame.bytes, frame.at)) found.chain = Uint8Array.from(hash)
      if (found.end === FILE_HEADER) found.begunAt = frame.receivedAt
      found.end = frame.offset + frame.length
      found.next = frame.next
      found.receivedAt = frame.receivedAt
    }
    return found
  } finally {
    file.close()
  }
}

/**
 * Only the last write can be unfinished. What lies behind the last whole frame is more than that, and so damage, when a
 * reader has been there, when the journal was known to reach further, or when another write had been begun behind it.
 */
function endDamage(dir: string, name: SegmentName, { end, next }: Scan, reached: number): Damage | null {
  const file = new SegmentFile(dir, name)
  try {
    const bytes = file.size - end
    const broken = file.headerAt(end)
    const wentOn = broken !== null && end + broken.length < file.size
    const toPos = Math.max(reached, wentOn ? broken.next : 1)
    return toPos > next ? { file: name.file, offset: end, bytes: Math.max(0, bytes), fromPos: next, toPos } : null
  } finally {
    file.close()
  }
}

/** Every segment is gone but the record is kept: positions and hashes go on behind it. */
function endOfArchive(dir: string, standing: Standing): Standing & { begunAt: number } {
  let last = standing
  for (const { entry, hash } of recordEntries(dir)) {
    if (entry.pos >= standing.next && standing.next > 1) break
    last = { next: Math.max(standing.next, entry.pos + entry.count), receivedAt: entry.receivedAt, chain: Uint8Array.from(hash) }
  }
  return { ...last, begunAt: last.receivedAt }
}
