import { io } from 'socket.io-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RecordEntry } from '../../core/record.ts'
import { PairingCodes } from '../../dashboards/pairing-codes.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

const WALL = 'a1b2c3d4e5f6'
let stage: Stage
beforeEach(async () => {
  stage = await Stage.start()
  for (const [username, role] of [
    ['mei', 'supervisor'],
    ['han', 'duty'],
  ])
    await stage.call('POST', '/api/v1/users', { username, role, password: ADMIN_PASSWORD })
})
afterEach(() => stage.stop())

/** A screen: what it sends with everything, and the code it shows. */
async function screen(wall = WALL) {
  const answer = await stage.ask('POST', '/api/v1/pairing', undefined, { 'x-watchfire-wall': wall })
  expect(answer.status).toBe(200)
  const cookie = answer.headers.get('set-cookie')!
  expect(cookie).toMatch(/^watchfire_wall=wfs_[\w-]+;.*HttpOnly.*SameSite=Strict/)
  const headers = { cookie: cookie.split(';')[0]!, 'x-watchfire-wall': wall, origin: stage.url }
  return { code: answer.body.code as string, headers }
}
const approve = (code: string, as = 'mei', more: object = {}) =>
  stage.call('POST', `/api/v1/pairing/${code}/approve`, { name: '指挥大厅', ...more }, { as })
const user = async (headers: Record<string, string>) => (await stage.ask('GET', '/api/v1/session', undefined, headers)).body.user

test('a screen shows a code, a supervisor approves it, and what the screen held already is then its token', async () => {
  const { code, headers } = await screen()
  expect(code).toMatch(/^[2-9A-Z]{6}$/)
  expect(await user(headers)).toBeNull()
  expect((await stage.call('GET', `/api/v1/pairing/${code}`, undefined, { as: 'han' })).status).toBe(403)
  expect((await approve(code, 'han')).status).toBe(403)
  expect((await stage.call('GET', `/api/v1/pairing/${code.toLowerCase()}`, undefined, { as: 'mei' })).body).toMatchObject({
    code,
    address: expect.stringContaining('127.0.0.1'),
  })
  const layout = { seams: [1920], theme: 'night', locale: 'en', names: false }
  const approved = await approve(code, 'mei', { layout })
  expect(approved).toMatchObject({ status: 201, body: { wall: { name: '指挥大厅', createdBy: 'mei', layout } } })
  expect((await approve(code)).status).toBe(404)
  const session = (await stage.ask('GET', '/api/v1/session', undefined, headers)).body
  expect(session).toMatchObject({ user: { username: '指挥大厅', role: 'viewer' }, wall: { layout } })
  const written = (await stage.journal.readRecord(1, ['pairing.changed'])).map((entry) => readRecordEntry(entry) as RecordEntry)
  expect(written).toMatchObject([{ change: 'created', by: expect.stringMatching(/^p-/) }])
  expect(JSON.stringify(written)).not.toContain('指挥大厅')
})

test('F26: a wall reads, and writes nothing except its own beat', async () => {
  const { code, headers } = await screen()
  await approve(code)
  await stage.device('gas-1')
  const alarm = await stage.raise('a-1')
  expect((await stage.ask('GET', '/api/v1/alarms?open=true', undefined, headers)).status).toBe(200)
  const { body } = await stage.ask('GET', '/api/docs/json')
  const writing = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => !['get', 'head'].includes(method))
      .map((method) => [method.toUpperCase(), path] as const),
  )
  expect(writing.length).toBeGreaterThan(20)
  const json = { ...headers, 'content-type': 'application/json' }
  for (const [method, path] of writing) {
    // Logging in and asking for a code are open to everybody, and a device's token is its own.
    if (/\/session$|\/pairing$|telemetry$/.test(path)) continue
    const filled = path
      .replace('{id}', alarm.id)
      .replace('{action}', 'acknowledge')
      .replace('{code}', 'ABCDEF')
      .replace(/\{\w+\}/g, 'x')
    const answer = await stage.ask(method, filled, method === 'DELETE' ? undefined : '{"version":1}', json)
    expect([401, 403, 400].includes(answer.status), `${method} ${path} gave ${answer.status}`).toBe(true)
  }
  expect((await stage.ask('POST', `/api/v1/alarms/${alarm.id}/acknowledge`, '{"version":1}', json)).status).toBe(403)
  const before = stage.journal.head()
  const live = io(`${stage.url}/live`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: { wall: WALL },
    extraHeaders: headers,
  })
  await new Promise((resolve, reject) => live.once('connect', () => resolve(null)).once('connect_error', reject))
  const beat = { name: 'hall', seq: 1, frames: 1, heapMb: 1, sound: 'ready', picture: 'live' }
  live.emit('wall', { ...beat, wall: 'ffffffffffff' })
  live.emit('wall', { ...beat, wall: WALL })
  const alive = async () => /watchfire_walls\{[^}]*\} (\d+)/.exec((await stage.ask('GET', '/metrics')).text)?.[1]
  await expect.poll(alive).toBe('1')
  expect(stage.journal.head()).toBe(before)
  live.disconnect()
})

