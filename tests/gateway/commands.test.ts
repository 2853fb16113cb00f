import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { ReadingBuffer } from '../../gateway/reading-buffer.ts'
import { startMqtt } from '../../gateway/transports/mqtt.ts'
import type { Link } from '../../gateway/transports/mqtt/policy.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { RawClient, subscribePacket, type ConnectOptions } from '../bench/raw-mqtt-client.ts'

/** A transport where the user name is the credential and every filter is the credential's own. */
async function transport() {
  const journal = new MemoryJournal()
  const link = (credential: string): Link => ({
    credential,
    refresh: () => true,
    mayPublish: () => true,
    waitMs: 0,
    publish: () => undefined,
    filter: (asked) => (asked === 'forbidden' ? null : `${credential}/${asked}`),
    topic: (internal) => internal.slice(credential.length + 1),
    tooLarge: () => undefined,
    closed: () => undefined,
  })
  const config = { host: '127.0.0.1', mqttPort: 0, mqttsPort: null, tls: null, maxPacketBytes: 65_536, maxConnections: 100 }
  const policy = { admit: ({ username }: { username: string | null }) => link(username!), wrongVersion: () => undefined }
  const mqtt = await startMqtt(
    config,
    () => policy,
    new ReadingBuffer(journal, silentLog),
    () => journal.clock.now(),
    silentLog,
  )
  onTestFinished(() => mqtt.stop())
  const port = Number(new URL(mqtt.addresses[0]!.url).port)
  return {
    login: (username: string, options: ConnectOptions = {}) => RawClient.login(port, { username, ...options }),
    command: (topic: string, payload: string) =>
      new Promise((resolve) =>
        mqtt.broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, resolve),
      ),
  }
}
const topicAndPayload = (body: Buffer) => {
  const length = body.readUInt16BE(0)
  return [body.toString('utf8', 2, 2 + length), body.toString('utf8', 4 + length)]
}

test('a command reaches the device it is for, under the topic the device subscribed to', async () => {
  const { login, command } = await transport()
  const [one, two] = [await login('one'), await login('two')]
  for (const client of [one, two]) {
    client.send(subscribePacket(1, ['v1/devices/me/rpc/request/+', 1]))
    await client.packet(0x90)
  }
  await command('two/v1/devices/me/rpc/request/7', '{"method":"speak"}')
  expect(topicAndPayload((await two.packet(0x30))!.body)).toEqual(['v1/devices/me/rpc/request/7', '{"method":"speak"}'])
  expect(one.received.map(({ first }) => first)).toEqual([0x20, 0x90])
})

test('a session keeps at most a thousand commands for a device that is away, and none for a filter it was refused', async () => {
  const { login, command } = await transport()
  const session = { clientId: 'box', clean: false }
  const before = await login('one', session)
  before.send(subscribePacket(1, ['a', 1], ['forbidden', 1]))
  expect([...(await before.packet(0x90))!.body]).toEqual([0, 1, 1, 0x80])
  before.close()
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (let i = 0; i < 1_100; i++) await command('one/a', String(i))
  await command('one/forbidden', 'x')
  await command('$refused/1', 'x')
  const after = await login('one', session)
  const published = () => after.received.filter(({ first }) => first >> 4 === 3)
  await after.until(() => published().length >= 1_000)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(after.received[0]!.body[0]).toBe(1)
  expect(published()).toHaveLength(1_000)
  expect(published().map(({ body }) => topicAndPayload(body)[1])).toEqual(Array.from({ length: 1_000 }, (_, i) => String(i)))
})

test('a credential keeps its newest eight sessions; the one before them is forgotten', async () => {
  const { login } = await transport()
  for (let i = 0; i < 10; i++) {
    const client = await login('one', { clientId: `box${i}`, clean: false })
    client.send(subscribePacket(1, ['a', 1]))
    await client.packet(0x90)
    client.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const isPresent = async (i: number) => (await login('one', { clientId: `box${i}`, clean: false })).received[0]!.body[0]
  expect(await isPresent(9)).toBe(1)
  expect(await isPresent(0)).toBe(0)
})
