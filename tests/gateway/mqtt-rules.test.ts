import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import {
  ackPacket,
  connectPacket,
  disconnectPacket,
  packet,
  pingPacket,
  publishPacket,
  RawClient,
  subscribePacket,
} from '../bench/raw-mqtt-client.ts'
import { device, eventually, testbed, tokenOf, type Testbed } from './testbed.ts'

const telemetry = 'v1/devices/me/telemetry'
const username = tokenOf('GAS-01')
const codeOf = async (bed: Testbed, connect: Buffer): Promise<number[] | 'closed'> => {
  const client = await RawClient.open(bed.port)
  onTestFinished(() => client.close())
  client.send(connect)
  const answer = await client.packet(0x20)
  return answer ? [...answer.body] : (await client.whenClosed()) ? 'closed' : [-1]
}

test('a login is the token, or the device id with the token; everything else is refused and counted', async () => {
  const bed = await testbed([device('GAS-01'), device('OLD', { retiredAt: 1 }), device('DEMO', { demo: true })])
  expect(await codeOf(bed, connectPacket({ username }))).toEqual([0, 0])
  expect(await codeOf(bed, connectPacket({ username, password: 'whatever' }))).toEqual([0, 0])
  expect(await codeOf(bed, connectPacket({ username: 'GAS-01', password: username }))).toEqual([0, 0])
  expect(await codeOf(bed, connectPacket({ username: tokenOf('DEMO') }))).toEqual([0, 0])
  expect(await codeOf(bed, connectPacket({ username: 'GAS-01', password: tokenOf('DEMO') }))).toEqual([0, 4])
  expect(await codeOf(bed, connectPacket({ username: 'nobody' }))).toEqual([0, 4])
  expect(await codeOf(bed, connectPacket({ username: '' }))).toEqual([0, 5])
  expect(await codeOf(bed, connectPacket({}))).toEqual([0, 5])
  expect(await codeOf(bed, connectPacket({ username: tokenOf('OLD') }))).toEqual([0, 4])
  expect(bed.gateway.status().figures['watchfire_gateway_refused_logins_total']).toBe(5)
  await eventually(() =>
    expect(bed.quarantined()).toMatchObject([{ deviceId: 'GAS-01', code: 'bad-credential', source: 'mqtt from 127.0.0.1' }]),
  )
})

test('protocol versions that are not spoken get their CONNACK and are counted for the device', async () => {
  const bed = await testbed()
  expect(await codeOf(bed, connectPacket({ username, level: 5 }))).toEqual([0, 0x84, 0])
  expect(await codeOf(bed, connectPacket({ username, level: 6 }))).toEqual([0, 1])
  expect(await codeOf(bed, connectPacket({ username, level: 3 }))).toEqual([0, 1])
  expect(await codeOf(bed, connectPacket({ username, level: 3, name: 'MQIsdp', clientId: 'a' }))).toEqual([0, 0])
  expect(bed.gateway.status().figures['watchfire_gateway_wrong_versions_total']).toBe(3)
  await eventually(() => expect(bed.quarantined()).toMatchObject([{ deviceId: 'GAS-01', code: 'protocol-version' }]))
})

test('client ids: none only with a clean session, at most 23 characters in 3.1, no control characters', async () => {
  const bed = await testbed()
  expect(await codeOf(bed, connectPacket({ username, clientId: '' }))).toEqual([0, 0])
  expect(await codeOf(bed, connectPacket({ username, clientId: '', clean: false }))).toEqual([0, 2])
  const old = { username, level: 3, name: 'MQIsdp' }
  expect(await codeOf(bed, connectPacket({ ...old, clientId: 'x'.repeat(23) }))).toEqual([0, 0])
  expect(await codeOf(bed, connectPacket({ ...old, clientId: 'x'.repeat(24) }))).toEqual([0, 2])
  expect(await codeOf(bed, connectPacket({ ...old, clientId: '' }))).toEqual([0, 2])
  expect(await codeOf(bed, connectPacket({ username, clientId: 'x'.repeat(200) }))).toEqual([0, 0])
  expect(await codeOf(bed, connectPacket({ username, clientId: 'a\u0007b' }))).toEqual([0, 2])
  expect(await codeOf(bed, connectPacket({ username: 'a\u0007b' }))).toEqual([0, 4])
})

