import type { PushDueEntry } from '../../core/escalation.ts'
import { severity } from '../../core/level.ts'
import type { ChannelFacts, Receipt } from '../../core/push.ts'
import { receipts } from '../../core/push.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Call } from './call.ts'
import { Limits, type Limited } from './limits.ts'
import { APP, limitOf, waysTo, type World } from './whom.ts'

/** `held` waits to leave with others · `off` called off before it left. */
export type DueState = 'owed' | 'held' | 'sent' | 'failed' | 'off'
export type Due = {
  entry: PushDueEntry
  pos: number
  at: number
  state: DueState
  /** it may have arrived although nobody said so */
  maybeTold: boolean
  receipt: Receipt
  answered: boolean
  providerId: string | null
  /** the message it leaves in */
  bundle: string | null
}
type Told = Pick<PushDueEntry, 'personId' | 'channel' | 'first' | 'enterpriseId' | 'level' | 'alarmVersion' | 'asked' | 'round'>
export type OwedAction = { key: string; messageId: string; alarmId: string; version: number; by: string }

const KEPT_MS = 15 * 60_000
const UNANSWERED_KEPT_MS = 7 * 86_400_000

/** The same whenever this is decided again: letters, digits and `._-` only. */
export const idOf = (...[about, round, step, personId, channel]: [string, number, string, string | null, string]): string =>
  `${about}.${round}.${step}.${personId ?? 'all'}.${channel}`

const isAboutAlarm = ({ message }: PushDueEntry): boolean => message === 'alarm' || message === 'update' || message === 'report'

/** Every message that was decided and what became of it, and who has to hear how it ended. */
export class Dues {
  #dues = new Map<string, Due>()
  #byAlarm = new Map<string, Set<string>>()
  #told = new Map<string, Map<string, Told>>()
  #limits = new Limits()
  #limitOf: (channel: string) => Limited | null
  #actions = new Map<string, OwedAction>()
  #arming = new Set<string>()
  #now = 0

  constructor(channels: readonly ChannelFacts[]) {
    this.#limitOf = (channel) => limitOf(channel, channels)
  }

  get(id: string): Due | undefined {
    return this.#dues.get(id)
  }

  all(): IterableIterator<Due> {
    return this.#dues.values()
  }

