import { afterEach, expect, test } from 'vitest'
import { ChannelMisconfigured, channels, DeliveryFailed } from '../../../alerts/channels/index.ts'
import { openOutside } from '../../../alerts/push/outside.ts'
import { readOptions } from '../../../alerts/push/options.ts'
import { channelSuite } from '../../suites/channel.ts'
import { startBroker, type BrokerManner } from '../fake-broker.ts'
import { sampleMessage } from '../message-sample.ts'

const now = 1_767_225_601_000
const outside = openOutside({ now: () => now })
const never = new AbortController().signal
const password = 'password-of-the-broker'
const message = sampleMessage({ to: { personId: null, address: null } }, { mode: 'drill' })
const broadcast = (url: string, more: object = {}) =>
  channels.broadcast.open(
    readOptions(
      channels.broadcast,
      { url, topic: 'village/speakers', username: 'watchfire', password, allowLoopback: true, ...more },
      'speakers',
    ),
    outside,
  )
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})
async function broker() {
  const one = await startBroker()
  stops.push(one.stop)
  return one
}

channelSuite(
  'broadcast',
  async () => {
    const one = await startBroker()
    return {
      to: (how, timeoutMs) => {
        one.manner = how as BrokerManner
        const url = how === 'unreachable' ? 'mqtt://127.0.0.1:9' : one.url
        return Promise.resolve(broadcast(url, { version: '5', timeoutMs }))
      },
      meets: ['slow', 'cut'],
      secrets: [password],
      received: () => one.announced.length,
      stop: one.stop,
    }
  },
  message,
)

test('what a speaker gets says that it is a drill and until when it may be played', async () => {
  const one = await broker()
  expect(await broadcast(one.url).send(message, never)).toEqual({ receipt: 'accepted', detail: 'broker took it; nobody answers' })
  expect(one.announced).toHaveLength(1)
  expect(one.announced[0]!.topic).toBe('village/speakers')
  expect(JSON.parse(one.announced[0]!.payload)).toMatchObject({
    id: 'a1.8',
    mode: 'drill',
    level: 'red',
    text: { zh: expect.stringMatching(/^【演练】/) as string },
    validUntil: new Date(now + 120_000).toISOString(),
  })
})

test('speakers that answer are counted once each; it is delivered when all have, and who is silent is named', async () => {
  const one = await broker()
  const channel = broadcast(one.url, { receiptTopic: 'village/played', speakers: ['SPK-01', 'SPK-02'], receiptWaitMs: 200 })
  const played = (...speakers: string[]) => (one.answers = ({ id }) => speakers.map((speaker) => ({ id, speaker })))
  played('SPK-01', 'SPK-01', 'SPK-02')
  expect(await channel.send(message, never)).toEqual({ receipt: 'delivered', detail: '2 of 2 speakers' })
  played('SPK-01', 'SPK-01', 'SPK-99')
  expect(await channel.send(message, never)).toEqual({ receipt: 'accepted', detail: '1 of 2 speakers; silent: SPK-02' })
  one.answers = () => [{ id: 'another', speaker: 'SPK-01' }, 'no JSON', null, { id: 'a1.8', speaker: 7 }]
  expect(await channel.send(message, never)).toMatchObject({
    receipt: 'accepted',
    detail: expect.stringMatching(/^0 of 2/) as string,
  })
})

test.each(['3.1.1', '5'])('MQTT %s: a wrong password needs a person, a busy broker passes', async (version) => {
  const one = await broker()
  one.manner = 'wrong-password'
  await expect(broadcast(one.url, { version }).send(message, never)).rejects.toThrow(ChannelMisconfigured)
  one.manner = 'failing'
  await expect(broadcast(one.url, { version }).send(message, never)).rejects.toThrow(DeliveryFailed)
  await expect(broadcast(one.url, { allowLoopback: false }).send(message, never)).rejects.toThrow(ChannelMisconfigured)
  expect(one.announced).toHaveLength(0)
})
