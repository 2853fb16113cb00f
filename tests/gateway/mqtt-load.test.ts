import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { startConformance } from '../../gateway/conformance.ts'
import { ReadingBuffer } from '../../gateway/reading-buffer.ts'
import { Unavailable } from '../../core/errors.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import type { Draft } from '../../journal/journal.ts'
import { connectPacket, pingPacket, publishPacket, RawClient, subscribePacket } from '../bench/raw-mqtt-client.ts'
import { device, eventually, testbed, tokenOf } from './testbed.ts'

const telemetry = 'v1/devices/me/telemetry'
const username = tokenOf('GAS-01')
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a device over its rate is slowed down, not dropped, and loses nothing', async () => {
  const bed = await testbed([device('GAS-01'), device('GAS-02')], { maxMessagesPerSecond: 200 })
  const fast = await RawClient.login(bed.port, { username })
  const calm = await RawClient.login(bed.port, { username: tokenOf('GAS-02') })
  const began = performance.now()
  for (let id = 1; id <= 400; id++) fast.send(publishPacket(telemetry, `{"levelM":${id}}`, { id }))
  await pause(50)
  calm.send(publishPacket(telemetry, '{"levelM":0}'))
  await calm.packet(0x40)
  expect(performance.now() - began).toBeLessThan(600)
  await fast.until(() => fast.received.length === 401)
  expect(performance.now() - began).toBeGreaterThan(900)
  expect(
    bed
      .stored()
      .filter((one) => one.device === 'GAS-01')
      .map(({ value }) => value),
  ).toEqual(Array.from({ length: 400 }, (_, i) => i + 1))
})

test('while the disk hangs, clients stay connected and un-acknowledged beyond their keep-alive, and go on afterwards', async () => {
  const bed = await testbed()
  const waiting = await RawClient.login(bed.port, { username, keepAliveS: 1 })
  const idle = await RawClient.login(bed.port, { username, keepAliveS: 1 })
  bed.journal.held = true
  waiting.send(publishPacket(telemetry, '{"levelM":1}'))
  expect(await idle.whenClosed(3_500)).toBe(true)
  expect(waiting.closed).toBe(false)
  expect(waiting.received).toHaveLength(1)
  bed.journal.release()
  expect(await waiting.packet(0x40)).toBeDefined()
})

test('a full buffer pauses sockets and drops QoS 0, and everything acknowledged is there in the end', async () => {
  const bed = await testbed()
  bed.journal.held = true
  const big = JSON.stringify(Array.from({ length: 5_000 }, (_, i) => ({ ts: 1767225600000 + i, values: { levelM: i } })))
  const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.login(bed.port, { username })))
  for (const client of clients) for (let id = 1; id <= 60; id++) client.send(publishPacket(telemetry, big, { id }))
  await eventually(() => expect(bed.gateway.status().state).toBe('degraded'), 15_000)
  const hasty = await RawClient.login(bed.port, { username })
  for (let i = 0; i < 10; i++) hasty.send(publishPacket(telemetry, '{"levelM":-9}', { qos: 0 }))
  await eventually(() => expect(bed.gateway.status().figures['watchfire_gateway_qos0_dropped_total']).toBe(10))
  const pending = bed.gateway.status().figures['watchfire_gateway_pending_bytes']!
  await pause(300)
  expect(bed.gateway.status().figures['watchfire_gateway_pending_bytes']).toBe(pending)
  expect(pending).toBeLessThan(20 << 20)
  bed.journal.release()
  for (const client of clients) expect(await client.until(() => client.received.length === 61, 15_000)).toBe(true)
  expect(bed.entries('block').reduce((rows, { count }) => rows + count, 0)).toBe(4 * 60 * 5_000)
})

test('a group the journal has no room for waits and is appended when there is', async () => {
  let full = true
  class FullJournal extends MemoryJournal {
    override append(drafts: Draft[]): Promise<number[]> {
      return full ? Promise.reject(new Unavailable('journal-full', 'full')) : super.append(drafts)
    }
  }
  const journal = new FullJournal()
  const buffer = new ReadingBuffer(journal, silentLog)
  let durable = false
  buffer.rows.add(1, 1, 1, 1, 0)
  buffer.whenDurable({ sealed() {}, durable: () => (durable = true) })
  await pause(250)
  expect(durable).toBe(false)
  full = false
  await eventually(() => expect(durable).toBe(true))
  expect(journal.head()).toBe(2)
})

