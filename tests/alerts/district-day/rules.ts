import type { Rule } from '../../../core/rule.ts'
import { placeAt } from '../../../simulators/roads.ts'

const point = (eastM: number, northM: number): [number, number] => {
  const { longitude, latitude } = placeAt(eastM, northM)
  return [longitude, latitude]
}
const text = (en: string) => ({ zh: en, en })

const rule = (id: string, type: string, options: Record<string, unknown>): Rule => ({
  ...{ id: `day.${id}`, type, applies: {}, latching: false, source: 'the day of the district', guidance: [], enabled: true },
  ...{ title: text(id), message: text('{device} {detail}'), version: 1, origin: 'person' },
  ...options,
})

/** Types of which no pack ships a rule, or none that can speak within a day. */
export const dayRules: Rule[] = [
  rule('flow-norm', 'deviation', {
    ...{ metric: 'flowLps', applies: { deviceId: 'FLOW-01' }, season: 'day', learnDays: 1 },
    limits: [{ name: 'H', percent: 30, level: 'yellow' }],
  }),
  rule('unusual', 'unusual', { metric: 'flowLps', applies: { deviceId: 'FLOW-02' }, level: 'yellow', smallestRange: 5 }),
  rule('frozen', 'stuck', { metric: 'pressureMpa', applies: { deviceId: 'HYD-03' }, level: 'blue', forMs: 7_200_000 }),
  rule('jump', 'jump', { metric: 'levelM', applies: { deviceId: 'TANK-02' }, level: 'blue' }),
  rule('cloud', 'voting', {
    conditions: [{ metric: 'combustibleLel', above: 10 }],
    votes: [{ atLeast: 2, level: 'orange' }],
    withinMs: 180_000,
  }),
  rule('school', 'geofence', {
    ...{ level: 'orange', applies: { deviceId: 'V-FENCE' } },
    fences: [{ id: 'school', shape: { circle: point(3000, 0), radiusM: 200 } }],
  }),
  rule('route', 'route', {
    ...{ level: 'orange', applies: { deviceId: 'V-ROUTE' } },
    routes: [{ id: 'approved', path: [point(-1000, 0), point(1000, 0)], halfWidthM: 200 }],
  }),
  rule('curfew', 'curfew', {
    ...{ level: 'yellow', applies: { deviceId: 'V-CURFEW' } },
    windows: [{ id: 'night', from: '00:00', to: '06:00' }],
  }),
]
