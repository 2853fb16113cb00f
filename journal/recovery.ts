import { statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../core/log.ts'
import { Cursors } from './cursors.ts'
import { chainOf, readGroup } from './group.ts'
import type { Damage } from './journal.ts'
import type { Tail } from './segment-writer.ts'
import { FILE_HEADER, JournalReader, listSegments, SegmentFile, type SegmentName } from './segments.ts'

export const NO_HASH: Uint8Array = new Uint8Array(32)

export type Recovered = {
  tail: Tail
  head: number
  lastReceivedAt: number
  /** hash of the last record entry */
  chain: Uint8Array
  /** keys of record entries the slowest cursor has not passed */
  keys: Map<string, number>
  cursors: Cursors
  dropped: { name: string; pos: number }[]
  damaged: Damage[]
}

type Scan = { end: number; next: number; receivedAt: number; chain: Uint8Array | null; damaged: Damage[] }

/** What the files say: where the journal ends, its last time and hash, and what is damaged in the newest segment. */
export async function recover(dir: string, declared: string[], log: Log): Promise<Recovered> {
  const cursors = new Cursors(dir, declared)
  const found: Recovered = {
    tail: null,
    head: 1,
    lastReceivedAt: 0,
    chain: NO_HASH,
    keys: new Map(),
    cursors,
    dropped: cursors.dropped,
    damaged: [],
  }
  dropUnbegun(dir)
  const segments = listSegments(dir, 'segment')
  const archives = listSegments(dir, 'record')
  let hasHead = false
  let hasChain = false
  for (const name of segments.toReversed()) {
    const scan = scanSegment(dir, name)
    if (!found.tail) {
      const size = statSync(join(dir, name.file)).size
      if (size > scan.end)
        log.info('an unfinished write at the end of the journal was cut off', { file: name.file, bytes: size - scan.end })
      found.tail = { name, size: scan.end }
      found.damaged = scan.damaged
    }
    if (!hasHead && scan.end > FILE_HEADER) {
      hasHead = true
      found.head = scan.next
      found.lastReceivedAt = scan.receivedAt
    }
    if (scan.chain) {
      hasChain = true
      found.chain = scan.chain
    }
    if (hasHead && hasChain) break
  }
  if (!hasHead && segments.length > 0) found.head = segments.at(-1)!.first
  for (const name of hasChain ? [] : archives.toReversed()) {
    const { chain } = scanSegment(dir, name)
    if (!chain) continue
    found.chain = chain
    break
  }
  readKeys(dir, cursors.slowest(), found)
  return Promise.resolve(found)
}

/** A segment whose header never reached the disk has nothing in it. */
function dropUnbegun(dir: string): void {
  const last = listSegments(dir, 'segment').at(-1)
  if (last && statSync(join(dir, last.file)).size < FILE_HEADER) unlinkSync(join(dir, last.file))
}

function scanSegment(dir: string, name: SegmentName): Scan {
  const file = new SegmentFile(dir, name)
  try {
    const scan: Scan = { end: FILE_HEADER, next: name.first, receivedAt: 0, chain: null, damaged: [] }
    for (let found = file.next(scan.end); found; found = file.next(scan.end)) {
      const group = readGroup(found.bytes, found.at)
      if (found.skipped > 0)
        scan.damaged.push({ file: name.file, offset: scan.end, bytes: found.skipped, fromPos: scan.next, toPos: group.first })
      if (group.entries.some(({ stream }) => stream === 'record')) {
        for (const { hash } of chainOf(found.bytes, found.at)) scan.chain = Buffer.from(hash)
      }
      scan.end = found.offset + found.length
      scan.next = group.next
      scan.receivedAt = group.receivedAt
    }
    return scan
  } finally {
    file.close()
  }
}

function readKeys(dir: string, from: number, found: Recovered): void {
  const reader = new JournalReader(dir)
  for (let pos = Math.min(from, found.head); pos < found.head;) {
    const { entries, next } = reader.read(pos, found.head, 4 << 20)
    for (const { key, pos } of entries) if (key !== null) found.keys.set(key, pos)
    pos = next
  }
  reader.close()
}
