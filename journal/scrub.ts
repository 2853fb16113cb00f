import { SegmentFile } from './segment-file.ts'
import type { Damage } from './journal.ts'
import { unhurried } from './archive.ts'
import { FILE_HEADER, listSegments, type SegmentName } from './segments.ts'

const PAUSE_BYTES = 1 << 20
const PAUSE_MS = 100

/**
 * Reads all segments but the newest once, about 10 MB a second, and tells what is damaged: a start looks only at the newest,
 * and what nobody reads any more should still be known to be whole. `stopped` ends it.
 */
export async function scrub(dir: string, tell: (damage: Damage) => void, stopped: AbortSignal): Promise<void> {
  const segments = listSegments(dir, 'segment')
  for (const [i, name] of segments.slice(0, -1).entries()) {
    let file: SegmentFile
    try {
      file = new SegmentFile(dir, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue // retention was here
      throw error
    }
    try {
      let end = FILE_HEADER
      let next = name.first
      let read = 0
      for await (const found of unhurried(file)) {
        if (found.skipped > 0 && found.first > next)
          tell({ file: name.file, offset: end, bytes: found.skipped, fromPos: next, toPos: found.first })
        end = found.offset + found.length
        next = found.next
        read += found.length
        if (read >= PAUSE_BYTES) {
          read = 0
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
        }
        if (stopped.aborted) return
      }
      const toPos = segments[i + 1]!.first
      if (toPos > next && (followsOf(dir, segments[i + 1]!) ?? Infinity) > next)
        tell({ file: name.file, offset: end, bytes: Math.max(0, file.size - end), fromPos: next, toPos })
    } finally {
      file.close()
    }
  }
}

function followsOf(dir: string, name: SegmentName): number | undefined {
  const file = new SegmentFile(dir, name)
  try {
    return file.header?.follows
  } finally {
    file.close()
  }
}
