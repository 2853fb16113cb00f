import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder } from '../../core/reading.ts'
import { PLATFORM, type RecordEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { Engine } from '../../alerts/engine.ts'
import type { Emission } from '../../alerts/open-alarms.ts'
import { readPack } from '../../alerts/pack-file.ts'
import { blockDraft, recordDraft } from '../../journal/codec.ts'
import type { Draft } from '../../journal/journal.ts'
import { district, type DemoDevice } from '../../simulators/district.ts'
import { models } from '../../simulators/devices/index.ts'
import type { DeviceModel, Unit, Values } from '../../simulators/devices/device.ts'
import { seedOf, uniform } from '../../simulators/signals.ts'

/*
 * Simulated districts, day after day, straight into the engine with every rule that ships: nothing but the journal's order and
 * clock is left out. Devices report more slowly than they would live (a month would else be a hundred million readings a
 * district) and say so, so that silence and delays are judged by the rate at which they do report.
 */

const MINUTE = 60_000
const periods: Record<string, number> = {
  'gas-detector': MINUTE,
  vehicle: MINUTE,
  hydrant: 5 * MINUTE,
  gateway: 5 * MINUTE,
  'smoke-alarm': 15 * MINUTE,
}

/** One device that reports: the model of what it would say, and what befalls it. */
export type Reporter = Unit & {
  model: DeviceModel
  periodMs: number
  phaseMs: number
  befalls: Event[]
  series: Map<string, number>
}

/** Something that happens to a device: from when to when, and what it then says. Null: it says nothing. */
export type Event = { from: number; to: number; says(values: Values, at: number): Values | null }

/** What befalls a device in the time; nothing, on quiet days. */
export type Fate = (unit: Unit, from: number, to: number) => Event[]

export function shippedRules(): Rule[] {
  const folder = join(import.meta.dirname, '../../alerts/packs')
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  return files.flatMap((name) => {
    const pack = readPack(readFileSync(join(folder, name)))
    if (!('rules' in pack)) throw new Error(`${name}:${pack.line} ${pack.reason}`)
    return pack.rules.map((rule) => ({ ...rule, version: 1 }))
  })
}

export class DistrictDays {
  readonly engine = new Engine()
  readonly reporters: Reporter[] = []
  readings = 0
  #pos = 1
  #series = 1
  #at: number

  constructor({ from, districts, seed, live = false }: { from: number; districts: number; seed: number; live?: boolean }) {
    this.#at = from
    this.#record({ kind: 'platform.started', version: 'quiet days', mode: 'simulated' })
    for (const rule of shippedRules()) this.#record({ kind: 'rule.set', rule, by: PLATFORM })
    for (let n = 0; n < districts; n++) this.#settle(n, seed, live)
    this.engine.take()
  }

  get at(): number {
    return this.#at
  }

  /** Everybody reports until then; what the engine decided is handed out minute by minute. */
  *until(to: number, stepMs = MINUTE): Generator<Emission[]> {
    while (this.#at < to) {
      const from = this.#at
      this.#at = Math.min(to, from + stepMs)
      const builder = new BlockBuilder(4096)
      for (const one of this.reporters) this.#report(one, from, this.#at, builder)
      const { count } = builder
      this.readings += count
      if (count > 0) this.#apply(blockDraft(builder.take(), count))
      this.engine.advance(this.#at)
      const said = this.engine.take()
      if (said.length > 0) yield said
    }
  }

  befall(fate: Fate, from: number, to: number): void {
    for (const one of this.reporters) one.befalls = fate(one, from, to)
  }

  #report(one: Reporter, from: number, to: number, builder: BlockBuilder): void {
    const { periodMs, phaseMs } = one
    for (let at = Math.ceil((from - phaseMs) / periodMs) * periodMs + phaseMs; at < to; at += periodMs) {
      let values: Values | null = one.model.values(one, { at, story: null, past: true })
      for (const event of one.befalls) if (values && at >= event.from && at < event.to) values = event.says(values, at)
      if (values === null) continue
      for (const [metric, value] of Object.entries(values)) {
        builder.add(this.#seriesOf(one, metric), at, to, value, GOOD)
      }
    }
  }

  #seriesOf(one: Reporter, metric: string): number {
    let id = one.series.get(metric)
    if (id === undefined) {
      id = this.#series++
      one.series.set(metric, id)
      this.#record({ kind: 'series.defined', series: [{ id, mode: 'simulated', device: one.id, metric }] })
    }
    return id
  }

  #settle(n: number, seed: number, live: boolean): void {
    const { enterprises, zones, devices } = district()
    const own = (id: string) => `${id}.${n}`
    for (const row of enterprises) {
      this.#record({
        kind: 'registry.changed',
        entity: 'enterprise',
        row: { ...row, id: own(row.id) },
        before: null,
        by: PLATFORM,
      })
    }
    for (const row of zones) {
      const placed = { ...row, id: own(row.id), siteId: null, enterpriseId: own(row.enterpriseId) }
      this.#record({ kind: 'registry.changed', entity: 'zone', row: placed, before: null, by: PLATFORM })
    }
    for (const device of devices) if (!device.silent) this.#install(device, own, seed, live)
  }

  #install({ row, model: more }: DemoDevice, own: (id: string) => string, seed: number, live: boolean): void {
    const model = models.find(({ kind }) => kind === row.kind)
    if (!model) throw new Error(`nothing simulates a ${row.kind}`)
    const id = own(row.id)
    const unit: Unit = { id, kind: row.kind, seed: seedOf(seed, id), attributes: { ...row.attributes, ...more } }
    const periodMs = live ? model.periodMs(unit) : (periods[row.kind] ?? 5 * MINUTE)
    const attributes = { ...row.attributes, expectedPeriodMs: periodMs }
    const placed = { ...row, id, enterpriseId: own(row.enterpriseId), zoneId: row.zoneId === null ? null : own(row.zoneId) }
    const device = { ...placed, attributes, tokenHash: '0'.repeat(64) }
    this.#record({ kind: 'registry.changed', entity: 'device', row: device, before: null, by: PLATFORM })
    const phaseMs = Math.floor(uniform(unit.seed, 99) * periodMs)
    this.reporters.push({ ...unit, model, periodMs, phaseMs, befalls: [], series: new Map() })
  }

  #record(entry: RecordEntry): void {
    this.#apply(recordDraft(entry))
  }

  #apply(draft: Draft): void {
    this.engine.apply({ ...draft, key: draft.key ?? null, pos: this.#pos, receivedAt: this.#at })
    this.#pos += draft.count
  }
}
