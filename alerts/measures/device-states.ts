import type { Mode } from '../../core/mode.ts'
import { splitChannel } from '../../core/metrics.ts'
import { isBad, reasonOf } from '../../core/quality.ts'
import type { ReadingBlock, Series } from '../../core/reading.ts'
import { expectedPeriodMs, type Device, type Registry } from '../../core/registry.ts'
import { tickAfter } from './ticks.ts'

/** A device is heard for so many of its periods after a reading; then it is silent (semantics 13). */
const HOLD_PERIODS = 3

/** What one device has sent today. Times are of receipt: what comes late does not change a day that is over. */
export type Tally = { received: number; invalid: number; refused: number; onlineMs: number; outMs: number }
export const noTally = (): Tally => ({ received: 0, invalid: 0, refused: 0, onlineMs: 0, outMs: 0 })

export type DeviceState = {
  id: string
  enterpriseId: string
  zoneId: string | null
  mode: Mode
  /** a gateway has no readings of its own to be missed, and what is retired is missed by nobody */
  counts: boolean
  holdMs: number
  lastHeard: number
  heard: boolean
  /** series of its own that say it does not protect: bypassed, or not in service */
  flags: Set<number>
  /** alarms of it that somebody has suppressed or taken out of service */
  hiddenAlarms: number
  /** time before this is in the tally already */
  accruedTo: number
  tally: Tally
  dueAt: number | null
}

export type SavedDeviceState = Pick<DeviceState, 'id' | 'lastHeard' | 'heard' | 'hiddenAlarms' | 'accruedTo' | 'tally'> & {
  flags: number[]
}

const FLAG_NONE = 0
const FLAG_BYPASSED = 1
const FLAG_IN_SERVICE = 2

export const isOut = ({ flags, hiddenAlarms }: DeviceState): boolean => flags.size > 0 || hiddenAlarms > 0

/** Whether devices are heard and protect, and what each has sent today. `changed` hears of every change, before and after it. */
export class DeviceStates {
  readonly all = new Map<string, DeviceState>()
  /** since when we have been listening, null while nothing can be received */
  listeningFrom: number | null = null
  /** how long we have listened today, up to `listenedTo` */
  listenedMs = 0
  #listenedTo = 0
  #registry: Registry
  #changed: (device: DeviceState, apply: () => void) => void
  #bySeries: (DeviceState | undefined)[] = []
  #flagBySeries: number[] = []
  #due: { add(at: number, id: string): void }

  constructor(
    registry: Registry,
    due: { add(at: number, id: string): void },
    changed: (device: DeviceState, apply: () => void) => void,
  ) {
    this.#registry = registry
    this.#due = due
    this.#changed = changed
  }

  /** A device as the registry now has it. */
  bind(device: Device): void {
    const enterprise = this.#registry.enterprises.get(device.enterpriseId)
    const counts = device.retiredAt === null && enterprise?.retiredAt === null && device.kind !== 'gateway'
    const row = {
      enterpriseId: device.enterpriseId,
      zoneId: device.zoneId,
      mode: device.mode,
      counts,
      holdMs: HOLD_PERIODS * expectedPeriodMs(device),
    }
    const known = this.all.get(device.id)
    if (known) {
      this.#changed(known, () => Object.assign(known, row))
      this.#schedule(known)
      return
    }
    const fresh: DeviceState = {
      ...{ id: device.id, ...row, counts: false, lastHeard: -Infinity, heard: false, flags: new Set<number>(), hiddenAlarms: 0 },
      ...{ accruedTo: 0, tally: noTally(), dueAt: null },
    }
    this.all.set(device.id, fresh)
    this.#changed(fresh, () => (fresh.counts = counts))
  }

  define({ id, device, metric }: Series): void {
    const { metric: name } = splitChannel(metric)
    this.#bySeries[id] = this.all.get(device)
    this.#flagBySeries[id] = name === 'bypassed' ? FLAG_BYPASSED : name === 'inService' ? FLAG_IN_SERVICE : FLAG_NONE
  }

  hear({ count, series, receivedAt, value, quality }: ReadingBlock): void {
    for (let row = 0; row < count; row++) {
      const id = series[row]!
      const device = this.#bySeries[id]
      if (!device) continue
      const at = receivedAt[row]!
      const code = quality[row]!
      device.tally.received++
      if (isBad(code) || reasonOf(code) === 'clock') device.tally.invalid++
      if (at > device.accruedTo) this.#accrue(device, at)
      device.lastHeard = at
      if (!device.heard) this.#sayHeard(device)
      const flag = this.#flagBySeries[id]!
      if (flag !== FLAG_NONE && !isBad(code)) this.#flag(device, id, flag === FLAG_BYPASSED ? value[row] !== 0 : value[row] === 0)
    }
  }

  refused(deviceId: string | null): void {
    const device = deviceId === null ? undefined : this.all.get(deviceId)
    if (device) device.tally.refused++
  }

