import type { RecordEntry } from '../core/record.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry, Journal } from '../journal/journal.ts'

/** What people do. What follows from it (an alarm's change) is in the record as well, and is the engine's. */
export const auditKinds = [
  'registry.changed',
  'rule.set',
  'rule.removed',
  'rule.proposed',
  'rule.decided',
  'fence.set',
  'window.declared',
  'window.confirmed',
  'window.refused',
  'window.ended',
  'action',
  'alarm.viewed',
  'alarm.shown',
  'wall.viewed',
  'alarm.called',
  'evidence.exported',
  'risk.weights',
  'kpi.set',
  'user.changed',
  'personal-data.accessed',
  'region.set',
  'department.set',
  'start.step',
  'import.done',
  'roster.set',
  'handover.signed',
  'hazard.changed',
  'notice.printed',
  'ladder.asked',
  'ladder.proposed',
  'ladder.decided',
  'ladder.set',
  'pairing.changed',
  'session.opened',
  'session.closed',
  'session.refused',
] as const
const kinds = new Set<string>(auditKinds)
/** So many are read in one go before others have their turn. */
const A_TURN = 2_000

type Line = { pos: number; at: number; kind: string; person: string | null }
export type AuditQuery = { person?: string; from?: number; to?: number; kind?: string; before?: number; limit: number }
export type AuditItem = { pos: number; at: number; kind: string; person: string | null; entry: RecordEntry }

/** Who did what, when and from where: an index over the record; what was done stays there and is read back. */
export class Audit {
  #journal: Journal
  #lines: Line[] = []
  #loading: Promise<void> | null = null
  #meanwhile: Entry[] = []
  #isLoaded = false

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Nothing is kept until somebody asks for the first time. */
  apply(entry: Entry): void {
    if (this.#loading === null || !kinds.has(entry.kind)) return
    if (this.#isLoaded) this.#take(entry)
    else this.#meanwhile.push(entry)
  }

  /** Newest first. */
  async query({ person, from, to, kind, before = Infinity, limit }: AuditQuery): Promise<{ items: AuditItem[]; next?: number }> {
    await this.#known()
    const page: Line[] = []
    for (let i = this.#lines.length - 1; i >= 0 && page.length <= limit; i--) {
      const line = this.#lines[i]!
      if (line.pos >= before || (to !== undefined && line.at >= to)) continue
      if (from !== undefined && line.at < from) break
      if ((person !== undefined && line.person !== person) || (kind !== undefined && line.kind !== kind)) continue
      page.push(line)
    }
    const shown = page.slice(0, limit)
    const oldest = shown.at(-1)
    if (!oldest) return { items: [] }
    const wanted = new Map(shown.map((line) => [line.pos, line]))
    const items: AuditItem[] = []
    for (const entry of await this.#journal.readRecord(oldest.pos, [...new Set(shown.map(({ kind }) => kind))])) {
      const line = wanted.get(entry.pos)
      if (line) items.push({ ...line, entry: withoutSecrets(readRecordEntry(entry)) })
    }
    return { items: items.reverse(), ...(page.length > limit && { next: oldest.pos }) }
  }

  #known(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null
      this.#lines = []
      throw error
    })
    return this.#loading
  }

  async #load(): Promise<void> {
    const entries = await this.#journal.readRecord(1, [...auditKinds])
    for (const [i, entry] of entries.entries()) {
      if (i % A_TURN === A_TURN - 1) await new Promise((resolve) => setImmediate(resolve))
      this.#take(entry)
    }
    for (const entry of this.#meanwhile) this.#take(entry)
    this.#meanwhile = []
    this.#isLoaded = true
  }

  #take(entry: Entry): void {
    if (entry.pos <= (this.#lines.at(-1)?.pos ?? 0)) return
    const said = readRecordEntry(entry)
    const isLogin = said.kind === 'session.opened' || said.kind === 'session.closed' || said.kind === 'session.refused'
    const person = isLogin ? (said.by ?? said.personId) : 'by' in said ? (said.by as string) : null
    // What the platform, a pack or a device did is no person's.
    if (!isLogin && (person === null || person === 'platform' || person.startsWith('device:'))) return
    this.#lines.push({ pos: entry.pos, at: entry.receivedAt, kind: entry.kind, person })
  }
}

/** Hashes of tokens are of no use to who reads this, and of some to who should not. */
function withoutSecrets(entry: RecordEntry): RecordEntry {
  if (entry.kind !== 'registry.changed' || entry.entity !== 'device') return entry
  const row = { ...entry.row, tokenHash: '' }
  return { ...entry, row, before: entry.before && { ...entry.before, tokenHash: '' } } as RecordEntry
}