test('half a packet and then silence harms nobody, and nobody stays without a login', async () => {
  const bed = await testbed()
  const half = await RawClient.login(bed.port, { username, keepAliveS: 1 })
  half.send(publishPacket(telemetry, '{"levelM":1}').subarray(0, 9))
  const silent = await RawClient.open(bed.port)
  const other = await RawClient.login(bed.port, { username })
  other.send(publishPacket(telemetry, '{"levelM":2}'))
  expect(await other.packet(0x40)).toBeDefined()
  expect(await half.whenClosed(4_000)).toBe(true)
  expect(await silent.whenClosed(12_000)).toBe(true)
  expect(bed.stored()).toHaveLength(1)
})

test('a packet cut anywhere, also byte by byte, is the same packet', async () => {
  const bed = await testbed()
  const client = await RawClient.open(bed.port)
  const bytes = Buffer.concat([
    connectPacket({ username }),
    publishPacket(telemetry, `{"levelM":1,"x":"${'y'.repeat(200)}"}`, { id: 1 }),
    publishPacket(telemetry, '{"levelM":2}', { id: 2 }),
  ])
  for (const byte of bytes) {
    client.send(Buffer.from([byte]))
    if (Math.random() < 0.2) await pause(0)
  }
  await client.until(() => client.received.length === 3)
  expect(bed.stored().map(({ value }) => value)).toEqual([1, 2])
})

test('5,000 connections at once are all served', async () => {
  const bed = await testbed()
  const clients = await Promise.all(Array.from({ length: 5_000 }, () => RawClient.open(bed.port)))
  onTestFinished(() => clients.forEach((client) => client.close()))
  clients.forEach((client, i) =>
    client.send(connectPacket({ username, clientId: `c${i}` }), publishPacket(telemetry, `{"levelM":${i % 10}}`, { id: 1 })),
  )
  const done = await Promise.all(clients.map((client) => client.until(() => client.received.length === 2, 30_000)))
  expect(done.every(Boolean)).toBe(true)
  expect(bed.entries('block').reduce((rows, { count }) => rows + count, 0)).toBe(5_000)
  expect(bed.entries('connection')).toHaveLength(1)
}, 60_000)

test('an enterprise holds no more connections than it may, and gets its places back', async () => {
  const bed = await testbed([device('GAS-01'), device('FAR', { enterpriseId: 'other' })], { maxConnectionsPerEnterprise: 2 })
  const held = await Promise.all([1, 2].map(() => RawClient.login(bed.port, { username })))
  const third = await RawClient.login(bed.port, { username })
  expect([...third.received[0]!.body]).toEqual([0, 3])
  expect([...(await RawClient.login(bed.port, { username: tokenOf('FAR') })).received[0]!.body]).toEqual([0, 0])
  held[0]!.close()
  await eventually(async () => expect([...(await RawClient.login(bed.port, { username })).received[0]!.body]).toEqual([0, 0]))
})

test('the same message sent a thousand times is acknowledged a thousand times', async () => {
  const bed = await testbed()
  const client = await RawClient.login(bed.port, { username })
  const message = publishPacket(telemetry, '{"ts":1767225600000,"values":{"levelM":1}}', { id: 1, dup: true })
  client.send(...Array.from({ length: 1_000 }, () => message))
  expect(await client.until(() => client.received.length === 1_001)).toBe(true)
  expect(new Set(bed.stored().map(({ measuredAt }) => measuredAt))).toEqual(new Set([1767225600000]))
})

test('a client that reads nothing is paused and holds up nobody', async () => {
  const bed = await testbed([device('GAS-01'), device('GAS-02')], { maxMessagesPerSecond: 10_000_000 })
  const deaf = await RawClient.login(bed.port, { username })
  deaf.socket.pause()
  const message = Buffer.concat(Array.from({ length: 2_000 }, () => pingPacket))
  for (let i = 0; i < 500; i++) deaf.socket.write(message)
  const other = await RawClient.login(bed.port, { username: tokenOf('GAS-02') })
  other.send(publishPacket(telemetry, '{"levelM":1}'))
  expect(await other.packet(0x40)).toBeDefined()
})

