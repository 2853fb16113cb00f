import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DeviceKind } from '../../../core/device-kind.ts'
import type { Fence } from '../../../core/fence.ts'
import { severity, type Level } from '../../../core/level.ts'
import type { Device } from '../../../core/registry.ts'
import type { Rule } from '../../../core/rule.ts'
import { Engine } from '../../../alerts/engine.ts'
import { readPack } from '../../../alerts/pack-file.ts'
import { aDevice, defineSeries, setDevice, setRule, Tape, type Row } from '../world.ts'

const packs = join(import.meta.dirname, '../../../alerts/packs')

/** Every rule of the packs that ship. */
export const shipped: Rule[] = readdirSync(packs)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => {
    const pack = readPack(readFileSync(join(packs, name)))
    if (!('rules' in pack)) throw new Error(`${name}:${pack.line} ${pack.reason}`)
    return pack.rules.map((rule) => ({ ...rule, version: 1 }))
  })

export type Values = Record<string, number>
type About = { kind?: DeviceKind; attributes?: Device['attributes'] }

/** What happens at devices of one zone, told second by second. */
export class Scene {
  readonly #tape = new Tape()
  readonly #series = new Map<string, number>()
  #end = 0

  constructor(rules: Rule[], sector: string | null = null) {
    const enterprise = { id: 'E1', name: '滨江化工', region: '330106', sector, retiredAt: null }
    const zone = { id: 'Z1', siteId: null, enterpriseId: 'E1', name: '罐区', retiredAt: null }
    this.#tape.record(
      0,
      { kind: 'registry.changed', entity: 'enterprise', row: enterprise, before: null, by: 'test' },
      { kind: 'registry.changed', entity: 'zone', row: zone, before: null, by: 'test' },
      { kind: 'platform.started', version: '0', mode: 'live' },
      ...rules.map(setRule),
    )
  }

  device(id: string, { kind = 'other', attributes = {} }: About = {}): this {
    this.#tape.record(0, setDevice(aDevice({ id, name: id, kind, zoneId: 'Z1', attributes })))
    return this
  }

  fence(fence: Pick<Fence, 'id' | 'kind' | 'shape'> & Partial<Fence>): this {
    const rest = { version: 1, name: fence.id, tags: [], grade: null, limitKmh: null, mode: 'live', retiredAt: null } as const
    this.#tape.record(0, { kind: 'fence.set', fence: { ...rest, tags: [], ...fence }, by: 'test' })
    return this
  }

  /** The values of one message. */
  say(second: number, device: string, values: Values, quality = 0): this {
    const rows = Object.entries(values).map(([metric, value]): Row => [
      this.#seriesOf(device, metric, second),
      second,
      value,
      quality,
    ])
    this.#tape.rows(...rows)
    this.#end = Math.max(this.#end, second)
    return this
  }

  /** The same, or what a function says, again and again. */
  every(seconds: number, from: number, to: number, device: string, values: Values | ((second: number) => Values)): this {
    for (let second = from; second <= to; second += seconds) {
      this.say(second, device, typeof values === 'function' ? values(second) : values)
    }
    return this
  }

  /** The worst level each rule has raised until some seconds after the last word. */
  raised(after = 0): Map<string, Level> {
    const engine = new Engine()
    const found = new Map<string, Level>()
    for (const entry of this.#tape.entries) engine.apply(entry)
    if (after > 0) engine.advance(this.#tape.entries.at(-1)!.receivedAt + after * 1000)
    for (const { entry } of engine.take()) {
      if (entry.kind !== 'alarm.changed') continue
      const { ruleId, level } = entry.alarm
      const before = found.get(ruleId)
      if (!before || severity[level] > severity[before]) found.set(ruleId, level)
    }
    return found
  }

  #seriesOf(device: string, metric: string, second: number): number {
    const key = `${device} ${metric}`
    let id = this.#series.get(key)
    if (id === undefined) {
      this.#series.set(key, (id = this.#series.size + 1))
      this.#tape.record(second, defineSeries(id, metric, device))
    }
    return id
  }
}
