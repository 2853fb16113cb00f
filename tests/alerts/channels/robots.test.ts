import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { type Channel, ChannelMisconfigured, channels, DeliveryFailed, DeliveryRejected } from '../../../alerts/channels/index.ts'
import { openOutside } from '../../../alerts/push/outside.ts'
import { channelSuite } from '../../suites/channel.ts'
import { type Behaviour, cutShort, hang, reset, says, startReceiver, status, type Received } from '../misbehaving-receiver.ts'
import { sampleMessage } from '../message-sample.ts'

const now = 1_767_225_601_000
const outside = openOutside({ now: () => now })
const secret = 'SEC-a-secret-of-the-group'
const token = 'token-of-the-group'
const never = new AbortController().signal
const toGroup = sampleMessage({ to: { personId: null, address: null } })

type Robot = {
  open(url: string, timeoutMs?: number): Channel
  yes: object
  no: object
  tooFast: object
  wrongKey: object
  /** checked the way the provider checks it */
  isSigned(request: Received): boolean
  text(request: Received): string
}
const query = ({ path }: Received) => new URL(path, 'http://robot').searchParams
const limits = (timeoutMs = 2_000) => ({ allowLoopback: true, timeoutMs })
const robots: Record<string, Robot> = {
  wecom: {
    open: (url, timeoutMs) => channels.wecom.open({ url, key: token, ...limits(timeoutMs) }, outside),
    yes: { errcode: 0, errmsg: 'ok' },
    no: { errcode: 40008, errmsg: `invalid message type ${token}` },
    tooFast: { errcode: 45009 },
    wrongKey: { errcode: 93000 },
    isSigned: (request) => query(request).get('key') === token,
    text: ({ body }) => (JSON.parse(body) as { text: { content: string } }).text.content,
  },
  dingtalk: {
    open: (url, timeoutMs) => channels.dingtalk.open({ url, accessToken: token, secret, ...limits(timeoutMs) }, outside),
    yes: { errcode: 0, errmsg: 'ok' },
    no: { errcode: 430101, errmsg: token },
    tooFast: { errcode: 130101 },
    wrongKey: { errcode: 310000, errmsg: `sign not match ${secret}` },
    isSigned: (request) => {
      const timestamp = query(request).get('timestamp')!
      const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64')
      return query(request).get('access_token') === token && timestamp === String(now) && query(request).get('sign') === sign
    },
    text: ({ body }) => (JSON.parse(body) as { text: { content: string } }).text.content,
  },
  feishu: {
    open: (url, timeoutMs) => channels.feishu.open({ url, token, secret, ...limits(timeoutMs) }, outside),
    yes: { code: 0, msg: 'success' },
    no: { code: 9499, msg: token },
    tooFast: { code: 11232 },
    wrongKey: { code: 19021 },
    isSigned: ({ path, body }) => {
      const { timestamp, sign } = JSON.parse(body) as { timestamp: string; sign: string }
      const wanted = createHmac('sha256', `${timestamp}\n${secret}`).digest('base64')
      return path.endsWith(`/${token}`) && timestamp === String(now / 1000) && sign === wanted
    },
    text: ({ body }) => (JSON.parse(body) as { content: { text: string } }).content.text,
  },
}

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

describe.each(Object.entries(robots))('%s', (name, robot) => {
  /** Answers as the provider does: no to what is signed wrongly. */
  const checking =
    (answer: object): Behaviour =>
    (reply, request) =>
      says(robot.isSigned(request) ? answer : robot.wrongKey)(reply, request)

  channelSuite(
    name,
    async () => {
      const one = await startReceiver()
      const manners: Record<string, Behaviour> = {
        accepting: checking(robot.yes),
        hanging: hang,
        refusing: checking(robot.no),
        failing: status(500),
        slow: (reply, request) => void setTimeout(() => checking(robot.yes)(reply, request), 150),
        cut: cutShort(JSON.stringify(robot.yes)),
        unreachable: reset,
      }
      return {
        to: (how, timeoutMs) => {
          one.behave = manners[how]!
          const url = how === 'unreachable' ? 'http://127.0.0.1:9/hook/very-private-path' : one.url
          return Promise.resolve(robot.open(url, timeoutMs))
        },
        meets: ['slow', 'cut'],
        secrets: [secret, token, 'very-private-path'],
        received: () => one.received.length,
        stop: one.stop,
      }
    },
    toGroup,
  )

  test('the provider finds its signature, and the group reads level, words and a link', async () => {
    const receiver = await startReceiver(checking(robot.yes))
    stops.push(receiver.stop)
    await robot.open(receiver.url).send(toGroup, never)
    expect(robot.isSigned(receiver.received[0]!)).toBe(true)
    expect(robot.text(receiver.received[0]!)).toMatch(
      /^【红色】报警：1号车间可燃气体 62 %LEL.*\nhttps:\/\/duty\.example\.org\/desk\?alarm=a1$/s,
    )
  })

  test('its codes tell what trying again would bring, and another code is not believed at once', async () => {
    const receiver = await startReceiver()
    stops.push(receiver.stop)
    const channel = robot.open(receiver.url)
    for (const [answer, kind] of [
      [robot.tooFast, DeliveryFailed],
      [robot.wrongKey, ChannelMisconfigured],
      [{ ...robot.yes, errcode: 987654, code: 987654 }, DeliveryRejected],
      [{ hello: 'world' }, DeliveryFailed],
    ] as const) {
      receiver.behave = says(answer)
      await expect(channel.send(toGroup, never), JSON.stringify(answer)).rejects.toThrow(kind)
    }
  })

  test('a text longer than the provider takes is cut at a whole character', async () => {
    const receiver = await startReceiver(says(robot.yes))
    stops.push(receiver.stop)
    const long = '氯'.repeat(10_000)
    await robot.open(receiver.url).send({ ...toGroup, link: null, text: { zh: long, en: '' } }, never)
    const text = robot.text(receiver.received[0]!)
    expect(text).toMatch(/^氯+…$/)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(name === 'wecom' ? 2048 : 20_000)
  })
})
