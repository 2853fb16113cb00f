import { expect, test } from 'vitest'
import { publishPacket, RawClient, subscribePacket } from '../bench/raw-mqtt-client.ts'
import { testbed, tokenOf } from './testbed.ts'

const telemetry = 'v1/devices/me/telemetry'
const session = { username: tokenOf('GAS-01'), clientId: 'box', clean: false }

test('a clean session remembers no QoS 2 message; with ts it is the same reading all the same', async () => {
  const bed = await testbed()
  const message = '{"ts":1767225600000,"values":{"levelM":1}}'
  for (const dup of [false, true]) {
    const client = await RawClient.login(bed.port, { ...session, clean: true })
    client.send(publishPacket(telemetry, message, { qos: 2, id: 7, dup }))
    expect(await client.packet(0x50)).toBeDefined()
    client.socket.destroy()
  }
  expect(new Set(bed.stored().map(({ measuredAt }) => measuredAt))).toEqual(new Set([1767225600000]))
})

test('a device may wait for commands and answer them; an answer that is not JSON is quarantined, and nobody is cut off', async () => {
  const bed = await testbed()
  const client = await RawClient.login(bed.port, session)
  client.send(subscribePacket(1, ['v1/devices/me/rpc/request/+', 1]))
  expect([...(await client.packet(0x90))!.body]).toEqual([0, 1, 1])
  client.send(publishPacket('v1/devices/me/rpc/response/1', '{"done":true}', { id: 1 }))
  client.send(publishPacket('v1/devices/me/rpc/response/2', 'done', { id: 2 }))
  client.send(publishPacket('v1/devices/me/rpc/request/3', '{"method":"speak"}', { id: 3 }))
  await client.until(() => client.received.filter(({ first }) => first === 0x40).length === 3)
  expect(bed.quarantined().map(({ code, topic }) => [code, topic])).toEqual([
    ['not-json', 'v1/devices/me/rpc/response/2'],
    ['topic-not-allowed', 'v1/devices/me/rpc/request/3'],
  ])
  expect(client.closed).toBe(false)
})
