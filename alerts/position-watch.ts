import type { Mode } from '../core/mode.ts'
import { GOOD, isBad, isGood, qualityCode, qualityOf } from '../core/quality.ts'
import type { Series } from '../core/reading.ts'
import { expectedPeriodMs } from '../core/registry.ts'
import { metresBetween } from '../core/shape.ts'
import type { Directory } from '../journal/directory.ts'
import { bindPosition, isInService, type PositionBound } from './binding.ts'
import { tickAtOrAfter, type DueTimes } from './due-times.ts'
import { judgeLate } from './late.ts'
import type { Moment, OpenAlarms } from './open-alarms.ts'
import type { Rulebook } from './rulebook.ts'
import type { Position } from './rules/rule.ts'
import { HOLD_PERIODS, loadBound, saveBound, stepBound, takeOver, type SavedBound } from './series-slot.ts'
import type { Judged } from './series-watch.ts'
import { standingQuality } from './standing-clock.ts'

const metrics = ['latitude', 'longitude', 'speedKmh', 'headingDeg'] as const
type PositionMetric = (typeof metrics)[number]
const isPositionMetric = (metric: string): metric is PositionMetric => (metrics as readonly string[]).includes(metric)

/** The newest position of a device: what the rules see when time passes. */
export type Fix = Omit<Position, 'held' | 'gap' | 'quality'> & { quality: number; receivedAt: number; positions: number[] }

type PositionSlot = {
  key: string
  mode: Mode
  device: string
  bounds: PositionBound[]
  holdMs: number
  dueAt: number | null
  last: Fix | null
}

export type SavedPosition = { bounds: SavedBound[]; last: Fix | null }

/** Rows of one device with one stamp in one block: the values of one message. */
type Message = {
  slot: PositionSlot
  stamp: number
  receivedAt: number
  judged: Judged
  quality: number
  positions: number[]
  values: Partial<Record<PositionMetric, number>>
}

/** A position somebody else listens to as well. */
export type Located = { mode: Mode; device: string; fix: Fix; gap: boolean; holdMs: number; pos: number }

type Parts = {
  directory: Directory
  rulebook: Rulebook
  alarms: OpenAlarms
  due: DueTimes
  lastPos: () => number
  /** some rule over a group wants the positions of this device */
  isWanted: (mode: Mode, device: string) => boolean
  located: (one: Located) => void
}

/** The rules that judge where a device is: its latitude, longitude, speed and heading joined into one position. */
export class PositionWatch {
  #parts: Parts
  #slots = new Map<string, PositionSlot>()
  #dirty = new Set<string>()
  #givenOut = new Set<string>()
  #message: Message | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether readings of this series are part of a position somebody judges. */
  listensTo({ mode, device, metric }: Series): boolean {
    if (!isPositionMetric(metric)) return false
    return this.#slotOf(mode, device).bounds.length > 0 || this.#parts.isWanted(mode, device)
  }

  /** Takes a row that has been judged as a value of its own series. */
  collect(series: Series, judged: Judged, stamp: number, receivedAt: number, value: number, quality: number, pos: number): void {
    if (!this.listensTo(series)) return
    const slot = this.#slotOf(series.mode, series.device)
    if (this.#message?.slot !== slot || this.#message.stamp !== stamp) {
      this.flush()
      this.#message = { slot, stamp, receivedAt, judged: 'resent', quality: GOOD, positions: [], values: {} }
    }
    const message = this.#message
    message.positions.push(pos)
    if (series.metric === 'latitude' || series.metric === 'longitude') {
      // Under a standing clock a vehicle that goes due east repeats its latitude: half of what it says is news.
      if (judged !== 'resent') message.judged = judged
      if (!isGood(quality) && !isBad(message.quality)) message.quality = quality
    } else if (isBad(quality)) return
    message.values[series.metric as PositionMetric] = value
  }

  /** The message is whole: the next row is of another one, or the block ends. */
  flush(): void {
    const message = this.#message
    this.#message = null
    if (message === null || message.judged === 'resent') return
    if (message.values.latitude === undefined || message.values.longitude === undefined) return
    // Every receiver without a fix reports this point, off the coast of Ghana.
    const noFix = message.values.latitude === 0 && message.values.longitude === 0
    const quality = noFix
      ? qualityCode('bad', 'range')
      : message.judged === 'standing'
        ? standingQuality(message.quality)
        : message.quality
    if (message.judged === 'late') this.#judgeLate(message, quality)
    else this.#judgeNext(message, quality)
  }

