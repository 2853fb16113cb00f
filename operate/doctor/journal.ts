import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '../../core/errors.ts'
import { SegmentFile } from '../../journal/segment-file.ts'
import { FILE_HEADER, listSegments, type SegmentName } from '../../journal/segments.ts'
import { finding, type Finding } from './finding.ts'

const NOTICED_LAG_MS = 3_600_000

/** What the journal's files say together. */
export type JournalFacts = { head: number; lastReceivedAt: number; firstReceivedAt: number; bytes: number }

type Look = {
  name: SegmentName
  next: number
  end: number
  receivedAt: number
  firstAt: number
  size: number
  follows: number | null
}

/** Reads every group of every file once. While the platform runs, what lies behind the last whole group is being written. */
export function examineJournal(dir: string, running: boolean): { findings: Finding[]; facts: JournalFacts | null } {
  const findings: Finding[] = []
  const cursors = readCursors(dir, findings)
  const reached = Math.max(1, cursors.head, ...Object.values(cursors.cursors))
  const segments = existsSync(dir) ? listSegments(dir, 'segment') : []
  const archived = existsSync(dir) ? listSegments(dir, 'record') : []
  if (segments.length === 0) {
    if (reached > 1 || archived.length > 0) findings.push(finding('journal-missing', { dir, reached }))
    return { findings, facts: null }
  }
  // A copy in the archive of a segment that is still there is left over, nobody reads it.
  for (const name of archived) if (name.first < segments[0]!.first) look(dir, name, findings)
  const looks: Look[] = []
  for (const name of segments) {
    const seen = look(dir, name, findings)
    if (!seen) return { findings, facts: null }
    looks.push(seen)
  }
  for (const [i, { name, next, end, size }] of looks.slice(0, -1).entries()) {
    const { follows, name: after } = looks[i + 1]!
    if (after.first > next && (follows ?? Infinity) > next) findings.push(damage(name.file, end, size - end, next, after.first))
  }
  const last = looks.at(-1)!
  if (reached > last.next && !running) findings.push(damage(last.name.file, last.end, last.size - last.end, last.next, reached))
  else if (last.size > last.end && !running)
    findings.push(finding('journal-unfinished', { file: last.name.file, bytes: last.size - last.end }))
  findings.push(...lagging(cursors.cursors, looks))
  const facts = {
    head: last.next,
    lastReceivedAt: last.receivedAt,
    firstReceivedAt: looks[0]!.firstAt,
    bytes: looks.reduce((sum, { size }) => sum + size, 0),
  }
  return { findings, facts }
}

const damage = (file: string, offset: number, bytes: number, fromPos: number, toPos: number): Finding =>
  finding('journal-damaged', { file, offset, bytes: Math.max(0, bytes), fromPos, lastPos: toPos - 1 })

function look(dir: string, name: SegmentName, findings: Finding[]): Look | null {
  let file: SegmentFile
  try {
    file = new SegmentFile(dir, name)
  } catch (error) {
    if (error instanceof PlatformError) findings.push(finding('journal-format', { message: error.message }))
    else findings.push(finding('folder-unreadable', { path: join(dir, name.file), dir, reason: (error as Error).message }))
    return null
  }
  try {
    const { header } = file
    if (!header && file.size >= FILE_HEADER) findings.push(finding('journal-header', { file: name.file }))
    const seen: Look = {
      name,
      next: name.first,
      end: FILE_HEADER,
      receivedAt: header?.receivedAt ?? 0,
      firstAt: 0,
      size: 0,
      follows: header?.follows ?? null,
    }
    const isArchive = name.file.startsWith('record')
    for (let found = file.next(seen.end); found; found = file.next(seen.end)) {
      // The archive has record entries alone, so positions are missing in it everywhere.
      if (found.skipped > 0 && (isArchive || found.first > seen.next))
        findings.push(damage(name.file, seen.end, found.skipped, seen.next, Math.max(found.first, seen.next + 1)))
      if (seen.firstAt === 0) seen.firstAt = found.receivedAt
      seen.end = found.offset + found.length
      seen.next = Math.max(seen.next, found.next)
      seen.receivedAt = found.receivedAt
    }
    seen.size = file.size
    if (isArchive && seen.size > seen.end)
      findings.push(damage(name.file, seen.end, seen.size - seen.end, seen.next, seen.next + 1))
    return seen
  } finally {
    file.close()
  }
}

type Cursors = { head: number; cursors: Record<string, number> }

function readCursors(dir: string, findings: Finding[]): Cursors {
  const path = join(dir, 'cursors.json')
  if (!existsSync(path)) return { head: 1, cursors: {} }
  try {
    const { head, cursors } = JSON.parse(readFileSync(path, 'utf8')) as Cursors
    if ([head, ...Object.values(cursors)].every(Number.isSafeInteger)) return { head, cursors }
  } catch {
    // Told below, whatever is wrong with it.
  }
  findings.push(finding('cursors-unreadable', { path }))
  return { head: 1, cursors: {} }
}

/** Readers whose next entry is older than an hour by the journal's own time. */
function lagging(cursors: Record<string, number>, looks: Look[]): Finding[] {
  const { next: head, receivedAt: now } = looks.at(-1)!
  return Object.entries(cursors).flatMap(([name, pos]) => {
    const waiting = looks.find(({ next }) => next > pos)
    const behindMs = waiting ? now - waiting.receivedAt : 0
    if (behindMs < NOTICED_LAG_MS) return []
    return [finding('cursor-behind', { name, behind: head - pos, hours: Math.round(behindMs / 3_600_000) })]
  })
}
