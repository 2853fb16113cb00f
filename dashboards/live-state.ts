import { isOpen, type Alarm } from '../core/alarm.ts'
import { AlarmGroupBook } from '../core/alarm-group.ts'
import type { LiveDevice, OnlineState, PlatformState } from '../core/live.ts'
import { metricOf, splitChannel } from '../core/metrics.ts'
import { modes, type Mode } from '../core/mode.ts'
import { readBlock } from '../core/reading.ts'
import type { RecordEntry } from '../core/record.ts'
import { expectedPeriodMs, substanceOf, type Device } from '../core/registry.ts'
import type { RiskState } from '../core/risk.ts'
import type { Rule } from '../core/rule.ts'
import { Windows } from '../core/window-book.ts'
import { windowEntryKinds } from '../core/window.ts'
import { readConnection, readRecordEntry } from '../journal/codec.ts'
import type { Directory } from '../journal/directory.ts'
import type { Damage, Entry } from '../journal/journal.ts'
import { NewestReadings } from './newest-readings.ts'
import { testsAt, type DeviceTest } from './device-tests.ts'

/** Something the screens must hear of at once. `before` is the alarm as it stood, undefined when it was not open. */
export type StateChange =
  | { kind: 'alarm'; mode: Mode; enterpriseId: string; alarm: Alarm; before: Alarm | undefined }
  | { kind: 'device'; mode: Mode; enterpriseId: string; id: string; device: LiveDevice | null }
  | { kind: 'platform'; platform: PlatformState }
  | { kind: 'fences'; mode: Mode; version: number }
  /** sectors and regions have no enterprise */
  | { kind: 'risk'; mode: Mode; enterpriseId: string | null; risk: RiskState }
  /** an enterprise or zone is new or has another name: pictures have to be drawn anew */
  | { kind: 'names' }

export type Pulse = { rows: number; lastAt: number }

type Shown = {
  device: Device
  state: OnlineState
  periodMs: number
  faults: string[]
  test: DeviceTest | undefined
  text: string | null
}

/** A device is silent after this many of its periods without data (semantics 13). */
const PERIODS = 3
/** At most this many devices change state in one look, so that a lost network does not hold the loop. */
const STATES_A_LOOK = 1_000
const NOTICES_KEPT = 50
/** Kinds of the record that screens show; the others are not even read. */
const shown = new Set([
  'registry.changed',
  'alarm.changed',
  'risk.changed',
  'fence.set',
  'rule.set',
  'rule.removed',
  'journal.damaged',
  ...windowEntryKinds,
])

/**
 * What screens show, as a projection of the journal: newest readings, open alarms, devices and whether they are heard,
 * rules in force. Does no I/O and reads no clock; time comes with the entries and with `look`.
 */
export class LiveState {
  readonly newest: NewestReadings
  readonly alarms = new Map<string, Alarm>()
  /** open alarms that are not set aside */
  readonly groups = new Map(modes.map((mode): [Mode, AlarmGroupBook] => [mode, new AlarmGroupBook()]))
  readonly rules = new Map<string, Rule>()
  readonly risks = new Map<string, RiskState>()
  readonly windows = new Windows()
  /** counts changes of the registry, for lists that are cached */
  registryVersion = 0
  platform: PlatformState = { receiving: 'ok', detail: null, notices: [] }
  #directory: Directory
  #isConnected: (deviceId: string) => boolean
  #shown = new Map<string, Shown>()
  #alarmTexts = new WeakMap<Alarm, string>()
  #notices: PlatformState['notices'] = []
  #partNotices: PlatformState['notices'] = []

  constructor(directory: Directory, isConnected: (deviceId: string) => boolean) {
    this.#directory = directory
    this.#isConnected = isConnected
    this.newest = new NewestReadings(directory.series)
  }

  /** From what the platform knew at the start; devices follow from the directory and readings already loaded. */
  load(openAlarms: Alarm[], rules: Rule[], now: number): void {
    for (const alarm of openAlarms) this.#take(alarm)
    for (const rule of rules) this.rules.set(rule.id, rule)
    this.newest.takeLearned()
    for (const device of this.#directory.registry.devices.values()) {
      if (device.retiredAt === null) this.#shown.set(device.id, this.#draw(device, now))
    }
  }

