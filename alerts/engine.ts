import type { Alarm } from '../core/alarm.ts'
import { GOOD, isBad, qualityOf, reasonOf } from '../core/quality.ts'
import { readBlock, type ReadingBlock, type Series } from '../core/reading.ts'
import type { RecordEntry } from '../core/record.ts'
import { readRecordEntry } from '../journal/codec.ts'
import { Directory } from '../journal/directory.ts'
import type { Entry } from '../journal/journal.ts'
import { answerAction } from './actions.ts'
import { bindSeries, isInService, type Bound } from './binding.ts'
import { DeviceWatch, type SavedDevice } from './device-watch.ts'
import { DueTimes } from './due-times.ts'
import { judgeLate } from './late.ts'
import { OpenAlarms, type Emission, type Moment, type OpenAlarmsState } from './open-alarms.ts'
import { Rulebook, coversMetric, type ReadyRule } from './rulebook.ts'
import { ABOVE, AT, BELOW, HIGHEST, POS, QUALITY, RECEIVED, STRIDE, SeriesMemory, VALUE } from './series-memory.ts'
import { endBreach, isAtRest, loadBound, noteBreach, saveBound, takeOver, type SavedBound } from './series-slot.ts'
import type { Sample, Step } from './rules/rule.ts'

/** A value stands for at most so many expected periods; then the series is unknown (semantics 13). */
export const HOLD_PERIODS = 3
const SECOND = 1000
/** Ticks are whole seconds. */
export const tickAtOrAfter = (ms: number): number => Math.ceil(ms / SECOND) * SECOND

/** A series with rules at work on it. */
export type SeriesSlot = { series: Series; bounds: Bound[]; holdMs: number; dueAt: number | null }

/** What changed in the engine since it was last asked: everything that is needed to go on after a restart. */
export type EngineState = {
  head: { lastPos: number; listeningFrom: number | null; alarms: OpenAlarmsState }
  pages: [page: number, bytes: Uint8Array][]
  series: [id: number, saved: SavedBound[] | null][]
  devices: [id: string, saved: SavedDevice | null][]
  alarms: [key: string, alarm: Alarm | null][]
}

/**
 * Decides. A pure, deterministic function of the journal in the order of `pos`: the same entries give the same changes with
 * the same keys, however they are cut into batches and wherever it was stopped and restored in between.
 */
export class Engine {
  readonly directory = new Directory()
  readonly rulebook = new Rulebook()
  readonly alarms = new OpenAlarms((id) => this.directory.registry.devices.get(id))
  readonly memory = new SeriesMemory()
  readonly figures = { readings: 0, slow: 0, late: 0, resent: 0, stray: 0 }
  #due = new DueTimes()
  #devices = new DeviceWatch(this.directory.registry, this.memory, this.alarms, this.#due, (id) => this.#refreshQuiet(id))
  #slots: (SeriesSlot | undefined)[] = []
  #rulesByMetric = new Map<string, ReadyRule[]>()
  #dirtySlots = new Set<number>()
  /** series whose state was given out: only they need taking back when they come to rest */
  #givenOut = new Set<number>()
  /** last position of the inputs so far: the cause of what a tick decides */
  #lastPos = 0

  /** Takes the next entry. What the engine itself wrote is not an input: it only proves how far time had come. */
  apply(entry: Entry): void {
    // Between the last entry of the process before and this one nobody was listening, however it ended.
    if (entry.kind === 'platform.started') this.#devices.stopListening()
    this.advance(entry.receivedAt)
    switch (entry.kind) {
      case 'alarm.changed':
      case 'action.refused':
      case 'push.sent':
      case 'push.failed':
      case 'push.refused':
        return
    }
    if (entry.kind === 'block') this.judgeBlock(readBlock(entry.payload), entry.pos)
    else if (entry.stream === 'record') this.#applyRecord(entry)
    this.#lastPos = entry.pos + entry.count - 1
  }

  /** Derives the ticks up to `clock`: every entry received before it has been applied. */
  advance(clock: number): void {
    while (this.#due.next <= clock) {
      const due = this.#due.take()!
      if (due.kind === 'device') this.#devices.tick(due.id as string, due.at, this.#lastPos)
      else this.#tickSeries(due.id as number, due.at)
    }
  }

  /** What was decided since it was last asked, in order. */
  take(): Emission[] {
    return this.alarms.take()
  }

