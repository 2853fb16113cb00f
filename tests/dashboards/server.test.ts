import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { checkMetricsAccess } from '../../dashboards/metrics.ts'
import { ADMIN_PASSWORD, Stage, temporaryDir } from './stage.ts'

let stage: Stage
let upgrades: string[]
const distDir = temporaryDir()
beforeAll(async () => {
  mkdirSync(join(distDir, 'login'))
  mkdirSync(join(distDir, 'assets'))
  writeFileSync(join(distDir, 'login', 'index.html'), '<!doctype html><title>login</title>')
  writeFileSync(join(distDir, 'assets', 'login-3f2a.js'), 'export {}')
  upgrades = []
  stage = await Stage.start(
    { distDir, metricsToken: 'let me see' },
    {
      upgrades: {
        '/mqtt': (incoming, socket) => {
          upgrades.push(incoming.url ?? '')
          socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n')
        },
      },
    },
  )
})
afterAll(() => stage.stop())

test('ready tells how the parts are: degraded still serves, down and stopped do not', async () => {
  expect((await stage.ask('GET', '/healthz')).status).toBe(200)
  const ready = await stage.ask('GET', '/readyz')
  expect(ready).toMatchObject({
    status: 200,
    body: { status: 'ready', parts: { journal: { state: 'ok' }, dashboards: { state: 'ok' } } },
  })
  stage.partStates = [{ name: 'history', state: 'degraded', detail: 'InfluxDB is behind', figures: {} }]
  expect(await stage.ask('GET', '/readyz')).toMatchObject({
    status: 200,
    body: { status: 'degraded', parts: { history: { state: 'degraded', detail: 'InfluxDB is behind' } } },
  })
  stage.partStates = [{ name: 'journal', state: 'down', detail: 'the disk is full', figures: {} }]
  expect(await stage.ask('GET', '/readyz')).toMatchObject({ status: 503, body: { status: 'down' } })
})

test('metrics are figures of parts and process, without a device in any label', async () => {
  stage.partStates = [{ name: 'journal', state: 'ok', figures: { watchfire_journal_head: 7, watchfire_journal_bytes_total: 9 } }]
  await stage.device('very-private-device')
  await stage.call('GET', '/api/v1/devices')
  const { text, headers } = await stage.ask('GET', '/metrics')
  expect(headers.get('content-type')).toContain('text/plain')
  expect(text).toContain('# TYPE watchfire_journal_bytes_total counter\nwatchfire_journal_bytes_total{part="journal"} 9\n')
  expect(text).toContain('watchfire_feed_clients{part="dashboards"}')
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds')
  expect(text).toMatch(/watchfire_http_answer_seconds_bucket\{le="0.005"\} \d+/)
  expect(text).not.toContain('very-private-device')
})

test('off this machine metrics ask for a token, and without one set they are closed', () => {
  const from = (headers: object, token: string | null) => () =>
    checkMetricsAccess({ headers: { host: 'wf.example', ...headers }, remoteAddress: '10.0.0.9' }, token)
  expect(from({}, 'let me see')).toThrow('asks for a token')
  expect(from({ authorization: 'Bearer let' }, 'let me see')).toThrow()
  expect(from({ authorization: 'Bearer let' }, null)).toThrow()
  expect(from({ authorization: 'Bearer seeing' }, 'seeing')).not.toThrow()
})

test('pages are sent fresh and their assets for ever; without a login they lead to one', async () => {
  expect((await stage.ask('GET', '/')).headers.get('location')).toBe('/login?next=%2Fwall')
  const away = await stage.ask('GET', '/desk?device=g-1')
  expect([away.status, away.headers.get('location')]).toEqual([302, '/login?next=%2Fdesk%3Fdevice%3Dg-1'])
  // A screen on a wall has nobody to log in: its page asks to be paired.
  expect((await stage.ask('GET', '/wall?mode=drill')).headers.get('location')).toBeNull()
  const page = await stage.ask('GET', '/login')
  expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache'])
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
  expect(page.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests')
  expect(page.headers.get('x-content-type-options')).toBe('nosniff')
  const asset = await stage.ask('GET', '/assets/login-3f2a.js')
  expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
  expect(await stage.ask('GET', '/assets/none.js')).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } })
  expect((await stage.ask('GET', '/assets/..%2f..%2fpackage.json')).status).not.toBe(200)
})

