import { afterAll, beforeAll, expect, test } from 'vitest'
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
  const second = (await declare(maintenance, 'rita')).body.window
  expect([second.state, second.confirmedBy]).toEqual(['in-force', null])
  expect((await decide(second.id, 'confirm', 'rita')).body.error.code).toBe('own-window')
  expect((await decide(second.id, 'confirm', 'wang')).body.window).toMatchObject({ state: 'in-force', comment: null })
  expect((await decide(second.id, 'confirm', 'wang')).body.error.code).toBe('wrong-state')
  expect((await decide(second.id, 'end', 'wang')).body.window.state).toBe('ended')
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
