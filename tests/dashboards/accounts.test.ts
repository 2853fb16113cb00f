import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import type { RecordEntry } from '../../core/record.ts'
import { LoginLimit } from '../../dashboards/login-limit.ts'
import { codeAt, fromBase32, stepOf } from '../../dashboards/totp.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, Stage, temporaryDir } from './stage.ts'

const dataDir = temporaryDir()
let stage: Stage
beforeAll(async () => {
  stage = await Stage.start({ dataDir })
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: 'e-1', region: '330106001', sector: 'chemical' })
})
afterAll(() => stage.stop())

const login = (username: string, password = ADMIN_PASSWORD, who = stage) =>
  who.call('POST', '/api/v1/session', { username, password }, { as: '', headers: { 'user-agent': 'Test/1' } })
const withToken = (token: string, method: string, path: string, body?: unknown, who = stage) =>
  who.ask(method, `/api/v1${path}`, body === undefined ? undefined : JSON.stringify(body), {
    authorization: `Bearer ${token}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
  })
const add = async (username: string, more: object = {}, who = stage): Promise<string> =>
  (await who.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role: 'duty', ...more })).body.id
const recorded = async (...kinds: RecordEntry['kind'][]) => (await stage.journal.readRecord(1, kinds)).map(readRecordEntry)

test('sessions are listed with when, from where and on what, and one or all can be ended', async () => {
  const id = await add('lucy')
  const tokens = [await login('lucy'), await login('lucy'), await login('lucy')].map(({ body }) => body.token as string)
  const screen = await stage.live({ token: tokens[1]! })
  const { body } = await withToken(tokens[0]!, 'GET', '/sessions')
  expect(body.sessions).toHaveLength(3)
  expect(body.sessions[0]).toMatchObject({ personId: id, username: 'lucy', from: '127.0.0.1', device: 'Test/1' })
  expect(JSON.stringify(body)).not.toMatch(/[0-9a-f]{64}/)
  const other = (await withToken(tokens[1]!, 'GET', '/sessions')).body.sessions.find((one: { isThis: boolean }) => one.isThis)
  expect((await withToken(tokens[0]!, 'DELETE', `/sessions/${other.id}`)).body).toEqual({ ended: 1 })
  await screen.until(() => !screen.socket.connected)
  expect((await withToken(tokens[1]!, 'GET', '/alarms')).status).toBe(401)
  expect((await withToken(tokens[0]!, 'DELETE', '/sessions')).body).toEqual({ ended: 1 })
  expect((await withToken(tokens[0]!, 'GET', '/sessions?person=admin')).status).toBe(403)
  expect((await stage.call('GET', `/api/v1/sessions?person=${id}`)).body.sessions).toHaveLength(1)
  expect((await stage.call('DELETE', `/api/v1/sessions?person=${id}`)).body).toEqual({ ended: 1 })
  expect((await withToken(tokens[0]!, 'GET', '/sessions')).status).toBe(401)
  expect((await recorded('session.closed')).at(-1)).toMatchObject({ personId: id, by: 'admin', from: '127.0.0.1' })
})

test('a password an administrator chose is good for choosing another, and for nothing else', async () => {
  const id = await add('jim')
  await stage.call('PATCH', `/api/v1/users/${id}`, { password: 'given by the office' })
  const { body } = await login('jim', 'given by the office')
  expect(body.user.due).toBe('password')
  expect((await withToken(body.token, 'GET', '/alarms')).body.error.code).toBe('password-change-required')
  await expect(stage.live({ token: body.token })).rejects.toThrow()
  const choose = (current: string, password: string) => withToken(body.token, 'POST', '/me/password', { current, password })
  expect((await choose('wrong', 'my very own words')).status).toBe(401)
  expect((await choose('given by the office', ADMIN_PASSWORD)).body.error.code).toBe('password-used')
  expect((await choose('given by the office', 'password123')).body.error.code).toBe('password-common')
  expect((await choose('given by the office', 'my very own words')).status).toBe(200)
  expect((await withToken(body.token, 'GET', '/alarms')).status).toBe(200)
})

test('who logs in is told of wrong passwords since the last time', async () => {
  await add('kate')
  await login('kate')
  await login('kate', 'a guess')
  await login('kate', 'another guess')
  expect((await login('kate')).body.sinceLastLogin).toEqual({ failedLogins: 2, lastLoginAt: expect.any(Number) })
  expect((await login('kate')).body.sinceLastLogin).toBeUndefined()
})

test('guessing that goes on waits longer each time, an hour forgives, and does not lock out where the owner comes from', () => {
  const clock = new ManualClock(1)
  const limit = new LoginLimit(clock)
  const waits: number[] = []
  for (let i = 0; i < 60; i++) {
    try {
      limit.begin(`10.0.0.${i}`, 'admin')
    } catch (error) {
      const wait = (error as { retryAfterS: number }).retryAfterS
      waits.push(wait)
      clock.advance(wait * 1_000)
    }
  }
  expect(waits[0]).toBe(30)
  expect(waits.at(-1)).toBe(900)
  expect(waits).toEqual([...waits].sort((a, b) => a - b))
  limit.check('10.0.0.1', 'admin', true)
  clock.advance(4_600_000)
  limit.begin('10.0.0.99', 'admin').right()
})

test('a second factor: asked for once set up, a code works once, a recovery code too, and an administrator can take it off', async () => {
  const id = await add('rose')
  const { token } = (await login('rose')).body
  const { secret, uri } = (await withToken(token, 'POST', '/me/second-factor')).body
  expect(uri).toBe(`otpauth://totp/Watchfire:rose?secret=${secret}`)
  const code = (away = 0) => codeAt(fromBase32(secret), stepOf(Date.now()) + away)
  expect((await login('rose')).status).toBe(200)
  expect((await withToken(token, 'POST', '/me/second-factor/confirm', { code: '000000' })).body.error.code).toBe('code-wrong')
  const { recoveryCodes } = (await withToken(token, 'POST', '/me/second-factor/confirm', { code: code(-1) })).body
  expect(new Set(recoveryCodes).size).toBe(10)
  const second = (ticket: string, given: string) =>
    stage.call('POST', '/api/v1/session/second-factor', { ticket, code: given }, { as: '' })
  const asked = async () => {
    const answer = await login('rose')
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'second-factor' } } })
    expect(answer.headers.get('set-cookie')).toBeNull()
    return answer.body.error.details.ticket as string
  }
  const ticket = await asked()
  expect((await second(ticket, code(-1))).body.error.code).toBe('second-factor-failed')
  const used = code()
  expect((await second(ticket, used)).body).toMatchObject({ token: expect.stringMatching(/^wfs_/), user: { id } })
  expect((await second(ticket, code(1))).body.error.code).toBe('ticket-over')
  expect((await second(await asked(), used)).body.error.code).toBe('second-factor-failed')
  expect((await second(await asked(), recoveryCodes[3].toLowerCase())).status).toBe(200)
  expect((await second(await asked(), recoveryCodes[3])).status).toBe(401)
  expect((await stage.call('DELETE', `/api/v1/users/${id}/second-factor`)).status).toBe(200)
  expect((await login('rose')).status).toBe(200)
  const changes = (await recorded('user.changed')).filter((one) => one.kind === 'user.changed' && one.personId === id)
  expect(changes.map((one) => 'change' in one && [one.change, one.by])).toEqual([
    ['created', 'admin'],
    ['second-factor', id],
    ['second-factor-removed', 'admin'],
  ])
  expect(JSON.stringify(await recorded('user.changed'))).not.toContain(secret)
})

