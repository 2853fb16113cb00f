import type { Mode } from '../../core/mode.ts'
import { dayOf, daySpan } from '../../core/local-time.ts'
import { readBlock } from '../../core/reading.ts'
import type { RecordEntry } from '../../core/record.ts'
import { Registry, type RegistryRow } from '../../core/registry.ts'
import { readQuarantined, readRecordEntry } from '../../journal/codec.ts'
import type { Entry } from '../../journal/journal.ts'
import { DueTimes } from '../due-times.ts'
import { noteAnnunciation } from '../report/annunciations.ts'
import { countsAs, openAlarm } from '../risk/alarm-weight.ts'
import { defaultWeights } from '../risk/default-weights.ts'
import { RiskBoard, type RiskDecision } from '../risk/risk-board.ts'
import type { KpiSetting, WeightsSetting } from './configuration.ts'
import { DeviceStates } from './device-states.ts'
import type { DayFacts, MeasuresDb } from './measures-db.ts'
import { tickAfter } from './ticks.ts'

/** What the record alone can tell of times whose readings are gone. */
export const recordKinds = [
  'registry.changed',
  'series.defined',
  'alarm.changed',
  'hazard.changed',
  'risk.changed',
  'risk.weights',
  'kpi.set',
]

type Head = {
  day: string
  lastAt: number
  advancedTo: number
  knownFrom: number | null
  devices: ReturnType<DeviceStates['save']>
  states: [string, RiskDecision['risk']][]
  hazards?: ReturnType<RiskBoard['hazards']['save']>
}

/**
 * Counts. A deterministic function of the journal in the order of `pos`: the same entries give the same risk changes with the
 * same keys and the same daily facts, wherever it was stopped and restored in between.
 */
export class Projection {
  readonly db: MeasuresDb
  readonly registry = new Registry()
  readonly board: RiskBoard
  readonly devices: DeviceStates
  readonly zone: string
  #due = new DueTimes()
  #day: { day: string; to: number } | null = null
  #lastAt = 0
  /** every tick up to here has been derived */
  #advancedTo = 0
  #knownFrom: number | null = null
  #dirtyFrom = Infinity
  #decisions: { key: string; decision: RiskDecision }[] = []
  /** keys that were recorded before this projection began anew */
  #recorded = new Set<string>()

