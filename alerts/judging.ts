import { worried, worry } from '../core/part-words.ts'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { AlarmBook, AlarmQuery, RuleTypeForm, RuleWarning, TimelineItem } from '../core/alarm-book.ts'
import type { Alarm } from '../core/alarm.ts'
import type { FalseAlarmsOfPoint } from '../core/case.ts'
import { Unavailable } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { PartStatus } from '../core/part.ts'
import type { StateAt } from '../core/state.ts'
import { windowEntryKinds } from '../core/window.ts'
import { readRecordEntry, recordDraft } from '../journal/codec.ts'
import type { Batch, Entry, Follower, Journal } from '../journal/journal.ts'
import { ChangeWriter } from './change-writer.ts'
import { Engine } from './engine.ts'
import { Learning } from './learning.ts'
import type { Emission } from './open-alarms.ts'
import { PackKeeper } from './pack-keeper.ts'
import { warningsAbout } from './rule-checks.ts'
import { isReady, readRule } from './rulebook.ts'
import { ruleTypes } from './rules/index.ts'
import { faultAlarms } from './rule-faults.ts'
import { StateDb, isDiskTrouble } from './state-db.ts'

export type JudgingConfig = { dataDir: string; packsDir: string | null }
type Parts = { config: JudgingConfig; journal: Journal; log: Log; openState?: (file: string) => StateDb }

const SAVE_EVERY_MS = 5_000
const SAVE_EVERY_ENTRIES = 5_000
/** A save waits for decisions to be on disk; so long it lets them pass first. */
const SAVE_AT_LEAST_MS = 30_000
const CATCH_UP_MS = 2_000
const RETRY_MS = 1_000
const shippedPacks = fileURLToPath(new URL('packs/', import.meta.url))

/** The journal followed by the engine, its decisions recorded, and what was recorded kept ready for questions. */
export class Judging {
  #journal: Journal
  #log: Log
  #openState: () => StateDb
  #db: StateDb
  #engine = new Engine()
  #learning = new Learning()
  #writer: ChangeWriter
  #packs: PackKeeper
  #follower: Follower | null = null
  #processed: number
  #saved: number
  #savedAt: number
  #sinceSave = 0
  #waiting = new Set<{ pos: number; done: () => void }>()
  #started: Promise<void>
  #changes = 0
  /** keys of decisions recorded long ago, while everything is judged anew */
  #recorded = new Set<string>()
  /** why state.db cannot be used just now */
  #trouble: string | null = null
  #recovery: Promise<void> = Promise.resolve()
  #isStopping = false
  #stopping = Promise.withResolvers<void>()

