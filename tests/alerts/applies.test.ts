import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appliesTo } from '../../alerts/binding.ts'
import { readRule, isReady } from '../../alerts/rulebook.ts'
import { ruleTypes } from '../../alerts/rules/index.ts'
import { deviceKindNames } from '../../core/device-kind.ts'
import { metricOf, metrics, type Metric } from '../../core/metrics.ts'
import { Registry, type Device } from '../../core/registry.ts'
import type { Applies } from '../../core/rule.ts'
import { aDevice } from './world.ts'

const pick = <T>(...choices: readonly T[]) => fc.constantFrom(...choices)
const devices = fc.record({
  id: pick('D1', 'D2'),
  kind: pick(...deviceKindNames),
  enterpriseId: pick('E1', 'E2'),
  zoneId: pick(null, 'Z1', 'Z2'),
  tags: pick(undefined, '', 'explosives', 'parking, explosives ,x'),
  substance: pick(undefined, 'h2s', 'CO'),
})
const optional = { requiredKeys: [] }
const applying = fc.record(
  {
    kind: fc.oneof(pick<string | string[]>(...deviceKindNames), fc.subarray([...deviceKindNames], { minLength: 1 })),
    deviceId: pick('D1', 'D2'),
    enterpriseId: pick('E1', 'E2'),
    zoneId: pick('Z1', 'Z2'),
    region: pick('33', '330106', '330206'),
    sector: pick('chemical', '涉氨制冷'),
    substance: pick('h2s', 'co'),
    tag: pick('explosives', 'x', 'explo'),
  },
  optional,
)
const where: Record<string, { region: string; sector: string | null }> = {
  E1: { region: '330106', sector: 'chemical' },
  E2: { region: '330206', sector: null },
}
const registry = new Registry()
for (const [id, about] of Object.entries(where)) {
  registry.apply({ entity: 'enterprise', row: { id, name: id, retiredAt: null, ...about } })
}
const built = ({ tags, substance, ...row }: { tags?: string | undefined; substance?: string | undefined } & Partial<Device>) =>
  aDevice({ ...row, attributes: { ...(tags !== undefined && { tags }), ...(substance !== undefined && { substance }) } })

test('a rule is for exactly the devices that match every part it names; one that names nothing is for all', () => {
  let hits = 0
  fc.assert(
    fc.property(devices, applying, (about, applies) => {
      const { region, sector } = where[about.enterpriseId]!
      const parts: Record<keyof Applies, (wanted: never) => boolean> = {
        kind: (wanted: string | string[]) => [wanted].flat().includes(about.kind),
        deviceId: (wanted) => wanted === about.id,
        enterpriseId: (wanted) => wanted === about.enterpriseId,
        zoneId: (wanted) => wanted === about.zoneId,
        region: (wanted) => region.startsWith(wanted),
        sector: (wanted) => wanted === sector,
        substance: (wanted) => wanted === about.substance?.toLowerCase(),
        tag: (wanted) => (about.tags ?? '').split(',').some((tag) => tag.trim() === wanted),
      }
      const expected = Object.entries(applies).every(([part, wanted]) => parts[part as keyof Applies](wanted as never))
      const device = built(about)
      expect(appliesTo(applies, device, about.substance ?? null, registry)).toBe(expected)
      expect(appliesTo({}, device, about.substance ?? null, registry)).toBe(true)
      if (expected && Object.keys(applies).length > 1) hits++
    }),
    { numRuns: 6_000 },
  )
  expect(hits).toBeGreaterThan(0)
})

/** What a type cannot do without, besides a metric. */
const level = 'yellow'
const condition = { metric: 'fault', above: 1 }
const shape = { circle: [120, 30], radiusM: 100 }
const least = (value: number): Record<string, object> => ({
  threshold: { limits: [{ name: 'H', above: value, level }] },
  'rate-of-change': { withinMs: 60_000, limits: [{ name: 'H', by: 0.5, level }] },
  deviation: { limits: [{ name: 'H', spreads: 6, level }] },
  forecast: { level, limits: [{ name: 'H', above: value }] },
  state: { level },
  jump: { level, perSecond: 1, deadband: 0.5, usual: null },
  expression: { level, when: 'value > 0.5' },
  geofence: { level, fences: [{ id: 'a', shape }] },
  gps: { level, when: 'lost' },
  speed: {},
  voting: { conditions: [condition], votes: [{ atLeast: 1, level }] },
  sequence: { level, steps: [condition, condition] },
})
/** A value that is 0 or 1 is judged as a state; what wants a measured course refuses it, and the other way round. */
const noFlags = ['unusual', 'stuck', 'copied']
const everything: Applies = {
  ...{ kind: [...deviceKindNames], deviceId: 'D1', enterpriseId: 'E1', zoneId: 'Z1', region: '330106' },
  ...{ sector: 'chemical', substance: 'h2s', tag: 'x' },
}

test.each(ruleTypes.map((type) => [type.name, type] as const))(
  '%s can be set for any device, and for any quantity and channel it can have',
  (name, type) => {
    const unfit = name === 'state' ? 'gauge' : noFlags.includes(name) ? 'flag' : null
    const fit = Object.entries<Metric>(metrics).filter(([, { kind }]) => (unfit === 'gauge' ? kind === 'flag' : kind !== unfit))
    const names = type.over === 'series' ? fit.flatMap(([metric]) => [metric, `${metric}#north`]) : [undefined]
    for (const metric of names) {
      const { min = 0, max = 1 } = metric === undefined ? {} : metricOf(metric)!
      const given = { id: 'r', type: name, applies: everything, ...(least((min + max) / 2)[name] ?? { level }) }
      const read = readRule(metric === undefined ? given : { ...given, metric }, null)
      expect(isReady(read) ? 'ready' : { metric, ...read }).toBe('ready')
      if (isReady(read)) expect(read.rule.applies).toEqual(everything)
    }
  },
)