test('one subscriber that stops reading does not stop the messages of the others', async () => {
  const conformance = await startConformance(0, silentLog)
  onTestFinished(() => conformance.stop())
  const port = Number(new URL(conformance.addresses[0]!.url).port)
  const frozen = await RawClient.login(port, { clientId: 'frozen' })
  const reading = await RawClient.login(port, { clientId: 'reading' })
  const publisher = await RawClient.login(port, { clientId: 'publisher' })
  for (const client of [frozen, reading]) {
    client.send(subscribePacket(1, ['#', 0]))
    await client.packet(0x90)
  }
  frozen.socket.pause()
  const payload = 'x'.repeat(4_096)
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 100; i++) publisher.send(publishPacket('flood', payload, { id: i + 1 }))
    const expected = 2 + (round + 1) * 100
    expect(await reading.until(() => reading.received.length >= expected, 1_500)).toBe(true)
  }
})

test('no bytes sent to the port crash it or make it grow', async () => {
  const bed = await testbed()
  const first = fc.constantFrom(connectPacket({ username }), connectPacket({ username: 'x' }), Buffer.alloc(0))
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(
        fc.constantFrom(0x30, 0x32, 0x34, 0x36, 0x40, 0x50, 0x62, 0x70, 0x82, 0xa2, 0xc0, 0xe0, 0x10),
        fc.uint8Array({ maxLength: 100 }),
      )
      .map(([type, body]) => Buffer.concat([Buffer.from([type, body.length]), body])),
    fc.tuple(fc.nat(60), fc.nat(255)).map(([at, byte]) => {
      const changed = Buffer.from(publishPacket(telemetry, '{"levelM":1}', { id: 3 }))
      changed[at % changed.length] = byte
      return changed
    }),
  )
  const attack = async (start: Buffer, pieces: Uint8Array[]) => {
    const client = await RawClient.open(bed.port)
    client.send(start, ...pieces)
    client.socket.end()
    await client.whenClosed(3_000)
    client.close()
  }
  await fc.assert(fc.asyncProperty(first, fc.array(junk, { maxLength: 6 }), attack), { numRuns: 1_500 })
  const neighbour = await RawClient.login(bed.port, { username })
  neighbour.send(publishPacket(telemetry, '{"combustibleLel":1}'))
  expect(await neighbour.packet(0x40)).toBeDefined()
  await eventually(() => expect(bed.gateway.status().figures['watchfire_gateway_sockets']).toBe(1))
}, 60_000)

test('MQTT over TLS and over WebSocket acknowledge like MQTT over TCP', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-tls-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
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
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  )
  const bed = await testbed([device('GAS-01')], { mqttsPort: 0, tls: { cert: readFileSync(cert), key: readFileSync(key) } })
  const web = createServer().on('upgrade', bed.gateway.handleUpgrade)
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void web.close())
  const urls = [
    bed.gateway.addresses.find(({ name }) => name === 'mqtts')!.url,
    `ws://127.0.0.1:${(web.address() as AddressInfo).port}/mqtt`,
  ]
  for (const url of urls) {
    const client = await connectAsync(url, { username, rejectUnauthorized: false, reconnectPeriod: 0 })
    await client.publishAsync(telemetry, `{"ts":1767225600000,"values":{"levelM":1},"x":"${'y'.repeat(100_000)}"}`, { qos: 1 })
    await client.publishAsync(telemetry, '{"levelM":2}', { qos: 2 })
    client.publish(telemetry, 'z'.repeat(300 * 1024), { qos: 0 })
    await new Promise<void>((resolve) => client.once('close', () => resolve()))
    await client.endAsync(true)
  }
  expect(
    bed
      .stored()
      .filter(({ metric }) => metric === 'levelM')
      .map(({ value }) => value),
  ).toEqual([1, 2, 1, 2])
})

test('stopping acknowledges what is on its way to the disk before it closes', async () => {
  const bed = await testbed()
  const client = await RawClient.login(bed.port, { username })
  bed.journal.held = true
  client.send(publishPacket(telemetry, '{"levelM":1}'))
  await eventually(() => expect(bed.journal.waiting).toBe(1))
  const stopped = bed.gateway.stop()
  await pause(50)
  bed.journal.release()
  expect(await client.packet(0x40)).toBeDefined()
  await stopped
  expect(await client.whenClosed()).toBe(true)
})
