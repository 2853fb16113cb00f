import { chainOf } from './group.ts'
import type { RecordedEntry } from './record-reader.ts'
import { SegmentFile } from './segment-file.ts'
import { FILE_HEADER, listSegments } from './segments.ts'

const BREATHE_AFTER = 200

/**
 * The record entries at these positions as they stand in the files, with the hash before each and its own. Positions where no
 * record entry is are left out. Only segments that hold one of them are opened.
 */
export async function recordedAt(dir: string, positions: Iterable<number>): Promise<RecordedEntry[]> {
  const wanted = new Set(positions)
  const found = new Map<number, RecordedEntry>()
  for (const kind of ['record', 'segment'] as const) {
    const files = listSegments(dir, kind)
    for (const [i, name] of files.entries()) {
      const end = files[i + 1]?.first ?? Infinity
      const here = [...wanted].filter((pos) => pos >= name.first && pos < end && !found.has(pos))
      if (here.length > 0) await take(new SegmentFile(dir, name), new Set(here), found)
    }
  }
  return [...found.values()].sort((a, b) => a.entry.pos - b.entry.pos)
}

async function take(file: SegmentFile, wanted: Set<number>, found: Map<number, RecordedEntry>): Promise<void> {
  const last = Math.max(...wanted)
  try {
    let frames = 0
    for (let offset = FILE_HEADER; ;) {
      if (++frames % BREATHE_AFTER === 0) await new Promise((resolve) => setImmediate(resolve))
      const skimmed = file.skim(offset)
      if (!skimmed) return
      offset = skimmed.offset + skimmed.length
      if (skimmed.records === 0) continue
      const frame = file.next(skimmed.offset)
      if (!frame) return
      offset = frame.offset + frame.length
      for (const { entry, previous, hash } of chainOf(frame.bytes, frame.at)) {
        if (!wanted.has(entry.pos)) continue
        const copy = { ...entry, payload: Uint8Array.from(entry.payload) }
        found.set(entry.pos, { entry: copy, previous: Uint8Array.from(previous), hash: Uint8Array.from(hash) })
      }
      if (frame.next > last) return
    }
  } finally {
    file.close()
  }
}