  /** Live risk as it stood when it was asked for; what has been recorded since is known already. */
  loadRisks(risks: RiskState[]): StateChange[] {
    for (const risk of risks) {
      const key = `${risk.mode}\n${risk.id}`
      if ((this.risks.get(key)?.since ?? -1) < risk.since) this.risks.set(key, risk)
    }
    return risks.length > 0 ? [{ kind: 'names' }] : []
  }

  /** Takes one entry, after the directory has; gives what screens must hear of. */
  apply(entry: Entry): StateChange[] {
    if (entry.kind === 'block') {
      this.newest.apply(readBlock(entry.payload))
      return this.#heard(entry.receivedAt)
    }
    if (entry.kind === 'connection') return this.#redraw(readConnection(entry).deviceId, entry.receivedAt)
    return shown.has(entry.kind) ? this.#record(readRecordEntry(entry), entry.receivedAt) : []
  }

  /** Stretches of the journal that could not be read back. */
  damaged(stretches: Damage[], at: number): StateChange[] {
    for (const { file, offset, bytes } of stretches) {
      this.#notice('journal-damaged', `${file}: ${bytes} bytes at ${offset} cannot be read back`, at)
    }
    const { receiving, detail } = this.platform
    return stretches.length > 0 ? this.setPlatform(receiving, detail, this.#partNotices) : []
  }

  /** Devices that fell silent or were heard again by `now`. */
  look(now: number): StateChange[] {
    const changes: StateChange[] = []
    this.windows.forget(now)
    const tests = testsAt(this.windows, now)
    for (const [id, shown] of this.#shown) {
      const isSameTest = isSame(tests.get(id), shown.test)
      if (isSameTest && this.#stateOf(shown.device, shown.periodMs, now) === shown.state) continue
      changes.push(...this.#redraw(id, now))
      if (changes.length >= STATES_A_LOOK) break
    }
    return changes
  }

  /** How the parts are doing; what is wrong is shown until it is right again. */
  setPlatform(receiving: PlatformState['receiving'], detail: string | null, notices: PlatformState['notices']): StateChange[] {
    this.#partNotices = notices
    const all = [...notices, ...this.#notices]
    const same =
      receiving === this.platform.receiving &&
      detail === this.platform.detail &&
      JSON.stringify(all) === JSON.stringify(this.platform.notices)
    if (same) return []
    this.platform = { receiving, detail, notices: all }
    return [{ kind: 'platform', platform: this.platform }]
  }

  get fencesVersion(): number {
    return this.#directory.fences.version
  }

  device(id: string): LiveDevice | null {
    const shown = this.#shown.get(id)
    return shown ? this.#live(shown) : null
  }

  /** An alarm as JSON text: one that has not changed is put into words once, however many pictures show it. */
  alarmText(alarm: Alarm): string {
    let text = this.#alarmTexts.get(alarm)
    if (text === undefined) this.#alarmTexts.set(alarm, (text = JSON.stringify(alarm)))
    return text
  }

  /** A device as JSON text; all but the time of its last reading is kept until something about it changes. */
  deviceText(id: string): string {
    const shown = this.#shown.get(id)
    if (!shown) return 'null'
    shown.text ??= JSON.stringify({ ...this.#live(shown), lastReceivedAt: undefined }).slice(0, -1)
    return `${shown.text},"lastReceivedAt":${this.newest.lastReceivedAt(id)}}`
  }

  /** Readings since this was last asked and when the newest came, by `mode` and by `mode enterprise`. */
  takePulse(): Map<string, Pulse> {
    const pulses = new Map<string, Pulse>()
    for (const { device } of this.#shown.values()) {
      const rows = this.newest.takeRows(device.id)
      const lastAt = this.newest.lastReceivedAt(device.id)
      if (lastAt === null) continue
      for (const key of [device.mode, `${device.mode} ${device.enterpriseId}`]) {
        const pulse = pulses.get(key)
        if (!pulse) pulses.set(key, { rows, lastAt })
        else {
          pulse.rows += rows
          pulse.lastAt = Math.max(pulse.lastAt, lastAt)
        }
      }
    }
    return pulses
  }

  deviceIds(): IterableIterator<string> {
    return this.#shown.keys()
  }

  deviceRow(id: string): Device | undefined {
    return this.#shown.get(id)?.device
  }

  #record(change: RecordEntry, at: number): StateChange[] {
    switch (change.kind) {
      case 'registry.changed':
        this.registryVersion++
        if (change.entity === 'device') return this.#redraw(change.row.id, at)
        return change.entity === 'site' ? [] : [{ kind: 'names' }]
      case 'alarm.changed': {
        const { alarm } = change
        const before = this.alarms.get(alarm.id)
        this.#take(alarm)
        return [{ kind: 'alarm', mode: alarm.mode, enterpriseId: alarm.enterpriseId, alarm, before }]
      }
      case 'risk.changed': {
        const { risk } = change
        this.risks.set(`${risk.mode}\n${risk.id}`, risk)
        return [{ kind: 'risk', mode: risk.mode, enterpriseId: risk.enterpriseId, risk }]
      }
      case 'fence.set':
        return [{ kind: 'fences', mode: change.fence.mode, version: this.fencesVersion }]
      case 'window.declared':
      case 'window.confirmed':
      case 'window.refused':
      case 'window.ended': {
        const window = this.windows.apply(change, at)
        return (window?.points ?? []).flatMap(({ device }) => this.#redraw(device, at))
      }
      case 'rule.set':
        this.rules.set(change.rule.id, change.rule)
        return []
      case 'rule.removed':
        this.rules.delete(change.ruleId)
        return []
      case 'journal.damaged':
        return this.damaged([change], at)
      default:
        return []
    }
  }

  #take(alarm: Alarm): void {
    if (isOpen(alarm)) this.alarms.set(alarm.id, alarm)
    else this.alarms.delete(alarm.id)
    this.groups.get(alarm.mode)?.put(alarm, isOpen(alarm) && alarm.setAside === undefined)
  }

  #notice(code: string, text: string, since: number): void {
    this.#notices = [{ code, text, since }, ...this.#notices].slice(0, NOTICES_KEPT)
  }

  /** Devices that sent a metric for the first time may have a new fault. */
  #heard(now: number): StateChange[] {
    return this.newest.takeLearned().flatMap((id) => this.#redraw(id, now))
  }

  #redraw(id: string, now: number): StateChange[] {
    const before = this.#shown.get(id)
    const device = this.#directory.registry.devices.get(id)
    if (!device || device.retiredAt !== null) {
      if (!before) return []
      this.#shown.delete(id)
      return [{ kind: 'device', mode: before.device.mode, enterpriseId: before.device.enterpriseId, id, device: null }]
    }
    const shown = this.#draw(device, now)
    const same = before?.device === device && before.state === shown.state && before.faults.join() === shown.faults.join()
    if (same && isSame(before.test, shown.test)) return []
    this.#shown.set(id, shown)
    if (!before) this.newest.resend(id)
    return [{ kind: 'device', mode: device.mode, enterpriseId: device.enterpriseId, id, device: this.#live(shown) }]
  }

  #draw(device: Device, now: number): Shown {
    const periodMs = expectedPeriodMs(device)
    const test = testsAt(this.windows, now).get(device.id)
    return { device, periodMs, state: this.#stateOf(device, periodMs, now), faults: this.#faultsOf(device), test, text: null }
  }

  #live({ device, state, periodMs, faults, test }: Shown): LiveDevice {
    return {
      id: device.id,
      name: device.name,
      kind: device.kind,
      enterpriseId: device.enterpriseId,
      zoneId: device.zoneId,
      latitude: device.latitude,
      longitude: device.longitude,
      state,
      lastReceivedAt: this.newest.lastReceivedAt(device.id),
      expectedPeriodMs: periodMs,
      faults,
      ...(test && { test }),
    }
  }

  /** Silence is a fault even while the link stands; a gateway has only its link to be judged by. */
  #stateOf(device: Device, periodMs: number, now: number): OnlineState {
    const heardAt = this.newest.lastReceivedAt(device.id)
    const connected = this.#isConnected(device.id)
    if (device.kind === 'gateway' && connected) return 'online'
    if (heardAt === null) return 'never'
    if (now - heardAt <= PERIODS * periodMs) return 'online'
    return connected ? 'stale' : 'offline'
  }

  #faultsOf(device: Device): string[] {
    const series = this.newest.sender(device.id)?.series ?? []
    return series
      .map((number) => this.newest.metricOf(number))
      .filter((metric) => metricOf(metric)?.needsSubstance && substanceOf(device, splitChannel(metric).channel) === null)
      .map((metric) => `no-substance:${metric}`)
      .sort()
  }
}

const isSame = (a: DeviceTest | undefined, b: DeviceTest | undefined): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b)
