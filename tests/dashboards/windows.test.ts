import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SuppressionWindow } from '../../core/window.ts'
import { windowNotices } from '../../dashboards/window-notices.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

const HOUR_MS = 3_600_000
let stage: Stage

beforeAll(async () => {
  stage = await Stage.start()
  const { body } = await stage.call('POST', '/api/v1/enterprises', { name: '滨江化工', region: '330106' })
  const other = await stage.call('POST', '/api/v1/enterprises', { name: '城西气体', region: '330106' })
  for (const [username, role, enterpriseId] of [
    ['anna', 'enterprise', body.enterprise?.id ?? body.id],
    ['bert', 'enterprise', body.enterprise?.id ?? body.id],
    ['carl', 'enterprise', other.body.enterprise?.id ?? other.body.id],
    ['rita', 'duty', undefined],
    ['wang', 'supervisor', undefined],
    ['vera', 'viewer', undefined],
  ] as const) {
    const made = await stage.call('POST', '/api/v1/users', {
      username,
      password: ADMIN_PASSWORD,
      role,
      ...(enterpriseId && { enterpriseId }),
    })
    expect(made.status).toBe(201)
  }
  const own = body.enterprise?.id ?? body.id
  await stage.device('gas-1', { enterpriseId: own })
  for (const id of ['gas-2', 'gas-3', 'gas-4', 'gas-5']) await stage.device(id, { enterpriseId: own })
  await stage.device('panel-1', { enterpriseId: own, kind: 'fire-panel' })
  await stage.device('gas-9', { enterpriseId: other.body.enterprise?.id ?? other.body.id })
  await stage.call('PUT', '/api/v1/rules/gas.combustible', {
    ...{ type: 'threshold', metric: 'combustibleLel', limits: [{ name: 'H', above: 25, level: 'yellow' }], version: 0 },
    ...{ title: { zh: '可燃', en: 'gas' }, message: { zh: '高', en: 'high' }, source: 'x', latching: false, guidance: [] },
  })
})
afterAll(() => stage.stop())

const wish = (over: object = {}) => ({
  kind: 'calibration',
  points: [{ device: 'gas-1' }],
  reason: 'span gas on line 2',
  until: Date.now() + HOUR_MS,
  ...over,
})
const declare = (over: object = {}, as = 'anna') => stage.call('POST', '/api/v1/windows', wish(over), { as })
const decide = (id: string, verb: string, as: string, body: object = {}) =>
  stage.call('POST', `/api/v1/windows/${id}/${verb}`, body, { as })

test('an enterprise declares, a second person confirms, and screens show the device as under test until it is over', async () => {
  const screen = await stage.live()
  const { status, body } = await declare()
  expect([status, body.window.state]).toEqual([201, 'waiting'])
  const { id } = body.window
  expect((await decide(id, 'confirm', 'anna')).body.error.code).toBe('own-window')
  expect((await decide(id, 'confirm', 'carl')).status).toBe(404)
  expect((await decide(id, 'confirm', 'vera')).status).toBe(403)
  expect((await decide(id, 'confirm', 'bert')).body.window).toMatchObject({ state: 'in-force', byEnterprise: true })
  const shown = () => screen.changes.findLast((change) => change.kind === 'device' && change.id === 'gas-1')
  await screen.until(() => shown() !== undefined)
  expect(shown()).toMatchObject({ device: { test: { kind: 'calibration', metrics: null, until: body.window.until } } })
  const told = () => screen.changes.findLast((change) => change.kind === 'platform')
  await screen.until(() => told()?.platform.notices.some(({ code }) => code === 'windows-running') === true)
  expect(told()).toMatchObject({ platform: { notices: [{ code: 'windows-running', text: '1' }] } })
  const { devices } = (await stage.call('GET', '/api/v1/devices')).body
  expect(devices.find((one: { id: string }) => one.id === 'gas-1').test).toMatchObject({ kind: 'calibration' })
  expect(devices.find((one: { id: string }) => one.id === 'gas-9').test).toBeUndefined()
  const { windows, people } = (await stage.call('GET', '/api/v1/windows', undefined, { as: 'rita' })).body
  expect(windows[0]).toMatchObject({ id, state: 'in-force' })
  expect(people[windows[0].declaredBy]).toBe('anna')
  expect((await stage.call('GET', '/api/v1/windows', undefined, { as: 'carl' })).body.windows).toEqual([])

  expect((await decide(id, 'refuse', 'bert', { reason: 'not like this' })).status).toBe(403)
  const refused = await decide(id, 'refuse', 'rita', { reason: 'not like this' })
  expect(refused.body.window).toMatchObject({ state: 'refused', comment: 'not like this' })
  await screen.until(() => (shown() as { device?: { test?: object } }).device?.test === undefined)
  expect((await decide(id, 'end', 'anna')).body.error.code).toBe('window-over')
})

