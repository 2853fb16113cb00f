import { connect, type Socket } from 'node:net'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Invalid } from '../../core/errors.ts'
import { silentLog } from '../../core/log.ts'
import { openHttp } from '../../dashboards/http.ts'
import { Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  const telemetry = (token: string) => Promise.reject(new Invalid('bad-credential', `nobody has ${token.length} characters`))
  stage = await Stage.start({}, { telemetry })
})
afterAll(() => stage.stop())

/** The first line of the answer to a request whose body is announced and never sent. */
function announced(path: string, bytes: number, headers = ''): Promise<string> {
  const { hostname, port } = new URL(stage.url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    const silence = setTimeout(() => {
      socket.destroy()
      resolve('no answer')
    }, 2_000)
    socket.on('error', reject)
    socket.once('data', (answer) => {
      clearTimeout(silence)
      socket.destroy()
      resolve(answer.toString().split('\r\n')[0]!)
    })
    const type = 'Content-Type: application/json\r\n'
    socket.write(`POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${type}${headers}Content-Length: ${bytes}\r\n\r\n{`)
  })
}

test('a stranger is answered before a byte of what they would send is held', async () => {
  expect(await announced('/api/v1/users', 900_000)).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/nothing-here', 900_000)).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/wf_nobodys/telemetry', 200_000)).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/telemetry', 200_000)).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/telemetry', 200_000, 'Authorization: Bearer wf_nobodys\r\n')).toBe('HTTP/1.1 401 Unauthorized')
  expect(await announced('/api/v1/session', 5_000)).toBe('HTTP/1.1 413 Payload Too Large')
})

test('half a request does not stay open for ever', async () => {
  const app = await openHttp({ tls: null, version: '0' }, silentLog)
  expect((app.server as { requestTimeout: number }).requestTimeout).toBe(30_000)
  await app.close()
})

test('silent connections share a room of fixed size, and requests, logins and the live feed are served meanwhile', async () => {
  const small = await Stage.start({ strangersBytes: 64 * (16 << 10) })
  const token = await small.token('admin')
  const feed = io(`${small.url}/live`, { transports: ['websocket'], auth: { token }, reconnection: false })
  await new Promise((resolve, reject) => feed.once('connect', () => resolve(null)).once('connect_error', reject))
  const { hostname, port } = new URL(small.url)
  const sockets = new Set<Socket>()
  let over = false
  const open = () => {
    const socket = connect({ host: hostname, port: Number(port) })
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => void (sockets.delete(socket) && !over && setTimeout(open, 1_000)))
    socket.write('GET /wall HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  }
  for (let i = 0; i < 200; i++) open()
  const strangers = () => small.dashboards.status().figures
  await vi.waitFor(() => expect(strangers()['watchfire_http_strangers']).toBe(64))
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  let served = 0
  for (let i = 0; i < 30; i++) {
    const answer = await fetch(`${small.url}/healthz`, { headers: { connection: 'close' } }).catch(() => null)
    if (answer?.status === 200) served++
    expect(strangers()['watchfire_http_strangers']).toBeLessThanOrEqual(64)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(served).toBeGreaterThan(20)
  expect(feed.connected).toBe(true)
  expect(strangers()['watchfire_feed_clients']).toBe(1)
  over = true
  for (const socket of sockets) socket.destroy()
  feed.disconnect()
  await small.stop()
}, 20_000)

test('a login over the live feed that does not end is cut off', async () => {
  const { hostname, port } = new URL(stage.url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => undefined)
  const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now())))
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=='
  socket.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${upgrade}\r\n\r\n`)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.resume()
  const began = performance.now()
  // A text frame of 200,000 bytes, of which 20,000 come.
  socket.write(Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 3, 0x0d, 0x40, 1, 2, 3, 4]), Buffer.alloc(20_000, 0x41)]))
  expect((await closed) - began).toBeLessThan(2_000)
})

test('a thousand requests in one piece, or more than eight unanswered, end a connection instead of the loop', async () => {
  const { hostname, port } = new URL(stage.url)
  const before = stage.dashboards.status().figures['watchfire_http_requests_total']!
  const closed = (says: string) =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(says))
      socket.on('error', () => undefined)
      socket.once('close', () => resolve(true))
      socket.resume()
      setTimeout(() => {
        resolve(false)
        socket.destroy()
      }, 2_000)
    })
  const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
  expect(await closed(request.repeat(1_000))).toBe(true)
  expect(await closed(request.repeat(20))).toBe(true)
  expect(await closed(request.repeat(4))).toBe(false)
  const answered = stage.dashboards.status().figures['watchfire_http_requests_total']! - before
  expect(answered).toBeLessThanOrEqual(4 + 20)
})
