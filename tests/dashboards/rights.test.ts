import { afterAll, beforeAll, expect, test } from 'vitest'
import { receivedDraft, receivedMessage } from '../../core/received.ts'
import { roles, type Role } from '../../dashboards/rights.ts'
import { recordDraft } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

type Row = [method: string, path: string, body: object | null, allowed: Role[]]
const everybody: Role[] = [...roles]
const rule = { type: 'threshold', metric: 'combustibleLel', limits: [{ name: 'H', above: 20, level: 'yellow' }] }

const declaration = { kind: 'calibration', points: [{ device: 'gas-none' }], reason: 'span gas', until: 1 }

/** Each call, and the roles that may make it. Written out a second time here, on purpose. */
const table: Row[] = [
  ['GET', '/session', null, everybody],
  ['GET', '/users', null, ['admin', 'supervisor']],
  ['GET', '/users/admin/personal-data', null, ['admin']],
  ['DELETE', '/users/p-none/personal-data', null, ['admin']],
  ['DELETE', '/users/p-none/second-factor', null, ['admin']],
  ['GET', '/sessions', null, everybody],
  ['GET', '/sessions?person=admin', null, ['admin']],
  ['GET', '/audit', null, ['admin', 'supervisor']],
  ['GET', '/regions', null, everybody],
  ['PUT', '/regions', { regions: [{ code: '330106', zh: '西湖区', en: 'Xihu' }] }, ['admin']],
  ['GET', '/departments', null, everybody],
  ['POST', '/departments', { sector: null, region: '330106', zh: '区', en: 'x' }, ['admin']],
  ['PATCH', '/departments/dp-none', { version: 1 }, ['admin']],
  ['POST', '/users', { username: 'n', password: ADMIN_PASSWORD, role: 'viewer' }, ['admin']],
  ['PATCH', '/users/p-none', { disabled: true }, ['admin']],
  ['GET', '/enterprises', null, everybody],
  ['GET', '/enterprises/e-1', null, everybody],
  ['POST', '/enterprises', { name: 'x', region: '330106' }, ['admin']],
  ['PATCH', '/enterprises/e-1', { sector: 'chemical' }, ['admin']],
  ['POST', '/enterprises/e-none/retire', null, ['admin']],
  ['GET', '/sites', null, everybody],
  ['POST', '/sites', { enterpriseId: 'e-1', name: 'x' }, ['admin']],
  ['GET', '/zones', null, everybody],
  ['POST', '/zones', { enterpriseId: 'e-1', name: 'x' }, ['admin']],
  ['GET', '/devices', null, everybody],
  ['GET', '/devices/gas-1', null, everybody],
  ['POST', '/devices', { enterpriseId: 'e-1', kind: 'hydrant', name: 'x' }, ['admin']],
  ['PATCH', '/devices/gas-1', { name: 'y' }, ['admin']],
  ['POST', '/devices/gas-1/token', null, ['admin']],
  ['POST', '/devices/gas-1/replace', {}, ['admin']],
  ['POST', '/devices/gas-none/retire', null, ['admin']],
  ['GET', '/imports/devices/template', null, everybody],
  ['GET', '/imports/people/template', null, everybody],
  ['POST', '/imports/devices', {}, ['admin']],
  ['POST', '/imports/people', {}, ['admin']],
  ['GET', '/readings?device=gas-1', null, everybody],
  ['GET', '/readings/at?at=1767225600000', null, everybody],
  ['GET', '/export?device=gas-1', null, everybody],
  ['GET', '/export/progress?id=none', null, everybody],
  ['GET', '/alarms', null, everybody],
  ['GET', '/alarms/a-1', null, everybody],
  ['GET', '/alarms/a-1/timeline', null, everybody],
  ['GET', '/alarms/a-1/contacts', null, ['admin', 'supervisor', 'duty']],
  ['POST', '/alarms/a-1/calls', { result: 'busy' }, ['admin', 'supervisor', 'duty']],
  ['POST', '/alarms/a-1/show', null, ['admin', 'supervisor', 'duty']],
  ['GET', '/me/views', null, everybody],
  ['PUT', '/me/views', { views: [] }, everybody],
  ['POST', '/alarms/a-1/acknowledge', { version: 0 }, ['admin', 'supervisor', 'duty']],
  ['GET', '/alarms/received', null, everybody],
  ['POST', '/alarms/a-1/received', null, ['enterprise']],
  ['GET', '/rules', null, everybody],
  ['PUT', '/rules/gas.test', rule, ['admin', 'supervisor']],
  ['DELETE', '/rules/gas.none', null, ['admin', 'supervisor']],
  ['GET', '/rule-types', null, everybody],
  ['GET', '/rules/gas.test/history', null, everybody],
  ['POST', '/rules/gas.test/check', rule, ['admin', 'supervisor']],
  ['POST', '/rules/gas.test/rollback', { version: 9, to: 8 }, ['admin', 'supervisor']],
  ['POST', '/rules/gas.test/proposals', { version: 9, rule, reason: 'x' }, ['admin', 'supervisor']],
  ['GET', '/fences', null, everybody],
  ['PUT', '/fences/f-none', { version: 1 }, ['admin', 'supervisor']],
  ['POST', '/fences/f-none/retire', { version: 1 }, ['admin', 'supervisor']],
  ['GET', '/alarms/a-1/report', null, ['admin', 'supervisor', 'duty']],
  ['GET', '/proposals', null, everybody],
  ['GET', '/proposals/rp-none', null, everybody],
  ['POST', '/proposals/rp-none/approve', {}, ['admin', 'supervisor']],
  ['POST', '/proposals/rp-none/reject', {}, ['admin', 'supervisor']],
  ['POST', '/proposals/rp-none/withdraw', {}, ['admin', 'supervisor']],
  ['GET', '/windows', null, everybody],
  ['POST', '/windows', declaration, ['admin', 'supervisor', 'duty', 'enterprise']],
  ['POST', '/windows/w-none/confirm', {}, ['admin', 'supervisor', 'duty', 'enterprise']],
  ['POST', '/windows/w-none/refuse', { reason: 'not now' }, ['admin', 'supervisor', 'duty']],
  ['POST', '/windows/w-none/end', {}, ['admin', 'supervisor', 'duty', 'enterprise']],
  ['GET', '/quarantine', null, everybody],
  ['GET', '/demo', null, everybody],
  ['POST', '/demo/restart', null, ['admin', 'supervisor', 'duty']],
]