test("an enterprise's maintenance waits for the regulator; the regulator's own is in force, and life safety takes a second one", async () => {
  const maintenance = { kind: 'maintenance', rules: ['gas.combustible'], until: Date.now() + 8 * HOUR_MS - 1000 }
  const first = (await declare(maintenance)).body.window
  expect(first.state).toBe('waiting')
  expect((await decide(first.id, 'confirm', 'bert')).status).toBe(403)
  expect((await decide(first.id, 'confirm', 'rita')).body.window.state).toBe('in-force')
  const short = { ...maintenance, points: [{ device: 'gas-2' }], until: Date.now() + 2 * HOUR_MS - 60_000 }
  const second = (await declare(short, 'rita')).body.window
  expect([second.state, second.confirmedBy, second.secondFor]).toEqual(['in-force', null, []])
  expect((await decide(second.id, 'confirm', 'rita')).body.error.code).toBe('own-window')
  expect((await decide(second.id, 'confirm', 'wang')).body.window).toMatchObject({ state: 'in-force', comment: null })
  expect((await decide(second.id, 'confirm', 'wang')).body.error.code).toBe('wrong-state')
  expect((await decide(second.id, 'end', 'wang')).body.window.state).toBe('ended')
})

test('what is more than one officer answers for waits for another officer, and says what for', async () => {
  const tamper = {
    type: 'threshold',
    metric: 'tamper',
    limits: [{ name: 'H', above: 1, level: 'blue' }],
    version: 0,
    latching: false,
    guidance: [],
    source: 'x',
  }
  const words = { title: { zh: '拆动', en: 'tamper' }, message: { zh: '拆动', en: 'tamper' } }
  expect((await stage.call('PUT', '/api/v1/rules/device.tamper', { ...tamper, ...words })).body).toMatchObject({ rule: {} })
  const work = { kind: 'hot-work', rules: ['gas.combustible'], until: Date.now() + HOUR_MS }
  const waitsFor = async (over: object) => {
    const { body } = await declare({ ...work, ...over }, 'rita')
    return [body.window.state, body.window.secondFor.join()]
  }
  expect(await waitsFor({ points: [{ device: 'gas-3' }] })).toEqual(['in-force', ''])
  expect(
    await waitsFor({ points: [{ device: 'gas-3' }], from: Date.now() + 2 * HOUR_MS, until: Date.now() + 3 * HOUR_MS }),
  ).toEqual(['waiting', 'again'])
  const apart = { points: [{ device: 'gas-4' }] }
  expect(await waitsFor({ ...apart, rules: ['gas.combustible', 'device.tamper'] })).toEqual(['waiting', 'integrity'])
  expect(await waitsFor({ ...apart, until: Date.now() + 3 * HOUR_MS })).toEqual(['waiting', 'long'])
  expect(await waitsFor({ points: [{ device: 'gas-9' }] })).toEqual(['waiting', 'whole'])
  const many = Array.from({ length: 21 }, () => ({ device: 'gas-4', metric: 'toxicPpm' }))
  const { body } = await declare({ ...work, points: many }, 'rita')
  expect([body.window.state, body.window.secondFor]).toEqual(['waiting', ['many']])
  expect((await decide(body.window.id, 'confirm', 'rita')).body.error.code).toBe('own-window')
  expect((await decide(body.window.id, 'confirm', 'bert')).status).toBe(403)
  expect((await decide(body.window.id, 'confirm', 'wang')).body.window.state).toBe('in-force')
})