test('a token counts only with the browser it was made for, and ends at once when it is revoked', async () => {
  const { code, headers } = await screen()
  const id = (await approve(code)).body.wall.id as string
  expect(await user({ ...headers, 'x-watchfire-wall': 'ffffffffffff' })).toBeNull()
  expect(await user({ cookie: headers.cookie })).toBeNull()
  const own = io(`${stage.url}/live`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: { wall: WALL },
    extraHeaders: { cookie: headers.cookie, origin: stage.url },
  })
  await new Promise((resolve) => own.once('connect', () => resolve(null)))
  const cut = new Promise((resolve) => own.once('disconnect', resolve))
  expect((await stage.call('GET', '/api/v1/walls', undefined, { as: 'mei' })).body.walls).toHaveLength(1)
  expect((await stage.call('DELETE', `/api/v1/walls/${id}`, undefined, { as: 'han' })).status).toBe(403)
  expect((await stage.call('DELETE', `/api/v1/walls/${id}`, undefined, { as: 'mei' })).status).toBe(200)
  expect(await cut).toBe('io server disconnect')
  expect(await user(headers)).toBeNull()
})

test('a wall of one enterprise sees that one; codes end after ten minutes, and pairings outlive a restart', async () => {
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: 'one', region: '330106' })
  await stage.device('gas-1', { enterpriseId: 'e-1' })
  await stage.device('gas-2', { enterpriseId: 'e-2' })
  const { code, headers } = await screen()
  expect((await approve(code, 'mei', { enterpriseId: 'e-9' })).status).toBe(400)
  expect((await approve(code, 'mei', { enterpriseId: 'e-1' })).status).toBe(201)
  const devices = (await stage.ask('GET', '/api/v1/devices', undefined, headers)).body.devices as { id: string }[]
  expect(devices.map(({ id }) => id)).toEqual(['gas-1'])
  let now = 0
  const codes = new PairingCodes({ now: () => now })
  const { asking } = codes.ask(WALL, 'here')
  now = 10 * 60_000 - 1
  expect(codes.find(asking.code)).toBe(asking)
  now++
  expect(codes.find(asking.code)).toBeNull()
  for (let n = 0; n < 10; n++) await screen(`0000000000${String(n).padStart(2, '0')}`)
  expect((await stage.ask('POST', '/api/v1/pairing', undefined, { 'x-watchfire-wall': 'eeeeeeeeeeee' })).status).toBe(429)
  await stage.stop()
  await stage.open()
  expect((await user({ ...headers, origin: stage.url }))?.username).toBe('指挥大厅')
})

test('speech is for walls: others are refused, and without an engine everybody is told that there is none', async () => {
  const { code, headers } = await screen()
  await approve(code)
  expect((await stage.call('GET', '/api/v1/voice')).body).toEqual({ state: 'off' })
  expect((await stage.call('GET', '/api/v1/voice/speech?text=a&lang=zh')).status).toBe(403)
  const off = await stage.ask('GET', '/api/v1/voice/speech?text=a&lang=zh', undefined, headers)
  expect([off.status, off.body.error.code]).toEqual([503, 'voice-off'])
})
