import type { ConnectionChange } from '../../core/connection.ts'
import type { Mode } from '../../core/mode.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder, type Series } from '../../core/reading.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Device } from '../../core/registry.ts'
import type { Rule } from '../../core/rule.ts'
import { Engine, type EngineState } from '../../alerts/engine.ts'
import type { Emission } from '../../alerts/open-alarms.ts'
import { blockDraft, connectionDraft, recordDraft } from '../../journal/codec.ts'
import type { Draft, Entry } from '../../journal/journal.ts'

/** Monday morning, on a whole second. */
export const T0 = 1_767_225_600_000
export const DEVICE = 'GAS-01'

export function aDevice(over: Partial<Device> = {}): Device {
  return {
    id: DEVICE,
    enterpriseId: 'E1',
    kind: 'gas-detector',
    name: '1# 探测器',
    mode: 'live',
    zoneId: null,
    latitude: null,
    longitude: null,
    attributes: {},
    terminalPhone: null,
    unitAddress: null,
    serial: null,
    tokenHash: '0'.repeat(64),
    demo: false,
    createdAt: T0,
    retiredAt: null,
    ...over,
  }
}

export function aRule(over: Record<string, unknown> = {}): Rule {
  return {
    id: 'gas.combustible',
    type: 'threshold',
    metric: 'combustibleLel',
    applies: {},
    latching: false,
    title: { zh: '可燃气体', en: 'Combustible' },
    message: { zh: '{device} {value} {unit}', en: '{device}: {value} {unit}, {limitName} {limit}' },
    source: 'GB/T 50493-2019 5.5.2',
    guidance: [],
    enabled: true,
    version: 1,
    origin: 'pack',
    limits: [
      { name: 'H', above: 25, level: 'yellow' },
      { name: 'HH', above: 50, level: 'red' },
    ],
    deadband: 2,
    onDelayMs: 0,
    offDelayMs: 0,
    ...over,
  }
}

export const setDevice = (device: Device): RecordEntry => ({
  kind: 'registry.changed',
  entity: 'device',
  row: device,
  before: null,
  by: 'test',
})
export const setRule = (rule: Rule): RecordEntry => ({ kind: 'rule.set', rule, by: 'test' })
export const defineSeries = (id: number, metric: string, device = DEVICE, mode: Mode = 'live'): RecordEntry => ({
  kind: 'series.defined',
  series: [{ id, mode, device, metric } satisfies Series],
})

/** [series, seconds after T0, value, quality?, seconds of receipt?] */
export type Row = [series: number, second: number, value: number, quality?: number, receivedSecond?: number]

export function block(rows: Row[]): Draft {
  const builder = new BlockBuilder(rows.length)
  for (const [series, second, value, quality = GOOD, received = second] of rows) {
    builder.add(series, T0 + second * 1000, T0 + received * 1000, value, quality)
  }
  return blockDraft(builder.take(), rows.length)
}

/** Builds the entries of a journal, each at its second. */
export class Tape {
  entries: Entry[] = []
  pos = 1
  #at = T0

  record(second: number, ...said: RecordEntry[]): number {
    return this.#add(second, ...said.map((entry) => recordDraft(entry)))
  }

  connection(second: number, change: Pick<ConnectionChange, 'deviceId' | 'connected' | 'via'>): number {
    return this.#add(second, connectionDraft({ at: T0 + second * 1000, reason: 'mqtt', ...change }))
  }

  rows(...rows: Row[]): number {
    return this.#add(Math.max(...rows.map(([, second, , , received]) => received ?? second)), block(rows))
  }

  #add(second: number, ...drafts: Draft[]): number {
    this.#at = Math.max(this.#at, T0 + second * 1000)
    const first = this.pos
    for (const draft of drafts) {
      this.entries.push({ ...draft, key: draft.key ?? null, pos: this.pos, receivedAt: this.#at })
      this.pos += draft.count
    }
    return first
  }
}

/** An engine with one gas detector, series 1 = combustibleLel, and the rules given. */
export class World {
  readonly tape = new Tape()
  engine = new Engine()
  readonly emissions: Emission[] = []
  #fed = 0

  constructor(rules: Rule[] = [aRule()], device: Device = aDevice(), metric = 'combustibleLel') {
    this.tape.record(0, setDevice(device), ...rules.map(setRule), defineSeries(1, metric, device.id, device.mode))
  }

  /** Judges what is on the tape; `second`: then lets time pass until there. */
  run(second?: number): Emission[] {
    for (; this.#fed < this.tape.entries.length; this.#fed++) this.engine.apply(this.tape.entries[this.#fed]!)
    if (second !== undefined) this.engine.advance(T0 + second * 1000)
    const fresh = this.engine.take()
    this.emissions.push(...fresh)
    return fresh
  }

  /** Goes on in a new process, from what was saved. */
  restart(): void {
    const saved = new Saved()
    saved.take(this.engine)
    this.engine = saved.restore(this.engine)
  }

  /** `raised yellow active 30s` for each change so far. */
  story(): string[] {
    return this.emissions.map(({ entry }) =>
      entry.kind === 'alarm.changed'
        ? `${entry.change} ${entry.alarm.level} ${entry.alarm.state} ${(entry.at - T0) / 1000}s`
        : entry.kind === 'action.refused'
          ? `refused ${entry.code}`
          : entry.kind,
    )
  }
}

/** What a database does with the states an engine gives out: merges them, through text. */
export class Saved {
  #head: EngineState['head'] | null = null
  #pages = new Map<number, string>()
  #parts = {
    series: new Map<number, unknown>(),
    devices: new Map<string, unknown>(),
    alarms: new Map<string, unknown>(),
    ended: new Map<string, unknown>(),
    positions: new Map<string, unknown>(),
    groups: new Map<string, unknown>(),
    windows: new Map<string, unknown>(),
    causes: new Map<string, unknown>(),
  }

  take(engine: Engine): void {
    const state = engine.takeState()
    this.#head = JSON.parse(JSON.stringify(state.head)) as EngineState['head']
    for (const [page, bytes] of state.pages) this.#pages.set(page, Buffer.from(bytes).toString('base64'))
    for (const part of ['series', 'devices', 'alarms', 'ended', 'positions', 'groups', 'windows', 'causes'] as const) {
      for (const [id, value] of state[part]) {
        if (value === null) this.#parts[part].delete(id as never)
        else this.#parts[part].set(id as never, JSON.parse(JSON.stringify(value)))
      }
    }
  }

  /** A new engine that goes on from here. */
  restore(from: Engine): Engine {
    const engine = new Engine()
    const copy = <T>(value: T) => JSON.parse(JSON.stringify(value)) as T
    const { registry, series, fences } = from.directory
    engine.directory.load(copy([...registry.rows()]), copy(series.all()), copy([...fences.all()]))
    engine.rulebook.restore(copy(from.rulebook.rows()))
    engine.restore({
      head: copy(this.#head!),
      pages: [...this.#pages].map(([page, text]) => [page, new Uint8Array(Buffer.from(text, 'base64'))]),
      series: [...this.#parts.series] as EngineState['series'],
      devices: [...this.#parts.devices] as EngineState['devices'],
      alarms: [...this.#parts.alarms] as EngineState['alarms'],
      ended: [...this.#parts.ended] as EngineState['ended'],
      positions: [...this.#parts.positions] as EngineState['positions'],
      groups: [...this.#parts.groups] as EngineState['groups'],
      windows: [...this.#parts.windows] as EngineState['windows'],
      causes: [...this.#parts.causes] as EngineState['causes'],
    })
    return engine
  }
}