let stage: Stage
beforeAll(async () => {
  const story = { name: 'leak', state: 'waiting' as const, startedAt: null, step: -1, stepName: '' }
  stage = await Stage.start({}, { demo: { story: () => story, restart() {} } })
  for (const id of ['e-1', 'e-2']) await stage.call('POST', '/api/v1/enterprises', { id, name: id, region: '330106' })
  await stage.device('gas-1')
  await stage.device('gas-2', { enterpriseId: 'e-2', name: 'gas-2' })
  await stage.raise('a-1')
  await stage.raise('a-2', { enterpriseId: 'e-2', deviceId: 'gas-2' })
  for (const role of roles) {
    const enterpriseId = role === 'enterprise' ? 'e-1' : undefined
    await stage.call('POST', '/api/v1/users', { username: role, password: ADMIN_PASSWORD, role, enterpriseId })
  }
})
afterAll(() => stage.stop())

test.each(table)('%s %s is for those who may and nobody else', async (method, path, body, allowed) => {
  for (const role of roles) {
    const { status, body: answer } = await stage.call(method, `/api/v1${path}`, body ?? undefined, {
      as: role === 'admin' ? 'admin' : role,
    })
    if (allowed.includes(role)) expect([401, 403, 500], `${role}: ${JSON.stringify(answer)}`).not.toContain(status)
    else expect({ role, status, code: answer.error.code }).toEqual({ role, status: 403, code: 'forbidden' })
  }
  const stranger = await stage.call(method, `/api/v1${path}`, body ?? undefined, { as: '' })
  if (path !== '/session') expect(stranger).toMatchObject({ status: 401, body: { error: { code: 'not-logged-in' } } })
})

test('an enterprise sees its own and nothing of others, in every list', async () => {
  const get = async (path: string) => (await stage.call('GET', `/api/v1${path}`, undefined, { as: 'enterprise' })).body
  const ids = (rows: { id: string }[]) => rows.map(({ id }) => id)
  expect(ids((await get('/enterprises')).enterprises)).toEqual(['e-1'])
  expect(ids((await get('/devices')).devices)).not.toContain('gas-2')
  expect(ids((await get('/alarms')).alarms)).toEqual(['a-1'])
  for (const path of [
    '/enterprises/e-2',
    '/devices/gas-2',
    '/alarms/a-2',
    '/alarms/a-2/timeline',
    '/readings?device=gas-2',
    '/quarantine?device=gas-2',
    '/quarantine?enterpriseId=e-2',
  ]) {
    expect({ path, ...(await get(path)) }).toMatchObject({ path, error: { code: 'not-found' } })
  }
  expect((await get('/devices?enterpriseId=e-2')).devices).toEqual([])
  await get('/quarantine')
  expect(stage.asked.quarantine.at(-1)).toMatchObject({ enterpriseId: 'e-1' })
  await get('/readings')
  expect(stage.asked.readings.at(-1)!.devices).toContain('gas-1')
  expect(stage.asked.readings.at(-1)!.devices).not.toContain('gas-2')
})