test('where a role needs a second factor nothing works until it is set up', async () => {
  const strict = await Stage.start({ secondFactorRoles: ['duty'] })
  await add('may', {}, strict)
  const { token, user } = (await login('may', ADMIN_PASSWORD, strict)).body
  expect(user.due).toBe('second-factor')
  expect((await withToken(token, 'GET', '/alarms', undefined, strict)).body.error.code).toBe('second-factor-required')
  const { secret } = (await withToken(token, 'POST', '/me/second-factor', undefined, strict)).body
  await withToken(token, 'POST', '/me/second-factor/confirm', { code: codeAt(fromBase32(secret), stepOf(Date.now())) }, strict)
  expect((await withToken(token, 'GET', '/alarms', undefined, strict)).status).toBe(200)
  await strict.stop()
})

test('both masters of an alarm are named by data, and where nobody answers that is a gap', async () => {
  await stage.raise('m-1', { enterpriseId: 'e-1' })
  const masters = async () => (await stage.call('GET', '/api/v1/alarms/m-1')).body.masters
  expect(await masters()).toEqual({ sector: null, place: null })
  expect((await stage.call('GET', '/api/v1/departments')).body.gaps).toMatchObject([
    { enterpriseId: 'e-1', missing: ['sector', 'place'] },
  ])
  const town = { sector: null, region: '330106001', zh: '北山街道公共安全办', en: 'Beishan public safety office' }
  const bureau = {
    sector: 'chemical',
    region: '330100000000',
    zh: '市应急管理局',
    en: 'City emergency bureau',
    personIds: ['admin'],
  }
  const gaps = () => stage.dashboards.status().alarms?.map(({ code }) => code)
  // Before anybody named a department there is no gap in them.
  expect(gaps()).toEqual([])
  const { body: made } = await stage.call('POST', '/api/v1/departments', town)
  expect(gaps()).toEqual(['no-department-330106-chemical'])
  await stage.call('POST', '/api/v1/departments', bureau)
  expect(await masters()).toMatchObject({ sector: { zh: '市应急管理局' }, place: { zh: '北山街道公共安全办' } })
  expect((await stage.call('POST', '/api/v1/departments', town)).status).toBe(409)
  const change = (version: number, wish: object) => stage.call('PATCH', `/api/v1/departments/${made.id}`, { version, ...wish })
  expect((await change(1, { retired: true })).status).toBe(200)
  expect((await change(1, { zh: 'x' })).body.error.code).toBe('stale-version')
  expect((await masters()).place).toBeNull()
  expect(stage.dashboards.status().alarms).toMatchObject([
    { code: 'no-department-330106001', text: { zh: '330106001 没有属地责任部门' } },
  ])
  await stage.call('PUT', '/api/v1/regions', { regions: [{ code: '330106', zh: '西湖区', en: 'Xihu' }] })
  const { regions } = (await stage.call('GET', '/api/v1/regions')).body
  expect(regions).toEqual([
    { code: '330000', zh: '330000', en: '330000', level: 'province', parent: null },
    { code: '330100', zh: '330100', en: '330100', level: 'city', parent: '330000' },
    { code: '330106', zh: '西湖区', en: 'Xihu', level: 'county', parent: '330100' },
    { code: '330106001', zh: '330106001', en: '330106001', level: 'town', parent: '330106' },
  ])
  expect((await recorded('region.set')).at(-1)).toMatchObject({ before: null, by: 'admin', from: '127.0.0.1' })
})

