import type { Mode } from '../core/mode.ts'
import { isBad, qualityOf, reasonOf } from '../core/quality.ts'
import type { Series } from '../core/reading.ts'
import { expectedPeriodMs, type Device, type Registry } from '../core/registry.ts'
import type { Directory } from '../journal/directory.ts'
import { groupOf, isInService, isMember } from './binding.ts'
import { tickAtOrAfter, type DueTimes } from './due-times.ts'
import { placeKey, type Moment, type OpenAlarms, type Place } from './open-alarms.ts'
import { positionOf, type Located } from './position-watch.ts'
import type { ReadyRule, Rulebook } from './rulebook.ts'
import { couldNotRun, isAbout, type AnyGroupRule, type GroupEvent, type GroupFacts, type GroupStep } from './rules/rule.ts'
import { AT, POS, QUALITY, RECEIVED, STRIDE, VALUE, type SeriesMemory } from './series-memory.ts'
import { HOLD_PERIODS } from './series-slot.ts'
import type { Quiet } from './series-watch.ts'

/** A rule at work on one group of devices. */
type GroupSlot = {
  key: string
  mode: Mode
  ready: ReadyRule
  type: AnyGroupRule
  subject: string
  state: unknown
  wakeAt: number | null
  dueAt: number | null
  /** event time the group has come to, and when we had come there */
  nowAt: number
  nowReceived: number
  /** who was heard last: where to look first */
  device: string
}

export type SavedGroup = Pick<GroupSlot, 'state' | 'wakeAt' | 'nowAt' | 'nowReceived' | 'device'>

type Parts = {
  directory: Directory
  rulebook: Rulebook
  memory: SeriesMemory
  alarms: OpenAlarms
  due: DueTimes
  lastPos: () => number
  seriesOf: (device: string) => number[]
  /** the newest value of the series raises and does not clear */
  isDoubtful: (id: number) => boolean
  /** what the device's readings may be quiet about has changed */
  refreshQuiet: (device: string) => void
}

const byKey = (a: GroupSlot, b: GroupSlot) => (a.key < b.key ? -1 : 1)

/** The rules that judge devices of one group together. Only series such a rule listens to come here. */
export class GroupWatch {
  #parts: Parts
  #slots = new Map<string, GroupSlot>()
  #rules: ReadyRule[] | null = null
  /** who listens to a series or to a device's position; worked out when first asked */
  #listeners = new Map<number, GroupSlot[]>()
  #locators = new Map<string, GroupSlot[]>()
  #dirty = new Set<string>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether some group wants the positions of this device. */
  isWanted(mode: Mode, device: string): boolean {
    return this.#locatorsOf(mode, device).length > 0
  }

  /** Good values that change nothing for any group; null when all must be heard. */
  quietFor(series: Series): Quiet | null {
    const quiet = { above: -Infinity, below: Infinity }
    for (const slot of this.#listenersOf(series)) {
      const range = quietBy(slot, series)
      if (range === null) return null
      quiet.above = Math.max(quiet.above, range.above)
      quiet.below = Math.min(quiet.below, range.below)
    }
    return quiet
  }

  /** A reading that was judged in order: the newest of its series, as memory holds it. */
  hear(series: Series, causePos: number): void {
    const slots = this.#listenersOf(series)
    if (slots.length === 0) return
    const received = this.#parts.memory.rows[series.id * STRIDE + RECEIVED]!
    const event = this.#readingOf(series)
    if (!event) return
    for (const slot of slots) this.#step(slot, event, received, causePos, series.device)
    this.#parts.refreshQuiet(series.device)
  }

  locate({ mode, device, fix, gap, holdMs, pos }: Located): void {
    const slots = this.#locatorsOf(mode, device)
    if (slots.length === 0) return
    const position = positionOf(fix, fix.at, false, gap)
    const event: GroupEvent = { is: 'position', device, position, at: fix.at, pos, holdUntil: fix.at + holdMs }
    for (const slot of slots) this.#step(slot, event, fix.receivedAt, pos, device)
  }

