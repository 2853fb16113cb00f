import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import { LoginLimit } from '../../dashboards/login-limit.ts'
import { resetPassword } from '../../dashboards/reset-password.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, Stage, temporaryDir } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterAll(() => stage.stop())

const login = (who: Stage, username: string, password: string, headers: Record<string, string> = {}) =>
  who.call('POST', '/api/v1/session', { username, password }, { as: '', headers })
const cookieFrom = (answer: { headers: Headers }) => answer.headers.get('set-cookie')!.split(';')[0]!

test('a login gives a token and a cookie that no script can read and no other site sends', async () => {
  const answer = await login(stage, 'admin', ADMIN_PASSWORD)
  expect(answer.body).toEqual({
    token: expect.stringMatching(/^wfs_/),
    user: { id: 'admin', username: 'admin', role: 'admin', enterpriseId: null },
  })
  const cookie = answer.headers.get('set-cookie')!
  expect(cookie).toContain('HttpOnly')
  expect(cookie).toContain('SameSite=Strict')
  expect(cookie).not.toContain('Secure')
  const who = await stage.ask('GET', '/api/v1/session', undefined, { cookie: cookieFrom(answer) })
  expect(who.body).toEqual({
    user: { id: 'admin', username: 'admin', role: 'admin', enterpriseId: null },
    mode: 'live',
    wall: null,
    jurisdiction: '烽燧',
    zone: 'Asia/Shanghai',
    demo: false,
    version: '0.0.0',
    mqttPort: null,
    grafanaUrl: null,
  })
})

test('a session survives a restart, and its token is nowhere on disk', async () => {
  const dataDir = temporaryDir()
  const first = await Stage.start({ dataDir })
  const { token } = (await login(first, 'admin', ADMIN_PASSWORD)).body
  await first.stop()
  const again = await Stage.start({ dataDir, adminPassword: 'another one entirely' })
  expect((await again.ask('GET', '/api/v1/users', undefined, { authorization: `Bearer ${token}` })).status).toBe(200)
  expect((await login(again, 'admin', 'another one entirely')).status).toBe(401)
  await again.stop()
  expect(readFileSync(join(dataDir, 'people.db')).includes(token.slice(4))).toBe(false)
  expect(statSync(join(dataDir, 'people.db')).mode & 0o777).toBe(0o600)
})

test('without a password set, admin gets a random one that only the owner of the folder can read', async () => {
  const dataDir = temporaryDir()
  const fresh = await Stage.start({ dataDir, adminPassword: null })
  const file = join(dataDir, 'admin-password')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect((await login(fresh, 'admin', readFileSync(file, 'utf8').trim())).status).toBe(200)
  await fresh.stop()
})

test('logging out ends the session and the live connections that hang on it', async () => {
  const { token } = (await login(stage, 'admin', ADMIN_PASSWORD)).body
  const screen = await stage.live({ token })
  const out = await stage.ask('DELETE', '/api/v1/session', undefined, { authorization: `Bearer ${token}` })
  expect(out.status).toBe(200)
  await screen.until(() => !screen.socket.connected)
  expect((await stage.ask('GET', '/api/v1/users', undefined, { authorization: `Bearer ${token}` })).status).toBe(401)
})

test('a failed login is recorded with who and from where, never with what was typed', async () => {
  const wrong = await login(stage, 'admin', 'typed-by-mistake')
  expect(wrong).toMatchObject({ status: 401, body: { error: { code: 'login-failed' } } })
  const nobody = await login(stage, 'nobody', 'typed-by-mistake')
  expect(nobody.body).toEqual(wrong.body)
  const refused = (await stage.journal.readRecord(1, ['session.refused'])).map(readRecordEntry)
  expect(refused).toEqual([
    { kind: 'session.refused', personId: 'admin', from: '127.0.0.1' },
    { kind: 'session.refused', personId: null, from: '127.0.0.1' },
  ])
})

test('the record never holds a name', async () => {
  await stage.call('POST', '/api/v1/users', { username: '韩梅梅', password: ADMIN_PASSWORD, role: 'duty' })
  const all = stage.journal.read(1).entries.map((entry) => Buffer.from(entry.payload).toString())
  expect(all.join()).toContain('user.changed')
  expect(all.join()).not.toContain('韩梅梅')
})

test('guessing is slowed by address and by name, and forgiven with time', () => {
  const clock = new ManualClock(1)
  const limit = new LoginLimit(clock)
  for (let i = 0; i < 10; i++) {
    limit.check(`10.0.0.${i}`, 'Admin')
    limit.failed(`10.0.0.${i}`, 'admin')
  }
  expect(() => limit.check('10.0.0.99', 'admin')).toThrow('try again in 30 s')
  limit.check('10.0.0.99', 'someone-else')
  clock.advance(31_000)
  limit.check('10.0.0.99', 'admin')
})

test('too many failed logins are answered 429 with when to come back', async () => {
  const other = await Stage.start()
  const tries = []
  for (let i = 0; i < 11; i++) tries.push((await login(other, 'mallory', 'x')).status)
  expect(tries).toEqual([...Array(10).fill(401), 429])
  expect((await login(other, 'mallory', 'x')).headers.get('retry-after')).toMatch(/^\d+$/)
  expect((await login(other, 'admin', ADMIN_PASSWORD)).status).toBe(200)
  await other.stop()
})

test('a password reset on the data folder works at once, ends old sessions and is in the record', async () => {
  const dataDir = temporaryDir()
  const platform = await Stage.start({ dataDir })
  const { token } = (await login(platform, 'admin', ADMIN_PASSWORD)).body
  const password = await resetPassword(dataDir, 'Admin')
  expect((await login(platform, 'admin', ADMIN_PASSWORD)).status).toBe(401)
  expect((await login(platform, 'admin', password)).status).toBe(200)
  expect((await platform.ask('GET', '/api/v1/users', undefined, { authorization: `Bearer ${token}` })).status).toBe(401)
  const changes = (await platform.journal.readRecord(1, ['user.changed'])).map(readRecordEntry)
  expect(changes.at(-1)).toEqual({ kind: 'user.changed', personId: 'admin', role: 'admin', change: 'password', by: 'console' })
  await platform.stop()
})

test('the last administrator can neither be shut out nor lose the role', async () => {
  for (const body of [{ disabled: true }, { role: 'viewer' }]) {
    expect(await stage.call('PATCH', '/api/v1/users/admin', body)).toMatchObject({
      status: 409,
      body: { error: { code: 'last-admin' } },
    })
  }
})

test('a user who is shut out is out at once, on every connection', async () => {
  const { id } = (await stage.call('POST', '/api/v1/users', { username: 'leaver', password: ADMIN_PASSWORD, role: 'duty' })).body
  const screen = await stage.live({ token: await stage.token('leaver') })
  await stage.call('PATCH', `/api/v1/users/${id}`, { disabled: true })
  await screen.until(() => !screen.socket.connected)
  expect((await stage.call('GET', '/api/v1/devices', undefined, { as: 'leaver' })).status).toBe(401)
  expect((await login(stage, 'leaver', ADMIN_PASSWORD)).status).toBe(401)
})

test('guesses that come all at once are refused before they are checked', async () => {
  const other = await Stage.start()
  const guesses = Array.from({ length: 100 }, (_, i) => login(other, `u${i}`, 'x'))
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 401)).toHaveLength(20)
  expect(statuses.filter((status) => status === 429)).toHaveLength(80)
  await other.stop()
})
