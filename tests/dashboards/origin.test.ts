import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isFromHere } from '../../dashboards/access.ts'
import { ADMIN_PASSWORD, LiveScreen, Stage } from './stage.ts'

let stage: Stage
let demo: Stage
let cookie: string
beforeAll(async () => {
  stage = await Stage.start()
  demo = await Stage.start({ openOnLoopback: true, mode: 'simulated' })
  const answer = await stage.call('POST', '/api/v1/session', { username: 'admin', password: ADMIN_PASSWORD }, { as: '' })
  cookie = answer.headers.get('set-cookie')!.split(';')[0]!
})
afterAll(async () => {
  await stage.stop()
  await demo.stop()
})

/** fetch does not let a test choose Host. */
const post = (url: string, headers: Record<string, string>) =>
  new Promise<number>((resolve, reject) => {
    const body = JSON.stringify({ name: 'x', region: '330106' })
    const sent = request(`${url}/api/v1/enterprises`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    })
    sent.on('response', (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
    sent.on('error', reject)
    sent.end(body)
  })

test('a write with a cookie must come from our own pages', async () => {
  const host = stage.url.slice(7)
  expect(await post(stage.url, { cookie, origin: `http://${host}` })).toBe(201)
  for (const origin of ['http://evil.example', 'null', `http://${host}.evil.example`, 'http://127.0.0.1:1', '']) {
    expect(await post(stage.url, { cookie, origin })).toBe(403)
  }
  expect(await post(stage.url, { cookie })).toBe(403)
})

test('a write with a bearer token may come from anywhere: no browser adds one by itself', async () => {
  expect(await post(stage.url, { authorization: `Bearer ${await stage.token('admin')}`, origin: 'http://evil.example' })).toBe(
    201,
  )
})

test('a wrong bearer token is not helped by a good cookie', async () => {
  expect((await stage.ask('GET', '/api/v1/users', undefined, { cookie, authorization: 'Bearer wfs_no' })).status).toBe(401)
})

test('no answer invites other sites to read it', async () => {
  const answer = await stage.ask('OPTIONS', '/api/v1/devices', undefined, {
    origin: 'http://evil.example',
    'access-control-request-method': 'GET',
  })
  expect(answer.status).toBe(404)
  expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
})

test('a live handshake from a foreign page is refused, whatever it carries', async () => {
  const token = await stage.token('admin')
  const host = stage.url.slice(7)
  const foreign: Record<string, string>[] = [{ origin: 'http://evil.example' }, { origin: 'http://evil.example', cookie }]
  for (const headers of foreign) {
    const screen = new LiveScreen(stage.url, { token, headers })
    await expect(screen.open({})).rejects.toThrow()
    screen.socket.disconnect()
  }
  const own = new LiveScreen(stage.url, { headers: { origin: `http://${host}`, cookie } })
  await own.open({})
  own.socket.disconnect()
  const nobody = new LiveScreen(stage.url, {})
  await expect(nobody.open({})).rejects.toThrow('not-logged-in')
  nobody.socket.disconnect()
})

test('in the demo this machine needs no login, and nobody else gets in by it', async () => {
  const { port } = new URL(demo.url)
  expect(await post(demo.url, {})).toBe(201)
  expect(await post(demo.url, { host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(201)
  // A page elsewhere that has pointed its own name at this machine.
  expect(await post(demo.url, { host: `evil.example:${port}`, origin: `http://evil.example:${port}` })).toBe(401)
  expect(await post(demo.url, { origin: 'http://evil.example' })).toBe(403)
  expect(await post(demo.url, { 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await post(demo.url, { 'x-forwarded-for': '203.0.113.9' })).toBe(401)
  expect((await demo.ask('GET', '/api/v1/session')).body.user).toMatchObject({ id: 'demo', role: 'admin' })
  expect((await stage.ask('GET', '/api/v1/session')).body.user).toBeNull()
  const screen = new LiveScreen(demo.url, {})
  await screen.open({})
  screen.socket.disconnect()
})

test('only an address of this machine under a name of this machine counts as here', () => {
  const here = (remoteAddress: string, host: string) => isFromHere({ headers: { host }, remoteAddress })
  expect(here('127.0.0.1', 'localhost:8080')).toBe(true)
  expect(here('::1', '[::1]:8080')).toBe(true)
  expect(here('::ffff:127.0.0.1', '127.0.0.1')).toBe(true)
  expect(here('192.168.1.5', 'localhost')).toBe(false)
  expect(here('127.0.0.1', 'localhost.evil.example')).toBe(false)
  expect(here('127.0.0.1', '127.0.0.1.evil.example')).toBe(false)
  expect(here('127.0.0.1', '')).toBe(false)
})
