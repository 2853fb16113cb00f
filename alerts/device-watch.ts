import type { Series } from '../core/reading.ts'
import { expectedPeriodMs, type Registry } from '../core/registry.ts'
import { isLifeSafety } from '../core/shelving.ts'
import { bindDevice, isInService, type DeviceBound } from './binding.ts'
import type { CauseWatch } from './causes.ts'
import type { DueTimes } from './due-times.ts'
import type { Moment, OpenAlarms } from './open-alarms.ts'
import type { ReadyRule } from './rulebook.ts'
import { COULD_NOT_RUN, couldNotRun, type Breach, type DeviceSample, type DeviceStep } from './rules/rule.ts'
import { HEARD, POS, STRIDE, type SeriesMemory } from './series-memory.ts'

type DeviceSlot = {
  id: string
  series: number[]
  bounds: DeviceBound[]
  clockSuspectAt: number | null
  /** silence counts from here at the earliest: what explained it until then is over */
  graceFrom: number
  dueAt: number | null
  /** an alarm of the device waits for the next sign of life, so none of its readings may be quiet */
  watching: boolean
  heard: boolean
}

export type SavedDevice = { clockSuspectAt: number | null; graceFrom?: number }

type Parts = {
  registry: Registry
  memory: SeriesMemory
  alarms: OpenAlarms
  causes: CauseWatch
  due: DueTimes
  refreshQuiet: (series: number) => void
}

/** The rules that judge a device as a whole: silence, a clock nobody can believe. */
export class DeviceWatch {
  /** since when we have been listening, null while nothing can be received */
  listeningFrom: number | null = 0
  #slots = new Map<string, DeviceSlot>()
  #dirty = new Set<string>()
  #registry: Registry
  #memory: SeriesMemory
  #alarms: OpenAlarms
  #causes: CauseWatch
  #due: DueTimes
  #refreshQuiet: (series: number) => void

  constructor({ registry, memory, alarms, causes, due, refreshQuiet }: Parts) {
    this.#registry = registry
    this.#memory = memory
    this.#alarms = alarms
    this.#causes = causes
    this.#due = due
    this.#refreshQuiet = refreshQuiet
  }