test('every write of a person can be found with who, when, from where, before and after', async () => {
  await stage.call('POST', '/api/v1/users', { username: 'boss', password: ADMIN_PASSWORD, role: 'supervisor' })
  const id = await add('mary')
  await stage.call('PATCH', `/api/v1/users/${id}`, { regions: ['330106'] })
  await stage.device('gas-1')
  await stage.call('PATCH', '/api/v1/devices/gas-1', { name: 'renamed' })
  const ask = (query: string, as = 'boss') => stage.call('GET', `/api/v1/audit${query}`, undefined, { as })
  const { body } = await ask('?person=admin&kind=user.changed&limit=1')
  expect(body.items).toMatchObject([
    {
      person: 'admin',
      at: expect.any(Number),
      entry: { from: '127.0.0.1', change: 'rights', before: { regions: [] }, after: { regions: ['330106'] } },
    },
  ])
  expect(body.people).toMatchObject({ admin: 'admin', [id]: 'mary' })
  const older = (await ask(`?person=admin&kind=user.changed&limit=1&cursor=${body.next}`)).body
  expect(older.items[0].entry).toMatchObject({ change: 'created', personId: id })
  const device = (await ask('?kind=registry.changed&limit=1')).body.items[0].entry
  expect(device).toMatchObject({ before: { name: 'gas-1', tokenHash: '' }, row: { name: 'renamed', tokenHash: '' } })
  expect((await ask(`?from=${Date.now() + 1e6}`)).body.items).toEqual([])
  expect((await ask('', 'mary')).status).toBe(403)
})