test('what one officer has in force alone counts together, and an enterprise does not confirm a test of many points itself', async () => {
  const from = Date.now() + 12 * HOUR_MS
  const later = { from, until: from + HOUR_MS }
  const work = { kind: 'hot-work', rules: ['gas.combustible'], ...later }
  const of = (n: number) => ({
    points: Array.from({ length: n }, (_, i) => ({ device: `gas-${(i % 4) + 1}`, metric: `toxicPpm#x${i}` })),
  })
  const reasons = async (over: object, as: string) => (await declare({ ...work, ...over }, as)).body.window.secondFor
  expect(await reasons(of(12), 'rita')).toEqual([])
  const rest = { points: [{ device: 'gas-5' }, { device: 'panel-1' }] }
  expect(await reasons({ points: of(9).points.map(({ device }) => ({ device, metric: 'oxygenVol' })) }, 'rita')).toEqual(['many'])
  expect(await reasons(rest, 'rita')).toEqual(['whole'])
  // Of another officer's, and at another time, it is not.
  expect(await reasons(rest, 'wang')).toEqual([])
  expect(await reasons({ ...rest, from: from + 6 * HOUR_MS, until: from + 7 * HOUR_MS }, 'rita')).toEqual([])

  const tests = { ...later, kind: 'calibration', from: from + 24 * HOUR_MS, until: from + 25 * HOUR_MS }
  const first = (await declare({ ...tests, ...of(15) })).body.window
  expect([first.state, first.secondFor]).toEqual(['waiting', ['test']])
  expect((await decide(first.id, 'confirm', 'bert')).body.window.state).toBe('planned')
  const second = (
    await declare({ ...tests, points: [...Array(6)].map((_, i) => ({ device: 'gas-5', metric: `toxicPpm#z${i}` })) })
  ).body.window
  expect(second.secondFor).toEqual(['test', 'many'])
  const byEnterprise = await decide(second.id, 'confirm', 'bert')
  expect([byEnterprise.status, byEnterprise.body.error.message]).toEqual([403, expect.stringContaining('so many points')])
  expect((await decide(second.id, 'confirm', 'rita')).body.window.state).toBe('planned')
})

test('one enterprise cannot take the room of the others', async () => {
  const from = Date.now() + 300 * HOUR_MS
  const many = (n: number) => ({
    points: [{ device: 'gas-9' }],
    from: from + n * 5 * HOUR_MS,
    until: from + (n * 5 + 1) * HOUR_MS,
  })
  let last = 0
  for (let n = 0; n < 60 && last !== 409; n++) last = (await declare(many(n), 'carl')).status
  const refused = await declare(many(70), 'carl')
  expect([refused.status, refused.body.error.message]).toEqual([409, expect.stringContaining('50 windows of this enterprise')])
  expect((await declare(many(80), 'rita')).status).toBe(201)
})

test('tests of one point cannot be chained: neither declared nor confirmed, with which window and from when', async () => {
  const points = [{ device: 'gas-5', metric: 'toxicPpm' }]
  const now = Date.now()
  const at = (from: number, until: number, over: object = {}) =>
    declare({ points, from: now + from * HOUR_MS, until: now + until * HOUR_MS, ...over })
  const first = (await at(1, 2)).body.window
  const rival = (await at(2.5, 3)).body.window
  expect((await decide(first.id, 'confirm', 'bert')).body.window.state).toBe('planned')
  const late = await decide(rival.id, 'confirm', 'bert')
  expect([late.status, late.body.error.code]).toEqual([409, 'window-test-too-soon'])
  expect(late.body.error.details).toMatchObject({ window: first.id, device: 'gas-5', until: first.until })

  const touching = await at(2, 3, { points: [{ device: 'gas-5' }] })
  expect([touching.status, touching.body.error.code]).toEqual([409, 'window-test-too-soon'])
  expect(touching.body.error.details).toMatchObject({
    window: first.id,
    until: first.until,
    possibleAt: first.until + 2 * HOUR_MS,
  })
  expect((await at(1.5, 3.25)).body.error.code).toBe('window-test-too-long')
  expect((await at(1.5, 3)).status).toBe(201)
  expect((await at(2, 3, { points: [{ device: 'gas-5', metric: 'oxygenVol' }] })).status).toBe(201)
  // A second one is possible two hours later, and a third only on the next day.
  const second = (await at(4, 6)).body.window
  expect((await decide(second.id, 'confirm', 'bert')).status).toBe(200)
  expect((await at(8, 9)).status).toBe(201)
  const third = await at(8, 10)
  expect(third.body.error.code).toBe('window-test-too-much')
  expect(third.body.error.details.possibleAt).toBe(now + 24 * HOUR_MS)
})

