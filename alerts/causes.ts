import type { ConnectionChange } from '../core/connection.ts'
import { worse, type Level } from '../core/level.ts'
import type { Mode } from '../core/mode.ts'
import type { Device, Registry } from '../core/registry.ts'
import { carrierIn, siteOf, tellCause, type CauseKind } from './cause-alarms.ts'
import { tickAtOrAfter, type DueTimes } from './due-times.ts'
import type { Moment, OpenAlarms } from './open-alarms.ts'

/** Sessions that went within so long of each other went together. */
const TOGETHER_MS = 120_000
const NETWORK_AT_LEAST = 10
const SITE_AT_LEAST = 2

type Session = { connected: boolean; at: number }
/** `inferred`: nothing comes through a gateway whose session still stands; `lost`: the sessions a network took with it */
export type StandingCause = {
  kind: CauseKind
  source: string
  mode: Mode
  since: number
  level: Level
  inferred: boolean
  lost: string[]
  /** whose silence it explains, and what of that has been recorded */
  devices: string[]
  told: string[]
  settleAt: number | null
}
type Standing = Omit<StandingCause, 'devices'> & { devices: Set<string> }
export type SavedCause = StandingCause | Session | { carrier: string } | { lost: boolean; since: number | null }

type Parts = {
  registry: Registry
  alarms: OpenAlarms
  due: DueTimes
  lastPos: () => number
  heardAt: (device: string) => number
  periodOf: (device: string) => number
  /** the cause is over: the device has a full grace period from here on */
  freed: (device: string, at: number, pos: number) => void
}
type Silence = { device: Device; level: Level; countFrom: number; allowedMs: number; periodMs: number; at: number }

/**
 * What explains that many devices are silent at once: the network, the power of a site, a gateway. A device whose silence began
 * under such a cause has no alarm of its own until the cause is over; one that was silent before keeps its own.
 */