test('telephone numbers are whole for administrators only, and that they looked is recorded', async () => {
  const id = await add('wang')
  const contact = { name: '王大伟', phone: '+8613800001234', mail: 'wang@example.org' }
  await stage.call('PATCH', `/api/v1/users/${id}`, { contact })
  const seenBy = async (as: string) =>
    (await stage.call('GET', '/api/v1/users', undefined, { as })).body.users.find((one: { id: string }) => one.id === id).contact
  const before = (await recorded('personal-data.accessed')).length
  expect(await seenBy('boss')).toMatchObject({ name: '王**', phone: '138****1234', mail: 'w***@example.org' })
  expect((await recorded('personal-data.accessed')).length).toBe(before)
  expect(await seenBy('admin')).toMatchObject(contact)
  expect((await recorded('personal-data.accessed')).at(-1)).toMatchObject({ personIds: [id], what: 'list', by: 'admin' })
})

test('personal data can be taken along, and deleted so that nothing but the id is left', async () => {
  const id = await add('zhao.leaver')
  await stage.call('PATCH', `/api/v1/users/${id}`, { contact: { name: '赵小北', phone: '13911112222' } })
  await stage.call('GET', '/api/v1/alarms', undefined, { as: 'zhao.leaver' })
  const path = `/api/v1/users/${id}/personal-data`
  const own = await stage.call('GET', path, undefined, { as: 'zhao.leaver' })
  expect(own.body).toMatchObject({ person: { contact: { phone: '13911112222' } }, sessions: [{ from: '127.0.0.1' }] })
  expect((await stage.call('GET', path, undefined, { as: 'boss' })).status).toBe(403)
  expect((await stage.call('GET', path)).status).toBe(200)
  expect((await recorded('personal-data.accessed')).at(-1)).toMatchObject({ personIds: [id], what: 'export', by: 'admin' })
  expect((await stage.call('DELETE', path)).body.error.code).toBe('wrong-state')
  await stage.call('PATCH', `/api/v1/users/${id}`, { disabled: true })
  expect((await stage.call('DELETE', path)).body).toEqual({ id, erasedAt: expect.any(Number) })
  const left = (await stage.call('GET', '/api/v1/users')).body.users.find((one: { id: string }) => one.id === id)
  expect(left).toMatchObject({ username: id, disabled: true, contact: { name: null, phone: null } })
  expect((await login('zhao.leaver')).status).toBe(401)
  expect((await stage.call('PATCH', `/api/v1/users/${id}`, { disabled: false })).status).toBe(409)
  const database = new DatabaseSync(join(dataDir, 'people.db'))
  const tables = ['people', 'contacts', 'accounts', 'secrets', 'sessions', 'session_devices']
  const everything = JSON.stringify(tables.map((table) => database.prepare(`select * from ${table}`).all()))
  database.close()
  for (const gone of ['赵小北', '13911112222', 'zhao.leaver']) expect(everything).not.toContain(gone)
})

test('a person keeps views of the queue, the same at every machine, and nobody else sees them', async () => {
  const id = await add('viewkeeper')
  const { body } = await login('viewkeeper')
  const mine = (method: string, more?: unknown) => withToken(body.token, method, '/me/views', more)
  expect((await mine('GET')).body).toEqual({ views: [] })
  const filter = { text: '', area: '', enterprise: 'e-1', kind: '', level: 'yellow', mine: false }
  const view = { name: ' 化工黄色 ', sort: 'newest', filter }
  expect((await mine('PUT', { views: [view] })).body).toEqual({ views: [{ ...view, name: '化工黄色' }] })
  expect((await mine('PUT', { views: [view, view] })).status).toBe(400)
  expect((await mine('PUT', { views: [{ ...view, filter: { ...filter, hideReds: true } }] })).status).toBe(400)
  const again = (await login('viewkeeper')).body.token as string
  expect((await withToken(again, 'GET', '/me/views')).body.views).toHaveLength(1)
  const people = (await stage.call('GET', '/api/v1/users')).body.users as { id: string }[]
  expect(people.find((one) => one.id === id)).not.toHaveProperty('views')
})
