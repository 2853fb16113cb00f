import { expect, test } from 'vitest'
import { ackPacket, connectPacket, publishPacket, RawClient } from '../bench/raw-mqtt-client.ts'
import { device, eventually, testbed, tokenOf } from './testbed.ts'

const telemetry = 'v1/devices/me/telemetry'
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a reading published over MQTT stands in the journal when its PUBACK arrives', async () => {
  const { port, stored } = await bed()
  const client = await RawClient.login(port, { username: tokenOf('GAS-01') })
  expect(client.received[0]).toMatchObject({ first: 0x20, body: Buffer.from([0, 0]) })
  client.send(publishPacket(telemetry, '{"combustibleLel":12.5}', { id: 7 }))
  expect((await client.packet(0x40))?.body).toEqual(Buffer.from([0, 7]))
  expect(stored()).toMatchObject([{ device: 'GAS-01', metric: 'combustibleLel', value: 12.5, quality: 'good' }])
})

for (const [qos, ack] of [
  [1, 0x40],
  [2, 0x50],
] as const) {
  test(`QoS ${qos}: no acknowledgement leaves before the append has resolved`, async () => {
    const { journal, port } = await bed()
    const client = await RawClient.login(port, { username: tokenOf('GAS-01') })
    journal.held = true
    client.send(
      publishPacket(telemetry, '{"combustibleLel":1}', { qos, id: 1 }),
      publishPacket(telemetry, 'broken', { qos, id: 2 }),
    )
    await eventually(() => expect(journal.waiting).toBe(1))
    await pause(150)
    expect(client.received).toHaveLength(1)
    journal.release()
    await client.until(() => client.received.length === 3)
    expect(client.received.slice(1).map(({ first, body }) => [first, body.readUInt16BE(0)])).toEqual([
      [ack, 1],
      [ack, 2],
    ])
  })
}

test('what comes in while a group is on its way to the disk becomes one next group', async () => {
  const { journal, port, entries } = await bed()
  const client = await RawClient.login(port, { username: tokenOf('GAS-01') })
  await eventually(() => expect(entries('connection')).toHaveLength(1))
  journal.held = true
  client.send(publishPacket(telemetry, '{"combustibleLel":0}', { id: 1 }))
  await eventually(() => expect(journal.waiting).toBe(1))
  for (let id = 2; id <= 50; id++) client.send(publishPacket(telemetry, `{"combustibleLel":${id}}`, { id }))
  await pause(100)
  expect(journal.waiting).toBe(1)
  journal.release()
  await client.until(() => client.received.length === 51)
  expect(entries('block').map(({ count }) => count)).toEqual([1, 49])
})

test('a QoS 2 message sent again before its PUBREL is acknowledged and not taken twice, also after a reconnect', async () => {
  const { port, stored } = await bed()
  const login = { username: tokenOf('GAS-01'), clientId: 'box', clean: false }
  const first = await RawClient.login(port, login)
  first.send(publishPacket(telemetry, '{"combustibleLel":1}', { qos: 2, id: 9 }))
  await first.packet(0x50)
  first.close()
  const second = await RawClient.login(port, login)
  second.send(publishPacket(telemetry, '{"combustibleLel":1}', { qos: 2, id: 9, dup: true }))
  await second.packet(0x50)
  second.send(ackPacket(0x62, 9))
  await second.packet(0x70)
  expect(stored()).toHaveLength(1)
  second.send(publishPacket(telemetry, '{"combustibleLel":1}', { qos: 2, id: 9 }))
  await second.until(() => second.received.length === 4)
  expect(stored()).toHaveLength(2)
})

test('packets sent right behind the CONNECT are answered after the CONNACK, in order', async () => {
  const { port } = await bed()
  const client = await RawClient.open(port)
  client.send(
    connectPacket({ username: tokenOf('GAS-01') }),
    publishPacket(telemetry, '{"combustibleLel":1}', { id: 1 }),
    publishPacket(telemetry, '{"combustibleLel":2}', { id: 2 }),
  )
  await client.until(() => client.received.length === 3)
  expect(client.received.map(({ first }) => first)).toEqual([0x20, 0x40, 0x40])
})

async function bed() {
  const it = await testbed([device('GAS-01')])
  return { journal: it.journal, port: it.port, stored: () => it.stored(), entries: (kind: string) => it.entries(kind) }
}
