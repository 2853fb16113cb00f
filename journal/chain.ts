import { chainHash } from './group.ts'
import type { Entry } from './journal.ts'
import { recordEntries, recordEntriesAsTheyLie } from './record-reader.ts'

/**
 * Where the record is not what was written, and what must have happened there:
 * `altered`: the entry says something its hash was not made of · `missing`: what stood before it is gone ·
 * `reordered`: what stood before it is elsewhere in the record.
 */
export type ChainFault = {
  kind: 'altered' | 'missing' | 'reordered'
  pos: number
  entryKind: string
  receivedAt: number
  /** position of the entry that is found before it, null for the first */
  after: number | null
  /** `reordered`: where the entry is that stood before it */
  elsewhere: number | null
}
export type Chain = {
  /** entries up to the first fault */
  entries: number
  /** entries in all */
  total: number
  /** hash of the last entry, hex */
  head: string
  faults: ChainFault[]
}

const NO_HASH = Buffer.alloc(32)

/**
 * Follows the chain through the whole record (semantics 9): every hash is made anew from what the entry says. `visit` is told of
 * each entry and of the hash that stands before it.
 */
export function followChain(journalDir: string, visit: (entry: Entry, hashBefore: string) => void = () => undefined): Chain {
  const faults: ChainFault[] = []
  const strayed: { fault: ChainFault; previous: string }[] = []
  let last: Uint8Array = NO_HASH
  let after: number | null = null
  let entries = 0
  let total = 0
  for (const { entry, previous, hash } of recordEntries(journalDir)) {
    visit(entry, hex(last))
    const { pos, kind, receivedAt } = entry
    const fault = (what: ChainFault['kind']): ChainFault => {
      const found = { kind: what, pos, entryKind: kind, receivedAt, after, elsewhere: null }
      faults.push(found)
      return found
    }
    if (!Buffer.from(previous).equals(last)) strayed.push({ fault: fault('missing'), previous: hex(previous) })
    if (!chainHash(previous, entry).equals(hash)) fault('altered')
    total++
    if (faults.length === 0) entries++
    last = Uint8Array.from(hash)
    after = pos
  }
  if (strayed.length > 0) lookElsewhere(journalDir, strayed)
  return { entries, total, head: hex(last), faults }
}

/** What an entry says stood before it may be there still, in another place. */
function lookElsewhere(journalDir: string, strayed: { fault: ChainFault; previous: string }[]): void {
  const sought = new Map(strayed.map(({ fault, previous }) => [previous, fault]))
  for (const { entry, hash } of recordEntriesAsTheyLie(journalDir)) {
    const fault = sought.get(hex(hash))
    if (!fault) continue
    fault.kind = 'reordered'
    fault.elsewhere = entry.pos
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