export class CauseWatch {
  #parts: Parts
  #carriers = new Map<string, string>()
  #carried = new Map<string, Set<string>>()
  #sessions = new Map<string, Session>()
  #mains = new Map<string, { lost: boolean; since: number | null }>()
  /** since when the power of a site is out */
  #dark = new Map<string, number>()
  #standing = new Map<string, Standing>()
  #explainedBy = new Map<string, string>()
  #dirty = new Set<string>()
  #here = 0
  /** when the sessions went that are gone, ascending; until the next one comes or goes */
  #gone: readonly number[] | null = null
  #through = { key: '', heardAt: -Infinity, periods: [] as { device: string; periodMs: number }[] }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  isExplained(device: string): boolean {
    return this.#explainedBy.has(device)
  }

  isDark(device: string): boolean {
    return this.#mains.get(device)?.lost === true
  }

  connection(change: ConnectionChange, at: number, pos: number): void {
    const { deviceId, connected } = change
    const via = carrierIn(change)
    if (via !== null) return this.#carry(deviceId, via)
    this.#session(deviceId, { connected, at })
    if (!connected) {
      // Nothing has to be told yet, but a gateway's cause may turn out to be the network's.
      for (const [key, cause] of this.#standing) if (cause.kind === 'gateway') this.#settleSoon(key, cause, at)
      return
    }
    for (const [key, cause] of [...this.#standing]) {
      if (cause.kind === 'network') {
        cause.lost = cause.lost.filter((id) => id !== deviceId)
        this.#dirty.add(`cause\n${key}`)
        const isOver = cause.lost.length < this.#here
        this.#free(key, cause, at, pos, (device) => isOver || this.carrierOf(device) === deviceId)
      } else if (cause.kind === 'gateway' && cause.source === deviceId) this.#free(key, cause, at, pos)
    }
  }

  /** The process before is gone, and every session with it. */
  restarted(at: number): void {
    for (const [id, session] of this.#sessions) if (session.connected) this.#session(id, { connected: false, at })
  }

  /** The device says whether its mains are there; true when that is another answer than before. */
  mains(device: Device, lost: boolean, at: number, pos: number): boolean {
    if (this.#mains.get(device.id)?.lost === lost) return false
    const site = siteOf(device, this.#parts.registry)
    this.#mains.set(device.id, { lost, since: null })
    this.#dirty.add(`mains\n${device.id}`)
    if (site === null) return true
    let reporting = 0
    let without = 0
    for (const [id, mains] of this.#mains) {
      const other = this.#parts.registry.devices.get(id)
      if (!other || other.retiredAt !== null || other.mode !== device.mode || siteOf(other, this.#parts.registry) !== site)
        continue
      reporting++
      if (mains.lost) without++
    }
    const isDark = without >= SITE_AT_LEAST && without * 2 >= reporting
    const key = `power\n${device.mode}\n${site}`
    if (isDark === this.#dark.has(key)) return true
    this.#dirty.add(`dark\n${key}`)
    if (isDark) this.#dark.set(key, at)
    else {
      this.#dark.delete(key)
      const cause = this.#standing.get(key)
      if (cause) this.#free(key, cause, at, pos)
    }
    return true
  }

  /** Whether a cause explains why the device is silent; then the cause says so, and not the device. */
  explains(silence: Silence): boolean {
    const { device, countFrom, allowedMs, at, level } = silence
    const cause = this.#standing.get(this.#explainedBy.get(device.id) ?? '') ?? this.#causeOf(silence)
    if (!cause || (!cause.devices.has(device.id) && countFrom + allowedMs <= cause.since)) return false
    const key = keyOf(cause)
    this.#standing.set(key, cause)
    cause.level = worse(cause.level, level)
    if (!cause.devices.has(device.id)) {
      cause.devices.add(device.id)
      this.#explainedBy.set(device.id, key)
      this.#settleSoon(key, cause, at)
    }
    return true
  }

  /** The device is no longer silent (or no longer asked). What still gave no sign, though it was said to be alive, gave one now. */
  release(device: string, isHeard: boolean, at: number, pos: number): void {
    const key = this.#explainedBy.get(device)
    const cause = key === undefined ? undefined : this.#standing.get(key)
    if (key === undefined || !cause) return
    this.#remove(key, cause, device, at)
    if (isHeard && cause.inferred) this.#free(key, cause, at, pos)
  }

  /** What has gathered within a second is one change in the record. */
  tick(key: string, at: number, lastPos: number): void {
    const cause = this.#standing.get(key)
    if (!cause || cause.settleAt !== at) return
    cause.settleAt = null
    if (cause.kind === 'gateway') this.#joinNetwork(cause, at)
    this.#dirty.add(`cause\n${key}`)
    const moment: Moment = { causePos: lastPos, at, knownAt: at, value: null, overRange: false, causes: [] }
    cause.told = tellCause(this.#parts.alarms, this.#parts.registry, { ...cause, devices: [...cause.devices].sort() }, moment)
    if (cause.devices.size === 0) this.#standing.delete(key)
  }

  takeChanged(): [id: string, saved: SavedCause | null][] {
    const changed = [...this.#dirty].map((id): [string, SavedCause | null] => [id, this.#saved(id)])
    this.#dirty.clear()
    return changed
  }

  restore(saved: [id: string, saved: SavedCause | null][]): void {
    for (const [id, one] of saved) {
      const [part, ...rest] = id.split('\n') as [string, ...string[]]
      const key = rest.join('\n')
      if (one === null) continue
      if (part === 'carrier') this.#carry(key, (one as { carrier: string }).carrier)
      else if (part === 'session') this.#session(key, one as Session)
      else if (part === 'mains') this.#mains.set(key, one as { lost: boolean; since: null })
      else if (part === 'dark') this.#dark.set(key, (one as { since: number }).since)
      else this.#stand(key, one as StandingCause)
    }
    this.#dirty.clear()
  }

  #stand(key: string, saved: StandingCause): void {
    this.#standing.set(key, { ...saved, devices: new Set(saved.devices) })
    for (const device of saved.devices) this.#explainedBy.set(device, key)
    if (saved.settleAt !== null) this.#parts.due.add({ at: saved.settleAt, kind: 'explained', id: key })
  }

  #saved(id: string): SavedCause | null {
    const [part, ...rest] = id.split('\n') as [string, ...string[]]
    const key = rest.join('\n')
    if (part === 'carrier') return { carrier: this.#carriers.get(key)! }
    if (part === 'session') return this.#sessions.get(key) ?? null
    if (part === 'mains') return this.#mains.get(key) ?? null
    if (part === 'dark') return this.#dark.has(key) ? { lost: true, since: this.#dark.get(key)! } : null
    const cause = this.#standing.get(key)
    return cause ? { ...cause, devices: [...cause.devices] } : null
  }

  #carry(device: string, gateway: string): void {
    const before = this.#carriers.get(device)
    if (before === gateway) return
    if (before !== undefined) this.#carried.get(before)?.delete(device)
    this.#carriers.set(device, gateway)
    this.#carried.set(gateway, (this.#carried.get(gateway) ?? new Set()).add(device))
    this.#dirty.add(`carrier\n${device}`)
  }

  #session(device: string, session: Session): void {
    this.#here += Number(session.connected) - Number(this.#sessions.get(device)?.connected ?? false)
    this.#sessions.set(device, session)
    this.#gone = null
    this.#dirty.add(`session\n${device}`)
  }

  /** Whose session brings what the device says: its gateway's, or its own. */
  carrierOf(device: string): string {
    return this.#carriers.get(device) ?? device
  }

  #causeOf(silence: Silence): Standing | null {
    const { device } = silence
    const source = this.carrierOf(device.id)
    const session = this.#sessions.get(source)
    const went = session && !session.connected ? session.at : null
    if (went !== null && this.#isNetwork(went)) return this.#network(device.mode, went)
    const site = siteOf(device, this.#parts.registry)
    const dark = site === null ? undefined : this.#dark.get(`power\n${device.mode}\n${site}`)
    if (dark !== undefined) return this.#cause('power', site!, device.mode, dark, false)
    if (source === device.id && !this.#carried.has(source)) return null
    if (went !== null) return this.#cause('gateway', source, device.mode, went, false)
    const heardAt = session === undefined ? null : this.#silentThrough(source, silence)
    return heardAt === null ? null : this.#cause('gateway', source, device.mode, heardAt, true)
  }

  /**
   * Since when nothing has come through a gateway: nobody else was heard after this device's next reading was due, though another that
   * reports as often should have been. The broker notices a gateway that lost its power only after its keepalive.
   */
  #silentThrough(gateway: string, { device, countFrom, periodMs, at }: Silence): number | null {
    const key = `${this.#parts.lastPos()}\n${at}\n${gateway}`
    if (this.#through.key !== key) {
      const devices = [gateway, ...(this.#carried.get(gateway) ?? [])].filter((id) => this.#parts.heardAt(id) !== -Infinity)
      const heardAt = Math.max(-Infinity, ...devices.map((id) => this.#parts.heardAt(id)))
      const periods = devices.map((id) => ({ device: id, periodMs: this.#parts.periodOf(id) }))
      periods.sort((a, b) => a.periodMs - b.periodMs || (a.device < b.device ? -1 : 1))
      this.#through = { key, heardAt, periods: periods.slice(0, 2) }
    }
    const { heardAt, periods } = this.#through
    const hasWitness = periods.some((one) => one.device !== device.id && one.periodMs <= 2 * periodMs)
    return hasWitness && heardAt < countFrom + periodMs ? heardAt : null
  }

  #cause(kind: CauseKind, source: string, mode: Mode, since: number, inferred: boolean): Standing {
    const key = keyOf({ kind, mode, source })
    const standing = this.#standing.get(key)
    const fresh = { kind, source, mode, since, inferred, level: 'yellow' as Level, lost: [], told: [], settleAt: null }
    return standing ?? { ...fresh, devices: new Set() }
  }

  #network(mode: Mode, went: number): Standing {
    const cause = this.#cause('network', '', mode, went, false)
    if (cause.lost.length > 0) return cause
    const lost = [...this.#sessions].filter(([, { connected, at }]) => !connected && Math.abs(at - went) <= TOGETHER_MS)
    cause.lost = lost.map(([id]) => id).sort()
    cause.since = Math.min(...lost.map(([, { at }]) => at))
    return cause
  }

  #isNetwork(went: number): boolean {
    const gone = (this.#gone ??= [...this.#sessions.values()]
      .flatMap((one) => (one.connected ? [] : one.at))
      .sort((a, b) => a - b))
    const together = firstAtOrAfter(gone, went + TOGETHER_MS + 1) - firstAtOrAfter(gone, went - TOGETHER_MS)
    return together >= NETWORK_AT_LEAST && together >= this.#here
  }

  /** What looked like one gateway was the first of many to be missed. */
  #joinNetwork(cause: Standing, at: number): void {
    const session = this.#sessions.get(cause.source)
    if (!session || session.connected) return
    cause.inferred = false
    if (!this.#isNetwork(session.at)) return
    const network = this.#network(cause.mode, session.at)
    const networkKey = keyOf(network)
    this.#standing.set(networkKey, network)
    network.level = worse(network.level, cause.level)
    for (const device of cause.devices) {
      network.devices.add(device)
      this.#explainedBy.set(device, networkKey)
    }
    cause.devices.clear()
    this.#settleSoon(networkKey, network, at)
  }

  #free(key: string, cause: Standing, at: number, pos: number, which: (device: string) => boolean = () => true): void {
    const freed = [...cause.devices].filter(which).sort()
    for (const device of freed) this.#remove(key, cause, device, at)
    for (const device of freed) this.#parts.freed(device, at, pos)
  }

  #remove(key: string, cause: Standing, device: string, at: number): void {
    cause.devices.delete(device)
    this.#explainedBy.delete(device)
    this.#settleSoon(key, cause, at)
  }

  #settleSoon(key: string, cause: Standing, at: number): void {
    this.#dirty.add(`cause\n${key}`)
    if (cause.settleAt !== null) return
    cause.settleAt = tickAtOrAfter(at)
    this.#parts.due.add({ at: cause.settleAt, kind: 'explained', id: key })
  }
}

const keyOf = ({ kind, mode, source }: Pick<StandingCause, 'kind' | 'mode' | 'source'>): string => `${kind}\n${mode}\n${source}`

function firstAtOrAfter(times: readonly number[], at: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! < at) low = middle + 1
    else high = middle
  }
  return low
}
