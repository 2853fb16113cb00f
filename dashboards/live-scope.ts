import type { Alarm } from '../core/alarm.ts'
import type { Change, LevelCounters, PlatformState } from '../core/live.ts'
import type { Mode } from '../core/mode.ts'
import type { Registry } from '../core/registry.ts'
import type { RiskState } from '../core/risk.ts'
import { count, noAlarms } from './level-counters.ts'
import { LiveMessage } from './live-message.ts'
import type { LiveState, Pulse, StateChange } from './live-state.ts'
import type { Sight } from './sight.ts'

/** Narrows to some series; null takes all. */
export type Covers = ((series: number) => boolean) | null

/** Everything that is the same in every picture of this start of the platform. */
export type Frame = { epoch: string; jurisdiction: string; zone: string }

export const scopeKey = (mode: Mode, enterpriseId: string | null, sight: Sight | null = null): string => {
  if (enterpriseId !== null) return `${mode} ${enterpriseId}`
  return sight === null || sight.isWhole ? mode : `${mode} ${sight.key}`
}

/**
 * One view of the live state: a mode, and everything in it, or one enterprise, or what some people answer for. All clients with the same view share
 * its numbering and its texts, so a change is put into words once however many screens show it.
 */
export class Scope {
  readonly key: string
  readonly mode: Mode
  readonly enterpriseId: string | null
  /** number of the last change */
  seq = 0
  #counters: LevelCounters = noAlarms()
  #live: LiveState
  #registry: Registry
  #frame: Frame
  #sight: Sight | null
  #picture: { seq: number; message: LiveMessage } | null = null

  constructor(
    mode: Mode,
    enterpriseId: string | null,
    live: LiveState,
    registry: Registry,
    frame: Frame,
    sight: Sight | null = null,
  ) {
    this.key = scopeKey(mode, enterpriseId, sight)
    this.#sight = enterpriseId !== null || sight?.isWhole ? null : sight
    this.mode = mode
    this.enterpriseId = enterpriseId
    this.#live = live
    this.#registry = registry
    this.#frame = frame
    this.#recount()
  }