test('an enterprise is not told of rules that name somebody else', async () => {
  await stage.call('PUT', '/api/v1/rules/for.e2', { ...rule, applies: { enterpriseId: 'e-2' } })
  await stage.call('PUT', '/api/v1/rules/for.gas2', { ...rule, applies: { deviceId: 'gas-2' } })
  await stage.call('PUT', '/api/v1/rules/for.all', rule)
  const proposed = { version: 1, rule: { ...rule, applies: { enterpriseId: 'e-2' } }, reason: 'x' }
  await stage.call('POST', '/api/v1/rules/for.e2/proposals', proposed)
  const get = (path: string) => stage.call('GET', `/api/v1${path}`, undefined, { as: 'enterprise' })
  expect((await get('/proposals')).body).toEqual({ proposals: [], people: {} })
  expect((await get('/rules/for.e2/history')).status).toBe(404)
  expect((await get('/rules/for.all/history')).body).toMatchObject({ versions: [{ version: 1 }], people: {} })
  const { body } = await stage.call('GET', '/api/v1/rules', undefined, { as: 'enterprise' })
  const ids = body.rules.map(({ id }: { id: string }) => id)
  expect(ids).toContain('for.all')
  expect(ids).not.toContain('for.e2')
  expect(ids).not.toContain('for.gas2')
})

test('an enterprise sees only its own on the live feed', async () => {
  const screen = await stage.live({ token: await stage.token('enterprise') })
  expect(screen.picture.devices.every(({ enterpriseId }) => enterpriseId === 'e-1')).toBe(true)
  expect(screen.picture.alarms.map(({ id }) => id)).toEqual(['a-1'])
  expect(screen.picture.counters.yellow.open).toBe(1)
  await stage.reading('gas-2', 'combustibleLel', 7)
  await stage.raise('a-3', { enterpriseId: 'e-2' })
  await stage.raise('a-4', { enterpriseId: 'e-1' })
  await stage.reading('gas-1', 'combustibleLel', 8)
  await screen.until(() => screen.readings.length > 0 && screen.changes.some((change) => change.kind === 'alarm'))
  expect(screen.changes.map((change) => (change.kind === 'alarm' ? change.alarm.id : change.kind))).not.toContain('a-3')
  expect(screen.readings.flatMap(({ readings }) => readings.map(([device]) => device))).toEqual(['gas-1'])
  expect(await screen.socket.emitWithAck('subscribe', { enterpriseId: 'e-2' })).toMatchObject({ error: { code: 'not-found' } })
})

