import { readPacks } from '../../alerts/packs.ts'
import { Engine } from '../../alerts/engine.ts'
import type { Alarm } from '../../core/alarm.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder } from '../../core/reading.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Device } from '../../core/registry.ts'
import type { Rule } from '../../core/rule.ts'
import { blockDraft, recordDraft } from '../../journal/codec.ts'
import type { Draft } from '../../journal/journal.ts'
import { join } from 'node:path'

/** An alarm that was raised, or came again. */
export type Raised = { rule: string; device: string; level: Alarm['level']; at: number }
export type Value = { device: string; metric: string; value: number }

let packs: Rule[] | null = null

function shipped(): Rule[] {
  if (packs === null) {
    const read = readPacks([join(import.meta.dirname, '../../alerts/packs')], new Map())
    if (read.faults.length > 0) throw new Error(`the packs cannot be read: ${JSON.stringify(read.faults)}`)
    packs = [...read.rules.values()]
  }
  return packs
}

export type Unit = { id: string; kind: Device['kind']; attributes?: Device['attributes'] }

/** The engine as it runs in the platform, with every rule that ships, hearing one moment of the data after the other. */
export class Stage {
  readonly raised: Raised[] = []
  #engine = new Engine()
  #pos = 1
  #series = new Map<string, number>()

  constructor(from: number, units: Unit[], rules: Rule[] = []) {
    this.#record(from, { kind: 'platform.started', version: 'eval', mode: 'test' })
    for (const rule of [...shipped(), ...rules]) this.#record(from, { kind: 'rule.set', rule, by: 'eval' })
    const [fault] = this.#engine.rulebook.faults
    if (fault) throw new Error(`rule ${fault[0]} cannot run: ${JSON.stringify(fault[1])}`)
    for (const { id, kind, attributes = {} } of units) {
      const place = { enterpriseId: 'E', zoneId: null, latitude: null, longitude: null }
      const rest = {
        terminalPhone: null,
        unitAddress: null,
        serial: null,
        tokenHash: '0'.repeat(64),
        demo: false,
        retiredAt: null,
      }
      const row: Device = { id, kind, name: id, mode: 'test', attributes, createdAt: from, ...place, ...rest }
      this.#record(from, { kind: 'registry.changed', entity: 'device', row, before: null, by: 'eval' })
    }
  }

  /** What came in at a moment; nothing that comes later is known yet. */
  hear(at: number, values: Value[]): void {
    const builder = new BlockBuilder(values.length)
    for (const { device, metric, value } of values) builder.add(this.#seriesOf(at, device, metric), at, at, value, GOOD)
    if (values.length > 0) this.#apply(at, blockDraft(builder.take(), values.length))
    else this.#engine.advance(at)
    this.#take()
  }

  #seriesOf(at: number, device: string, metric: string): number {
    const key = `${device}/${metric}`
    let id = this.#series.get(key)
    if (id === undefined) {
      this.#series.set(key, (id = this.#series.size + 1))
      this.#record(at, { kind: 'series.defined', series: [{ id, mode: 'test', device, metric }] })
    }
    return id
  }

  #record(at: number, entry: RecordEntry): void {
    this.#apply(at, recordDraft(entry))
  }

  #apply(at: number, draft: Draft): void {
    this.#engine.apply({ ...draft, key: draft.key ?? null, pos: this.#pos, receivedAt: at })
    this.#pos += draft.count
  }

  #take(): void {
    for (const { entry } of this.#engine.take()) {
      if (entry.kind !== 'alarm.changed') continue
      const { change, alarm, at } = entry
      if (change === 'raised' || change === 'again') {
        this.raised.push({ rule: alarm.ruleId, device: alarm.deviceId, level: alarm.level, at })
      }
    }
  }
}