  tick(key: string, tick: number): void {
    const slot = this.#slots.get(key)
    if (!slot || slot.dueAt !== tick || !slot.last) return
    slot.dueAt = null
    const at = Math.min(tick - (slot.last.receivedAt - slot.last.at), slot.last.at + slot.holdMs)
    for (const bound of slot.bounds) {
      if (bound.wakeAt === null || bound.wakeAt > at) continue
      this.#stepHeld(slot, bound, at, tick, this.#parts.lastPos())
    }
    this.#settle(slot)
  }

  /** The rules of one device as they now are; alarms of those that are gone end. */
  rebind(deviceId: string, moment: Moment, by: string, reason: string): void {
    for (const slot of this.#slots.values()) {
      if (slot.device !== deviceId) continue
      for (const { place, latePlace } of this.#bind(slot)) {
        this.#parts.alarms.end(place.key, moment, by, reason)
        this.#parts.alarms.end(latePlace.key, moment, by, reason)
      }
      this.#settle(slot)
    }
  }

  /** Devices that have a place here, in one order. */
  devices(): string[] {
    return [...new Set([...this.#slots.values()].map(({ device }) => device))].sort()
  }

  last(mode: Mode, device: string): Fix | null {
    return this.#slots.get(keyOf(mode, device))?.last ?? null
  }

  takeChanged(): [key: string, saved: SavedPosition | null][] {
    const changed: [string, SavedPosition | null][] = []
    for (const key of this.#dirty) {
      const slot = this.#slots.get(key)
      const bounds = (slot?.bounds ?? []).flatMap((bound) => saveBound(bound))
      const last = slot?.last ?? null
      if (last !== null || bounds.length > 0) this.#givenOut.add(key)
      else if (!this.#givenOut.delete(key)) continue
      changed.push([key, last !== null || bounds.length > 0 ? { bounds, last } : null])
    }
    this.#dirty.clear()
    return changed
  }

  restore(states: [key: string, saved: SavedPosition | null][]): void {
    for (const [key, saved] of states) {
      if (!saved) continue
      const [mode, device] = key.split('\n') as [Mode, string]
      const slot = this.#slotOf(mode, device)
      this.#givenOut.add(key)
      slot.last = saved.last
      for (const one of saved.bounds) loadBound(slot.bounds, one)
      this.#schedule(slot)
    }
  }

  #judgeNext(message: Message, quality: number): void {
    const { slot, receivedAt, positions, judged } = message
    const before = slot.last
    const happenedAt = judged === 'standing' ? receivedAt : Math.min(message.stamp, receivedAt)
    const at = Math.max(happenedAt, before?.at ?? -Infinity)
    const unknown = before !== null && isBad(before.quality)
    const pos = positions.at(-1)!
    if (before && !unknown) this.#completeHolds(slot, at, receivedAt, pos)
    const gap = before !== null && (unknown || at - before.at > slot.holdMs)
    const { speed, derived } = speedOf(message, before, at, gap)
    const {
      latitude,
      longitude,
      headingDeg = null,
    } = message.values as { latitude: number; longitude: number; headingDeg?: number }
    const fix: Fix = {
      latitude,
      longitude,
      speedKmh: speed,
      speedIsDerived: derived,
      headingDeg,
      at,
      quality,
      receivedAt,
      positions,
    }
    slot.last = fix
    const moment: Moment = { ...momentAt(at, receivedAt, pos), causes: positions }
    for (const bound of slot.bounds) {
      if (!isBad(quality) || bound.type.hearsBad) this.#step(bound, positionOf(fix, at, false, gap), moment)
    }
    this.#settle(slot)
    if (!isBad(quality)) this.#parts.located({ mode: slot.mode, device: slot.device, fix, gap, holdMs: slot.holdMs, pos })
  }

  #judgeLate(message: Message, quality: number): void {
    const { slot, stamp, receivedAt, positions } = message
    if (isBad(quality)) return
    const { speed, derived } = speedOf(message, null, stamp, true)
    const {
      latitude,
      longitude,
      headingDeg = null,
    } = message.values as { latitude: number; longitude: number; headingDeg?: number }
    const fix = {
      latitude,
      longitude,
      speedKmh: speed,
      speedIsDerived: derived,
      headingDeg,
      at: stamp,
      quality,
      receivedAt,
      positions,
    }
    const stale = slot.last === null || receivedAt - slot.last.receivedAt > slot.holdMs
    const moment: Moment = { ...momentAt(stamp, receivedAt, positions.at(-1)!), causes: positions }
    const bounds = slot.bounds.filter(({ type }) => !type.hearsBad)
    judgeLate(this.#parts.alarms, bounds, positionOf(fix, stamp, false, false), moment, stale, slot.holdMs)
    this.#dirty.add(slot.key)
  }

  #completeHolds(slot: PositionSlot, until: number, receivedAt: number, pos: number): void {
    const horizon = Math.min(until, slot.last!.at + slot.holdMs)
    for (const bound of slot.bounds) {
      while (bound.wakeAt !== null && bound.wakeAt < until && bound.wakeAt <= horizon) {
        this.#stepHeld(slot, bound, bound.wakeAt, receivedAt, pos)
      }
    }
  }

  #stepHeld(slot: PositionSlot, bound: PositionBound, at: number, knownAt: number, causePos: number): void {
    const moment: Moment = { ...momentAt(at, knownAt, causePos), causes: slot.last!.positions }
    this.#step(bound, positionOf(slot.last!, at, true, false), moment)
  }

  /** A rule that asks for the same moment again has ended one thing and begins another. */
  #step(bound: PositionBound, position: Position, moment: Moment): void {
    stepBound(this.#parts.alarms, bound, position, moment)
    if (bound.wakeAt !== null && bound.wakeAt <= position.at) stepBound(this.#parts.alarms, bound, position, moment)
    if (bound.wakeAt !== null && bound.wakeAt <= position.at) bound.wakeAt = null
  }

  #settle(slot: PositionSlot): void {
    this.#dirty.add(slot.key)
    this.#schedule(slot)
  }

  #schedule(slot: PositionSlot): void {
    const { last } = slot
    let wakeAt = Infinity
    for (const bound of slot.bounds) if (bound.wakeAt !== null && bound.wakeAt < wakeAt) wakeAt = bound.wakeAt
    const isHeld = last !== null && wakeAt - last.at <= slot.holdMs && !isBad(last.quality)
    const dueAt = isHeld ? tickAtOrAfter(wakeAt + last.receivedAt - last.at) : null
    if (dueAt === slot.dueAt) return
    slot.dueAt = dueAt
    if (dueAt !== null) this.#parts.due.add({ at: dueAt, kind: 'position', id: slot.key })
  }