const lone = Buffer.from([0x61, 0xed, 0xa0, 0x80])
const brokenConnects: Record<string, Buffer> = {
  'U+0000 in the client id': connectPacket({ username, clientId: 'a\0b' }),
  'a lone surrogate in the client id': connectPacket({ username, clientId: lone }),
  'U+0000 in the user name': connectPacket({ username: `${username}\0` }),
  'a lone surrogate in the user name': connectPacket({ username: lone }),
  'will QoS 3': connectPacket({ username, will: { topic: telemetry, payload: '{}', qos: 3 } }),
  'a reserved flag': connectPacket({ username, flags: 0x83 }),
  'a password without a user name': connectPacket({ password: 'x' }),
  'another protocol': connectPacket({ username, name: 'HTTP' }),
  'missing fields': packet(0x10, Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0x82, 0, 0])),
  'bytes after the last field': packet(0x10, connectPacket({ username }).subarray(2), Buffer.from([0])),
  'a first packet that is no CONNECT': publishPacket(telemetry, '{}'),
  'a length of five bytes': Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 1]),
  'a CONNECT of 1 MiB': Buffer.concat([Buffer.from([0x10, 0x80, 0x80, 0x40])]),
}
test.each(Object.entries(brokenConnects))('CONNECT with %s closes the connection', async (_name, bytes) => {
  expect(await codeOf(await testbed(), bytes)).toBe('closed')
})

const brokenPackets: Record<string, Buffer> = {
  'packet id 0 in PUBLISH': publishPacket(telemetry, '{}', { id: 0 }),
  'packet id 0 in SUBSCRIBE': subscribePacket(0, ['v1/devices/me/attributes', 0]),
  'packet id 0 in PUBACK': ackPacket(0x40, 0),
  'packet id 0 in PUBREL': ackPacket(0x62, 0),
  'a PUBACK of one byte': packet(0x40, Buffer.from([1])),
  'an empty PUBREC': packet(0x50),
  'a PUBCOMP of three bytes': packet(0x70, Buffer.from([0, 1, 0])),
  'a PUBREL without its flags': ackPacket(0x60, 1),
  'QoS 3': packet(0x36, Buffer.from([0, 1, 0x61, 0, 1])),
  'DUP at QoS 0': publishPacket(telemetry, '{}', { qos: 0, dup: true }),
  'an empty topic': publishPacket('', '{}'),
  'a wildcard in the topic': publishPacket('v1/devices/+/telemetry', '{}'),
  'U+0000 in the topic': publishPacket('v1/devices/me/telemetry\0', '{}'),
  'a lone surrogate in the topic': publishPacket(lone, '{}'),
  'a topic longer than the packet': packet(0x30, Buffer.from([0, 9, 0x61])),
  'a packet over the limit': Buffer.from([0x30, 0x80, 0x80, 0x40]),
  'SUBSCRIBE without filters': packet(0x82, Buffer.from([0, 1])),
  'SUBSCRIBE with QoS 3': subscribePacket(1, ['v1/devices/me/attributes', 3]),
  'SUBSCRIBE with a lone surrogate': subscribePacket(1, [lone, 0]),
  'SUBSCRIBE with U+0000': subscribePacket(1, ['a\0', 0]),
  'SUBSCRIBE without its flags': packet(0x80, subscribePacket(1, ['a', 0]).subarray(2)),
  'a second CONNECT': connectPacket({ username }),
  'a packet of the server': Buffer.from([0x20, 2, 0, 0]),
  'a reserved type': Buffer.from([0x00, 0]),
  'a PINGREQ with a body': Buffer.from([0xc0, 1, 0]),
}
test.each(Object.entries(brokenPackets))('%s closes the connection of its sender and nobody else’s', async (_name, bytes) => {
  const bed = await testbed()
  const neighbour = await RawClient.login(bed.port, { username })
  const client = await RawClient.login(bed.port, { username })
  client.send(bytes)
  expect(await client.whenClosed()).toBe(true)
  neighbour.send(pingPacket)
  expect(await neighbour.packet(0xd0)).toBeDefined()
  expect(bed.stored()).toEqual([])
})