  /** By our id, or by the provider's own. */
  find(channel: string, messageId: string | null, providerId: string | null): Due | undefined {
    const own = messageId === null ? undefined : this.#dues.get(messageId)
    if (own || providerId === null) return own
    return [...this.#dues.values()].find((one) => one.entry.channel === channel && one.providerId === providerId)
  }

  take(entry: PushDueEntry, pos: number, at: number, call: Call | undefined): void {
    this.#now = Math.max(this.#now, at)
    if (this.#dues.has(entry.id)) return
    const isOff = entry.alarmId !== null && isAboutAlarm(entry) && !(call && stands(call, entry))
    const state = isOff ? 'off' : entry.held ? 'held' : 'owed'
    const due: Due = {
      entry,
      pos,
      at,
      state,
      maybeTold: false,
      receipt: 'queued',
      answered: false,
      providerId: null,
      bundle: null,
    }
    this.#dues.set(entry.id, due)
    const { alarmId, personId, channel } = entry
    if (alarmId !== null) this.#byAlarm.set(alarmId, (this.#byAlarm.get(alarmId) ?? new Set()).add(entry.id))
    for (const id of entry.of ?? []) {
      const one = this.#dues.get(id)
      if (one) one.bundle = entry.id
    }
    const way = personId !== null && !entry.held ? this.#limitOf(channel) : null
    if (way) this.#limits.note(personId!, way, at)
    if (entry.message === 'follow-up' && alarmId !== null) this.#heard(alarmId, entry)
    this.#offIfEmpty(due)
  }

  settle(said: Extract<RecordEntry, { kind: 'push.sent' | 'push.failed' | 'push.refused' }>): void {
    const due = said.messageId === undefined ? undefined : this.#dues.get(said.messageId)
    if (!due) return
    const parts = [due, ...this.#partsOf(due)]
    const isOver = said.kind !== 'push.failed' || said.isFinal === true
    for (const one of parts) {
      if (said.kind === 'push.sent') one.receipt = furthest(one.receipt, said.receipt ?? 'queued')
      if (said.kind === 'push.failed' && !said.neverLeft) one.maybeTold = true
      const arrived = said.kind === 'push.sent' || (isOver && one.maybeTold && said.kind === 'push.failed')
      if (arrived) this.#tell(one)
      if (isOver && (one.state !== 'off' || said.kind === 'push.sent')) one.state = said.kind === 'push.sent' ? 'sent' : 'failed'
    }
    if (said.kind === 'push.sent') due.providerId = said.providerId ?? null
  }

  receipt(said: Extract<RecordEntry, { kind: 'push.receipt' }>): void {
    const due = this.find(said.channel, said.messageId, said.providerId)
    if (!due || said.receipt === 'failed') return
    const parts = [due, ...this.#partsOf(due)]
    for (const one of parts) {
      one.receipt = furthest(one.receipt, said.receipt)
      if (said.receipt !== 'acknowledged') continue
      const { message, personId, alarmId, alarmVersion, level, id } = one.entry
      // Of several at once the reds take two persons: no key on a phone does that.
      const mayTake = parts.length <= 2 || level !== 'red'
      if (isAboutAlarm(one.entry) && personId !== null && alarmId !== null && mayTake) {
        const key = `push/${id}`
        this.#actions.set(key, { key, messageId: id, alarmId, version: alarmVersion, by: personId })
      } else if (message === 'test' || message === 'roll-call') this.answered(id)
    }
  }

  answered(messageId: string): void {
    const due = this.#dues.get(messageId)
    if (!due || due.answered) return
    due.answered = true
    if (due.entry.message === 'test' && due.entry.personId !== null) this.#arming.add(due.entry.personId)
  }

  armed(personId: string): void {
    this.#arming.delete(personId)
  }

  acted(key: string | null): void {
    if (key !== null) this.#actions.delete(key)
  }

  /** Acknowledgements by key that are not in the record yet. */
  owedActions(): OwedAction[] {
    return [...this.#actions.values()]
  }

  /** Who answered a test and is not armed yet. */
  arming(): string[] {
    return [...this.#arming]
  }

  /** What was on its way when the process ended may have arrived. */
  restarted(): void {
    for (const due of this.#dues.values()) if (due.state === 'owed') due.maybeTold = true
  }

  /** The call moved on: what has not left stays here. */
  callOff(alarmId: string, call: Call): void {
    for (const id of this.#byAlarm.get(alarmId) ?? []) {
      const due = this.#dues.get(id)!
      if (!isAboutAlarm(due.entry) || stands(call, due.entry)) continue
      if (due.state !== 'owed' && due.state !== 'held') continue
      if (due.maybeTold) this.#tell(due)
      due.state = 'off'
      const bundle = due.bundle === null ? undefined : this.#dues.get(due.bundle)
      if (bundle?.maybeTold) this.#tell(due)
      if (bundle) this.#offIfEmpty(bundle)
    }
  }

  /** What goes in a message: those of a bundle that still stand, or itself. */
  contents(due: Due): Due[] {
    return due.entry.of ? this.#partsOf(due).filter(({ state }) => state !== 'off') : [due]
  }

  owed(): Due[] {
    return [...this.#dues.values()].filter(({ state }) => state === 'owed')
  }

  people(): string[] {
    return [...this.#told.values()].flatMap((told) => [...told.values()].flatMap(({ personId }) => personId ?? []))
  }

  hasReached(alarmId: string): boolean {
    return [...(this.#byAlarm.get(alarmId) ?? [])].some((id) => {
      const { state, entry } = this.#dues.get(id)!
      return state === 'sent' && entry.channel !== APP && isAboutAlarm(entry)
    })
  }

  isSettled(alarmId: string): boolean {
    if ((this.#told.get(alarmId)?.size ?? 0) > 0) return false
    return ![...(this.#byAlarm.get(alarmId) ?? [])].some((id) => ['owed', 'held'].includes(this.#dues.get(id)!.state))
  }

  /** How it ended, to everybody who was told. */
  followUps({ alarm, end, phase, round: current }: Call, world: World): PushDueEntry[] {
    const told = this.#told.get(alarm.id)
    if (!told || !end) return []
    const found = new Map<string, PushDueEntry>()
    for (const [key, { personId, channel: toldBy, asked, round, ...rest }] of told) {
      // Called by hand after the acknowledgement: that is not the end they have to hear of.
      if (asked && phase === 'waiting' && round === current) continue
      const channel = this.#limitOf(toldBy) === 'voice' ? this.#writtenTo(personId, world) : toldBy
      const id = channel === null ? null : idOf(alarm.id, end.pos, 'follow-up', personId, channel)
      if (id === null || this.#dues.has(id)) {
        told.delete(key)
        continue
      }
      const { why, by } = end
      const common = { kind: 'push.due', message: 'follow-up', alarmId: alarm.id, round: end.pos, step: 'follow-up' } as const
      found.set(id, { ...common, ...rest, id, personId, channel: channel!, otherwise: [], end: { why, by } })
    }
    return [...found.values()]
  }

  /** The next way to whoever could not be reached by the last one. */
  fallOvers(isStillCalling: (entry: PushDueEntry) => boolean): PushDueEntry[] {
    const found: PushDueEntry[] = []
    for (const { entry, state } of this.#dues.values()) {
      const [channel, ...otherwise] = entry.otherwise
      if (state !== 'failed' || channel === undefined || !isStillCalling(entry)) continue
      const id = entry.id.slice(0, entry.id.length - entry.channel.length) + channel
      const { held: _, ...next } = { ...entry, id, channel, otherwise }
      if (!this.#dues.has(id)) found.push(next)
    }
    return found
  }

  /** Which of them leave now, which wait, and what goes together. One entry a message, besides the bundles. */
  release(wishes: PushDueEntry[], now: number, world: World): PushDueEntry[] {
    const recorded: PushDueEntry[] = []
    const groups = new Map<string, { held: PushDueEntry[]; fresh: PushDueEntry[] }>()
    const groupOf = (entry: PushDueEntry) => {
      const key = JSON.stringify([entry.personId, entry.channel, entry.enterpriseId, entry.message === 'follow-up'])
      const group = groups.get(key) ?? { held: [], fresh: [] }
      groups.set(key, group)
      return group
    }
    for (const { entry, state, bundle } of this.#dues.values())
      if (state === 'held' && bundle === null) groupOf(entry).held.push(entry)
    const seen = new Set<string>()
    for (const entry of wishes) {
      if (this.#dues.has(entry.id) || seen.has(entry.id)) continue
      seen.add(entry.id)
      const isAlone = entry.first || entry.asked || entry.message === 'report' || entry.channel === APP || entry.alarmId === null
      if (isAlone) recorded.push(entry)
      else groupOf(entry).fresh.push(entry)
    }
    const used = new Set(recorded.map(({ personId, channel }) => `${personId} ${limitOf(channel, world.channels)}`))
    // The worst first: it takes what the limit still allows.
    const rank = ({ held, fresh }: { held: PushDueEntry[]; fresh: PushDueEntry[] }) =>
      Math.max(...[...held, ...fresh].map(({ level }) => (level === null ? 0 : severity[level])))
    for (const group of [...groups.values()].sort((a, b) => rank(b) - rank(a))) {
      const all = [...group.held, ...group.fresh]
      const { personId, channel } = all[0]!
      const way = personId === null ? null : limitOf(channel, world.channels)
      const isFree = way === null || (!used.has(`${personId} ${way}`) && this.#limits.freeAt(personId!, way, now) <= now)
      if (isFree && way !== null) used.add(`${personId} ${way}`)
      if (isFree && all.length === 1 && group.held.length === 0) recorded.push(all[0]!)
      else recorded.push(...group.fresh.map((entry) => ({ ...entry, held: true })), ...(isFree ? [bundleOf(all)] : []))
    }
    return recorded
  }

  /** When something held may leave. */
  nextAt(now: number): number {
    let next = Infinity
    for (const { entry, state, bundle } of this.#dues.values()) {
      if (state !== 'held' || bundle !== null) continue
      const way = entry.personId === null ? null : this.#limitOf(entry.channel)
      next = Math.min(next, way === null ? now : this.#limits.freeAt(entry.personId!, way, now))
    }
    return next
  }

  /** Forgets what nobody will ask for. */
  prune(now: number, isOpen: (alarmId: string) => boolean): void {
    for (const [id, { entry, state, at, answered }] of this.#dues) {
      const wantsAnswer = (entry.message === 'test' || entry.message === 'roll-call') && !answered
      const isKept = wantsAnswer ? now - at < UNANSWERED_KEPT_MS : now - at < KEPT_MS || state === 'owed' || state === 'held'
      if (isKept || (entry.alarmId !== null && isOpen(entry.alarmId)) || entry.of?.some((part) => this.#dues.has(part))) continue
      this.#dues.delete(id)
      if (entry.alarmId === null) continue
      const mine = this.#byAlarm.get(entry.alarmId)
      mine?.delete(id)
      if (mine?.size === 0) {
        this.#byAlarm.delete(entry.alarmId)
        this.#told.delete(entry.alarmId)
      }
    }
  }

  oldestPos(): number | null {
    let oldest: number | null = null
    for (const { pos } of this.#dues.values()) if (oldest === null || pos < oldest) oldest = pos
    return oldest
  }

  #partsOf({ entry }: Due): Due[] {
    return (entry.of ?? []).map((id) => this.#dues.get(id)).filter((one) => one !== undefined)
  }

  #tell({ entry }: Due): void {
    const { alarmId, personId, channel, round, first, asked, enterpriseId, level, alarmVersion } = entry
    if (alarmId === null || !isAboutAlarm(entry)) return
    const told = this.#told.get(alarmId) ?? new Map<string, Told>()
    const one = { personId, channel, round, enterpriseId, level, alarmVersion, ...(first && { first }), ...(asked && { asked }) }
    told.set(`${personId} ${channel}`, one)
    this.#told.set(alarmId, told)
  }

  #heard(alarmId: string, { personId, channel }: PushDueEntry): void {
    const told = this.#told.get(alarmId)
    for (const [key, one] of told ?? []) {
      const isSame = one.channel === channel || (personId !== null && this.#limitOf(one.channel) === 'voice')
      if (one.personId === personId && isSame) told!.delete(key)
    }
  }

  /** Nobody's phone rings to say that there is nothing left to do, unless there is no other way. */
  #writtenTo(personId: string | null, world: World): string | null {
    const contact = personId === null ? undefined : world.people.get(personId)
    if (!contact) return null
    const step = { id: '', afterMs: 0, to: { duty: 'duty1' }, channels: ['sms'], otherwise: ['mail', 'voice'] } as const
    return (
      waysTo(contact, { ...step, channels: [...step.channels], otherwise: [...step.otherwise] }, world.channels)[0]?.channel ??
      null
    )
  }

  #offIfEmpty(due: Due): void {
    if (due.entry.of && due.state === 'owed' && this.contents(due).length === 0) due.state = 'off'
  }
}

/** The call still wants this message to leave: what somebody asked for also where the alarm has been taken. */
export const stands = ({ phase, round }: Call, { round: of, asked }: PushDueEntry): boolean =>
  round === of && (phase === 'climbing' || phase === 'overdue' || (phase === 'waiting' && asked === true))

function bundleOf(all: PushDueEntry[]): PushDueEntry {
  const [first] = all
  const worst = all.reduce((a, b) => ((b.level ? severity[b.level] : 0) > (a.level ? severity[a.level] : 0) ? b : a))
  const { personId, channel, enterpriseId } = first!
  return {
    kind: 'push.due',
    id: `b.${first!.id}`,
    message: 'summary',
    alarmId: null,
    alarmVersion: 0,
    round: first!.round,
    step: 'bundle',
    personId,
    channel,
    otherwise: [],
    enterpriseId,
    level: worst.level,
    of: all.map(({ id }) => id),
  }
}

const furthest = (a: Receipt, b: Receipt): Receipt => (receipts.indexOf(a) >= receipts.indexOf(b) ? a : b)