test('an enterprise says of its own alarm alone that it has it: the first of two counts, a key during a call as well, and the alarm stays as it is', async () => {
  for (const username of ['op-1', 'op-2'])
    await stage.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role: 'enterprise', enterpriseId: 'e-1' })
  const { users } = (await stage.call('GET', '/api/v1/users')).body
  const idOf = (name: string) => users.find(({ username }: { username: string }) => username === name).id
  const own = await stage.raise('r-1', { raisedAt: Date.now() - 42_000 })
  await stage.raise('r-2', { enterpriseId: 'e-2', deviceId: 'gas-2', raisedAt: Date.now() - 42_000 })
  const say = (id: string, as: string) => stage.call('POST', `/api/v1/alarms/${id}/received`, undefined, { as })
  await Promise.all(['op-1', 'op-2'].map((name) => stage.token(name)))
  const both = await Promise.all(['op-1', 'op-2'].map((name) => say('r-1', name)))
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  const won = both.find(({ status }) => status === 200)!.body.received
  expect(won).toMatchObject({ alarmId: 'r-1', by: 'page' })
  expect(won.afterMs).toBeGreaterThanOrEqual(42_000)
  expect(both.find(({ status }) => status === 409)!.body.error).toMatchObject({
    code: 'already-received',
    details: { received: won },
  })
  const winner = won.personId === idOf('op-1') ? 'op-1' : 'op-2'
  expect((await say('r-1', winner)).body).toEqual({ received: won })
  expect(await say('r-2', 'op-1')).toMatchObject({ status: 404 })
  expect(await say('r-1', 'duty')).toMatchObject({ status: 403 })
  expect(stage.alarms.get('r-1')).toEqual(own)
  // A key leaves the same entry; one of a regulator's person is an action instead.
  const key = {
    kind: 'push.receipt',
    channel: 'duty-voice',
    messageId: 'm',
    providerId: 'p',
    receipt: 'acknowledged',
    detail: '1',
    at: null,
  } as const
  await stage.raise('r-3', { raisedAt: Date.now() - 9_000 })
  await stage.journal.append([
    recordDraft({ ...key, alarmId: 'r-3', personId: idOf('duty') }),
    recordDraft({ ...key, alarmId: 'r-3', personId: idOf('op-2') }),
  ])
  const list = async (as: string) => (await stage.call('GET', '/api/v1/alarms/received', undefined, { as })).body
  const { received, people } = await list('duty')
  expect(received.filter(({ alarmId }: { alarmId: string }) => alarmId.startsWith('r-'))).toMatchObject([
    won,
    { alarmId: 'r-3', personId: idOf('op-2'), by: 'key' },
  ])
  expect(people).toMatchObject({ [won.personId]: winner, [idOf('op-2')]: 'op-2' })
  await stage.call('POST', '/api/v1/users', {
    username: 'op-9',
    password: ADMIN_PASSWORD,
    role: 'enterprise',
    enterpriseId: 'e-2',
  })
  expect(await list('op-9')).toEqual({ received: [], people: {} })
})

test('what was received before an alarm came again is not received now: it is shown no more, and said anew', async () => {
  for (const username of ['op-3', 'op-4'])
    await stage.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role: 'enterprise', enterpriseId: 'e-1' })
  const { users } = (await stage.call('GET', '/api/v1/users')).body
  const idOf = (name: string) => users.find(({ username }: { username: string }) => username === name).id
  const say = (as: string) => stage.call('POST', '/api/v1/alarms/r-4/received', undefined, { as })
  const shown = async () =>
    (await stage.call('GET', '/api/v1/alarms/received', undefined, { as: 'duty' })).body.received.filter(
      ({ alarmId }: { alarmId: string }) => alarmId === 'r-4',
    )
  const news = { messageId: 'm', providerId: 'p', receipt: 'acknowledged', detail: '1', at: null } as const
  const press = (name: string) =>
    stage.journal.append([
      recordDraft({ kind: 'push.receipt', channel: 'duty-voice', alarmId: 'r-4', personId: idOf(name), ...news }),
    ])
  const raisedAt = Date.now() - 3_600_000
  await stage.raise('r-4', { raisedAt, measuredAt: raisedAt })
  await press('op-4')
  expect((await say('op-4')).body.received).toMatchObject({ by: 'key' })

  const again = { occurrences: 2, version: 2, measuredAt: stage.journal.clock.now() }
  await stage.raise('r-4', again, 'again')
  expect(await shown()).toEqual([])
  const second = await say('op-3')
  expect(second).toMatchObject({ status: 200, body: { received: { personId: idOf('op-3'), by: 'page' } } })
  expect(second.body.received.afterMs).toBeLessThan(60_000)
  expect(await shown()).toEqual([second.body.received])

  await stage.raise('r-4', { occurrences: 3, version: 3, measuredAt: stage.journal.clock.now() }, 'again')
  expect(await shown()).toEqual([])
  await press('op-4')
  expect(await shown()).toMatchObject([{ personId: idOf('op-4'), by: 'key' }])
})

test('a receipt of somebody the platform no longer knows leaves room for a colleague', async () => {
  const enterprise = { role: 'enterprise', enterpriseId: 'e-1' }
  await stage.call('POST', '/api/v1/users', { username: 'op-5', password: ADMIN_PASSWORD, ...enterprise })
  // Restored accounts are older than the record; its second entry is as a platform before this one recorded it.
  for (const [id, isOld] of [
    ['r-5', false],
    ['r-6', true],
  ] as const) {
    const alarm = await stage.raise(id, { raisedAt: Date.now() - 9_000 })
    const { entry, key } = receivedDraft(alarm, 'p-gone')
    await stage.journal.append([recordDraft(entry, isOld ? receivedMessage(alarm) : key)])
    const said = await stage.call('POST', `/api/v1/alarms/${id}/received`, undefined, { as: 'op-5' })
    expect(said).toMatchObject({ status: 200, body: { received: { alarmId: id, by: 'page' } } })
  }
})