  hide(deviceId: string, by: number, at: number): void {
    const device = this.all.get(deviceId)
    if (!device) return
    this.#accrue(device, at)
    this.#changed(device, () => (device.hiddenAlarms += by))
  }

  /** A tick at which a device may have been silent for too long. */
  tick(id: string, tick: number): void {
    const device = this.all.get(id)
    if (!device || device.dueAt !== tick) return
    device.dueAt = null
    if (!device.heard || this.listeningFrom === null) return
    const from = Math.max(device.lastHeard, this.listeningFrom)
    if (tick - from > device.holdMs) this.#changed(device, () => (device.heard = false))
    else this.#schedule(device)
  }

  /** Silence counts again, and every device has its whole grace before it. */
  listen(at: number): void {
    if (this.listeningFrom !== null) this.stopListening(at)
    this.listeningFrom = at
    this.#listenedTo = at
    for (const device of this.all.values()) {
      device.accruedTo = Math.max(device.accruedTo, at)
      this.#schedule(device)
    }
  }

  stopListening(at: number): void {
    if (this.listeningFrom === null) return
    this.#accrueAll(at)
    this.listeningFrom = null
  }

  /** What every device has sent since the last close, and how long we listened. */
  closeDay(at: number): { listenedMs: number; tallies: [id: string, tally: Tally][] } {
    this.#accrueAll(at)
    const tallies: [string, Tally][] = []
    for (const device of this.all.values()) {
      const { received, refused } = device.tally
      if (received > 0 || refused > 0 || device.tally.onlineMs > 0) tallies.push([device.id, device.tally])
      device.tally = noTally()
    }
    const { listenedMs } = this
    this.listenedMs = 0
    return { listenedMs, tallies }
  }

  /** Today so far, as it stands at `at`; changes nothing. */
  soFar(at: number): { listenedMs: number; tallies: [id: string, tally: Tally][] } {
    const listening = this.listeningFrom !== null
    const tallies = [...this.all.values()].map((device): [string, Tally] => {
      const more = listening ? onlineUntil(device, at) : 0
      const { onlineMs, outMs } = device.tally
      return [device.id, { ...device.tally, onlineMs: onlineMs + more, outMs: outMs + (isOut(device) ? more : 0) }]
    })
    return { listenedMs: this.listenedMs + (listening ? Math.max(0, at - this.#listenedTo) : 0), tallies }
  }

  save() {
    const devices = [...this.all.values()].map(
      ({ id, lastHeard, heard, hiddenAlarms, accruedTo, tally, flags }): SavedDeviceState => ({
        ...{ id, lastHeard: lastHeard === -Infinity ? -1 : lastHeard, heard, hiddenAlarms, accruedTo, tally, flags: [...flags] },
      }),
    )
    const { listeningFrom, listenedMs } = this
    return { listeningFrom, listenedMs, listenedTo: this.#listenedTo, devices }
  }

  /** After the registry has been bound: goes on from a save. */
  restore(saved: ReturnType<DeviceStates['save']>): void {
    this.listeningFrom = saved.listeningFrom
    this.listenedMs = saved.listenedMs
    this.#listenedTo = saved.listenedTo
    for (const { id, lastHeard, flags, ...rest } of saved.devices) {
      const device = this.all.get(id)
      if (!device) continue
      const before = { ...rest, lastHeard: lastHeard < 0 ? -Infinity : lastHeard, flags: new Set(flags) }
      this.#changed(device, () => Object.assign(device, before))
      this.#schedule(device)
    }
  }

  #sayHeard(device: DeviceState): void {
    this.#changed(device, () => (device.heard = true))
    this.#schedule(device)
  }

  #flag(device: DeviceState, series: number, isSet: boolean): void {
    if (device.flags.has(series) === isSet) return
    this.#changed(device, () => (isSet ? device.flags.add(series) : device.flags.delete(series)))
  }

  #schedule(device: DeviceState): void {
    if (!device.heard || this.listeningFrom === null) return
    const at = tickAfter(Math.max(device.lastHeard, this.listeningFrom) + device.holdMs)
    if (device.dueAt !== null && device.dueAt <= at) return
    device.dueAt = at
    this.#due.add(at, device.id)
  }

  /** Online from its last reading until it is heard again or has been silent for too long. */
  #accrue(device: DeviceState, at: number): void {
    if (this.listeningFrom !== null) {
      const online = onlineUntil(device, at)
      device.tally.onlineMs += online
      if (isOut(device)) device.tally.outMs += online
    }
    device.accruedTo = Math.max(device.accruedTo, at)
  }

  #accrueAll(at: number): void {
    for (const device of this.all.values()) this.#accrue(device, at)
    if (this.listeningFrom === null) return
    this.listenedMs += Math.max(0, at - this.#listenedTo)
    this.#listenedTo = at
  }
}

const onlineUntil = ({ lastHeard, holdMs, accruedTo }: DeviceState, until: number): number =>
  Math.max(0, Math.min(until, lastHeard + holdMs) - accruedTo)
