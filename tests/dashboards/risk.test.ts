import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KpiQuery, Measures } from '../../core/measures.ts'
import type { PerformanceQuery } from '../../core/performance.ts'
import type { RecordEntry } from '../../core/record.ts'
import { weightsFault, type RiskExplanation, type RiskState, type WeightsInForce } from '../../core/risk.ts'
import { recordDraft, readRecordEntry } from '../../journal/codec.ts'
import { Stage } from './stage.ts'

const state = (id: string, enterpriseId: string | null, index: number | null): RiskState => ({
  ...{ id, subject: id.split(':')[0] as RiskState['subject'], mode: 'live', enterpriseId, index },
  ...{ colour: index === null ? 'unknown' : index >= 50 ? 'orange' : 'blue', atLeast: false, since: 1, weightsVersion: 1 },
})
const states = [
  state('enterprise:e-1', 'e-1', 12),
  state('enterprise:e-2', 'e-2', 60),
  state('zone:z-2', 'e-2', null),
  state('region:330106', null, 46),
]
const asked: { kpi: KpiQuery[]; report: PerformanceQuery[] } = { kpi: [], report: [] }
const weights: WeightsInForce['weights'] = {
  ...{ colours: { red: 75, orange: 50, yellow: 25 }, grade: { major: 20, larger: 12, general: 6, low: 0, unstated: 6 } },
  ...{ alarm: { red: 75, orange: 50, yellow: 25, blue: 4 }, furtherAlarms: { share: 0.1, cap: 15 }, conditionOver: 0.5 },
  unacknowledged: { steps: [], factor: { red: 1, orange: 1, yellow: 1, blue: 1 } },
  ...{ offline: 20, bypassed: 20, overdueTask: { each: 2, cap: 10 }, blueNeedsKnown: 0.5, rollUp: { worst: 0.7, unknownAs: 25 } },
}

let stage: Stage
beforeAll(async () => {
  const inForce = async (): Promise<WeightsInForce> => {
    const entries = await stage.journal.readRecord(1, ['risk.weights'])
    const last =
      entries.length === 0 ? null : (readRecordEntry(entries.at(-1)!) as Extract<RecordEntry, { kind: 'risk.weights' }>)
    if (!last) return { version: 1, origin: 'shipped', weights, setAt: 0, by: 'platform' }
    return { version: last.version, origin: last.origin, weights: last.weights, setAt: entries.at(-1)!.receivedAt, by: last.by }
  }
  const measures: Measures = {
    risks: (mode) => Promise.resolve(states.filter((one) => one.mode === mode)),
    risk(_mode, id) {
      const found = states.find((one) => one.id === id)
      return Promise.resolve(found ? ({ ...found, contributions: [], sum: 0, makesBlue: [], weights } as RiskExplanation) : null)
    },
    riskHistory: () => Promise.resolve({ changes: [] }),
    riskWeights: inForce,
    checkRiskWeights: (given) => Promise.resolve(weightsFault(given)),
    kpi(query) {
      asked.kpi.push(query)
      const facts = query.day === '2020-02-02' ? 'none' : 'journal'
      return Promise.resolve({ kpis: [], from: 1, to: 2, source: { facts } } as never)
    },
    async kpiDefinitions() {
      const entries = await stage.journal.readRecord(1, ['kpi.set'])
      const last = entries.at(-1) && (readRecordEntry(entries.at(-1)!) as Extract<RecordEntry, { kind: 'kpi.set' }>)
      return {
        version: last?.version ?? 1,
        origin: last?.origin ?? 'shipped',
        definitions: last?.definitions ?? [],
        setAt: 0,
        by: last?.by ?? 'platform',
      }
    },
    alarmPerformance(query) {
      asked.report.push(query)
      return Promise.resolve({ top: [], staleNow: [] } as never)
    },
  }
  stage = await Stage.start({}, { measures })
  for (const id of ['e-1', 'e-2']) await stage.call('POST', '/api/v1/enterprises', { id, name: `企业 ${id}`, region: '330106' })
  const user = (username: string, role: string, enterpriseId?: string) =>
    stage.call('POST', '/api/v1/users', {
      username,
      role,
      password: 'correct horse battery staple',
      ...(enterpriseId && { enterpriseId }),
    })
  await user('duty', 'duty')
  await user('viewer', 'viewer')
  await user('chief', 'supervisor')
  await user('plant', 'enterprise', 'e-1')
})
afterAll(() => stage.stop())

