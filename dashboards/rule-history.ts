import { awaitsReview, SHADOW_HOURS, type Proposal, type RuleVersion, type Unreviewed } from '../core/proposal.ts'
import type { RecordEntry } from '../core/record.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry, Journal } from '../journal/journal.ts'

const HOUR = 3_600_000
const unseen = { reviewedBy: null, reviewedAt: null }
const kinds = ['rule.set', 'rule.removed', 'rule.reviewed', 'rule.proposed', 'rule.decided']

/** Every version a rule ever had and every proposal, as the record tells. Read when first asked for; kept up to date from then on. */
export class RuleHistory {
  #journal: Journal
  #versions = new Map<string, RuleVersion[]>()
  #proposals = new Map<string, Proposal>()
  #through = 0
  #loading: Promise<void> | null = null
  #loaded = false
  #meanwhile: Entry[] = []

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Takes an entry of the live journal: only news when the past is being read or known. */
  apply(entry: Entry): void {
    if (!kinds.includes(entry.kind)) return
    if (this.#loaded) this.#take(entry)
    else if (this.#loading) this.#meanwhile.push(entry)
  }

  /** Resolves when the past is known. */
  async known(): Promise<void> {
    await this.#known()
  }

  /** Rules whose newest version a second person has still to look at, and since when, as far as the past is known. */
  unreviewed(): Unreviewed[] {
    return [...this.#versions].flatMap(([ruleId, versions]) => {
      if (!awaitsReview(versions)) return []
      const { version, at, by, rule } = versions.at(-1)!
      return [{ ruleId, version, since: at, by, isGone: rule === null }]
    })
  }

  /** Oldest first. */
  async versions(ruleId: string): Promise<readonly RuleVersion[]> {
    await this.#known()
    return this.#versions.get(ruleId) ?? []
  }

  /** Every version of any rule that came into force, or went, between two times; oldest first. */
  async changes(from: number, to: number): Promise<({ ruleId: string } & RuleVersion)[]> {
    await this.#known()
    const all = [...this.#versions].flatMap(([ruleId, versions]) => versions.map((version) => ({ ruleId, ...version })))
    return all.filter(({ at }) => at >= from && at <= to).sort((a, b) => a.at - b.at)
  }

  /** Newest first. */
  async proposals(): Promise<Proposal[]> {
    await this.#known()
    return [...this.#proposals.values()].reverse()
  }

  async proposal(id: string): Promise<Proposal | null> {
    await this.#known()
    return this.#proposals.get(id) ?? null
  }

  #known(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null
      this.#meanwhile = []
      throw error
    })
    return this.#loading
  }

  async #load(): Promise<void> {
    for (const entry of await this.#journal.readRecord(1, kinds)) this.#take(entry)
    for (const entry of this.#meanwhile) this.#take(entry)
    this.#meanwhile = []
    this.#loaded = true
  }

  #take(entry: Entry): void {
    if (entry.pos <= this.#through) return
    this.#through = entry.pos
    this.#note(readRecordEntry(entry), entry.receivedAt)
  }

  #note(said: RecordEntry, at: number): void {
    switch (said.kind) {
      case 'rule.set': {
        const { rule, by, reason = null, restores = null, proposalId = null } = said
        const proposedBy = proposalId === null ? null : (this.#proposals.get(proposalId)?.by ?? null)
        return this.#add(rule.id, { version: rule.version, at, by, rule, reason, restores, proposalId, proposedBy, ...unseen })
      }
      case 'rule.removed': {
        const { ruleId, version, by, reason = null } = said
        const gone = { version, at, by, rule: null, reason, restores: null, proposalId: null, proposedBy: null, ...unseen }
        return this.#add(ruleId, gone)
      }
      case 'rule.reviewed': {
        const versions = this.#versions.get(said.ruleId)
        const i = versions?.findLastIndex(({ version }) => version === said.version) ?? -1
        if (versions && i >= 0) versions[i] = { ...versions[i]!, reviewedBy: said.by, reviewedAt: at }
        return
      }
      case 'rule.proposed': {
        const { proposalId: id, base, rule, reason, shadow, shadowHours = SHADOW_HOURS, by } = said
        const shadowUntil = shadow ? { shadowUntil: at + shadowHours * HOUR } : {}
        const undecided = { state: 'open', decidedBy: null, decidedAt: null, comment: null } as const
        this.#proposals.set(id, { id, ruleId: rule.id, rule, base, reason, shadow, ...shadowUntil, by, at, ...undecided })
        return
      }
      case 'rule.decided': {
        const known = this.#proposals.get(said.proposalId)
        if (!known) return
        const { verdict: state, by: decidedBy, comment } = said
        this.#proposals.set(known.id, { ...known, state, decidedBy, decidedAt: at, comment })
      }
    }
  }

  #add(ruleId: string, version: RuleVersion): void {
    const known = this.#versions.get(ruleId)
    if (known) known.push(version)
    else this.#versions.set(ruleId, [version])
  }
}