  judgeBlock(block: ReadingBlock, pos: number): void {
    const { count, series, measuredAt, receivedAt, value, quality } = block
    const memory = this.memory
    for (let row = 0; row < count; row++) {
      const id = series[row]!
      const at = id * STRIDE
      const rows = memory.rows
      const v = value[row]!
      const measured = measuredAt[row]!
      // The quiet reading: in order, good, and inside everything any rule of the series cares about.
      if (quality[row] === GOOD && measured > rows[at + HIGHEST]! && v > rows[at + ABOVE]! && v < rows[at + BELOW]!) {
        memory.note(id, measured, receivedAt[row]!, v, GOOD, pos + row)
      } else {
        this.#judge(id, measured, receivedAt[row]!, v, quality[row]!, pos + row)
      }
    }
    this.figures.readings += count
  }

  #judge(id: number, measuredAt: number, receivedAt: number, value: number, quality: number, pos: number): void {
    const series = this.directory.series.get(id)
    if (!series) {
      this.figures.stray++
      return
    }
    const slot = this.#slotOf(series)
    const rows = this.memory.rows
    const row = id * STRIDE
    this.figures.slow++
    if (this.memory.hasSeen(id, measuredAt)) {
      this.memory.hear(id, receivedAt)
      this.figures.resent++
    } else if (measuredAt > rows[row + HIGHEST]! || Math.min(measuredAt, receivedAt) > rows[row + AT]!) {
      this.#judgeNext(slot, measuredAt, receivedAt, value, quality, pos)
    } else {
      // Judged against its own past, on scratch state; what the series is doing now stays as it is.
      this.memory.hear(id, receivedAt)
      this.memory.see(id, measuredAt)
      this.figures.late++
      const stale = receivedAt - rows[row + RECEIVED]! > slot.holdMs
      if (!isBad(quality)) judgeLate(this.alarms, slot.bounds, { measuredAt, receivedAt, value, quality, pos }, stale)
      this.#dirtySlots.add(id)
    }
    this.#devices.hear(series.device, receivedAt, reasonOf(quality) === 'clock', pos)
  }

  #judgeNext(slot: SeriesSlot, measuredAt: number, receivedAt: number, value: number, quality: number, pos: number): void {
    const id = slot.series.id
    const rows = this.memory.rows
    const row = id * STRIDE
    const before = rows[row + AT]!
    // No event is later than its receipt: a device whose clock runs ahead must not carry the series into the future.
    const at = Math.max(Math.min(measuredAt, receivedAt), before)
    const unknown = isBad(rows[row + QUALITY]!)
    if (!unknown) this.#completeHolds(slot, at, receivedAt, pos)
    const gap = before !== -Infinity && (unknown || at - before > slot.holdMs)
    this.memory.note(id, measuredAt, receivedAt, value, quality, pos)
    const reason = reasonOf(quality)
    const sample: Sample = { value, at, quality: qualityOf(quality), reason, held: false, gap }
    const overRange = reason === 'over-range'
    const moment: Moment = { causePos: pos, at: measuredAt, knownAt: receivedAt, value, overRange, causes: [pos] }
    const bad = isBad(quality)
    for (const bound of slot.bounds) {
      if (!bad || bound.type.hearsBad) this.#step(bound, sample, moment)
    }
    this.#settle(slot)
  }

  /** Between two readings the value held: delays that ended in that time ended before the second one. */
  #completeHolds(slot: SeriesSlot, until: number, receivedAt: number, pos: number): void {
    const row = slot.series.id * STRIDE
    const horizon = Math.min(until, this.memory.rows[row + AT]! + slot.holdMs)
    for (const bound of slot.bounds) {
      while (bound.wakeAt !== null && bound.wakeAt < until && bound.wakeAt <= horizon) {
        this.#step(bound, this.#held(slot, bound.wakeAt), this.#heldMoment(slot, bound.wakeAt, receivedAt, pos))
      }
    }
  }

  #tickSeries(id: number, tick: number): void {
    const slot = this.#slots[id]
    if (!slot || slot.dueAt !== tick) return
    slot.dueAt = null
    const rows = this.memory.rows
    const row = id * STRIDE
    const behind = rows[row + RECEIVED]! - rows[row + AT]!
    const at = Math.min(tick - behind, rows[row + AT]! + slot.holdMs)
    for (const bound of slot.bounds) {
      if (bound.wakeAt === null || bound.wakeAt > at) continue
      this.#step(bound, this.#held(slot, at), this.#heldMoment(slot, at, tick, this.#lastPos))
    }
    this.#settle(slot)
  }

  #held(slot: SeriesSlot, at: number): Sample {
    const row = slot.series.id * STRIDE
    const quality = this.memory.rows[row + QUALITY]!
    const value = this.memory.rows[row + VALUE]!
    return { value, at, quality: qualityOf(quality), reason: reasonOf(quality), held: true, gap: false }
  }

  #heldMoment(slot: SeriesSlot, at: number, knownAt: number, causePos: number): Moment {
    const row = slot.series.id * STRIDE
    const rows = this.memory.rows
    const overRange = reasonOf(rows[row + QUALITY]!) === 'over-range'
    return { causePos, at, knownAt, value: rows[row + VALUE]!, overRange, causes: [rows[row + POS]!] }
  }

  #step(bound: Bound, sample: Sample, moment: Moment): void {
    const { state, verdict, wakeAt } = bound.type.step(bound.options, bound.state, sample, bound.facts) as Step<unknown>
    bound.state = state
    bound.wakeAt = wakeAt
    if (verdict === 'unchanged') return
    if (verdict === 'clear') {
      if (!this.alarms.isBreached(bound.place.key)) return
      this.alarms.clear(bound.place.key, moment)
      endBreach(bound, sample.at)
    } else {
      this.alarms.breach(bound.place, verdict, moment)
      noteBreach(bound, sample.at, verdict.level)
    }
  }

  /** After a slow reading: when to look again, and whether the next one may be quiet. */
  #settle(slot: SeriesSlot): void {
    this.#dirtySlots.add(slot.series.id)
    this.#schedule(slot)
    this.#refreshQuiet(slot.series.id)
  }

  #schedule(slot: SeriesSlot): void {
    const row = slot.series.id * STRIDE
    const rows = this.memory.rows
    let wakeAt = Infinity
    for (const bound of slot.bounds) if (bound.wakeAt !== null && bound.wakeAt < wakeAt) wakeAt = bound.wakeAt
    const at = rows[row + AT]!
    const isHeld = wakeAt - at <= slot.holdMs && !isBad(rows[row + QUALITY]!)
    const dueAt = isHeld ? tickAtOrAfter(wakeAt + rows[row + RECEIVED]! - at) : null
    if (dueAt === slot.dueAt) return
    slot.dueAt = dueAt
    if (dueAt !== null) this.#due.add({ at: dueAt, kind: 'series', id: slot.series.id })
  }

  #refreshQuiet(id: number): void {
    const slot = this.#slots[id]
    if (!slot) return
    let above = -Infinity
    let below = this.#devices.isWatching(slot.series.device) ? -Infinity : Infinity
    for (const bound of slot.bounds) {
      if (!isAtRest(bound)) below = -Infinity
      if (bound.above > above) above = bound.above
      if (bound.below < below) below = bound.below
    }
    this.memory.setQuiet(id, above, below)
  }

  #slotOf(series: Series): SeriesSlot {
    const known = this.#slots[series.id]
    if (known) return known
    this.memory.ensure(series.id)
    const slot: SeriesSlot = { series, bounds: [], holdMs: 0, dueAt: null }
    this.#slots[series.id] = slot
    this.#bind(slot)
    this.#refreshQuiet(series.id)
    return slot
  }

  /** The rules of this series as they now are; those that were at work already go on where they stood. */
  #bind(slot: SeriesSlot): Bound[] {
    const { registry } = this.directory
    const device = registry.devices.get(slot.series.device)
    const before = slot.bounds
    slot.bounds = isInService(device, registry)
      ? bindSeries(slot.series, device, this.#rulesFor(slot.series.metric), registry)
      : []
    slot.holdMs = HOLD_PERIODS * (slot.bounds[0]?.facts.expectedPeriodMs ?? 0)
    const gone = before.filter((old) => !slot.bounds.some((bound) => bound.place.key === old.place.key))
    for (const bound of slot.bounds) {
      const old = before.find((one) => one.place.key === bound.place.key)
      if (old) takeOver(bound, old, this.alarms)
    }
    return gone
  }

  #rebind(slot: SeriesSlot, moment: Moment, by: string, reason: string): void {
    for (const bound of this.#bind(slot)) {
      this.alarms.end(bound.place.key, moment, by, reason)
      this.alarms.end(bound.latePlace.key, moment, by, reason)
    }
    this.#settle(slot)
  }

  #rulesFor(metric: string): ReadyRule[] {
    let rules = this.#rulesByMetric.get(metric)
    if (!rules) {
      rules = this.rulebook.allReady().filter(({ rule, type }) => type.over === 'series' && coversMetric(rule, metric))
      this.#rulesByMetric.set(metric, rules)
    }
    return rules
  }

  #applyRecord(entry: Entry): void {
    const { pos, receivedAt } = entry
    const moment: Moment = { causePos: pos, at: receivedAt, knownAt: receivedAt, value: null, overRange: false, causes: [] }
    switch (entry.kind) {
      case 'series.defined':
        this.directory.apply(entry)
        return (readRecordEntry(entry) as { series: Series[] }).series.forEach((series) => this.#define(series))
      case 'registry.changed': {
        this.directory.apply(entry)
        return this.#registryChanged(readRecordEntry(entry) as Extract<RecordEntry, { kind: 'registry.changed' }>, moment)
      }
      case 'rule.set':
      case 'rule.removed':
        return this.#ruleChanged(readRecordEntry(entry) as Extract<RecordEntry, { kind: 'rule.set' | 'rule.removed' }>, moment)
      case 'action':
        return answerAction(this.alarms, readRecordEntry(entry) as Extract<RecordEntry, { kind: 'action' }>, pos, receivedAt)
      case 'platform.started':
      case 'receiving.resumed':
        return this.#devices.listen(receivedAt, pos)
      case 'receiving.stopped':
      case 'platform.stopped':
        return this.#devices.stopListening()
    }
  }

  #define(series: Series): void {
    this.memory.ensure(series.id)
    this.#devices.define(series)
  }

  #registryChanged(change: Extract<RecordEntry, { kind: 'registry.changed' }>, moment: Moment): void {
    const { registry } = this.directory
    if (change.entity === 'device') this.#rebindDevice(change.row.id, moment, change.by)
    if (change.entity !== 'enterprise') return
    for (const id of this.#devices.ids()) {
      if (registry.devices.get(id)?.enterpriseId === change.row.id) this.#rebindDevice(id, moment, change.by)
    }
  }

  #rebindDevice(deviceId: string, moment: Moment, by: string): void {
    const { registry } = this.directory
    const reason = isInService(registry.devices.get(deviceId), registry) ? 'the rule no longer applies' : 'device retired'
    this.#devices.bind(deviceId, this.rulebook.allReady(), moment, by, reason)
    for (const id of this.#devices.seriesOf(deviceId)) {
      const slot = this.#slots[id]
      if (slot) this.#rebind(slot, moment, by, reason)
    }
  }

  #ruleChanged(change: Extract<RecordEntry, { kind: 'rule.set' | 'rule.removed' }>, moment: Moment): void {
    const id = change.kind === 'rule.set' ? change.rule.id : change.ruleId
    const before = this.rulebook.ready(id)
    this.rulebook.apply(change)
    const after = this.rulebook.ready(id)
    this.#rulesByMetric.clear()
    const reason = after ? 'the rule no longer applies' : 'the rule is no longer in force'
    if (before?.type.over === 'device' || after?.type.over === 'device') {
      for (const deviceId of this.#devices.ids()) {
        this.#devices.bind(deviceId, this.rulebook.allReady(), moment, change.by, reason)
      }
    }
    for (const slot of this.#slots) {
      if (!slot) continue
      const touched = [before, after].some((one) => one?.type.over === 'series' && coversMetric(one.rule, slot.series.metric))
      if (touched) this.#rebind(slot, moment, change.by, reason)
    }
  }

  /** What changed since the last call; merged over what was taken before it is the whole state. */
  takeState(): EngineState {
    const series: EngineState['series'] = []
    for (const id of this.#dirtySlots) {
      const saved = (this.#slots[id]?.bounds ?? []).flatMap((bound) => saveBound(bound))
      if (saved.length > 0) this.#givenOut.add(id)
      else if (!this.#givenOut.delete(id)) continue
      series.push([id, saved.length > 0 ? saved : null])
    }
    this.#dirtySlots.clear()
    return {
      head: { lastPos: this.#lastPos, listeningFrom: this.#devices.listeningFrom, alarms: this.alarms.state() },
      pages: this.memory.takePages(),
      series,
      devices: this.#devices.takeChanged(),
      alarms: this.alarms.takeChanged(),
    }
  }

  /** Goes on from a state taken earlier; directory and rulebook have been loaded as they stood at the same position. */
  restore(state: EngineState): void {
    this.#lastPos = state.head.lastPos
    this.memory.restore(state.pages)
    const open = state.alarms.flatMap(([key, alarm]): [string, Alarm][] => (alarm ? [[key, alarm]] : []))
    this.alarms.restore(open, state.head.alarms)
    for (const series of this.directory.series.all()) this.#define(series)
    this.#devices.restore(state.devices, state.head.listeningFrom, this.rulebook.allReady())
    for (const [id, saved] of state.series) {
      const series = this.directory.series.get(id)
      if (!series || !saved) continue
      this.#givenOut.add(id)
      const slot = this.#slotOf(series)
      for (const one of saved) loadBound(slot.bounds, one)
      this.#schedule(slot)
      this.#refreshQuiet(id)
    }
    for (const [, alarm] of open) {
      const series = alarm.metric === null ? undefined : this.directory.series.find(alarm.mode, alarm.deviceId, alarm.metric)
      if (series) this.#slotOf(series)
    }
  }
}