  /** In one order, whether or not there was a restart. */
  ids(): string[] {
    return [...this.#slots.keys()].sort()
  }

  seriesOf(deviceId: string): number[] {
    return this.#slots.get(deviceId)?.series ?? []
  }

  isWatching(deviceId: string): boolean {
    return this.#slots.get(deviceId)?.watching === true
  }

  define(series: Series): void {
    const slot = this.#slotOf(series.device)
    if (slot.series.includes(series.id)) return
    slot.series.push(series.id)
    slot.series.sort((a, b) => a - b)
  }

  /** Something came from the device; quiet readings of a device nobody waits for do not pass here. */
  hear(deviceId: string, receivedAt: number, suspectClock: boolean, pos: number): void {
    const slot = this.#slotOf(deviceId)
    if (suspectClock) {
      slot.clockSuspectAt = receivedAt
      this.#dirty.add(deviceId)
    }
    if (slot.heard && !slot.watching && !suspectClock) return
    slot.heard = true
    this.#step(slot, receivedAt, pos)
  }

  tick(deviceId: string, tick: number, lastPos: number): void {
    const slot = this.#slots.get(deviceId)
    if (!slot || slot.dueAt !== tick) return
    slot.dueAt = null
    this.#step(slot, tick, lastPos)
  }

  /** From now on silence counts (again): every device has its whole grace period before it. */
  listen(at: number, pos: number): void {
    this.listeningFrom = at
    for (const slot of this.#slots.values()) if (slot.heard) this.#step(slot, at, pos)
  }

  stopListening(): void {
    this.listeningFrom = null
  }

  /** The rules of a device as they now are; alarms of those that are gone end. */
  bind(deviceId: string, rules: ReadyRule[], moment: Moment, by: string, reason: string): void {
    const slot = this.#slotOf(deviceId)
    const before = slot.bounds
    this.#bindSlot(slot, rules)
    for (const { place } of before) {
      if (!slot.bounds.some((bound) => bound.place.key === place.key)) this.#alarms.end(place.key, moment, by, reason)
    }
    const isAsked = slot.bounds.some(({ type }) => type.name === 'silent')
    if (!isAsked) this.#causes.release(deviceId, false, moment.at, moment.causePos)
    this.#watch(slot)
    if (slot.heard) this.#step(slot, moment.at, moment.causePos)
  }

  /** What explained its silence is over: it has its whole grace period from here on. */
  grace(deviceId: string, at: number, pos: number): void {
    const slot = this.#slots.get(deviceId)
    if (!slot) return
    slot.graceFrom = at
    this.#dirty.add(deviceId)
    this.#step(slot, at, pos)
  }

  heardAt(deviceId: string): number {
    const slot = this.#slots.get(deviceId)
    return slot ? this.#heardAt(slot) : -Infinity
  }

  periodOf(deviceId: string): number {
    const device = this.#registry.devices.get(deviceId)
    return device ? expectedPeriodMs(device) : Infinity
  }

  takeChanged(): [id: string, saved: SavedDevice | null][] {
    const changed = [...this.#dirty].map((id): [string, SavedDevice | null] => {
      const { clockSuspectAt = null, graceFrom = 0 } = this.#slots.get(id) ?? {}
      if (clockSuspectAt === null && graceFrom === 0) return [id, null]
      return [id, { clockSuspectAt, ...(graceFrom > 0 && { graceFrom }) }]
    })
    this.#dirty.clear()
    return changed
  }

  restore(saved: [id: string, saved: SavedDevice | null][], listeningFrom: number | null, rules: ReadyRule[]): void {
    this.listeningFrom = listeningFrom
    for (const [id, one] of saved) {
      if (one) Object.assign(this.#slotOf(id), { clockSuspectAt: one.clockSuspectAt, graceFrom: one.graceFrom ?? 0 })
    }
    for (const device of this.#registry.devices.values()) {
      const slot = this.#slotOf(device.id)
      this.#bindSlot(slot, rules)
      this.#watch(slot)
      slot.heard = this.#heardAt(slot) !== -Infinity
      if (slot.heard) this.#scheduleFirst(slot)
    }
  }

  #bindSlot(slot: DeviceSlot, rules: ReadyRule[]): void {
    const device = this.#registry.devices.get(slot.id)
    slot.bounds = isInService(device, this.#registry) ? bindDevice(device, rules, this.#registry) : []
  }

  /** After a restart: look at the first chance, which changes nothing before its time and finds the right one. */
  #scheduleFirst(slot: DeviceSlot): void {
    const at = this.#heardAt(slot)
    let wakeAt = Infinity
    for (const bound of slot.bounds) {
      const step = judgedBy(bound, this.#sample(slot, at))
      if (step.wakeAt !== null && step.wakeAt < wakeAt) wakeAt = step.wakeAt
    }
    // One whose silence is known already waits for data, not for time.
    const isSilent =
      this.#causes.isExplained(slot.id) ||
      slot.bounds.some(({ type, place }) => type.name === 'silent' && this.#alarms.isBreached(place.key))
    this.#schedule(slot, isSilent ? Infinity : wakeAt)
  }

  #step(slot: DeviceSlot, at: number, causePos: number): void {
    const sample = this.#sample(slot, at)
    let wakeAt = Infinity
    for (const bound of slot.bounds) {
      const step = judgedBy(bound, sample)
      if (step.wakeAt !== null && step.wakeAt < wakeAt) wakeAt = step.wakeAt
      if (step.verdict === 'unchanged') continue
      const causes = [this.#lastPosOf(slot)]
      const moment: Moment = { causePos, at, knownAt: at, value: null, overRange: false, causes }
      const isSilence = bound.type.name === 'silent'
      if (step.verdict === 'clear') {
        if (isSilence) this.#causes.release(slot.id, sample.heardAt === at, at, causePos)
        this.#alarms.clear(bound.place.key, moment)
      } else if (isSilence && this.#isExplained(bound, step.verdict, sample)) continue
      else this.#alarms.breach(bound.place, step.verdict, moment)
    }
    this.#schedule(slot, wakeAt)
    this.#watch(slot)
  }

  /** Not for an alarm that stands already, nor for one on which lives depend. */
  #isExplained(bound: DeviceBound, breach: Breach, { at, heardAt, expectedPeriodMs }: DeviceSample): boolean {
    const { key, deviceId } = bound.place
    const device = this.#registry.devices.get(deviceId)
    const { level, limitName } = breach
    if (
      !device ||
      limitName === COULD_NOT_RUN ||
      isLifeSafety({ ...bound.place.rule, level, metric: null }) ||
      this.#alarms.isBreached(key)
    )
      return false
    const allowedMs = (bound.options as { periods: number }).periods * expectedPeriodMs
    const countFrom = Math.max(heardAt, this.listeningFrom ?? -Infinity)
    return this.#causes.explains({ device, level, countFrom, allowedMs, periodMs: expectedPeriodMs, at })
  }

  #sample(slot: DeviceSlot, at: number): DeviceSample {
    const heardAt = this.#heardAt(slot)
    const device = this.#registry.devices.get(slot.id)
    return {
      at,
      heardAt,
      countFrom: this.listeningFrom === null ? Infinity : Math.max(heardAt, this.listeningFrom, slot.graceFrom),
      expectedPeriodMs: device ? expectedPeriodMs(device) : Infinity,
      clockSuspectAt: slot.clockSuspectAt,
    }
  }

  #schedule(slot: DeviceSlot, wakeAt: number): void {
    const dueAt = Number.isFinite(wakeAt) ? Math.ceil(wakeAt / 1000) * 1000 : null
    if (dueAt === slot.dueAt) return
    slot.dueAt = dueAt
    if (dueAt !== null) this.#due.add({ at: dueAt, kind: 'device', id: slot.id })
  }

  #watch(slot: DeviceSlot): void {
    const watching = this.#causes.isExplained(slot.id) || slot.bounds.some((bound) => this.#alarms.isBreached(bound.place.key))
    if (watching === slot.watching) return
    slot.watching = watching
    for (const id of slot.series) this.#refreshQuiet(id)
  }

  #heardAt(slot: DeviceSlot): number {
    let heardAt = -Infinity
    for (const id of slot.series) heardAt = Math.max(heardAt, this.#memory.rows[id * STRIDE + HEARD]!)
    return heardAt
  }

  #lastPosOf(slot: DeviceSlot): number {
    let pos = 0
    for (const id of slot.series) pos = Math.max(pos, this.#memory.rows[id * STRIDE + POS]!)
    return pos
  }

  #slotOf(id: string): DeviceSlot {
    let slot = this.#slots.get(id)
    if (!slot) {
      slot = { id, series: [], bounds: [], clockSuspectAt: null, graceFrom: 0, dueAt: null, watching: false, heard: false }
      this.#slots.set(id, slot)
    }
    return slot
  }
}

/** One that throws takes nobody with it: an alarm says so, and it is asked again with the next sign of life. */
function judgedBy({ type, options }: DeviceBound, sample: DeviceSample): DeviceStep {
  try {
    return type.step(options, sample)
  } catch (error) {
    return { verdict: couldNotRun((error as Error).message), wakeAt: null }
  }
}
