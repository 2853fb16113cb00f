import type { FenceVersion } from '../core/fence.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Journal } from '../journal/journal.ts'

/** Every version of a fence, newest first, read from the record each time it is asked for: that is rare. */
export async function fenceVersions(journal: Journal, id: string): Promise<FenceVersion[]> {
  const versions: FenceVersion[] = []
  for (const entry of await journal.readRecord(1, ['fence.set'])) {
    const said = readRecordEntry(entry)
    if (said.kind === 'fence.set' && said.fence.id === id) versions.push({ ...said.fence, setAt: entry.receivedAt, by: said.by })
  }
  return versions.reverse()
}