test('a packet over the limit is told to the owner of the device, once in a while and with its number', async () => {
  const bed = await testbed()
  for (let times = 0; times < 3; times++) {
    const client = await RawClient.login(bed.port, { username })
    client.send(Buffer.from([0x30, 0x80, 0x80, 0x40]))
    expect(await client.whenClosed()).toBe(true)
  }
  await eventually(() => expect(bed.quarantined()).toMatchObject([{ deviceId: 'GAS-01', code: 'too-large', bytes: 0 }]))
  expect(bed.quarantined()[0]!.message).toMatch(/more than 262144 bytes; it was not read and the connection was closed/)
})

test('a forbidden topic is acknowledged, dropped and quarantined, and the connection stays', async () => {
  const bed = await testbed([device('GAS-01'), device('GAS-02')])
  const client = await RawClient.login(bed.port, { username })
  const topics = [
    'v1/devices/GAS-02/telemetry',
    '$SYS/x',
    'v1/gateway/telemetry',
    'spBv1.0/x',
    'v1/devices/me/telemetry\u0007',
    'GAS-02/v1/devices/me/attributes',
  ]
  topics.forEach((topic, i) => client.send(publishPacket(topic, '{"combustibleLel":1}', { id: i + 1 })))
  client.send(pingPacket)
  await client.until(() => client.received.length === topics.length + 2)
  expect(client.received.filter(({ first }) => first === 0x40)).toHaveLength(topics.length)
  expect(client.closed).toBe(false)
  expect(bed.stored()).toEqual([])
  expect(bed.quarantined().map(({ code, topic }) => [code, topic])).toEqual(topics.map((topic) => ['topic-not-allowed', topic]))
})

test('a device may subscribe to its own command topics and to nothing else', async () => {
  const bed = await testbed()
  const client = await RawClient.login(bed.port, { username })
  const granted = [
    'v1/devices/me/rpc/request/+',
    'v1/devices/me/rpc/request/7',
    'v1/devices/me/attributes',
    'v1/devices/me/attributes/response/+',
  ]
  const refused = [
    '#',
    '+',
    'v1/devices/me/telemetry',
    '$SYS/#',
    '$share/g/v1/devices/me/attributes',
    'v1/gateway/rpc',
    'GAS-02/v1/devices/me/attributes',
    'v1/devices/+/attributes',
    'v1/devices/me/rpc/request/#',
    'v1/devices/me/attributes\u0007',
  ]
  client.send(subscribePacket(5, ...[...granted, ...refused].map((filter): [string, number] => [filter, 1])))
  const answer = await client.packet(0x90)
  expect([...answer!.body]).toEqual([0, 5, ...granted.map(() => 1), ...refused.map(() => 0x80)])
})

test('what a device publishes reaches no subscriber, and "me" is each device’s own', async () => {
  const bed = await testbed([device('GAS-01'), device('GAS-02')])
  const listener = await RawClient.login(bed.port, { username: tokenOf('GAS-02') })
  listener.send(subscribePacket(1, ['v1/devices/me/attributes', 1]))
  await listener.packet(0x90)
  const speaker = await RawClient.login(bed.port, { username })
  speaker.send(
    publishPacket('v1/devices/me/attributes', '{"a":1}', { id: 1, retain: true }),
    publishPacket('GAS-02/v1/devices/me/attributes', '{"a":2}', { id: 2 }),
  )
  await speaker.until(() => speaker.received.length === 3)
  listener.send(pingPacket)
  await listener.packet(0xd0)
  expect(listener.received.map(({ first }) => first)).toEqual([0x20, 0x90, 0xd0])
})