test('risk is listed worst first with unknown before blue; an enterprise sees its own and nothing of regions or others', async () => {
  const { body } = await stage.call('GET', '/api/v1/risk', undefined, { as: 'viewer' })
  expect(body.risks.map(({ id }: RiskState) => id)).toEqual(['enterprise:e-2', 'zone:z-2', 'region:330106', 'enterprise:e-1'])
  expect(body.counts).toEqual({ red: 0, orange: 1, yellow: 0, blue: 2, unknown: 1 })
  expect(body.risks[0].name).toBe('企业 e-2')
  const own = await stage.call('GET', '/api/v1/risk', undefined, { as: 'plant' })
  expect(own.body.risks.map(({ id }: RiskState) => id)).toEqual(['enterprise:e-1'])
  const status = async (path: string) => (await stage.call('GET', `/api/v1/risk/${path}`, undefined, { as: 'plant' })).status
  expect([await status('enterprise:e-1'), await status('enterprise:e-2'), await status('region:330106')]).toEqual([200, 404, 404])
  expect([await status('zone:z-2/history'), await status('enterprise:e-1/history')]).toEqual([404, 200])
  expect((await stage.call('GET', '/api/v1/risk', undefined, { as: '' })).status).toBe(401)
})

test('weights are put by supervisors, against the version they saw, and refused when a worse state would look better', async () => {
  const put = (version: number, changes: object, as = 'chief') =>
    stage.call('PUT', '/api/v1/risk/weights', { version, weights: { ...weights, ...changes } }, { as })
  expect((await put(1, {}, 'duty')).status).toBe(403)
  expect(await put(0, {})).toMatchObject({ status: 409, body: { error: { code: 'stale-version' } } })
  expect(await put(1, { alarm: { ...weights.alarm, blue: 99 } })).toMatchObject({
    status: 400,
    body: { error: { details: { field: 'weights.alarm' } } },
  })
  expect(await put(1, { offline: 140 })).toMatchObject({ status: 400 })
  expect(await put(1, { offline: 30 })).toMatchObject({
    status: 200,
    body: { version: 2, origin: 'person', weights: { offline: 30 } },
  })
})

test('targets of a region are put in force as a version, against the version that was seen', async () => {
  const target = { atLeast: 0.98, from: '2026-01-01', region: '3301', source: '市安委办 2026-1' }
  const words = { zh: '上线率', en: 'Online' }
  const definition = {
    id: 'device.online',
    name: words,
    formula: 'online',
    says: words,
    population: {},
    targets: [target],
    source: 's',
  }
  const put = (version: number, definitions: object[], as = 'chief') =>
    stage.call('PUT', '/api/v1/kpi/definitions', { version, definitions }, { as })
  expect((await put(1, [definition], 'viewer')).status).toBe(403)
  expect((await put(1, [{ ...definition, formula: 'guess' }])).status).toBe(400)
  expect((await put(1, [definition, definition])).status).toBe(400)
  expect(await put(1, [definition])).toMatchObject({
    status: 200,
    body: { version: 2, origin: 'person', definitions: [definition] },
  })
  expect((await put(1, [definition])).status).toBe(409)
})

test('an enterprise asks for rates and reports of itself only, whatever it asks for', async () => {
  expect((await stage.call('GET', '/api/v1/kpi?day=2026-01-31&region=3301', undefined, { as: 'viewer' })).status).toBe(200)
  expect(asked.kpi.at(-1)).toEqual({ mode: 'live', day: '2026-01-31', region: '3301' })
  await stage.call('GET', '/api/v1/kpi', undefined, { as: 'plant' })
  expect(asked.kpi.at(-1)).toEqual({ mode: 'live', enterpriseId: 'e-1' })
  await stage.call('GET', '/api/v1/kpi?day=2020-02-02')
  expect(stage.asked.readings.at(-1)).toMatchObject({ device: null, from: 1, to: 2, every: 86_400_000, fn: 'count' })
  expect(asked.kpi.at(-1)).toEqual({ mode: 'live', day: '2020-02-02', readings: {} })
  expect((await stage.call('GET', '/api/v1/kpi?enterpriseId=e-2', undefined, { as: 'plant' })).status).toBe(404)
  await stage.call('GET', '/api/v1/reports/alarm-performance?by=shift&shifts=07:30,19:30', undefined, { as: 'plant' })
  expect(asked.report.at(-1)).toMatchObject({ by: 'shift', shifts: ['07:30', '19:30'], enterpriseId: 'e-1' })
  expect((await stage.call('GET', '/api/v1/reports/alarm-performance?by=month')).status).toBe(400)
})

test('a change of risk is a numbered change on the live feed and stands in the picture of who comes later', async () => {
  const screen = await stage.live()
  expect(screen.picture.risks).toHaveLength(4)
  const risk = { ...state('enterprise:e-1', 'e-1', 90), colour: 'red' as const, since: 2 }
  await stage.journal.append([recordDraft({ kind: 'risk.changed', risk, contributions: [] })])
  await screen.until(() => screen.changes.some(({ kind }) => kind === 'risk'))
  expect(screen.changes.find(({ kind }) => kind === 'risk')).toMatchObject({
    kind: 'risk',
    risk: { id: 'enterprise:e-1', index: 90 },
  })
  const plant = await stage.live({ token: await stage.token('plant') })
  expect(plant.picture.risks).toMatchObject([{ id: 'enterprise:e-1', index: 90 }])
})
