import type { Directory } from '../journal/directory.ts'
import { expectedPeriodMs } from '../core/registry.ts'
import { isBad, qualityOf, reasonOf } from '../core/quality.ts'
import type { Series } from '../core/reading.ts'
import { bindSeries, isInService, type Bound } from './binding.ts'
import { tickAtOrAfter, type DueTimes } from './due-times.ts'
import { judgeLate } from './late.ts'
import type { Moment, OpenAlarms } from './open-alarms.ts'
import { coversMetric, type ReadyRule, type Rulebook } from './rulebook.ts'
import type { Sample } from './rules/rule.ts'
import { AT, HIGHEST, POS, QUALITY, RECEIVED, STRIDE, VALUE, type SeriesMemory } from './series-memory.ts'
import { HOLD_PERIODS, isAtRest, loadBound, saveBound, stepBound, takeOver, type SavedBound } from './series-slot.ts'
import { standingQuality, standsStill, type LastStamp } from './standing-clock.ts'

/** A series with rules at work on it. */
type SeriesSlot = {
  series: Series
  bounds: Bound[]
  periodMs: number
  holdMs: number
  dueAt: number | null
  lastStamp: LastStamp | null
}

export type SavedSeries = { bounds: SavedBound[]; lastStamp: LastStamp | null }

/** Who doubts is asked before the others. */
function isDoubted({ bounds }: SeriesSlot): boolean {
  for (const { type, state } of bounds) {
    if (type.doubts === undefined) return false
    if (type.doubts(state)) return true
  }
  return false
}

/** What became of a reading: judged in order, judged by its receipt because its stamp cannot be right, late, or known already. */
export type Judged = 'next' | 'standing' | 'late' | 'resent'

/** Good values strictly between these change nothing. */
export type Quiet = { above: number; below: number }

type Parts = {
  directory: Directory
  rulebook: Rulebook
  memory: SeriesMemory
  alarms: OpenAlarms
  due: DueTimes
  /** what else listens to the series: null when it must hear everything */
  quietFor: (series: Series) => Quiet | null
  isUnderTest: (series: Series, at: number) => boolean
  /** position of the last entry so far: the cause of what a tick decides */
  lastPos: () => number
}