  #bind(slot: PositionSlot): PositionBound[] {
    const { directory, rulebook, alarms } = this.#parts
    const device = directory.registry.devices.get(slot.device)
    const before = slot.bounds
    const judged = isInService(device, directory.registry)
    slot.bounds = judged ? bindPosition(slot.mode, device, rulebook.allReady(), directory) : []
    slot.holdMs = device ? HOLD_PERIODS * expectedPeriodMs(device) : 0
    for (const bound of slot.bounds) {
      const old = before.find((one) => one.place.key === bound.place.key)
      if (old) takeOver(bound, old, alarms)
    }
    return before.filter((old) => !slot.bounds.some((bound) => bound.place.key === old.place.key))
  }

  #slotOf(mode: Mode, device: string): PositionSlot {
    const key = keyOf(mode, device)
    let slot = this.#slots.get(key)
    if (!slot) {
      slot = { key, mode, device, bounds: [], holdMs: 0, dueAt: null, last: null }
      this.#slots.set(key, slot)
      this.#bind(slot)
    }
    return slot
  }
}

const keyOf = (mode: Mode, device: string) => `${mode}\n${device}`

const momentAt = (at: number, knownAt: number, causePos: number) => ({ causePos, at, knownAt, value: null, overRange: false })

/** As sent, else from the way since the position before. */
function speedOf(
  { values, stamp }: Message,
  before: Fix | null,
  at: number,
  gap: boolean,
): { speed: number | null; derived: boolean } {
  if (values.speedKmh !== undefined) return { speed: values.speedKmh, derived: false }
  const elapsedMs = before === null ? 0 : Math.min(at, stamp) - before.at
  if (before === null || gap || isBad(before.quality) || elapsedMs < 1000) return { speed: null, derived: true }
  const metres = metresBetween([before.longitude, before.latitude], [values.longitude!, values.latitude!])
  return { speed: (metres / elapsedMs) * 3600, derived: true }
}

export const positionOf = (fix: Fix, at: number, held: boolean, gap: boolean): Position => ({
  longitude: fix.longitude,
  latitude: fix.latitude,
  speedKmh: fix.speedKmh,
  speedIsDerived: fix.speedIsDerived,
  headingDeg: fix.headingDeg,
  at,
  quality: qualityOf(fix.quality),
  held,
  gap,
})