  /** Names, or what lies where, have changed: with that, what people with a part of it see. */
  redraw(): void {
    this.#picture = null
    if (this.#sight) this.#recount()
  }

  #recount(): void {
    this.#counters = noAlarms()
    for (const alarm of this.#live.alarms.values()) if (this.#shows(alarm)) count(this.#counters, alarm, 1)
  }

  /** What came from a part of the enterprises, which nobody counts together. */
  pulse(pulses: ReadonlyMap<string, Pulse>): Pulse | undefined {
    if (!this.#sight) return undefined
    const all: Pulse = { rows: 0, lastAt: 0 }
    for (const [key, { rows, lastAt }] of pulses) {
      const [mode, enterpriseId] = key.split(' ')
      if (mode !== this.mode || enterpriseId === undefined || !this.covers(enterpriseId)) continue
      all.rows += rows
      all.lastAt = Math.max(all.lastAt, lastAt)
    }
    return all.lastAt === 0 ? undefined : all
  }

  covers(enterpriseId: string | null): boolean {
    if (this.enterpriseId !== null) return enterpriseId === this.enterpriseId
    return this.#sight === null || this.#sight.covers(enterpriseId)
  }

  /** The change as this view's next numbered one, as JSON text; null when it is not in the view. */
  change(change: Exclude<StateChange, { kind: 'names' }>): string | null {
    switch (change.kind) {
      case 'alarm': {
        if (!this.#shows(change)) return null
        count(this.#counters, change.before, -1)
        count(this.#counters, change.alarm, 1)
        return this.#numbered({ kind: 'alarm', alarm: change.alarm, counters: this.#counters })
      }
      case 'device':
        return this.#shows(change) ? this.#numbered({ kind: 'device', id: change.id, device: change.device }) : null
      case 'platform':
        return this.#numbered({ kind: 'platform', platform: this.#platform(change.platform) })
      case 'fences':
        return change.mode === this.mode ? this.#numbered({ kind: 'fences', version: change.version }) : null
      case 'risk':
        return this.#showsRisk(change.risk) ? this.#numbered({ kind: 'risk', risk: change.risk }) : null
    }
  }

  /**
   * The whole picture as it stands at `seq`. `covers` narrows the readings only: no filter hides an alarm. Screens that come
   * together (after a restart, say) share one.
   */
  snapshot(now: number, covers: Covers): LiveMessage {
    if (covers) return this.#draw(now, covers)
    if (!this.#picture || this.#picture.seq !== this.seq) this.#picture = { seq: this.seq, message: this.#draw(now, null) }
    return this.#picture.message
  }

  /** Newest values of these series that the view shows; null when there are none. */
  readings(changed: Uint32Array, covers: Covers): LiveMessage | null {
    const texts: string[] = []
    for (const series of changed) {
      if (this.showsSeries(series) && (!covers || covers(series))) texts.push(this.#live.newest.text(series))
    }
    return texts.length === 0 ? null : new LiveMessage('readings', `{"seq":${this.seq},"readings":[${texts.join()}]}`)
  }

  /** Something a new screen must see has changed without a number: readings have gone out, or names are new. */
  pictureIsOld(): void {
    this.#picture = null
  }

  showsSeries(series: number): boolean {
    const { newest } = this.#live
    if (newest.modeOf(series) !== this.mode) return false
    const row = this.#live.deviceRow(newest.deviceOf(series))
    return row !== undefined && this.covers(row.enterpriseId)
  }

  #numbered(change: Body): string {
    this.seq++
    return JSON.stringify({ seq: this.seq, ...change } satisfies Change)
  }

  #shows({ mode, enterpriseId }: Pick<Alarm, 'mode' | 'enterpriseId'>): boolean {
    return mode === this.mode && this.covers(enterpriseId)
  }

  #showsRisk({ mode, subject, id, enterpriseId }: RiskState): boolean {
    if (mode !== this.mode) return false
    if (this.#sight && subject === 'region') return this.#sight.coversRegion(id.slice(subject.length + 1))
    if (this.#sight && subject === 'sector') return this.#sight.coversSector(id.slice(subject.length + 1))
    return this.covers(enterpriseId)
  }

  /** What is wrong with the platform is the regulator's business; an enterprise is told whether its data are taken. */
  #platform(platform: PlatformState): PlatformState {
    return this.enterpriseId === null ? platform : { receiving: platform.receiving, detail: null, notices: [] }
  }

  #deviceIds(): string[] {
    return [...this.#live.deviceIds()].filter((id) => this.#shows(this.#live.deviceRow(id)!))
  }

  #draw(now: number, covers: Covers): LiveMessage {
    const head = {
      epoch: this.#frame.epoch,
      seq: this.seq,
      serverTs: now,
      mode: this.mode,
      jurisdiction: this.#frame.jurisdiction,
      zone: this.#frame.zone,
      counters: this.#counters,
      enterprises: [...this.#registry.enterprises.values()]
        .filter(({ id }) => this.covers(id))
        .map(({ id, name, region }) => ({ id, name, region })),
      zones: [...this.#registry.zones.values()]
        .filter(({ enterpriseId }) => this.covers(enterpriseId))
        .map(({ id, name, enterpriseId }) => ({ id, name, enterpriseId })),
      platform: this.#platform(this.#live.platform),
      fences: this.#live.fencesVersion,
      risks: [...this.#live.risks.values()].filter((risk) => this.#showsRisk(risk)),
    }
    const shown = [...this.#live.alarms.values()].filter((alarm) => this.#shows(alarm)).sort(newestFirst)
    const alarms = shown.map((alarm) => this.#live.alarmText(alarm)).join()
    const ids = this.#deviceIds()
    const devices = ids.map((id) => this.#live.deviceText(id)).join()
    const readings = this.#readings(ids, covers)
    const lists = `"alarms":[${alarms}],"devices":[${devices}],"readings":[${readings}]`
    return new LiveMessage('snapshot', `${JSON.stringify(head).slice(0, -1)},${lists}}`)
  }

  #readings(ids: string[], covers: Covers): string {
    const { newest } = this.#live
    const texts: string[] = []
    for (const id of ids) {
      for (const series of newest.sender(id)?.series ?? []) {
        if (newest.modeOf(series) === this.mode && (!covers || covers(series))) texts.push(newest.text(series))
      }
    }
    return texts.join()
  }
}

type Body = { [K in Change['kind']]: Omit<Extract<Change, { kind: K }>, 'seq'> }[Change['kind']]
const newestFirst = (a: Alarm, b: Alarm) => b.raisedAt - a.raisedAt || (a.id < b.id ? 1 : -1)
