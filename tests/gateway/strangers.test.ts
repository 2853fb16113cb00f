import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { connect as connectMqtt } from 'mqtt'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { connectPacket, publishPacket, RawClient } from '../bench/raw-mqtt-client.ts'
import { eventually, testbed, tokenOf, type Testbed } from './testbed.ts'

const telemetry = 'v1/devices/me/telemetry'
const username = tokenOf('GAS-01')
const figure = (bed: Testbed, name: string) => bed.gateway.status().figures[`watchfire_gateway_${name}`]!

/** Sockets that send this and then nothing; opened again whenever they are closed. */
function strangers(port: number, count: number, says: Uint8Array): { stop(): void } {
  const sockets = new Set<Socket>()
  let stopped = false
  const open = () => {
    if (stopped) return
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(says))
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      setTimeout(open, 1_000)
    })
  }
  for (let i = 0; i < count; i++) open()
  return {
    stop() {
      stopped = true
      for (const socket of sockets) socket.destroy()
    },
  }
}

test('thousands of silent sockets and half logins hold a bounded amount, and clients come, publish and stay', async () => {
  const bed = await testbed(undefined, { strangersBytes: 16 << 20 })
  const staying = await RawClient.login(bed.port, { username })
  const half = connectPacket({ clientId: 'x'.repeat(15_000) }).subarray(0, 14_000)
  const [silent, halves] = [strangers(bed.port, 2_000, new Uint8Array()), strangers(bed.port, 1_000, half)]
  onTestFinished(() => [silent, halves].forEach((one) => one.stop()))
  await eventually(() => expect(figure(bed, 'sockets_turned_away_total')).toBeGreaterThan(500))
  let slowest = 0
  let [came, refused] = [0, 0]
  const end = performance.now() + 3_000
  for (let id = 1; performance.now() < end; id++) {
    const began = performance.now()
    staying.send(publishPacket(telemetry, `{"levelM":${id % 10}}`, { id }))
    expect(await staying.until(() => staying.received.length === 1 + id, 2_000)).toBe(true)
    slowest = Math.max(slowest, performance.now() - began)
    const coming = await RawClient.open(bed.port).catch(() => null)
    coming?.send(connectPacket({ username, clientId: `c${id}` }))
    if (!(await coming?.until(() => coming.received.length === 1, 2_000))) refused++
    else came++
    coming?.close()
    expect(figure(bed, 'stranger_bytes')).toBeLessThanOrEqual(16 << 20)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(slowest).toBeLessThan(2_000)
  expect(staying.closed).toBe(false)
  // In the quarter of a second before the first stranger has had its time there may be no room.
  expect(came).toBeGreaterThan(refused)
}, 30_000)

test('a TLS handshake nobody finishes counts from its first byte, and a client gets through all of them', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-tls-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject], {
    stdio: 'ignore',
  })
  const tls = { cert: readFileSync(cert), key: readFileSync(key) }
  const bed = await testbed(undefined, { tls, mqttsPort: 0, strangersBytes: 64 * (64 << 10) })
  const { url } = bed.gateway.addresses.find(({ name }) => name === 'mqtts')!
  const flood = strangers(Number(new URL(url).port), 300, Buffer.from([0x16, 3, 1]))
  onTestFinished(() => flood.stop())
  await eventually(() => expect(figure(bed, 'strangers')).toBe(64))
  await eventually(() => expect(figure(bed, 'sockets_turned_away_total')).toBeGreaterThan(300))
  const client = connectMqtt(url, { username, rejectUnauthorized: false, reconnectPeriod: 100, connectTimeout: 5_000 })
  client.on('error', () => undefined)
  await vi.waitFor(() => expect(client.connected).toBe(true), 10_000)
  await client.publishAsync(telemetry, '{"levelM":1}', { qos: 1 })
  expect(figure(bed, 'strangers')).toBeLessThanOrEqual(64)
  flood.stop()
  await eventually(() => expect(figure(bed, 'stranger_bytes')).toBe(0))
  await client.endAsync()
  const shaken = connectTls({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false })
  await eventually(() => expect(figure(bed, 'strangers')).toBe(1))
  shaken.destroy()
  await eventually(() => expect(figure(bed, 'strangers')).toBe(0))
}, 30_000)

test('a WebSocket whose other end has vanished is gone at once, logged in or not', async () => {
  const bed = await testbed()
  const web = createServer().on('upgrade', bed.gateway.handleUpgrade)
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void web.close())
  const url = `ws://127.0.0.1:${(web.address() as AddressInfo).port}/mqtt`
  const [client, stranger] = [new WebSocket(url, 'mqtt'), new WebSocket(url, 'mqtt')]
  await Promise.all([client, stranger].map((one) => new Promise((resolve) => one.once('open', resolve))))
  client.send(connectPacket({ username, clientId: 'box' }))
  await new Promise((resolve) => client.once('message', resolve))
  expect(bed.gateway.isConnected('GAS-01')).toBe(true)
  expect(figure(bed, 'sockets')).toBe(2)
  // The first fragment of a message that never ends: what its reader holds must not hold the connection.
  stranger.send('half', { fin: false })
  for (const one of [client, stranger]) one.terminate()
  await eventually(() => expect(figure(bed, 'sockets')).toBe(0))
  expect(bed.gateway.isConnected('GAS-01')).toBe(false)
})
