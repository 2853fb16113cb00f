import { deviceKindNames, type DeviceKind } from '../../../core/device-kind.ts'
import { severity, type Level } from '../../../core/level.ts'
import { metricOf, splitChannel } from '../../../core/metrics.ts'
import { qualityCode } from '../../../core/quality.ts'
import type { Rule } from '../../../core/rule.ts'
import type { Scene } from './scene.ts'
import { type Values } from './scene.ts'

/** What must happen for a rule to raise, and how bad it is then. `after`: seconds of waiting at the end. */
export type Scenario = { level: Level; tell: (scene: Scene) => Scene; sector?: string; after?: number }

type Limit = { name: string; above?: number; below?: number; by?: number; level: Level }
const worstOf = (limits: Limit[]): Limit => limits.toSorted((a, b) => severity[b.level] - severity[a.level])[0]!
const kindOf = ({ applies: { kind } }: Rule): DeviceKind =>
  deviceKindNames.find((name) => (Array.isArray(kind) ? kind[0] : kind) === name) ?? 'other'

const aboutOf = (rule: Rule) => {
  const { substance } = rule.applies
  return { kind: kindOf(rule), attributes: { expectedPeriodMs: 10_000, ...(substance !== undefined && { substance }) } }
}

/** The plain ones follow from the rule itself: a value beyond its worst limit, its flag, its rise. */
export function plainScenario(rule: Rule): Scenario | null {
  const { type, metric = '' } = rule
  const limits = (rule['limits'] ?? []) as Limit[]
  const holdS = Number(rule['onDelayMs'] ?? 0) / 1000 + 60
  const device = (scene: Scene) => scene.device('D', aboutOf(rule))
  const sector = rule.applies.sector
  const more = sector === undefined ? {} : { sector }
  if (type === 'threshold') {
    const { above, below, level } = worstOf(limits)
    const value = above ?? below! - 10 ** -metricOf(metric)!.digits
    return { ...more, level, tell: (scene) => device(scene).every(10, 10, 10 + holdS, 'D', { [metric]: value }) }
  }
  if (type === 'state') {
    const value = rule['when'] === 0 ? 0 : 1
    return {
      ...more,
      level: rule['level'] as Level,
      tell: (scene) => device(scene).every(10, 10, 10 + holdS, 'D', { [metric]: value }),
    }
  }
  if (type === 'rate-of-change') {
    const { by, level } = worstOf(limits)
    const from = rule['direction'] === 'down' ? 0.6 : 20 * (metric.startsWith('temperature') ? 1 : 0.01)
    const sign = rule['direction'] === 'down' ? -1 : 1
    const values = (second: number): Values => ({ [metric]: second < 300 ? from : from + sign * by! * 1.1 })
    return { ...more, level, tell: (scene) => device(scene).every(10, 10, 400, 'D', values) }
  }
  if (type === 'voting') {
    const votes = rule['votes'] as { atLeast: number; level: Level }[]
    const [condition] = rule['conditions'] as { metric: string; above?: number; below?: number }[]
    const { atLeast, level } = votes[0]!
    const value = condition!.above ?? condition!.below! - 1
    const names = Array.from({ length: atLeast }, (_, i) => `D${i}`)
    return {
      level,
      tell(scene) {
        for (const name of names) scene.device(name, { kind: kindOf(rule), attributes: { expectedPeriodMs: 10_000 } })
        for (const name of names) scene.say(20, name, { [condition!.metric]: value })
        return scene
      },
    }
  }
  if (type === 'stuck') {
    const days = Number(rule['forMs']) / 86_400_000
    const value = splitChannel(metric).metric === 'oxygenVol' ? 20.1 : metric.startsWith('pressure') ? 0.31 : 7
    return {
      level: rule['level'] as Level,
      tell: (scene) =>
        scene
          .device('D', { kind: kindOf(rule), attributes: { substance: 'co', expectedPeriodMs: 600_000 } })
          .every(600, 600, 3_600, 'D', (second) => ({
            [metric]: value + second / 1_000 / (metric.startsWith('pressure') ? 100 : 1),
          }))
          .every(600, 4_200, 4_200 + days * 86_400 + 7_200, 'D', { [metric]: value }),
    }
  }
  if (type === 'jump') {
    const values = (second: number): Values => ({ [metric]: (second / 10) % 2 === 0 ? 5 : metric.startsWith('toxic') ? 900 : 80 })
    return {
      level: rule['level'] as Level,
      tell: (scene) =>
        scene
          .device('D', { attributes: { substance: 'co', expectedPeriodMs: 1_000 } })
          .every(1, 1, 1, 'D', { [metric]: 5 })
          .every(1, 2, 40, 'D', (second) => values(second * 10)),
    }
  }
  return null
}

