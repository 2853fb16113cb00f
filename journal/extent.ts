import { SegmentFile } from './segment-file.ts'
import { FILE_HEADER, listSegments } from './segments.ts'

/** The positions that are in the segments, how far the last whole group reaches in its file, and when it was received. */
export type Extent = { first: number; head: number; receivedAt: number; end: number }

/** What the files of a journal hold, without changing or repairing anything; null when there is no segment. */
export function journalExtent(dir: string): Extent | null {
  const segments = listSegments(dir, 'segment')
  const last = segments.at(-1)
  if (!last) return null
  const file = new SegmentFile(dir, last)
  try {
    const extent = { first: segments[0]!.first, head: last.first, receivedAt: file.header?.receivedAt ?? 0, end: FILE_HEADER }
    for (let found = file.skim(extent.end); found; found = file.skim(extent.end)) {
      const whole = file.next(found.offset)
      if (!whole) break
      extent.end = whole.offset + whole.length
      extent.head = Math.max(extent.head, whole.next)
      extent.receivedAt = whole.receivedAt
    }
    return extent
  } finally {
    file.close()
  }
}