test('a page that was never built says how to build it', async () => {
  const answer = await stage.ask('GET', '/desk', undefined, { authorization: `Bearer ${await stage.token('admin')}` })
  expect([answer.status, answer.text.includes('npm run build')]).toEqual([503, true])
})

test('the API documents itself, and its pages run under our own content security policy', async () => {
  const { body } = await stage.ask('GET', '/api/docs/json')
  expect(body.openapi).toBe('3.1.0')
  expect(Object.keys(body.paths)).toContain('/api/v1/alarms/{id}/{action}')
  expect(Object.keys(body.paths)).not.toContain('/wall')
  const html = await stage.ask('GET', '/api/docs/')
  expect(html.status).toBe(200)
  expect(html.headers.get('content-security-policy')).toContain("script-src 'self'")
  expect(html.text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/)
})

test('an upgrade goes to whoever speaks its path, and one nobody speaks is refused at once', async () => {
  const status = (path: string) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${stage.url.replace('http', 'ws')}${path}`)
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!))
      socket.on('error', () => undefined)
    })
  expect(await status('/mqtt?x=1')).toBe(426)
  expect(upgrades).toEqual(['/mqtt?x=1'])
  expect(await status('/elsewhere')).toBe(404)
})

test('a connection that sends nonsense is answered and closed, and others are served', async () => {
  const { hostname, port } = new URL(stage.url)
  const socket = connect(Number(port), hostname)
  const answer = await new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('close', () => resolve(text))
    socket.write('\u0000\u0001 nonsense\r\n\r\n')
  })
  expect(answer).toContain('400 Bad Request')
  expect((await stage.ask('GET', '/healthz')).status).toBe(200)
})

test('with a certificate it is HTTPS and WSS, and the cookie never leaves it', async () => {
  const dir = temporaryDir()
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=localhost',
      '-keyout',
      join(dir, 'key.pem'),
      '-out',
      join(dir, 'cert.pem'),
    ],
    { stdio: 'ignore' },
  )
  const tls = { cert: readFileSync(join(dir, 'cert.pem')), key: readFileSync(join(dir, 'key.pem')) }
  const secure = await Stage.start({ tls })
  expect(secure.url).toMatch(/^https:/)
  const body = JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD })
  const { cookie, hsts, token } = await new Promise<{ cookie: string; hsts: unknown; token: string }>((resolve, reject) => {
    const sent = request(
      `${secure.url}/api/v1/session`,
      { method: 'POST', rejectUnauthorized: false, headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () =>
          resolve({
            cookie: response.headers['set-cookie']![0]!,
            hsts: response.headers['strict-transport-security'],
            token: (JSON.parse(text) as { token: string }).token,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
  expect(cookie).toContain('Secure')
  expect(hsts).toBeDefined()
  const socket = new WebSocket(`${secure.url.replace('https', 'wss')}/socket.io/?EIO=4&transport=websocket`, {
    rejectUnauthorized: false,
  })
  const hello = await new Promise<string>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      if (text.startsWith('0')) socket.send(`40/live,${JSON.stringify({ token })}`)
      else resolve(text)
    })
  })
  expect(hello).toMatch(/^40\/live/)
  socket.close()
  await secure.stop()
})

test('a port that is taken stops the start with a sentence that names it and the setting', async () => {
  const { port } = new URL(stage.dashboards.url)
  await expect(Stage.start({ distDir, port: Number(port) })).rejects.toThrow(
    new RegExp(`http cannot listen on 127.0.0.1:${port} \\(EADDRINUSE\\).*WATCHFIRE_HTTP_PORT`),
  )
})