  tick(key: string, tick: number): void {
    const slot = this.#slots.get(key)
    if (!slot || slot.dueAt !== tick) return
    slot.dueAt = null
    const until = tick - (slot.nowReceived - slot.nowAt)
    this.#passTime(slot, until, true, tick, this.#parts.lastPos())
    this.#schedule(slot)
  }

  /** Rules over groups changed: those groups start over with what is known of their devices. */
  rulesChanged(ruleIds: Set<string>, moment: Moment, by: string, reason: string): void {
    this.#rules = null
    this.#listeners.clear()
    this.#locators.clear()
    for (const slot of [...this.#slots.values()].sort(byKey)) {
      if (!ruleIds.has(slot.ready.rule.id)) continue
      const ready = this.#parts.rulebook.ready(slot.ready.rule.id)
      if (ready?.type.over === 'group') this.#startOver(slot, ready)
      else this.#end(slot, moment, by, reason)
    }
    const isTouched = (slot: GroupSlot) => ruleIds.has(slot.ready.rule.id)
    for (const device of this.#devices()) {
      this.#feed(device, moment, isTouched, (slot, event) => this.#learn(slot, event, moment.knownAt, device.id))
      this.#parts.refreshQuiet(device.id)
    }
    // Only once all is known it is judged: half of it would take back what still holds.
    for (const slot of [...this.#slots.values()].sort(byKey)) {
      if (!isTouched(slot)) continue
      this.#judge(slot, { is: 'time', at: Math.max(slot.nowAt, moment.at) }, moment.knownAt, moment.causePos)
      this.#schedule(slot)
    }
  }

  /** A device changed: it leaves the groups it is no longer in and is known to those it is in now. */
  rebind(deviceId: string, moment: Moment): void {
    const { registry } = this.#parts.directory
    const device = registry.devices.get(deviceId)
    for (const id of this.#parts.seriesOf(deviceId)) this.#listeners.delete(id)
    for (const key of [...this.#locators.keys()]) if (key.endsWith(`\n${deviceId}`)) this.#locators.delete(key)
    for (const slot of [...this.#slots.values()].sort(byKey)) {
      if (slot.type.isAtRest(slot.state, deviceId)) continue
      if (device && this.#subjectIn(slot.ready, device) === slot.subject) continue
      const event: GroupEvent = { is: 'left', device: deviceId, at: Math.max(moment.at, slot.nowAt) }
      this.#step(slot, event, moment.knownAt, moment.causePos, deviceId)
    }
    if (device && isInService(device, registry)) {
      const fresh = (slot: GroupSlot) => slot.type.isAtRest(slot.state, deviceId)
      this.#feed(device, moment, fresh, (slot, event) => this.#step(slot, event, moment.knownAt, moment.causePos, deviceId))
    }
    this.#parts.refreshQuiet(deviceId)
  }

  takeChanged(): [key: string, saved: SavedGroup | null][] {
    const changed = [...this.#dirty].map((key): [string, SavedGroup | null] => {
      const slot = this.#slots.get(key)
      if (!slot || slot.state === slot.type.start) return [key, null]
      const { state, wakeAt, nowAt, nowReceived, device } = slot
      return [key, { state, wakeAt, nowAt, nowReceived, device }]
    })
    this.#dirty.clear()
    return changed
  }

  restore(states: [key: string, saved: SavedGroup | null][]): void {
    for (const [key, saved] of states) {
      const [mode, ruleId, subject] = key.split('\n') as [Mode, string, string]
      const ready = this.#parts.rulebook.ready(ruleId)
      if (!saved || ready?.type.over !== 'group') continue
      const slot = this.#slotOf(mode, ready, subject)
      Object.assign(slot, saved)
      this.#schedule(slot)
    }
  }

  #readingOf({ id, device, metric }: Series): Extract<GroupEvent, { is: 'reading' }> | null {
    const rows = this.#parts.memory.rows
    const row = id * STRIDE
    const at = rows[row + AT]!
    const installed = this.#parts.directory.registry.devices.get(device)
    if (at === -Infinity || !installed) return null
    const quality = rows[row + QUALITY]!
    const holdUntil = at + HOLD_PERIODS * expectedPeriodMs(installed)
    const isDoubtful = qualityOf(quality) === 'good' && this.#parts.isDoubtful(id)
    const judged = { quality: isDoubtful ? ('uncertain' as const) : qualityOf(quality), reason: reasonOf(quality) }
    return { is: 'reading', device, metric, value: rows[row + VALUE]!, at, ...judged, pos: rows[row + POS]!, holdUntil }
  }

  /** What the device's readings now are, as far as they still stand, to the groups that are to hear it. */
  #feed(device: Device, moment: Moment, wants: (slot: GroupSlot) => boolean, tell: (slot: GroupSlot, event: GroupEvent) => void) {
    const { directory, memory, seriesOf } = this.#parts
    for (const id of seriesOf(device.id)) {
      const series = directory.series.get(id)!
      const event = this.#readingOf(series)
      const age = moment.knownAt - memory.rows[id * STRIDE + RECEIVED]!
      if (!event || age > event.holdUntil - event.at || isBad(memory.rows[id * STRIDE + QUALITY]!)) continue
      for (const slot of this.#listenersOf(series)) if (wants(slot)) tell(slot, event)
    }
  }

  #step(slot: GroupSlot, event: GroupEvent, knownAt: number, causePos: number, device: string): void {
    this.#passTime(slot, event.at, false, knownAt, causePos)
    this.#comeTo(slot, event.at, knownAt, device)
    this.#judge(slot, event, knownAt, causePos)
    this.#schedule(slot)
  }

  /** Takes a reading in without a verdict. */
  #learn(slot: GroupSlot, event: GroupEvent, knownAt: number, device: string): void {
    this.#comeTo(slot, event.at, knownAt, device)
    this.#advance(slot, event)
  }

  #comeTo(slot: GroupSlot, at: number, knownAt: number, device: string): void {
    slot.device = device
    if (at <= slot.nowAt) return
    slot.nowAt = at
    slot.nowReceived = knownAt
  }

  /** What was to come about before this moment comes about first. */
  #passTime(slot: GroupSlot, until: number, including: boolean, knownAt: number, causePos: number): void {
    while (slot.wakeAt !== null && (slot.wakeAt < until || (including && slot.wakeAt === until))) {
      this.#judge(slot, { is: 'time', at: slot.wakeAt }, knownAt, causePos)
    }
  }

  #advance(slot: GroupSlot, event: GroupEvent): GroupStep<unknown> {
    const { directory } = this.#parts
    const facts = { nameOf: (id: string) => directory.registry.devices.get(id)?.name ?? id }
    const step = judgedBy(slot, event, facts)
    const isAtRest = step.state === slot.type.start
    slot.state = step.state
    slot.wakeAt = !isAtRest && step.wakeAt !== null && step.wakeAt > event.at ? step.wakeAt : null
    this.#dirty.add(slot.key)
    return step
  }

