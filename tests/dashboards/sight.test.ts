import { afterAll, beforeAll, expect, test } from 'vitest'
import { Registry } from '../../core/registry.ts'
import { liesIn, noLimits, Sight } from '../../dashboards/sight.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

const rule = { type: 'threshold', metric: 'combustibleLel', limits: [{ name: 'H', above: 30, level: 'yellow' }] }
let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
  const places = [
    { id: 'e-1', region: '330106001', sector: 'chemical' },
    { id: 'e-2', region: '330102', sector: 'transport' },
    { id: 'e-3', region: '320100', sector: 'chemical' },
  ]
  for (const place of places) await stage.call('POST', '/api/v1/enterprises', { ...place, name: place.id })
  for (const [i, enterpriseId] of ['e-1', 'e-2', 'e-3'].entries()) {
    await stage.device(`gas-${i + 1}`, { enterpriseId })
    await stage.raise(`a-${i + 1}`, { enterpriseId, deviceId: `gas-${i + 1}` })
  }
  await stage.raise('a-platform', { enterpriseId: '', deviceId: '' })
  const people = [
    { username: 'xihu', role: 'supervisor', regions: ['330106'] },
    { username: 'chemist', role: 'duty', sectors: ['chemical'] },
    { username: 'both', role: 'viewer', regions: ['330100'], sectors: ['chemical'] },
  ]
  for (const person of people) await stage.call('POST', '/api/v1/users', { ...person, password: ADMIN_PASSWORD })
})
afterAll(() => stage.stop())

const get = async (path: string, as: string) => (await stage.call('GET', `/api/v1${path}`, undefined, { as })).body
const ids = (rows: { id: string }[]) => rows.map(({ id }) => id).sort()

test('a division lies in itself and in those above it, however many zeros its code has', () => {
  expect(liesIn('330106001', ['330106'])).toBe(true)
  expect(liesIn('330106001', ['330100'])).toBe(true)
  expect(liesIn('330106', ['330106000000'])).toBe(true)
  expect(liesIn('330106000000', ['330000'])).toBe(true)
  expect(liesIn('330106', ['330106001'])).toBe(false)
  expect(liesIn('330106', ['330102', '320000'])).toBe(false)
  expect(new Sight(noLimits, new Registry()).isWhole).toBe(true)
})

test.each([
  ['xihu', ['e-1']],
  ['chemist', ['e-1', 'e-3']],
  ['both', ['e-1', 'e-2', 'e-3']],
])('%s sees what lies in their places or belongs to their sectors, in every list, and the platform itself', async (who, seen) => {
  const numbers = seen.map((id) => id.slice(2))
  expect(ids((await get('/enterprises', who)).enterprises)).toEqual(seen)
  expect(ids((await get('/devices', who)).devices)).toEqual(numbers.map((n) => `gas-${n}`))
  expect(ids((await get('/alarms', who)).alarms)).toEqual([...numbers.map((n) => `a-${n}`), 'a-platform'])
  await get('/quarantine', who)
  expect(stage.asked.quarantine.at(-1)).toMatchObject({ enterpriseIds: ['', ...seen] })
  await get('/readings', who)
  expect(stage.asked.readings.at(-1)!.devices).toEqual(numbers.map((n) => `gas-${n}`))
})

test('what somebody does not answer for does not exist for them, and they cannot act on it', async () => {
  for (const path of [
    '/alarms/a-2',
    '/alarms/a-2/timeline',
    '/devices/gas-2',
    '/enterprises/e-2',
    '/readings?device=gas-2',
    '/export?device=gas-2',
    '/quarantine?enterpriseId=e-2',
  ])
    expect({ path, ...(await get(path, 'xihu')) }).toMatchObject({ path, error: { code: 'not-found' } })
  const act = (id: string, as: string) => stage.call('POST', `/api/v1/alarms/${id}/acknowledge`, { version: 1 }, { as })
  expect((await act('a-2', 'chemist')).status).toBe(404)
  expect((await act('a-3', 'xihu')).status).toBe(404)
  expect((await act('a-3', 'chemist')).status).toBe(200)
})

test('a rule holds for everybody, so who answers for a part does not set one', async () => {
  const put = await stage.call('PUT', '/api/v1/rules/gas.test', rule, { as: 'xihu' })
  expect(put).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } })
})

test('the live feed shows each their part, and follows when rights or places change', async () => {
  const screen = await stage.live({ token: await stage.token('xihu') })
  expect(ids(screen.picture.alarms)).toEqual(['a-1', 'a-platform'])
  expect(screen.picture.counters.yellow.open).toBe(2)
  expect(ids(screen.picture.devices)).toEqual(['gas-1'])
  expect(await screen.socket.emitWithAck('subscribe', { enterpriseId: 'e-2' })).toMatchObject({ error: { code: 'not-found' } })
  await stage.reading('gas-2', 'combustibleLel', 7)
  await stage.raise('b-2', { enterpriseId: 'e-2' })
  await stage.raise('b-1', { enterpriseId: 'e-1' })
  await stage.reading('gas-1', 'combustibleLel', 8)
  await screen.until(() => screen.readings.length > 0 && screen.changes.some((change) => change.kind === 'alarm'))
  expect(screen.changes.flatMap((change) => (change.kind === 'alarm' ? [change.alarm.id] : []))).toEqual(['b-1'])
  expect(screen.readings.flatMap(({ readings }) => readings.map(([device]) => device))).toEqual(['gas-1'])
  await stage.call('PATCH', '/api/v1/enterprises/e-2', { region: '330106' })
  await screen.until(() => screen.snapshots.at(-1)!.counters.yellow.open === 5)
  const { id } = (await get('/users', 'admin')).users.find(({ username }: { username: string }) => username === 'xihu')
  await stage.call('PATCH', `/api/v1/users/${id}`, { regions: ['320000'] })
  await screen.until(() => !screen.socket.connected)
  expect(ids((await get('/enterprises', 'xihu')).enterprises)).toEqual(['e-3'])
})

test('who may do everything is limited by nothing', async () => {
  const body = { username: 'half-admin', password: ADMIN_PASSWORD, role: 'admin', regions: ['330106'] }
  expect(await stage.call('POST', '/api/v1/users', body)).toMatchObject({ status: 400, body: { error: { code: 'invalid' } } })
})
