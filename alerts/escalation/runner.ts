import { escalationSays } from './escalation-says.ts'
import { NotFound, PlatformError } from '../../core/errors.ts'
import type { PeopleDoor } from '../../core/contact.ts'
import type { Log } from '../../core/log.ts'
import type { Mode } from '../../core/mode.ts'
import type { Part, PartStatus } from '../../core/part.ts'
import type { RecordEntry, RecordKind } from '../../core/record.ts'
import { readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { Directory } from '../../journal/directory.ts'
import type { Batch, Entry, Follower, Journal } from '../../journal/journal.ts'
import { ChannelMisconfigured, DeliveryFailed, DeliveryRefused } from '../channels/index.ts'
import { retryDelayMs } from '../push-queue.ts'
import type { ChannelBook } from '../push/channel-book.ts'
import { readCode } from './answer-code.ts'
import type { Due } from './dues.ts'
import { resultOf, type Decision } from './entries.ts'
import { Escalation } from './escalation.ts'
import { draftReports } from './report.ts'
import { messageOf } from './texts.ts'
import { covers } from './wanted.ts'
import { APP, type World } from './whom.ts'

export type RunnerParts = {
  journal: Journal
  channels: Pick<ChannelBook, 'send' | 'facts'>
  people: PeopleDoor
  log: Log
  config: { mode: Mode; zone: string; publicUrl: string | null; codeSecret: string }
  /** where reading has to begin for everything that is still open; noted again as it moves */
  from: Promise<number>
  noteFrom: (pos: number) => void
  /** resolves when what was recorded before the start has been judged: nobody is called about what is long taken */
  judged: Promise<unknown>
  random?: () => number
}

const standing: RecordKind[] = ['roster.set', 'ladder.set', 'registry.changed', 'user.changed']
const happening: RecordKind[] = [
  ...(['alarm.changed', 'action', 'ladder.step', 'ladder.asked', 'alarm.reported'] as const),
  ...(['push.due', 'push.sent', 'push.failed', 'push.refused'] as const),
  ...(['push.receipt', 'push.answered', 'push.code-wrong', 'roll-call.ended', 'platform.started'] as const),
]
const heard: ReadonlySet<string> = new Set([...standing, ...happening])

/** Of one channel: one that hangs holds up no other, and one that bundles has something to bundle. */
const AT_ONCE = 16
const LONGEST_SLEEP_MS = 60_000
const NOTE_EVERY_MS = 10_000
/** A way that did not work so often is left for the next one of that person. */
const TRIES_BEFORE_NEXT_WAY = 2

/**
 * From a recorded alarm to a message that reaches a person, until somebody acts. Decisions are in the record before anything leaves;
 * what has no result there leaves again under the same id.
 */
export class EscalationRunner implements Part {
  readonly machine: Escalation
  readonly directory = new Directory()
  #parts: RunnerParts
  #follower: Follower | null = null
  #applied = 0
  #waiting: { pos: number; done: () => void }[] = []
  #underway = new Map<string, { stop: AbortController; done: Promise<void>; channel: string }>()
  #tries = new Map<string, { attempts: number; dueAt: number }>()
  #turning: Promise<void> | null = null
  #again = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #ready = false
  #notedAt = 0
  #counts = { sent: 0, failed: 0, refused: 0, decided: 0 }
  #trouble: string | null = null
  readonly started: Promise<void>

  constructor(parts: RunnerParts) {
    this.#parts = parts
    const { mode, zone } = parts.config
    this.machine = new Escalation(mode, zone, parts.channels.facts())
    this.started = this.#start()
    this.started.catch((error: Error) => parts.log.error('escalation could not start', { reason: error.message }))
  }

  get hasChannels(): boolean {
    return this.#parts.channels.facts().length > 0
  }

  status(): PartStatus {
    const now = this.#parts.journal.clock.now()
    const alarms = this.hasChannels && this.#ready ? this.machine.alarms(now) : []
    const figures = {
      watchfire_escalation_climbing: this.machine.climbing,
      watchfire_escalation_owed: this.machine.dues.owed().length,
      watchfire_escalation_decided_total: this.#counts.decided,
      watchfire_escalation_sent_total: this.#counts.sent,
      watchfire_escalation_failed_attempts_total: this.#counts.failed,
      watchfire_escalation_refused_total: this.#counts.refused,
    }
    if (alarms.length === 0 && this.#trouble === null) return { name: 'escalation', state: 'ok', figures, alarms }
    return { name: 'escalation', state: 'degraded', ...escalationSays(alarms, this.#trouble), figures, alarms }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.started.catch(() => undefined)
    await this.#follower?.stop()
    for (const { done } of this.#waiting.splice(0)) done()
    for (const { stop } of this.#underway.values()) stop.abort()
    const busy = [...this.#underway.values()].map(({ done }) => done)
    await Promise.race([
      Promise.allSettled([...busy, this.#turning]),
      new Promise((resolve) => setTimeout(resolve, 2_000).unref()),
    ])
  }

  /** What is in the record so far is known. */
  caughtUp(): Promise<void> {
    return this.#reached(this.#parts.journal.head() - 1)
  }

  /** Writes into the record and waits until the machine knows. */
  async write(entries: { entry: RecordEntry; key?: string }[]): Promise<void> {
    const positions = await this.#append(entries)
    await this.#reached(Math.max(...positions))
    this.#turn()
  }

  /** Contacts just now, for who decides outside of a turn. */
  async world(people: string[], enterprises: string[]): Promise<World> {
    const { people: book, channels } = this.#parts
    const [known, ...contacts] = await Promise.all([
      book.contacts(people),
      ...enterprises.map((id) => book.enterpriseContacts(id)),
    ])
    return {
      people: new Map(known.map((one) => [one.personId, one])),
      enterprises: new Map(enterprises.map((id, i) => [id, contacts[i] ?? []])),
      channels: channels.facts(),
    }
  }

  async #start(): Promise<void> {
    const { journal, from, judged, log } = this.#parts
    const head = journal.head()
    const entries = [...(await journal.readRecord(1, standing)), ...(await journal.readRecord(await from, happening))]
    entries.sort((a, b) => a.pos - b.pos)
    for (const entry of entries) if (entry.pos < head) this.#apply(entry)
    this.#applied = head
    if (this.#stopped) return
    this.#follower = journal.follow('escalation', head, (batch) => this.#take(batch))
    judged.then(
      async () => {
        await this.#reached(journal.head() - 1)
        this.#ready = true
        this.#turn()
      },
      (error: Error) => log.error('escalation waits for the alarms', { reason: error.message }),
    )
  }

  #take(batch: Batch): void {
    let isNews = false
    for (const entry of batch.entries) {
      if (!heard.has(entry.kind)) continue
      this.#apply(entry)
      isNews = true
    }
    this.#applied = batch.next
    this.#follower?.release(batch.next)
    const due = this.#waiting.filter(({ pos }) => pos < this.#applied)
    this.#waiting = this.#waiting.filter(({ pos }) => pos >= this.#applied)
    for (const { done } of due) done()
    if (isNews) this.#turn()
  }

  #apply(entry: Entry): void {
    this.directory.apply(entry)
    this.machine.apply(readRecordEntry(entry), entry.pos, entry.receivedAt)
  }

  #reached(pos: number): Promise<void> {
    if (pos < this.#applied || this.#stopped) return Promise.resolve()
    return new Promise((done) => this.#waiting.push({ pos, done }))
  }

  /** One turn at a time; what happens meanwhile calls for another. */
  #turn(): void {
    this.#again = true
    if (this.#turning || !this.#ready || this.#stopped) return
    clearTimeout(this.#timer)
    this.#turning = this.#turns().finally(() => {
      this.#turning = null
      if (this.#again) this.#turn()
      else this.#sleep()
    })
  }

  async #turns(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      try {
        if (await this.#decide()) this.#again = true
        await this.#oweActions()
        this.#trouble = null
      } catch (error) {
        // People or disk do not answer: it is tried again, and said meanwhile.
        this.#trouble = error instanceof Error ? error.message : 'unknown'
        this.#parts.log.error('escalation cannot go on', { reason: this.#trouble })
        this.#again = false
      }
      this.#send()
      this.#noteFrom()
    }
  }

  async #decide(): Promise<boolean> {
    if (!this.hasChannels) return this.machine.forgetTaken()
    const now = this.#parts.journal.clock.now()
    let asked = this.machine.wanted(now)
    for (;;) {
      const world = await this.world(asked.people, asked.enterprises)
      const { journal, config } = this.#parts
      world.reports = await draftReports(asked.reports, (id) => this.machine.alarm(id), journal, {
        ...config,
        registry: this.directory.registry,
      })
      const known = asked
      asked = this.machine.wanted(now)
      // What came meanwhile may be about others: nobody is out of reach for not having been asked for.
      if (!covers(known, asked)) continue
      return this.#recordDecisions(this.machine.decide(now, world))
    }
  }

  async #recordDecisions(decisions: Decision[]): Promise<boolean> {
    if (decisions.length === 0) return false
    this.#counts.decided += decisions.length
    await this.#reached(Math.max(...(await this.#append(decisions))))
    return true
  }

  /** Keys pressed become actions by who was called; an enterprise's is only shown. */
  async #oweActions(): Promise<void> {
    const owed = this.machine.dues.owedActions()
    for (const { key, alarmId, version, by } of owed) {
      if (this.machine.isEnterprisePerson(by)) {
        this.machine.dues.acted(key)
        continue
      }
      const action = { kind: 'action', alarmId, action: 'acknowledge', version, by, comment: null, idempotencyKey: key } as const
      await this.#reached(Math.max(...(await this.#append([{ entry: action, key: `act/${key}` }]))))
    }
    for (const personId of this.machine.dues.arming()) {
      try {
        await this.#parts.people.arm(personId)
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== 'not-found') throw error
      }
      this.machine.dues.armed(personId)
    }
  }

  #send(): void {
    const now = this.#parts.journal.clock.now()
    const { dues } = this.machine
    const busy = new Map<string, number>()
    for (const [id, { stop, channel }] of this.#underway) {
      busy.set(channel, (busy.get(channel) ?? 0) + 1)
      if (dues.get(id)?.state === 'off') stop.abort()
    }
    for (const id of this.#tries.keys()) if (dues.get(id)?.state !== 'owed') this.#tries.delete(id)
    for (const due of dues.owed()) {
      const { id, channel } = due.entry
      if ((busy.get(channel) ?? 0) >= AT_ONCE) continue
      if (this.#underway.has(id) || (this.#tries.get(id)?.dueAt ?? 0) > now) continue
      const stop = new AbortController()
      const done = this.#attempt(due, stop.signal).finally(() => {
        this.#underway.delete(id)
        this.#turn()
      })
      this.#underway.set(id, { stop, done, channel })
      busy.set(channel, (busy.get(channel) ?? 0) + 1)
    }
  }

  async #attempt(due: Due, signal: AbortSignal): Promise<void> {
    const { entry } = due
    const attempt = (this.#tries.get(entry.id)?.attempts ?? 0) + 1
    const result = resultOf(entry, attempt)
    try {
      if (entry.channel === APP)
        return await this.#settle({ ...result, kind: 'push.sent', detail: 'shown on the pages', receipt: null }, entry.id)
      const message = await this.#message(due)
      signal.throwIfAborted()
      const sent = await this.#parts.channels.send(entry.channel, message, signal)
      this.#counts.sent++
      const { receipt, detail, providerId } = sent
      await this.#settle(
        { ...result, kind: 'push.sent', detail, receipt, ...(providerId !== undefined && { providerId }) },
        entry.id,
      )
    } catch (error) {
      if (!this.#stopped) await this.#missed(due, attempt, error, signal)
    }
  }

  async #missed({ entry }: Due, attempt: number, error: unknown, signal: AbortSignal): Promise<void> {
    const { journal, channels, log } = this.#parts
    const result = resultOf(entry, attempt)
    const detail = error instanceof PlatformError ? error.message : signal.aborted ? 'called off' : 'a bug in the channel'
    const neverLeft = (error instanceof DeliveryFailed && error.details['sent'] === false) || !(error instanceof PlatformError)
    if (signal.aborted)
      return this.#settle({ ...result, kind: 'push.failed', detail: 'called off', isFinal: true, neverLeft }, entry.id)
    if (error instanceof DeliveryRefused || error instanceof NotFound) {
      this.#counts.refused++
      log.warn('push refused', { channel: entry.channel, step: entry.step, reason: detail })
      return this.#settle({ ...result, kind: 'push.refused', detail }, entry.id)
    }
    this.#counts.failed++
    if (!(error instanceof PlatformError)) log.error('push channel broke', { channel: entry.channel, reason: String(error) })
    const isOut = error instanceof ChannelMisconfigured
    const isFailing = channels.facts().find(({ name }) => name === entry.channel)?.state !== 'ok'
    const isLeft = entry.otherwise.length > 0 && (isOut || isFailing || attempt >= TRIES_BEFORE_NEXT_WAY)
    const failed = { ...result, kind: 'push.failed', detail, ...(isOut && { neverLeft: true }) } as const
    if (isLeft) return this.#settle({ ...failed, isFinal: true }, entry.id)
    const delay = retryDelayMs(attempt, (this.#parts.random ?? Math.random)())
    const after = error instanceof DeliveryFailed ? error.retryAfterMs : 0
    this.#tries.set(entry.id, { attempts: attempt, dueAt: journal.clock.now() + Math.max(delay, after) })
    if (attempt > 1) return
    log.warn('push failed and will be retried', { channel: entry.channel, step: entry.step, reason: detail })
    await this.#record(failed)
  }

  async #message(due: Due) {
    const { people, config, journal, channels } = this.#parts
    const { entry } = due
    const items = this.machine.dues.contents(due).map((one) => ({
      entry: one.entry,
      alarm: one.entry.alarmId === null ? null : (this.machine.alarm(one.entry.alarmId) ?? null),
      report: one.entry.message === 'report' ? this.machine.report(one.entry) : null,
    }))
    const byIds = items.flatMap(({ entry: { end } }) => end?.by ?? [])
    const [contact] = entry.personId === null ? [] : await people.contacts([entry.personId])
    const addressOf = channels.facts().find(({ name }) => name === entry.channel)?.addressOf ?? null
    const address = addressOf === null ? null : (contact?.addresses[addressOf] ?? null)
    if (addressOf !== null && address === null) throw new DeliveryRefused('this person has no such address any more')
    const names = byIds.length === 0 ? {} : await people.names(byIds)
    const { mode, zone, publicUrl, codeSecret } = config
    const code = readCode(codeSecret, entry.id)
    return messageOf(entry, items, journal.clock.now(), address, {
      mode,
      zone,
      publicUrl,
      names,
      code,
      registry: this.directory.registry,
    })
  }

  async #settle(entry: RecordEntry, id: string): Promise<void> {
    this.#tries.delete(id)
    await this.#record(entry, `done/${id}`)
  }

  async #record(entry: RecordEntry, key?: string): Promise<void> {
    await this.#reached(Math.max(...(await this.#append([{ entry, ...(key !== undefined && { key }) }]))))
  }

  /** A full buffer passes; what is not recorded has not happened. */
  async #append(entries: { entry: RecordEntry; key?: string }[]): Promise<number[]> {
    for (;;) {
      try {
        return await this.#parts.journal.append(entries.map(({ entry, key }) => recordDraft(entry, key)))
      } catch (error) {
        if (this.#stopped) throw error
        this.#parts.log.warn('escalation cannot write to the record yet', {
          reason: error instanceof Error ? error.message : 'unknown',
        })
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    }
  }

  #sleep(): void {
    if (this.#stopped || !this.#ready) return
    clearTimeout(this.#timer)
    const now = this.#parts.journal.clock.now()
    const retries = [...this.#tries.values()].map(({ dueAt }) => dueAt)
    const next = Math.min(this.#trouble === null ? (this.machine.nextAt(now) ?? Infinity) : now + 1_000, ...retries)
    const wait = this.hasChannels ? Math.min(Math.max(next - now, 20), LONGEST_SLEEP_MS) : LONGEST_SLEEP_MS
    this.#timer = setTimeout(() => this.#turn(), wait)
  }

  #noteFrom(): void {
    const now = this.#parts.journal.clock.now()
    if (now - this.#notedAt < NOTE_EVERY_MS) return
    this.#notedAt = now
    this.#parts.noteFrom(Math.min(this.machine.oldestPos() ?? this.#applied, this.#applied))
  }
}