test('nobody can take over the session of another credential by its client id', async () => {
  const bed = await testbed([device('GAS-01'), device('GAS-02')])
  const one = await RawClient.login(bed.port, { username, clientId: 'same' })
  const other = await RawClient.login(bed.port, { username: tokenOf('GAS-02'), clientId: 'same' })
  for (const client of [one, other]) {
    client.send(pingPacket)
    expect(await client.packet(0xd0)).toBeDefined()
  }
  const again = await RawClient.login(bed.port, { username, clientId: 'same' })
  expect(await one.whenClosed()).toBe(true)
  again.send(publishPacket(telemetry, '{"combustibleLel":1}'))
  expect(await again.packet(0x40)).toBeDefined()
  await eventually(() => expect(bed.gateway.isConnected('GAS-01')).toBe(true))
})

test('a renewed token or a retired device closes its connections at once', async () => {
  const bed = await testbed([device('GAS-01'), device('GAS-02')])
  const renewed = await RawClient.login(bed.port, { username })
  const retired = await RawClient.login(bed.port, { username: tokenOf('GAS-02') })
  bed.apply(device('GAS-01', { tokenHash: device('x').tokenHash }), device('GAS-02', { retiredAt: 1 }))
  retired.send(publishPacket(telemetry, '{"combustibleLel":1}'))
  expect(await retired.whenClosed()).toBe(true)
  expect(await renewed.whenClosed()).toBe(true)
  expect(bed.stored()).toEqual([])
})

test('a will is a last message of its device, told only when the connection is lost', async () => {
  const bed = await testbed()
  const will = { topic: telemetry, payload: '{"fault":1}' }
  const proper = await RawClient.login(bed.port, { username, will })
  proper.send(disconnectPacket)
  await proper.whenClosed()
  const lost = await RawClient.login(bed.port, { username, will })
  lost.socket.resetAndDestroy()
  await eventually(() => expect(bed.stored()).toMatchObject([{ metric: 'fault', value: 1 }]))
})

test('connections are journalled when the first opens and when the last closes, with the reason', async () => {
  const bed = await testbed()
  const one = await RawClient.login(bed.port, { username })
  const two = await RawClient.login(bed.port, { username })
  expect(bed.gateway.isConnected('GAS-01')).toBe(true)
  one.send(disconnectPacket)
  await one.whenClosed()
  two.close()
  await eventually(() =>
    expect(bed.connections()).toMatchObject([
      { deviceId: 'GAS-01', connected: true, reason: 'mqtt' },
      { deviceId: 'GAS-01', connected: false, reason: 'mqtt: connection lost' },
    ]),
  )
})

test('a popular client library speaks with it at every QoS', async () => {
  const bed = await testbed()
  const client = await connectAsync(`mqtt://127.0.0.1:${bed.port}`, {
    username,
    clientId: 'lib',
    clean: false,
    reconnectPeriod: 0,
    keepalive: 1,
  })
  onTestFinished(() => client.endAsync(true))
  await client.subscribeAsync('v1/devices/me/rpc/request/+', { qos: 1 })
  for (const qos of [1, 2, 1, 0] as const) await client.publishAsync(telemetry, `{"levelM":${qos}}`, { qos })
  await eventually(() => expect(bed.stored().map(({ value }) => value)).toEqual([1, 2, 1, 0]))
  await client.unsubscribeAsync('v1/devices/me/rpc/request/+')
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  expect(client.connected).toBe(true)
})
