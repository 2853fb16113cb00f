import { chainOf } from './group.ts'
import type { Entry } from './journal.ts'
import { SegmentFile } from './segment-file.ts'
import { FILE_HEADER, listSegments } from './segments.ts'

export type RecordedEntry = { entry: Entry; previous: Uint8Array; hash: Uint8Array }

/** Frames passed between two moments at which the thread may serve others. */
const BREATHE_AFTER = 200

/** Every record entry of a journal from `from` on, from the archive and the segments, oldest first, each once; all there is in the files. */
export function* recordEntries(dir: string, from = 1): Generator<RecordedEntry> {
  for (const one of entriesAndBreaths(dir, from)) if (one) yield one
}

/** Record entries as they lie in the files, also those whose positions say that they belong elsewhere. */
export function* recordEntriesAsTheyLie(dir: string): Generator<RecordedEntry> {
  for (const kind of ['record', 'segment'] as const) {
    for (const name of listSegments(dir, kind)) {
      const file = new SegmentFile(dir, name)
      try {
        for (const one of recordsOf(file)) if (one) yield one
      } finally {
        file.close()
      }
    }
  }
}

/** Record entries of these kinds with from ≤ pos < head. */
export async function readRecord(dir: string, from: number, head: number, kinds: Set<string>): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const one of entriesAndBreaths(dir, from)) {
    if (!one) await new Promise((resolve) => setImmediate(resolve))
    else if (one.entry.pos >= head) break
    else if (kinds.has(one.entry.kind)) entries.push({ ...one.entry, payload: Uint8Array.from(one.entry.payload) })
  }
  return entries
}

/** The same with `null` at moments at which the thread may serve others. */
export function* entriesAndBreaths(dir: string, from: number): Generator<RecordedEntry | null> {
  let passed = from - 1
  const oldest = listSegments(dir, 'segment')[0]?.first ?? Infinity
  for (const kind of oldest > from ? (['record', 'segment'] as const) : (['segment'] as const)) {
    const files = listSegments(dir, kind)
    for (const [i, name] of files.entries()) {
      // In both, positions ascend from file to file; what ends before `from` need not be opened.
      if ((files[i + 1]?.first ?? Infinity) <= passed) continue
      let file: SegmentFile
      try {
        file = new SegmentFile(dir, name)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        // Retention has moved its record to the archive while we were reading the one before.
        yield* entriesAndBreaths(dir, passed + 1)
        return
      }
      try {
        for (const one of recordsOf(file)) {
          if (one && one.entry.pos <= passed) continue
          // The archive may hold half a copy of a segment that is still there.
          if (one && kind === 'record' && one.entry.pos >= oldest) break
          if (one) passed = one.entry.pos
          yield one
        }
      } finally {
        file.close()
      }
    }
  }
}

function* recordsOf(file: SegmentFile): Generator<RecordedEntry | null> {
  let frames = 0
  for (let offset = FILE_HEADER; ;) {
    if (++frames % BREATHE_AFTER === 0) yield null
    const found = file.skim(offset)
    if (!found) return
    offset = found.offset + found.length
    if (found.records === 0) continue
    const frame = file.next(found.offset)
    if (!frame) return
    offset = frame.offset + frame.length
    yield* chainOf(frame.bytes, frame.at)
  }
}