test("the regulator's desk is told what waits, runs, was refused and of a panel in test too long; its own work is no news to it", () => {
  const now = 1_767_225_600_000
  const nobody = { confirmedBy: null, confirmedAt: null, refusedBy: null, refusedAt: null, endedBy: null, endedAt: null }
  const one = (over: Partial<SuppressionWindow>): SuppressionWindow => ({
    ...{ id: 'w', kind: 'calibration', enterpriseId: 'E1', points: [{ device: 'gas-1', metric: null }], rules: [], reason: 'x' },
    ...{ from: now - HOUR_MS, until: now + HOUR_MS, byEnterprise: true, declaredBy: 'anna', declaredAt: now - HOUR_MS },
    ...{ ...nobody, comment: null, secondFor: ['test'] as const satisfies string[] },
    ...over,
  })
  const ofPanel = { kind: 'panel-test', byDevice: true, byEnterprise: false, secondFor: undefined } as const
  const told = (over: Partial<SuppressionWindow>) => windowNotices([one(over)], now).map(({ code, since }) => [code, now - since])
  expect(told({})).toEqual([['windows-waiting', HOUR_MS]])
  expect(told({ confirmedBy: 'bert', confirmedAt: now - 60_000 })).toEqual([['windows-running', 60_000]])
  expect(told({ refusedBy: 'rita', refusedAt: now - 1000 })).toEqual([['windows-refused', 1000]])
  expect(told({ refusedBy: 'rita', refusedAt: now - 2 * HOUR_MS })).toEqual([])
  expect(told({ kind: 'maintenance', byEnterprise: false, secondFor: [] })).toEqual([])
  expect(told(ofPanel)).toEqual([['windows-running', HOUR_MS]])
  expect(told({ ...ofPanel, until: now - 60_000 })).toEqual([['windows-overlong', 60_000]])
  expect(told({ ...ofPanel, until: now - 60_000, endedBy: 'device:P1', endedAt: now - 1000 })).toEqual([])
})

test('a window says what does not fit, by field', async () => {
  const told = async (over: object, as = 'anna') => {
    const { status, body } = await declare(over, as)
    return [status, body.error?.code, body.error?.details?.field]
  }
  expect(await told({ until: Date.now() + 2 * HOUR_MS + 60_000 })).toEqual([400, 'window-too-long', 'until'])
  expect(await told({ until: Date.now() - 1 })).toEqual([400, 'window-times', 'until'])
  expect(await told({ from: Date.now() - HOUR_MS })).toEqual([400, 'window-times', 'from'])
  expect(await told({ points: [{ device: 'gas-9' }] })).toEqual([404, 'not-found', undefined])
  expect(await told({ points: [{ device: 'gas-1' }, { device: 'gas-9' }] }, 'rita')).toEqual([
    400,
    'window-enterprises',
    'points',
  ])
  expect(await told({ points: [{ device: 'gas-1', metric: 'nonsense' }] })).toEqual([400, 'window-point', 'points'])
  expect(await told({ kind: 'panel-test' })).toEqual([400, 'window-panel', 'points'])
  expect(await told({ kind: 'hot-work' })).toEqual([400, 'window-rules', 'rules'])
  expect(await told({ kind: 'hot-work', rules: ['nothing'] })).toEqual([400, 'window-rules', 'rules'])
  expect(await told({ rules: ['gas.combustible'] })).toEqual([400, 'window-rules', 'rules'])
  expect((await told({ reason: 'x' }))[0]).toBe(400)
  expect((await told({}, 'vera'))[0]).toBe(403)
})
