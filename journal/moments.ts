import { statSync } from 'node:fs'
import { join } from 'node:path'
import { SegmentFile } from './segment-file.ts'
import { listSegments, type SegmentKind, type SegmentName } from './segments.ts'

/** A place in the order of positions, and when the entry before it was received. */
export type Place = { pos: number; receivedAt: number }

/**
 * Where to begin reading to have everything that was received in the time before `at`, as far back as about `maxBytes` reach: the
 * beginning of a segment. Null when the readings of that time have left the journal.
 */
export function placeBefore(dir: string, at: number, maxBytes: number): Place | null {
  let place: Place | null = null
  let bytes = 0
  for (const name of listSegments(dir, 'segment').toReversed()) {
    const receivedAt = beganAfter(dir, name)
    if (receivedAt === null || receivedAt > at) continue
    if (place) bytes += sizeOf(dir, name)
    if (place && bytes > maxBytes) break
    place = { pos: name.first, receivedAt }
  }
  return place
}

/** First position of the file, of record or segments, in which record entries received at or after `at` begin. */
export function recordPlace(dir: string, at: number): number {
  const kinds: SegmentKind[] = ['segment', 'record']
  for (const kind of kinds) {
    for (const name of listSegments(dir, kind).toReversed()) {
      const receivedAt = beganAfter(dir, name)
      if (receivedAt !== null && receivedAt < at) return name.first
    }
  }
  return 1
}

/** When the entry before a file was received; null when the file is gone or does not say. */
function beganAfter(dir: string, name: SegmentName): number | null {
  try {
    const file = new SegmentFile(dir, name)
    file.close()
    return file.header?.receivedAt ?? null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function sizeOf(dir: string, name: SegmentName): number {
  return statSync(join(dir, name.file), { throwIfNoEntry: false })?.size ?? 0
}
