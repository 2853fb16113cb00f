import { statSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../core/log.ts'
import type { RecordEntry } from '../core/record.ts'
import type { Cursors } from './cursors.ts'
import { realDisk } from './disk.ts'
import { chainOf, readGroup, writeGroup, type Planned } from './group.ts'
import type { Entry } from './journal.ts'
import { FILE_HEADER, fileHeader, listSegments, SegmentFile, segmentFile, type SegmentName } from './segments.ts'

const LOOK_EVERY_MS = 10_000

type Limits = { maxBytes: number; maxAgeMs: number }

/** Removes whole old segments every reader has passed; what they hold of the record is copied to the archive first. */
export class Retention {
  /** the oldest position still in `readings` */
  tail: number
  bytes = 0
  /** over its size, but a reader has not caught up */
  overFull = false
  #dir: string
  #limits: Limits
  #cursors: Cursors
  #current: () => SegmentName
  #log: Log
  #lookedAt = -Infinity
  #running: Promise<void> = Promise.resolve()
  #busy = false

  constructor(dir: string, limits: Limits, cursors: Cursors, current: () => SegmentName, log: Log) {
    this.#dir = dir
    this.#limits = limits
    this.#cursors = cursors
    this.#current = current
    this.#log = log
    this.tail = listSegments(dir, 'segment')[0]?.first ?? 1
  }

  /** Looks every ten seconds whether something is old enough to go; `tell` gets what was removed. */
  run(now: number, tell: (entry: RecordEntry) => void): void {
    if (this.#busy || performance.now() - this.#lookedAt < LOOK_EVERY_MS) return
    this.#lookedAt = performance.now()
    this.#busy = true
    this.#running = this.trim(now, tell)
      .catch((error: Error) => this.#log.error('old segments of the journal cannot be removed', { error: error.message }))
      .finally(() => (this.#busy = false))
  }

  idle(): Promise<void> {
    return this.#running
  }

  /** Removes what may go now. */
  async trim(now: number, tell: (entry: RecordEntry) => void): Promise<void> {
    const segments = listSegments(this.#dir, 'segment')
    const sizes = new Map(segments.map((name) => [name.file, statSync(join(this.#dir, name.file)).size]))
    this.bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    this.overFull = false
    for (const [i, name] of segments.entries()) {
      const after = segments[i + 1]
      if (!after || name.file === this.#current().file) break
      const tooMuch = this.bytes > this.#limits.maxBytes
      const tooOld = now - firstReceivedAt(this.#dir, after, now) > this.#limits.maxAgeMs
      if (!tooMuch && !tooOld) break
      if (after.first > this.#cursors.slowest()) {
        this.overFull = tooMuch
        break
      }
      await this.#archive(name)
      await unlink(join(this.#dir, name.file))
      const bytes = sizes.get(name.file) ?? 0
      this.bytes -= bytes
      this.tail = after.first
      this.#log.info('old segment of the journal removed', { file: name.file, bytes })
      tell({ kind: 'journal.trimmed', throughPos: after.first - 1, bytes, reason: tooMuch ? 'size' : 'age' })
    }
  }

  /** The record is kept for ever. A copy begun before a crash is simply made again: the segment goes last. */
  async #archive(name: SegmentName): Promise<void> {
    const frames = recordFrames(this.#dir, name)
    if (frames.length === 0) return
    const path = join(this.#dir, segmentFile('record', name.first, name.turn))
    const handle = await open(path, 'w', 0o600)
    try {
      await handle.writeFile(Buffer.concat([fileHeader(), ...frames]))
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await realDisk.syncDir(this.#dir)
  }
}

function firstReceivedAt(dir: string, name: SegmentName, fallback: number): number {
  const file = new SegmentFile(dir, name)
  try {
    const found = file.next(FILE_HEADER, 64 << 10)
    return found ? readGroup(found.bytes, found.at).receivedAt : fallback
  } finally {
    file.close()
  }
}

/** The record entries of a segment as frames of their own, positions, times and chain as they were. */
function recordFrames(dir: string, name: SegmentName): Buffer[] {
  const frames: Buffer[] = []
  const file = new SegmentFile(dir, name)
  try {
    let offset = FILE_HEADER
    for (let found = file.next(offset); found; found = file.next(offset)) {
      offset = found.offset + found.length
      let run: { planned: Planned[]; previous: Uint8Array; receivedAt: number } | null = null
      const close = () => {
        if (run) frames.push(writeGroup(run.planned, run.receivedAt, run.previous).bytes)
        run = null
      }
      for (const { entry, previous } of chainOf(found.bytes, found.at)) {
        const last: Planned | undefined = (run as { planned: Planned[] } | null)?.planned.at(-1)
        if (last && last.pos + last.draft.count !== entry.pos) close()
        run ??= { planned: [], previous, receivedAt: entry.receivedAt }
        run.planned.push({
          pos: entry.pos,
          draft: { ...entry, ...(entry.key === null ? { key: undefined } : { key: entry.key }) } as Planned['draft'],
        })
      }
      close()
    }
  } finally {
    file.close()
  }
  return frames
}

/** Every group with record entries, from the archive and the segments, oldest first, each position once. */
export function* recordGroups(dir: string): Generator<{ bytes: Buffer; at: number }> {
  let passed = 0
  for (const name of [...listSegments(dir, 'record'), ...listSegments(dir, 'segment')]) {
    const file = new SegmentFile(dir, name)
    try {
      let offset = FILE_HEADER
      for (let found = file.next(offset); found; found = file.next(offset)) {
        offset = found.offset + found.length
        const { entries } = readGroup(found.bytes, found.at)
        const last = entries.findLast(({ stream }) => stream === 'record')
        if (!last || last.pos <= passed) continue
        passed = last.pos
        yield found
      }
    } finally {
      file.close()
    }
  }
}

/** Record entries of these kinds with from ≤ pos < head; lets the loop breathe between groups. */
export async function readRecord(dir: string, from: number, head: number, kinds: Set<string>): Promise<Entry[]> {
  const entries: Entry[] = []
  let groups = 0
  for (const { bytes, at } of recordGroups(dir)) {
    for (const entry of readGroup(bytes, at).entries) {
      if (entry.stream === 'record' && entry.pos >= from && entry.pos < head && kinds.has(entry.kind))
        entries.push({ ...entry, payload: entry.payload.slice() })
    }
    if (++groups % 200 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return entries
}