  #judge(slot: GroupSlot, event: GroupEvent, knownAt: number, causePos: number): void {
    const { alarms } = this.#parts
    const { verdict, causes } = this.#advance(slot, event)
    if (verdict === 'clear') {
      const moment: Moment = { causePos, at: event.at, knownAt, value: null, overRange: false, causes }
      if (alarms.isBreached(slot.key)) alarms.clear(slot.key, moment)
    } else if (verdict !== 'unchanged') {
      alarms.breach(placeOf(slot), verdict, { causePos, at: event.at, knownAt, value: null, overRange: false, causes })
    }
    // A group at rest is as it was before anything was heard, so that it need not be kept.
    if (slot.state === slot.type.start) slot.nowAt = slot.nowReceived = -Infinity
  }

  #schedule(slot: GroupSlot): void {
    const dueAt = slot.wakeAt === null ? null : tickAtOrAfter(slot.wakeAt + slot.nowReceived - slot.nowAt)
    if (dueAt === slot.dueAt) return
    slot.dueAt = dueAt
    if (dueAt !== null) this.#parts.due.add({ at: dueAt, kind: 'group', id: slot.key })
  }

  #startOver(slot: GroupSlot, ready: ReadyRule): void {
    slot.ready = ready
    slot.type = ready.type as AnyGroupRule
    slot.state = slot.type.start
    slot.wakeAt = null
    slot.dueAt = null
    this.#dirty.add(slot.key)
  }

  #end(slot: GroupSlot, moment: Moment, by: string, reason: string): void {
    this.#parts.alarms.end(slot.key, moment, by, reason)
    this.#slots.delete(slot.key)
    this.#dirty.add(slot.key)
  }

  #listenersOf(series: Series): GroupSlot[] {
    let slots = this.#listeners.get(series.id)
    if (!slots) {
      const device = this.#parts.directory.registry.devices.get(series.device)
      const hears = (rule: ReadyRule) => this.#hears(rule).metrics.some((metric) => isAbout({ metric }, series.metric))
      slots = this.#groupsOf(series.mode, device, hears)
      this.#listeners.set(series.id, slots)
    }
    return slots
  }

  #locatorsOf(mode: Mode, deviceId: string): GroupSlot[] {
    const key = `${mode}\n${deviceId}`
    let slots = this.#locators.get(key)
    if (!slots) {
      const device = this.#parts.directory.registry.devices.get(deviceId)
      slots = this.#groupsOf(mode, device, (rule) => this.#hears(rule).positions)
      this.#locators.set(key, slots)
    }
    return slots
  }

  #hears = ({ type, options }: ReadyRule) => (type as AnyGroupRule).hears(options)

  #groupsOf(mode: Mode, device: Device | undefined, hears: (rule: ReadyRule) => boolean): GroupSlot[] {
    this.#rules ??= this.#parts.rulebook.allReady().filter(({ type }) => type.over === 'group')
    if (this.#rules.length === 0 || !device) return []
    return this.#rules.flatMap((ready) => {
      const subject = hears(ready) ? this.#subjectIn(ready, device) : null
      return subject === null ? [] : [this.#slotOf(mode, ready, subject)]
    })
  }

  /** The group of the rule that the device is in, null when it is in none. */
  #subjectIn(ready: ReadyRule, device: Device): string | null {
    const registry: Registry = this.#parts.directory.registry
    if (!isInService(device, registry) || !isMember(ready, device, registry)) return null
    return groupOf((ready.type as AnyGroupRule).scope(ready.options), device, registry)
  }

  #slotOf(mode: Mode, ready: ReadyRule, subject: string): GroupSlot {
    const key = placeKey(mode, ready.rule.id, subject, false)
    let slot = this.#slots.get(key)
    if (!slot) {
      const type = ready.type as AnyGroupRule
      const nothing = {
        state: type.start as unknown,
        wakeAt: null,
        dueAt: null,
        nowAt: -Infinity,
        nowReceived: -Infinity,
        device: '',
      }
      this.#slots.set(key, (slot = { key, mode, ready, type, subject, ...nothing }))
    }
    return slot
  }

  #devices(): Device[] {
    return [...this.#parts.directory.registry.devices.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
}

/** One that throws takes nobody with it: an alarm says so, and it is asked again with the next event. */
function judgedBy({ type, ready, state }: GroupSlot, event: GroupEvent, facts: GroupFacts): GroupStep<unknown> {
  try {
    return type.step(ready.options, state, event, facts) as GroupStep<unknown>
  } catch (error) {
    return { state: { ...(state as object) }, verdict: couldNotRun((error as Error).message), wakeAt: null, causes: [] }
  }
}

/** What it cannot say is asked again with every reading, where an alarm can say so. */
function quietBy({ type, ready, state }: GroupSlot, { device, metric }: Series): Quiet | null {
  try {
    return type.isAtRest(state, device) ? type.quiet(ready.options, metric) : null
  } catch {
    return null
  }
}

/** The alarm is the group's; the device that completed it says where to look first. */
const placeOf = ({ key, mode, ready, subject, device }: GroupSlot): Place => ({
  key,
  mode,
  rule: ready.rule,
  subject,
  deviceId: device,
  metric: null,
  late: false,
})