  constructor({ config, journal, log, openState = (file) => new StateDb(file) }: Parts) {
    this.#journal = journal
    this.#log = log
    mkdirSync(config.dataDir, { recursive: true })
    this.#openState = () => openState(join(config.dataDir, 'state.db'))
    this.#db = this.#openState()
    this.#writer = new ChangeWriter(journal)
    this.#packs = new PackKeeper({
      dirs: config.packsDir === null ? [shippedPacks] : [shippedPacks, config.packsDir],
      clock: journal.clock,
      log,
      rows: () => this.#engine.rulebook.rows(),
      record: (entries) => this.#record(entries.map(({ entry, key }) => recordDraft(entry, key))),
    })
    this.#processed = this.#saved = this.#db.cursor()
    this.#savedAt = journal.clock.now()
    this.#started = this.#start()
    // Whoever asks for the state hears of a failure; here it only must not go unhandled.
    this.#started.catch((error: Error) => log.error('alarms could not start', { reason: error.message }))
  }

  /** What is known once everything recorded before the start has been judged and the packs are in force. */
  async state(): Promise<StateAt> {
    await this.#started
    const { registry, series, fences } = this.#engine.directory
    const known = {
      rows: [...registry.rows()],
      series: series.all(),
      windows: this.#engine.windows.all(),
      fences: [...fences.all()],
    }
    return { pos: this.#processed, ...known, openAlarms: this.#db.openAlarms() }
  }

  async alarms(query: AlarmQuery, through: number): Promise<{ alarms: Alarm[]; next?: string }> {
    await this.#reach(through)
    return this.#db.alarms(query)
  }

  async alarm(id: string, through: number): Promise<Alarm | null> {
    await this.#reach(through)
    return this.#db.alarm(id)
  }

  async timeline(id: string, through: number): Promise<TimelineItem[]> {
    await this.#reach(through)
    return this.#db.timeline(id)
  }

  /** From the engine, which knows which they are; as the record has them. */
  async openCases(through: number): Promise<Alarm[]> {
    await this.#reach(through)
    const ids = this.#engine.alarms.endedWithOpenCase().map(({ id }) => id)
    return ids.flatMap((id) => this.#db.alarm(id) ?? []).sort((a, b) => a.raisedAt - b.raisedAt)
  }

  async falseAlarms(point: Parameters<StateDb['falseAlarms']>[0], at: number, through: number): Promise<FalseAlarmsOfPoint> {
    await this.#reach(through)
    return this.#db.falseAlarms(point, at)
  }

  async falseAlarmPoints(mode: string, at: number, through: number): ReturnType<NonNullable<AlarmBook['falseAlarmPoints']>> {
    await this.#reach(through)
    return this.#db.falseAlarmPoints(mode, at)
  }

  async rules(through: number): ReturnType<AlarmBook['rules']> {
    await this.#reach(through)
    const rows = this.#engine.rulebook.rows().toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const rules = rows.flatMap(({ rule, pack }) => {
      if (!rule) return []
      const read = readRule(rule, pack === rule ? null : pack)
      return [isReady(read) ? read.rule : rule]
    })
    const cannotRun = [...this.#engine.rulebook.faults].map(([id, { path, message }]) => ({
      file: `rule ${id}`,
      line: null,
      reason: `${path}: ${message}`,
      since: 0,
    }))
    const { rulebook, directory } = this.#engine
    const warnings = warningsAbout(rulebook.rows(), [...directory.fences.all()])
    const learning = this.#learning.report(rulebook, directory.series)
    return { rules, faults: [...this.#packs.faults, ...cannotRun], warnings, learning }
  }

  checkRule(rule: unknown): { message: string; path: string } | null {
    const id = (rule as { id?: unknown } | null)?.id
    const pack = typeof id === 'string' ? (this.#engine.rulebook.row(id)?.pack ?? null) : null
    const given = rule !== null && typeof rule === 'object' ? { ...rule, origin: 'person' } : rule
    const read = readRule(given, pack)
    return isReady(read) ? null : read
  }

  warningsIf(given: unknown): RuleWarning[] {
    const { id } = given as { id: string }
    const rows = this.#engine.rulebook.rows()
    const pack = this.#engine.rulebook.row(id)?.pack ?? null
    const read = readRule({ ...(given as object), origin: 'person' }, pack)
    if (!isReady(read)) return []
    const others = rows.filter((row) => row.id !== id)
    const fences = [...this.#engine.directory.fences.all()]
    return warningsAbout([...others, { rule: read.rule, pack }], fences).filter(
      ({ ruleId, message }) => ruleId === id || message.startsWith(`${id} `),
    )
  }

  ruleTypes(): RuleTypeForm[] {
    return ruleTypes.map(({ name, over, options }) => ({ name, over, options: JSON.parse(JSON.stringify(options)) as object }))
  }

  status(): PartStatus {
    const { readings, slow, late, resent, standing, stray } = this.#engine.figures
    const figures = {
      watchfire_alerts_readings_total: readings,
      watchfire_alerts_readings_not_quiet_total: slow,
      watchfire_alerts_readings_late_total: late,
      watchfire_alerts_readings_resent_total: resent,
      watchfire_alerts_readings_standing_clock_total: standing,
      watchfire_alerts_readings_stray_total: stray,
      watchfire_alerts_changes_total: this.#changes,
      watchfire_alerts_changes_pending: this.#writer.pending,
      watchfire_alerts_behind: Math.max(0, this.#journal.head() - this.#processed),
      watchfire_alarms_open: this.#trouble === null ? this.#engine.alarms.size : 0,
    }
    if (this.#trouble !== null)
      return { name: 'alerts', state: 'down', ...worried(worry('state-unwritable', { reason: this.#trouble })), figures }
    const faults = this.#packs.faults.length + this.#engine.rulebook.faults.size
    if (faults === 0) return { name: 'alerts', state: 'ok', figures }
    const [first] = this.#packs.faults
    const says = first
      ? worry('pack-refused', { file: first.file, line: first.line ?? '', reason: first.reason })
      : worry('rules-cannot-run', { n: faults })
    const alarms = faultAlarms(this.#packs.faults, this.#engine.rulebook.faults)
    return { name: 'alerts', state: 'degraded', ...worried(says), figures, alarms }
  }

  /** Where the last save stood: the outbox keeps its place here too. */
  pushCursor(): number | null {
    return this.#db.pushCursor()
  }

  /** An older place sends nothing twice, so while state.db cannot be written it stays where it is until the next time. */
  setPushCursor(pos: number): void {
    if (this.#trouble !== null) return
    try {
      this.#db.setPushCursor(pos)
    } catch (error) {
      if (!isDiskTrouble(error)) throw error
      // SQLite may have rolled the whole transaction back.
      this.#recovery = this.#recover(error)
    }
  }

  async stop(): Promise<void> {
    this.#packs.stop()
    this.#isStopping = true
    this.#stopping.resolve()
    await this.#follower?.stop()
    await this.#recovery
    // On a disk that takes nothing there is no waiting: what is not recorded is decided again after the next start.
    await Promise.race([this.#writer.flushed(), new Promise((resolve) => setTimeout(resolve, 2_000).unref())])
    if (this.#writer.pending === 0 && this.#trouble === null) this.#save()
    this.#writer.stop()
    if (this.#trouble === null) this.#db.close()
  }

  async #start(): Promise<void> {
    this.#load()
    const head = this.#journal.head()
    if (this.#processed === 1) await this.#rememberKeys()
    this.#follow()
    await this.#reach(head, Infinity)
    this.#recorded.clear()
    await this.#packs.start()
  }

  /** Without a state.db the whole journal is judged again, further back than the journal itself remembers keys. */
  async #rememberKeys(): Promise<void> {
    for (const { key } of await this.#journal.readRecord(1, ['alarm.changed', 'action.refused', ...windowEntryKinds])) {
      if (key !== null) this.#recorded.add(key)
    }
  }

  /** Engine and place as they were last saved. */
  #load(): void {
    const saved = this.#db.load()
    this.#engine = new Engine()
    this.#engine.directory.load(saved.rows, saved.series, saved.fences)
    this.#engine.rulebook.restore(saved.rules)
    if (saved.engine) this.#engine.restore(saved.engine)
    this.#learning = new Learning()
    if (saved.engine) this.#learning.note(saved.engine.series, this.#engine.rulebook)
    this.#processed = this.#saved = this.#db.cursor()
  }

  #follow(): void {
    this.#follower = this.#journal.follow('alerts', this.#processed, async (batch) => {
      if (this.#trouble !== null) return
      try {
        await this.#handle(batch)
      } catch (error) {
        if (!isDiskTrouble(error)) throw error
        this.#recovery = this.#recover(error)
      }
    })
  }

  /**
   * state.db could not be written. As after a kill: go back to what was last saved and decide again from there; the keys of the
   * decisions keep the record as it is. Until the disk is well again, questions are told to come later.
   */
  async #recover(error: Error): Promise<void> {
    this.#trouble = error.message
    this.#processed = -1
    this.#log.error('state.db cannot be written', { reason: error.message })
    // Not awaited: this runs inside the batch the follower would wait for.
    void this.#follower?.stop()
    this.#db.close()
    for (;;) {
      await Promise.race([pause(RETRY_MS), this.#stopping.promise])
      if (this.#isStopping) return
      try {
        this.#db = this.#openState()
        this.#load()
        break
      } catch (again) {
        if (!isDiskTrouble(again)) throw again
        this.#trouble = again.message
      }
    }
    this.#trouble = null
    this.#savedAt = this.#journal.clock.now()
    this.#log.info('state.db can be written again', {})
    this.#follow()
  }

  async #handle(batch: Batch): Promise<void> {
    for (const entry of batch.entries) {
      this.#engine.apply(entry)
      this.#db.note(entry)
      if (entry.kind === 'rule.set' || entry.kind === 'rule.removed') this.#ruleChanged(entry)
    }
    this.#engine.advance(batch.clock)
    this.#recordDecisions()
    this.#processed = batch.next
    this.#sinceSave += batch.entries.length
    for (const one of this.#waiting) if (one.pos <= this.#processed) one.done()
    await this.#saveIfDue()
  }

  #ruleChanged(entry: Entry): void {
    const change = readRecordEntry(entry)
    if (change.kind !== 'rule.set' && change.kind !== 'rule.removed') return
    const row = this.#engine.rulebook.row(change.kind === 'rule.set' ? change.rule.id : change.ruleId)
    if (!row) return
    this.#db.noteRule(row)
    if (row.fellBack) this.#packs.restate(row)
  }

  #recordDecisions(): void {
    const decisions = this.#engine.take().filter(({ key }) => !this.#recorded.has(key))
    if (decisions.length === 0) return
    this.#changes += decisions.length
    this.#sinceSave += decisions.length
    this.#writer.add(decisions.map((one) => recordDraft(this.#withCurrent(one), one.key)))
  }

  /** A refusal shows the alarm as it is; one that is over the engine no longer holds. */
  #withCurrent({ entry }: Emission): Emission['entry'] {
    if (entry.kind !== 'action.refused' || entry.current) return entry
    return { ...entry, current: this.#db.alarm(entry.alarmId) }
  }

  async #saveIfDue(): Promise<void> {
    const waited = this.#journal.clock.now() - this.#savedAt
    if (this.#sinceSave === 0 || (waited < SAVE_EVERY_MS && this.#sinceSave < SAVE_EVERY_ENTRIES)) return
    if (this.#writer.pending > 0 && waited < SAVE_AT_LEAST_MS) return
    await Promise.race([this.#writer.flushed(), this.#stopping.promise])
    if (this.#writer.pending === 0 && this.#trouble === null) this.#save()
  }

  /** Engine, projections and cursor of one moment; everything the engine decided until then is in the record. */
  #save(): void {
    const state = this.#engine.takeState()
    this.#db.save(this.#processed, state)
    this.#learning.note(state.series, this.#engine.rulebook)
    this.#saved = this.#processed
    this.#savedAt = this.#journal.clock.now()
    this.#sinceSave = 0
    this.#follower?.release(this.#saved)
  }

  async #record(drafts: Parameters<Journal['append']>[0]): Promise<void> {
    const positions = await this.#journal.append(drafts)
    await this.#reach(Math.max(...positions) + 1, Infinity)
  }

  /** Everything below `pos` has been judged and noted. */
  #reach(pos: number, withinMs = CATCH_UP_MS): Promise<void> {
    if (this.#processed >= pos) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settled = (settle: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(waiter)
        settle()
      }
      const late = () => {
        const facts = { pos, at: this.#processed }
        settled(() => reject(new Unavailable('catching-up', 'alarms are catching up with what was recorded', facts)))
      }
      const waiter = { pos, done: () => settled(resolve) }
      const timer = withinMs === Infinity ? undefined : setTimeout(late, withinMs)
      this.#waiting.add(waiter)
    })
  }
}
