import { BadSetting } from '../core/errors.ts'
import type { DemoDevice, District } from './district.ts'
import { uniform, seedOf } from './signals.ts'
import type { DeviceModel, Unit, Values } from './devices/device.ts'
import { models } from './devices/index.ts'
import { affected, isCut, switchedAt, type Scenario } from './scenario.ts'

/** One connection to the platform: a device of its own, or a gateway and the devices behind it. */
export type Channel = { deviceId: string; token: string; isGateway: boolean; units: FleetUnit[] }
export type FleetUnit = Unit & { model: DeviceModel; phaseMs: number }

/** One report of one device. `atMs` counts from the beginning of the stretch that was asked for. */
export type Report = { atMs: number; channel: Channel; unit: FleetUnit; values: Values }

/**
 * In the story it is always this morning in the district, so that the same seed tells the same story at any hour: a working
 * Monday, 10:00 district time.
 */
const STORY_MORNING = Date.UTC(2026, 0, 5, 2)

/** The district's devices and what they say at any instant: a function of seed, scenario and time. */
export class Fleet {
  readonly channels: Channel[]
  #scenario: Scenario
  #pace: number

  /** `pace`: so many times as often as devices of their kind report. */
  constructor(district: District, seed: number, scenario: Scenario, pace = 1) {
    this.#scenario = scenario
    this.#pace = pace
    const spoken = district.devices.filter(({ silent }) => !silent)
    this.channels = spoken
      .filter(({ via }) => via === null)
      .map((head) => {
        const behind = spoken.filter(({ via }) => via === head.row.id)
        return {
          deviceId: head.row.id,
          token: head.token,
          isGateway: head.row.kind === 'gateway',
          units: [head, ...behind].map((device) => unitOf(device, seed)),
        }
      })
    this.#check(new Set(spoken.map(({ row }) => row.id)))
  }

  /** What is due in from ≤ t < to, in order of time: milliseconds since the story began, or since `base` outside of it; `told`: how long stories before it went on. */
  *reports(from: number, to: number, base: number | null, told = 0): Generator<Report> {
    const due: Report[] = []
    for (const channel of this.channels) {
      for (const unit of channel.units) {
        for (const atMs of this.#dueTimes(unit, from, to, base === null)) {
          if (base === null && isCut(this.#scenario, channel.deviceId, atMs)) continue
          due.push({ atMs, channel, unit, values: this.valuesAt(unit, atMs, base, told) })
        }
      }
    }
    yield* due.sort((a, b) => a.atMs - b.atMs)
  }

  /** What a device says `atMs` into the story, or (with a `base`) at that time of a day on which nothing happens. */
  valuesAt(unit: FleetUnit, atMs: number, base: number | null, told = 0): Values {
    if (base !== null) return unit.model.values(unit, { at: base + atMs, story: null, past: false })
    const calm = unit.model.values(unit, { at: STORY_MORNING + atMs, story: atMs, told, past: false })
    return affected(this.#scenario, unit.id, calm, atMs)
  }

  *#dueTimes(unit: FleetUnit, from: number, to: number, inStory: boolean): Generator<number> {
    const period = Math.max(1, Math.round(unit.model.periodMs(unit) / this.#pace))
    const phase = unit.phaseMs % period
    const first = phase + Math.max(0, Math.ceil((from - phase) / period)) * period
    for (let at = first; at < to; at += period) yield at
    if (!inStory) return
    for (const at of switchedAt(this.#scenario, unit.id)) if (at >= from && at < to && (at - phase) % period !== 0) yield at
  }

  /** A scenario that names a device nobody has would be a story in which nothing happens. */
  #check(ids: Set<string>): void {
    const named = [
      ...this.#scenario.effects.map(({ device }) => device),
      ...this.#scenario.outages.map(({ connection }) => connection),
    ]
    const missing = named.find((id) => !ids.has(id))
    if (missing)
      throw new BadSetting(`the scenario names ${missing}, which the district does not have`, { scenario: this.#scenario.name })
  }
}

function unitOf({ row, model: more }: DemoDevice, seed: number): FleetUnit {
  const model = models.find(({ kind }) => kind === row.kind)
  if (!model) throw new BadSetting(`nothing simulates a ${row.kind}`, { device: row.id })
  const unit: Unit = { id: row.id, kind: row.kind, seed: seedOf(seed, row.id), attributes: { ...row.attributes, ...more } }
  return { ...unit, model, phaseMs: Math.floor(uniform(unit.seed, 99) * model.periodMs(unit)) }
}