/** The rules that judge one series by its values. */
export class SeriesWatch {
  #parts: Parts
  #memory: SeriesMemory
  #alarms: OpenAlarms
  #slots: (SeriesSlot | undefined)[] = []
  #rulesByMetric = new Map<string, ReadyRule[]>()
  #dirty = new Set<number>()
  /** series whose state was given out: only they need taking back when they come to rest */
  #givenOut = new Set<number>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#memory = parts.memory
    this.#alarms = parts.alarms
  }

  judge(series: Series, measuredAt: number, receivedAt: number, value: number, quality: number, pos: number): Judged {
    const id = series.id
    const slot = this.#slotOf(series)
    const rows = this.#memory.rows
    const row = id * STRIDE
    const highest = rows[row + HIGHEST]!
    const before = rows[row + AT]!
    if (standsStill(this.#lastStampOf(slot, measuredAt), measuredAt, receivedAt, value, slot.periodMs)) {
      return this.#judgeStanding(slot, measuredAt, receivedAt, value, quality, pos)
    }
    if (measuredAt === highest || this.#memory.hasSeen(id, measuredAt)) {
      this.#memory.hear(id, receivedAt)
      return 'resent'
    }
    const happenedAt = Math.min(measuredAt, receivedAt)
    if (measuredAt > highest && happenedAt <= before) {
      // A clock that stood goes again from where it stood: its stamps are behind what is known to have been later.
      return this.#judgeStanding(slot, measuredAt, receivedAt, value, quality, pos)
    }
    if (measuredAt > highest || happenedAt > before) {
      slot.lastStamp = null
      // No event is later than its receipt: a device whose clock runs ahead must not carry the series into the future.
      this.#step(slot, Math.max(happenedAt, before), measuredAt, receivedAt, value, quality, pos)
      return 'next'
    }
    this.#judgeLate(slot, measuredAt, receivedAt, value, quality, pos)
    return 'late'
  }

  tick(id: number, tick: number): void {
    const slot = this.#slots[id]
    if (!slot || slot.dueAt !== tick) return
    slot.dueAt = null
    const rows = this.#memory.rows
    const row = id * STRIDE
    const behind = rows[row + RECEIVED]! - rows[row + AT]!
    const at = Math.min(tick - behind, rows[row + AT]! + slot.holdMs)
    for (const bound of slot.bounds) {
      if (bound.wakeAt === null || bound.wakeAt > at) continue
      this.#ask(slot, bound, this.#held(slot, at), this.#heldMoment(slot, at, tick, this.#parts.lastPos()))
    }
    this.#settle(slot)
  }

  /** The newest value jumped towards danger, or the series keeps jumping. */
  isDoubtful(id: number): boolean {
    const slot = this.#slots[id]
    return slot !== undefined && isDoubted(slot)
  }

  refreshQuiet(id: number): void {
    const slot = this.#slots[id]
    if (!slot) return
    const row = id * STRIDE
    const others = this.#parts.quietFor(slot.series)
    // While event time is ahead of the stamps, each of them has to be looked at.
    const isAhead = this.#memory.rows[row + AT]! > this.#memory.rows[row + HIGHEST]!
    let above = others?.above ?? -Infinity
    let below = others === null || isAhead ? -Infinity : others.below
    for (const bound of slot.bounds) {
      if (!isAtRest(bound)) below = -Infinity
      if (bound.above > above) above = bound.above
      if (bound.below < below) below = bound.below
    }
    this.#memory.setQuiet(id, above, below)
  }

  /** The rules of one series as they now are; alarms of those that are gone end. */
  rebind(id: number, moment: Moment, by: string, reason: string): void {
    const slot = this.#slots[id]
    if (!slot) return
    for (const bound of this.#bind(slot)) {
      this.#alarms.end(bound.place.key, moment, by, reason)
      this.#alarms.end(bound.latePlace.key, moment, by, reason)
    }
    this.#settle(slot)
  }

  /** Rules changed: the series that one of these is or was for are bound anew. */
  rulesChanged(touched: (ReadyRule | undefined)[], moment: Moment, by: string, reason: string): void {
    this.#rulesByMetric.clear()
    for (const [id, slot] of this.#slots.entries()) {
      if (slot && touched.some((one) => one?.type.over === 'series' && coversMetric(one.rule, slot.series.metric))) {
        this.rebind(id, moment, by, reason)
      }
    }
  }

  takeChanged(): [id: number, saved: SavedSeries | null][] {
    const changed: [number, SavedSeries | null][] = []
    for (const id of this.#dirty) {
      const slot = this.#slots[id]
      const bounds = (slot?.bounds ?? []).flatMap((bound) => saveBound(bound))
      const lastStamp = slot?.lastStamp ?? null
      const saved = bounds.length > 0 || lastStamp !== null ? { bounds, lastStamp } : null
      if (saved) this.#givenOut.add(id)
      else if (!this.#givenOut.delete(id)) continue
      changed.push([id, saved])
    }
    this.#dirty.clear()
    return changed
  }

  /** `open`: series with an open alarm, which must be judged from the first reading on. */
  restore(states: [id: number, saved: SavedSeries | null][], open: Series[]): void {
    for (const [id, saved] of states) {
      const series = this.#parts.directory.series.get(id)
      if (!series || !saved) continue
      this.#givenOut.add(id)
      const slot = this.#slotOf(series)
      // Snapshots of the first version were the list of rules alone.
      const { bounds, lastStamp } = Array.isArray(saved) ? { bounds: saved as SavedBound[], lastStamp: null } : saved
      slot.lastStamp = lastStamp
      for (const one of bounds) loadBound(slot.bounds, one)
      this.#schedule(slot)
      this.refreshQuiet(id)
    }
    for (const series of open) this.#slotOf(series)
  }

  #judgeStanding(slot: SeriesSlot, stamp: number, receivedAt: number, value: number, quality: number, pos: number): Judged {
    slot.lastStamp = { stamp, value, receivedAt, pos, standing: true }
    const at = Math.max(receivedAt, this.#memory.rows[slot.series.id * STRIDE + AT]!)
    this.#step(slot, at, stamp, receivedAt, value, standingQuality(quality), pos, true)
    return 'standing'
  }

  /** Judged against its own past, on scratch state; what the series is doing now stays as it is. */
  #judgeLate(slot: SeriesSlot, measuredAt: number, receivedAt: number, value: number, quality: number, pos: number): void {
    const id = slot.series.id
    const stale = receivedAt - this.#memory.rows[id * STRIDE + RECEIVED]! > slot.holdMs
    this.#memory.hear(id, receivedAt)
    this.#memory.see(id, measuredAt)
    slot.lastStamp = { stamp: measuredAt, value, receivedAt, pos, standing: false }
    this.#dirty.add(id)
    if (isBad(quality)) return
    const reason = reasonOf(quality)
    const sample: Sample = { value, at: measuredAt, quality: qualityOf(quality), reason, held: false, gap: false }
    const overRange = reason === 'over-range'
    const moment: Moment = { causePos: pos, at: measuredAt, knownAt: receivedAt, value, overRange, causes: [pos] }
    const judging = slot.bounds.filter(({ type }) => !type.hearsBad)
    judgeLate(this.#alarms, judging, sample, moment, stale, slot.holdMs)
  }

  #step(
    slot: SeriesSlot,
    at: number,
    stamp: number,
    receivedAt: number,
    value: number,
    quality: number,
    pos: number,
    standing = false,
  ): void {
    const id = slot.series.id
    const rows = this.#memory.rows
    const row = id * STRIDE
    const before = rows[row + AT]!
    const unknown = isBad(rows[row + QUALITY]!)
    if (!unknown) this.#completeHolds(slot, at, receivedAt, pos)
    const gap = before !== -Infinity && (unknown || at - before > slot.holdMs)
    if (standing) this.#memory.noteStanding(id, stamp, receivedAt, value, quality, pos)
    else this.#memory.note(id, stamp, receivedAt, value, quality, pos)
    const reason = reasonOf(quality)
    const sample: Sample = { value, at, quality: qualityOf(quality), reason, held: false, gap }
    const overRange = reason === 'over-range'
    const measuredAt = standing ? at : stamp
    const moment: Moment = { causePos: pos, at: measuredAt, knownAt: receivedAt, value, overRange, causes: [pos] }
    const bad = isBad(quality)
    for (const bound of slot.bounds) {
      if (bad && !bound.type.hearsBad) continue
      const isAfterTest = bound.type.learns === true && before !== -Infinity && this.#parts.isUnderTest(slot.series, before)
      this.#ask(slot, bound, isAfterTest ? { ...sample, gap: true } : sample, moment)
    }
    this.#settle(slot)
  }

  /** One rule, as far as it is to hear of this: in a test nothing is learned, and what is doubtful only raises (semantics 17). */
  #ask(slot: SeriesSlot, bound: Bound, sample: Sample, moment: Moment): void {
    if (bound.type.learns === true && this.#parts.isUnderTest(slot.series, sample.at)) {
      bound.wakeAt = null
      return
    }
    const isDoubtful = sample.quality === 'good' && bound.type.doubts === undefined && isDoubted(slot)
    stepBound(this.#alarms, bound, isDoubtful ? { ...sample, quality: 'uncertain' } : sample, moment)
  }

  /** Between two readings the value held: delays that ended in that time ended before the second one. */
  #completeHolds(slot: SeriesSlot, until: number, receivedAt: number, pos: number): void {
    const horizon = Math.min(until, this.#memory.rows[slot.series.id * STRIDE + AT]! + slot.holdMs)
    for (const bound of slot.bounds) {
      while (bound.wakeAt !== null && bound.wakeAt < until && bound.wakeAt <= horizon) {
        const { wakeAt } = bound
        this.#ask(slot, bound, this.#held(slot, wakeAt), this.#heldMoment(slot, wakeAt, receivedAt, pos))
      }
    }
  }

  #held(slot: SeriesSlot, at: number): Sample {
    const row = slot.series.id * STRIDE
    const quality = this.#memory.rows[row + QUALITY]!
    const value = this.#memory.rows[row + VALUE]!
    return { value, at, quality: qualityOf(quality), reason: reasonOf(quality), held: true, gap: false }
  }

  #heldMoment(slot: SeriesSlot, at: number, knownAt: number, causePos: number): Moment {
    const row = slot.series.id * STRIDE
    const rows = this.#memory.rows
    const overRange = reasonOf(rows[row + QUALITY]!) === 'over-range'
    return { causePos, at, knownAt, value: rows[row + VALUE]!, overRange, causes: [rows[row + POS]!] }
  }

  #lastStampOf(slot: SeriesSlot, measuredAt: number): LastStamp {
    const row = slot.series.id * STRIDE
    const rows = this.#memory.rows
    const pos = rows[row + POS]!
    if (slot.lastStamp && slot.lastStamp.pos >= pos) return slot.lastStamp
    // The stamp of the newest reading is the highest one, unless the clock ran ahead and was set right.
    const stamp = measuredAt === rows[row + AT]! ? measuredAt : rows[row + HIGHEST]!
    return { stamp, value: rows[row + VALUE]!, receivedAt: rows[row + RECEIVED]!, pos, standing: false }
  }

  /** After a slow reading: when to look again, and whether the next one may be quiet. */
  #settle(slot: SeriesSlot): void {
    this.#dirty.add(slot.series.id)
    this.#schedule(slot)
    this.refreshQuiet(slot.series.id)
  }

  #schedule(slot: SeriesSlot): void {
    const row = slot.series.id * STRIDE
    const rows = this.#memory.rows
    let wakeAt = Infinity
    for (const bound of slot.bounds) if (bound.wakeAt !== null && bound.wakeAt < wakeAt) wakeAt = bound.wakeAt
    const at = rows[row + AT]!
    const isHeld = wakeAt - at <= slot.holdMs && !isBad(rows[row + QUALITY]!)
    const dueAt = isHeld ? tickAtOrAfter(wakeAt + rows[row + RECEIVED]! - at) : null
    if (dueAt === slot.dueAt) return
    slot.dueAt = dueAt
    if (dueAt !== null) this.#parts.due.add({ at: dueAt, kind: 'series', id: slot.series.id })
  }

  #slotOf(series: Series): SeriesSlot {
    const known = this.#slots[series.id]
    if (known) return known
    this.#memory.ensure(series.id)
    const slot: SeriesSlot = { series, bounds: [], periodMs: Infinity, holdMs: 0, dueAt: null, lastStamp: null }
    this.#slots[series.id] = slot
    this.#bind(slot)
    this.refreshQuiet(series.id)
    return slot
  }

  /** The rules of this series as they now are; those that were at work already go on where they stood. */
  #bind(slot: SeriesSlot): Bound[] {
    const { registry } = this.#parts.directory
    const device = registry.devices.get(slot.series.device)
    const before = slot.bounds
    const judged = isInService(device, registry)
    slot.bounds = judged ? bindSeries(slot.series, device, this.#rulesFor(slot.series.metric), registry) : []
    slot.periodMs = device ? expectedPeriodMs(device) : Infinity
    slot.holdMs = HOLD_PERIODS * (slot.bounds[0]?.facts.expectedPeriodMs ?? 0)
    const isSame = (one: Bound) => (other: Bound) => one.ready.rule.id === other.ready.rule.id
    const gone = before.filter((old) => !slot.bounds.some(isSame(old)))
    for (const bound of slot.bounds) {
      const old = before.find(isSame(bound))
      if (old) takeOver(bound, old, this.#alarms)
    }
    return gone
  }

  #rulesFor(metric: string): ReadyRule[] {
    let rules = this.#rulesByMetric.get(metric)
    if (!rules) {
      const all = this.#parts.rulebook.allReady()
      rules = all.filter(({ rule, type }) => type.over === 'series' && coversMetric(rule, metric))
      this.#rulesByMetric.set(metric, rules)
    }
    return rules
  }
}