const HOUR = 3_600
/** 0.01° of latitude is 1.11 km. */
const here = { latitude: 30, longitude: 120 }
const truck = (scene: Scene, attributes = {}) => scene.device('V', { kind: 'vehicle', attributes })
const around = { type: 'circle', center: [120, 30] as [number, number], radiusM: 1_000 } as const
const driving = (second: number): Values => ({ latitude: 30, longitude: 120 + second * 0.0002, speedKmh: 70 })

/** The others are told. */
export const scenarios: Record<string, Scenario> = {
  'vehicle.speed': {
    level: 'orange',
    tell: (scene) =>
      truck(scene)
        .fence({ id: 'road', kind: 'custom', shape: around, limitKmh: 60 })
        .every(10, 10, 60, 'V', { ...here, speedKmh: 75 }),
  },
  'vehicle.no-go': {
    level: 'orange',
    tell: (scene) =>
      truck(scene)
        .fence({ id: 'a', kind: 'no-go', shape: around })
        .every(10, 10, 60, 'V', { ...here, speedKmh: 40 }),
  },
  'vehicle.restricted': {
    level: 'yellow',
    tell: (scene) =>
      truck(scene, { cargoClass: '2.3' })
        .fence({ id: 'a', kind: 'restricted', shape: around })
        .every(10, 10, 60, 'V', { ...here, speedKmh: 40 }),
  },
  'vehicle.risk-zone': {
    level: 'yellow',
    tell: (scene) =>
      truck(scene)
        .fence({ id: 'bridge', kind: 'risk-zone', shape: around, grade: 'major' })
        .every(10, 10, 60, 'V', { ...here, speedKmh: 40 }),
  },
  'vehicle.stop': {
    level: 'yellow',
    tell: (scene) =>
      truck(scene)
        .fence({ id: 'a', kind: 'risk-zone', shape: around })
        .every(30, 30, 900, 'V', { ...here, speedKmh: 0 }),
  },
  'vehicle.unplanned-stop': {
    level: 'orange',
    tell: (scene) =>
      truck(scene, { tags: 'hazmat, explosives' })
        .fence({ id: 'park', kind: 'custom', tags: ['parking'], shape: { ...around, center: [121, 30] } })
        .every(30, 30, 600, 'V', { ...here, speedKmh: 0 }),
  },
  'vehicle.route': {
    level: 'orange',
    tell: (scene) =>
      truck(scene, { route: 'way' })
        .fence({ id: 'way', kind: 'route', shape: { type: 'corridor', points: [[120, 30.05], [121, 30.05]], widthM: 400 } })
        .every(30, 30, 300, 'V', driving),
  }, // prettier-ignore
  'vehicle.driving-time': { level: 'orange', tell: (scene) => truck(scene).every(60, 60, 4.2 * HOUR, 'V', driving) },
  'vehicle.convoy': {
    level: 'yellow',
    tell(scene) {
      for (const id of ['V1', 'V2']) scene.device(id, { kind: 'vehicle', attributes: { convoy: 'c1' } })
      for (let second = 10; second <= 300; second += 10) {
        scene.say(second, 'V1', { ...here, speedKmh: 60 }).say(second, 'V2', { latitude: 30.1, longitude: 120, speedKmh: 60 })
      }
      return scene
    },
  },
  'vehicle.gps-jump': {
    level: 'blue',
    tell: (scene) =>
      truck(scene).every(30, 30, 300, 'V', (second) => ({ latitude: second === 180 ? 30.2 : 30, longitude: 120, speedKmh: 0 })),
  },
  'vehicle.gps-lost': {
    level: 'blue',
    tell: (scene) =>
      truck(scene)
        .say(10, 'V', { ...here, speedKmh: 0 })
        .every(30, 30, 600, 'V', { latitude: 0, longitude: 0, speedKmh: 50 }),
  },
  'vehicle.displaced': {
    level: 'yellow',
    tell: (scene) => truck(scene).say(10, 'V', here).say(HOUR, 'V', { latitude: 30.2, longitude: 120 }),
  },
  'fire-water.burst': {
    level: 'orange',
    tell(scene) {
      for (const id of ['H1', 'H2']) scene.device(id, { kind: 'hydrant', attributes: { expectedPeriodMs: 30_000 } })
      const fall = (second: number): Values => ({ pressureMpa: second < 300 ? 0.31 : 0.18 })
      return scene.every(30, 30, 400, 'H1', fall).every(30, 35, 400, 'H2', fall)
    },
  },
  'fire.smoke-and-heat': {
    level: 'red',
    tell: (scene) =>
      scene
        .device('S', { kind: 'smoke-alarm' })
        .device('T', { kind: 'heat-alarm' })
        .say(10, 'S', { smokeObscuration: 0.8 })
        .say(40, 'T', { temperatureC: 58 }),
  },
  'tampering.cut-and-opened': {
    level: 'yellow',
    tell: (scene) => scene.device('A').device('B').say(10, 'A', { powerLost: 1 }).say(60, 'B', { coverOpen: 1 }),
  },
  'industry.casting-flow': {
    level: 'red',
    tell: (scene) => scene.device('D', { attributes: { designFlowLps: 100 } }).every(1, 1, 20, 'D', { 'flowLps#casting': 70 }),
  },
  'industry.casting-level': {
    level: 'orange',
    tell: (scene) =>
      scene.device('D', { attributes: { minimumLevelM: 3, maximumLevelM: 5 } }).every(1, 1, 20, 'D', { 'levelM#casting': 2.5 }),
  },
  'people.over-approved': {
    level: 'orange',
    tell: (scene) => scene.device('D', { attributes: { approvedHeadcount: 9 } }).every(10, 10, 120, 'D', { headcount: 10 }),
  },
  'people.post-unmanned': {
    level: 'yellow',
    tell: (scene) => scene.device('D', { attributes: { minimumHeadcount: 1 } }).every(10, 10, 900, 'D', { 'headcount#post': 0 }),
  },
  'stock.filling': {
    level: 'yellow',
    tell: (scene) =>
      scene.device('D').every(60, 60, 2 * HOUR, 'D', (second) => ({ stockPct: 75 + second / 300 + ((second / 60) % 2) * 0.02 })),
  },
  'device.silent': { level: 'blue', tell: (scene) => scene.device('D').say(10, 'D', { headcount: 1 }), after: 600 },
  'device.bad-reading': {
    level: 'blue',
    tell: (scene) =>
      scene.device('D').say(10, 'D', { oxygenVol: 20.9 }).say(20, 'D', { oxygenVol: 400 }, qualityCode('bad', 'range')),
  },
  'device.wrong-clock': {
    level: 'blue',
    tell: (scene) => scene.device('D').say(10, 'D', { oxygenVol: 20.9 }, qualityCode('uncertain', 'clock')),
  },
  'device.no-substance': { level: 'blue', tell: (scene) => scene.device('D').say(10, 'D', { toxicPpm: 0.2 }) },
  'device.limit-too-fine': {
    level: 'blue',
    tell: (scene) => scene.device('D', { attributes: { substance: 'cl2', resolution: 0.5 } }).say(10, 'D', { toxicPpm: 0.1 }),
  },
}