  constructor(db: MeasuresDb, mode: Mode, zone: string) {
    this.db = db
    this.zone = zone
    // Devices and places share one heap; the kind tells them apart.
    const weights = db.setting<WeightsSetting>('risk.weights')
    this.board = new RiskBoard(this.registry, mode, weights?.value.weights ?? defaultWeights, {
      add: (at, id) => this.#due.add({ at, kind: 'series', id }),
    })
    this.board.weightsVersion = weights?.version ?? 0
    const due = { add: (at: number, id: string) => this.#due.add({ at, kind: 'device', id }) }
    this.devices = new DeviceStates(this.registry, due, (device, apply) => this.board.deviceChanged(device, apply))
    this.#restore()
  }

  get isEmpty(): boolean {
    return this.#lastAt === 0
  }

  /** When the first entry it has seen was received: what is older nobody here can tell. */
  get knownFrom(): number | null {
    return this.#knownFrom
  }

  /** Risk changes already in the record are not recorded again. */
  rememberRisk(entries: Entry[]): void {
    for (const { key } of entries) if (key !== null) this.#recorded.add(key)
  }

  /** An entry of a time whose readings are gone: registry, alarms and what was decided then, but nothing is counted. */
  learn(entry: Entry): void {
    this.#knownFrom ??= entry.receivedAt
    this.#record(entry, readRecordEntry(entry))
    this.#lastAt = entry.receivedAt
  }

  apply(entry: Entry): void {
    const { kind, receivedAt } = entry
    this.#knownFrom ??= receivedAt
    // Between the last entry of the process before and this one nobody was listening, however it ended.
    if (kind === 'platform.started') this.devices.stopListening(this.#lastAt)
    this.advance(receivedAt)
    if (kind === 'block') this.devices.hear(readBlock(entry.payload))
    else if (kind === 'quarantine') this.devices.refused(readQuarantined(entry).deviceId)
    else if (kind === 'platform.started' || kind === 'receiving.resumed') this.devices.listen(receivedAt)
    else if (kind === 'platform.stopped' || kind === 'receiving.stopped') this.devices.stopListening(receivedAt)
    else if (recordKinds.includes(kind)) this.#record(entry, readRecordEntry(entry))
    this.#lastAt = receivedAt
    if (this.board.isDirty) this.#dirtyFrom = Math.min(this.#dirtyFrom, tickAfter(receivedAt))
  }

  /** Derives the ticks up to `clock`: every entry received before it has been applied. */
  advance(clock: number): void {
    this.#day ??= this.#openDay(clock)
    for (;;) {
      const at = Math.min(this.#due.next, this.#dirtyFrom, this.#day.to)
      if (at > clock) break
      if (at === this.#day.to) this.#closeDay(at)
      while (this.#due.next <= at) {
        const due = this.#due.take()!
        if (due.kind === 'device') this.devices.tick(due.id as string, due.at)
        else this.board.due(due.id as string, due.at)
      }
      this.#dirtyFrom = Infinity
      if (!this.board.isDirty) continue
      for (const decision of this.board.weigh(at)) {
        const key = `risk:${decision.risk.mode}:${decision.risk.id}:${at}`
        if (!this.#recorded.has(key)) this.#decisions.push({ key, decision })
      }
    }
    this.#advancedTo = Math.max(this.#advancedTo, clock)
  }

  take(): { key: string; decision: RiskDecision }[] {
    const decisions = this.#decisions
    this.#decisions = []
    return decisions
  }

  /** The facts of a day as they are at `now`; null when nothing is known of it. */
  factsOf(day: string, now: number): DayFacts | null {
    if (day !== this.#day?.day) return this.db.dayFacts(day)
    const { listenedMs, tallies } = this.devices.soFar(now)
    return { listenedMs, tallies: new Map(tallies) }
  }

  save(): void {
    const head: Head = {
      ...{ day: this.#day?.day ?? '', lastAt: this.#lastAt, advancedTo: this.#advancedTo, knownFrom: this.#knownFrom },
      devices: this.devices.save(),
      states: [...this.board.states],
      hazards: this.board.hazards.save(),
    }
    this.db.setMeta('projection', head)
  }

  #restore(): void {
    const head = this.db.meta<Head>('projection')
    if (!head) return
    const rows = this.db.registryAt(Number.MAX_SAFE_INTEGER)
    for (const row of rows) this.registry.apply(row)
    for (const row of rows) this.#bind(row)
    for (const series of this.db.series()) this.devices.define(series)
    this.devices.restore(head.devices)
    for (const alarm of this.db.openAlarms()) this.board.alarmChanged(alarm.id, alarm)
    this.board.hazards.restore(head.hazards ?? [])
    for (const [key, state] of head.states) this.board.states.set(key, state)
    this.#lastAt = head.lastAt
    this.#advancedTo = head.advancedTo
    this.#knownFrom = head.knownFrom
    if (head.day !== '') this.#day = { day: head.day, to: daySpan(head.day, this.zone).to }
    // Weighing what has not changed says nothing; what was touched just before the save is weighed at its tick.
    this.board.touchAll()
    this.#dirtyFrom = tickAfter(this.#advancedTo)
  }

  #record({ pos, receivedAt }: Entry, entry: RecordEntry): void {
    switch (entry.kind) {
      case 'registry.changed':
        this.registry.apply(entry)
        this.db.noteRegistry(entry, pos, receivedAt)
        return this.#bind(entry)
      case 'series.defined':
        for (const series of entry.series) {
          this.db.noteSeries(series, receivedAt)
          this.devices.define(series)
        }
        return
      case 'alarm.changed':
        return this.#alarmChanged(entry, pos, receivedAt)
      case 'hazard.changed':
        return this.board.hazardChanged(entry.hazard)
      case 'risk.changed':
        return this.db.noteRisk(pos, entry)
      case 'risk.weights': {
        const { version, origin, weights, by } = entry
        this.db.noteSetting('risk.weights', version, receivedAt, { origin, weights, by } satisfies WeightsSetting)
        return this.board.setWeights(weights, version)
      }
      case 'kpi.set': {
        const { version, origin, definitions, by } = entry
        return this.db.noteSetting('kpi.set', version, receivedAt, { origin, definitions, by } satisfies KpiSetting)
      }
    }
  }

  #bind(change: RegistryRow): void {
    if (change.entity === 'device') return this.devices.bind(change.row)
    if (change.entity === 'enterprise') {
      for (const { id, enterpriseId } of this.devices.all.values()) {
        const row = enterpriseId === change.row.id && this.registry.devices.get(id)
        if (row) this.devices.bind(row)
      }
    }
    this.board.placeChanged(change.entity, change.row.id)
  }

  #alarmChanged(entry: Extract<RecordEntry, { kind: 'alarm.changed' }>, pos: number, receivedAt: number): void {
    const { alarm } = entry
    const before = this.board.alarms.get(alarm.id)
    const region = this.registry.enterprises.get(alarm.enterpriseId)?.region ?? ''
    noteAnnunciation(this.db, entry, before, { pos, receivedAt }, region)
    const after = openAlarm(alarm, before, receivedAt)
    this.board.alarmChanged(alarm.id, after)
    this.db.noteOpenAlarm(alarm.id, after)
    const hidden = (state: typeof before) => (state && countsAs(state.state) === 'hidden' ? 1 : 0)
    const by = hidden(after ?? undefined) - hidden(before)
    if (by !== 0) this.devices.hide(alarm.deviceId, by, receivedAt)
  }

  #openDay(at: number): { day: string; to: number } {
    const day = dayOf(at, this.zone)
    return { day, to: daySpan(day, this.zone).to }
  }

  #closeDay(at: number): void {
    const { day } = this.#day!
    const { listenedMs, tallies } = this.devices.closeDay(at)
    this.db.noteDay(day, listenedMs, tallies)
    this.#day = this.#openDay(at)
  }
}
