import { worried, worry } from '../../core/part-words.ts'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Unavailable } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Mode } from '../../core/mode.ts'
import type { PartStatus } from '../../core/part.ts'
import { recordDraft } from '../../journal/codec.ts'
import type { Batch, Follower, Journal } from '../../journal/journal.ts'
import { ChangeWriter } from '../change-writer.ts'
import { isDiskTrouble } from '../state-db.ts'
import { configurationEntries } from './configuration.ts'
import { MeasuresDb } from './measures-db.ts'
import { Projection, recordKinds } from './projection.ts'

export type MeasuringConfig = { dataDir: string; mode: Mode; zone: string }
type Parts = { config: MeasuringConfig; journal: Journal; log: Log; openDb?: (file: string) => MeasuresDb }

const SAVE_EVERY_MS = 20_000
const CATCH_UP_MS = 2_000
const RETRY_MS = 1_000

/** The journal followed by the projection behind risk, rates and the alarm-system report; what risk becomes is recorded. */
export class Measuring {
  projection!: Projection
  #config: MeasuringConfig
  #journal: Journal
  #log: Log
  #openDb: () => MeasuresDb
  #writer: ChangeWriter
  #follower: Follower | null = null
  #processed = 1
  #savedAt: number
  #unsaved = false
  #changes = 0
  #waiting = new Set<{ pos: number; done: () => void }>()
  /** why measures.db cannot be used just now */
  #trouble: string | null = null
  #recovery: Promise<void> = Promise.resolve()
  #isStopping = false
  #stopping = Promise.withResolvers<void>()
  readonly started: Promise<void>

  constructor({ config, journal, log, openDb = (file) => new MeasuresDb(file) }: Parts) {
    this.#config = config
    this.#journal = journal
    this.#log = log
    mkdirSync(config.dataDir, { recursive: true })
    this.#openDb = () => openDb(join(config.dataDir, 'measures.db'))
    this.#writer = new ChangeWriter(journal)
    this.#savedAt = journal.clock.now()
    this.#load()
    this.started = this.#start()
    this.started.catch((error: Error) => log.error('risk and rates could not start', { reason: error.message }))
  }

  /** Everything recorded below `pos` is in; raises `catching-up` when it takes too long. */
  reach(pos: number, withinMs = CATCH_UP_MS): Promise<void> {
    if (this.#processed >= pos) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settled = (settle: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(waiter)
        settle()
      }
      const facts = { pos, at: this.#processed }
      const late = () => reject(new Unavailable('catching-up', 'risk and rates are catching up with what was recorded', facts))
      const waiter = { pos, done: () => settled(resolve) }
      const timer = withinMs === Infinity ? undefined : setTimeout(() => settled(late), withinMs)
      this.#waiting.add(waiter)
    })
  }

  get now(): number {
    return this.#journal.clock.now()
  }

  status(): PartStatus {
    const figures = {
      watchfire_risk_changes_total: this.#changes,
      watchfire_measures_behind: Math.max(0, this.#journal.head() - this.#processed),
    }
    if (this.#trouble === null) return { name: 'measures', state: 'ok', figures }
    // Nothing is lost meanwhile: the journal keeps it. So the platform goes on, and says so.
    return { name: 'measures', state: 'degraded', ...worried(worry('measures-unwritable', { reason: this.#trouble })), figures }
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#stopping.resolve()
    await this.#follower?.stop()
    await this.#recovery
    await Promise.race([this.#writer.flushed(), pause(2_000)])
    if (this.#writer.pending === 0 && this.#trouble === null) this.#save()
    this.#writer.stop()
    if (this.#trouble === null) this.projection.db.close()
  }

  #load(): void {
    const db = this.#openDb()
    this.projection = new Projection(db, this.#config.mode, this.#config.zone)
    this.#processed = db.meta<number>('cursor') ?? 1
  }

  async #start(): Promise<void> {
    if (this.projection.isEmpty) await this.#fromRecord()
    const head = this.#journal.head()
    this.#follow()
    await this.reach(head, Infinity)
    const drafts = configurationEntries(this.projection.db).map((entry) => recordDraft(entry))
    if (drafts.length === 0) return
    const positions = await this.#journal.append(drafts)
    await this.reach(positions.at(-1)! + 1, Infinity)
  }

  /** Readings older than the journal's tail are gone, the record is not: what it tells is taken in first. */
  async #fromRecord(): Promise<void> {
    const tail = this.#journal.tail()
    const recorded = await this.#journal.readRecord(1, ['risk.changed'])
    this.projection.rememberRisk(recorded)
    if (tail > 1) {
      for (const entry of await this.#journal.readRecord(1, recordKinds)) if (entry.pos < tail) this.projection.learn(entry)
    }
    this.#processed = Math.max(1, tail)
  }

  #follow(): void {
    this.#follower = this.#journal.follow('measures', this.#processed, async (batch) => {
      if (this.#trouble !== null) return
      try {
        await this.#handle(batch)
      } catch (error) {
        if (!isDiskTrouble(error)) throw error
        this.#recovery = this.#recover(error)
      }
    })
  }

  async #handle(batch: Batch): Promise<void> {
    for (const entry of batch.entries) this.projection.apply(entry)
    this.projection.advance(batch.clock)
    const decisions = this.projection.take()
    this.#changes += decisions.length
    this.#writer.add(decisions.map(({ key, decision }) => recordDraft({ kind: 'risk.changed', ...decision }, key)))
    this.#processed = batch.next
    this.#unsaved ||= batch.entries.length > 0
    for (const one of this.#waiting) if (one.pos <= this.#processed) one.done()
    if (!this.#unsaved || this.#journal.clock.now() - this.#savedAt < SAVE_EVERY_MS) return
    // What it decided must be in the record before it forgets that it has yet to say so.
    await Promise.race([this.#writer.flushed(), this.#stopping.promise])
    if (this.#writer.pending === 0 && this.#trouble === null) this.#save()
  }

  #save(): void {
    this.projection.save()
    this.projection.db.setMeta('cursor', this.#processed)
    this.projection.db.commit()
    this.#savedAt = this.#journal.clock.now()
    this.#unsaved = false
    this.#follower?.release(this.#processed)
  }

  /** measures.db could not be written: as after a kill, go back to what was last saved and count again from there. */
  async #recover(error: Error): Promise<void> {
    this.#trouble = error.message
    this.#processed = -1
    this.#log.error('measures.db cannot be written', { reason: error.message })
    // Not awaited: this runs inside the batch the follower would wait for.
    void this.#follower?.stop()
    this.projection.db.close()
    for (;;) {
      await Promise.race([pause(RETRY_MS), this.#stopping.promise])
      if (this.#isStopping) return
      try {
        this.#load()
        break
      } catch (again) {
        if (!isDiskTrouble(again)) throw again
        this.#trouble = again.message
      }
    }
    this.#trouble = null
    this.#savedAt = this.#journal.clock.now()
    this.#log.info('measures.db can be written again', {})
    this.#follow()
  }
}
