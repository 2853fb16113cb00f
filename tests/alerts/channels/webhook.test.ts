import { createHmac } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import {
  ChannelMisconfigured,
  DeliveryFailed,
  DeliveryRefused,
  DeliveryRejected,
  channels,
} from '../../../alerts/channels/index.ts'
import { openOutside } from '../../../alerts/push/outside.ts'
import { pushText } from '../../../alerts/push-text.ts'
import { channelSuite, type Manner } from '../../suites/channel.ts'
import { sampleChange } from '../alarm-sample.ts'
import { sampleMessage } from '../message-sample.ts'
import { selfSigned } from '../self-signed.ts'
import { accept, endless, hang, reset, slow, startReceiver, status } from '../misbehaving-receiver.ts'

const secret = 'a-secret-shared-with-the-receiver'
const outside = openOutside({ now: () => 1_767_225_601_000 })
const never = new AbortController().signal
const message = sampleMessage()
const webhook = (url: string, more: { allowLoopback?: boolean; timeoutMs?: number } = {}) =>
  channels.webhook.open({ url, secret, allowLoopback: true, timeoutMs: 2_000, ...more }, outside)

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})
async function receiver(behave = accept) {
  const one = await startReceiver(behave)
  stops.push(one.stop)
  return one
}

channelSuite(
  'webhook',
  async () => {
    const one = await startReceiver()
    const untrusted = await startReceiver(accept, selfSigned())
    const manners = {
      accepting: accept,
      hanging: hang,
      refusing: status(422),
      failing: status(500),
      unreachable: accept,
      slow: slow(150),
      cut: reset,
    }
    return {
      to: (how, timeoutMs) => {
        one.behave = manners[how as keyof typeof manners] ?? accept
        const urls: Partial<Record<Manner, string>> = {
          unreachable: 'http://127.0.0.1:9/hook/very-private-path',
          untrusted: untrusted.url,
        }
        const url = urls[how] ?? one.url
        return Promise.resolve(webhook(url, { timeoutMs }))
      },
      secrets: [secret, 'very-private-path'],
      meets: ['slow', 'cut', 'untrusted'],
      received: () => one.received.length,
      stop: async () => {
        await one.stop()
        await untrusted.stop()
      },
    }
  },
  message,
)

test('a receiver can check that a delivery is ours, fresh and not a repeat', async () => {
  const { url, received } = await receiver()
  await webhook(url).send(message, never)
  await webhook(url).send(message, never)
  const [first, second] = received
  const timestamp = String(first!.headers['x-watchfire-timestamp'])
  const expected = createHmac('sha256', secret).update(`${timestamp}.${first!.body}`).digest('hex')
  expect(first!.headers['x-watchfire-signature']).toBe(`v1=${expected}`)
  expect(timestamp).toBe('1767225601000')
  expect(first!.headers['x-watchfire-delivery']).toBe('a1.8')
  expect(second!.headers['x-watchfire-delivery']).toBe('a1.8')
  expect(second!.body).toBe(first!.body)
  expect(JSON.parse(first!.body)).toMatchObject({
    version: 1,
    id: 'a1.8',
    mode: 'live',
    kind: 'alarm',
    change: 'raised',
    alarm: { value: 62 },
  })
})

test('a redirect is not followed', async () => {
  const inside = await receiver()
  const { url } = await receiver(status(302, { location: inside.url }))
  await expect(webhook(url).send(message, never)).rejects.toThrow(ChannelMisconfigured)
  expect(inside.received).toHaveLength(0)
})

test.each([
  ['http://127.0.0.1:1/', '127.0.0.1'],
  ['http://localhost:1/', '127.0.0.1 or ::1'],
  ['http://[::1]:1/', '::1'],
  ['http://[::ffff:127.0.0.1]:1/', 'mapped'],
  ['http://2130706433:1/', 'a number'],
  ['http://0.0.0.0:1/', 'unspecified'],
  ['http://169.254.169.254/latest/meta-data', 'link-local'],
  ['http://[fe80::1]/', 'link-local'],
])('%s (%s) is refused unless the settings allow it', async (url) => {
  await expect(webhook(url, { allowLoopback: false }).send(message, never)).rejects.toThrow(ChannelMisconfigured)
})

test('an address that is no http URL, or carries a password, stops the start', () => {
  for (const url of ['ftp://example.org/', 'not a url', 'https://user:pass@example.org/']) {
    expect(() => webhook(url)).toThrow(/webhook address/)
  }
})

test('the status line is the answer: an endless body neither delays nor fills memory', async () => {
  const { url } = await receiver(endless)
  const started = performance.now()
  expect(await webhook(url).send(message, never)).toMatchObject({ detail: 'HTTP 200' })
  expect(performance.now() - started).toBeLessThan(500)
})

test('slow is fine within the timeout, a cut connection is a failure, 429 says when to come back', async () => {
  const one = await receiver(slow(150))
  expect(await webhook(one.url).send(message, never)).toMatchObject({ detail: 'HTTP 200' })
  one.behave = reset
  await expect(webhook(one.url).send(message, never)).rejects.toThrow(DeliveryFailed)
  one.behave = status(429, { 'retry-after': '7' })
  await expect(webhook(one.url).send(message, never)).rejects.toMatchObject({ code: 'delivery-failed', retryAfterMs: 7000 })
})

test.each([
  [400, DeliveryRefused],
  [413, DeliveryRefused],
  [422, DeliveryRefused],
  [401, ChannelMisconfigured],
  [403, ChannelMisconfigured],
  [404, ChannelMisconfigured],
  [410, ChannelMisconfigured],
  [402, DeliveryRejected],
  [409, DeliveryRejected],
  [451, DeliveryRejected],
])('HTTP %i tells what trying again would bring', async (code, kind) => {
  const { url } = await receiver(status(code))
  await expect(webhook(url).send(message, never)).rejects.toThrow(kind)
})

test('a push never lets a drill or a simulation look like the real thing', () => {
  for (const [mode, zh, en] of [
    ['live', '【红色】', 'Red'],
    ['drill', '【演练】', '[DRILL]'],
    ['test', '【测试】', '[TEST]'],
    ['simulated', '【模拟】', '[SIMULATED]'],
  ] as const) {
    const text = pushText(sampleChange('raised', { mode }), 'Asia/Shanghai')
    expect(text.zh.startsWith(zh)).toBe(true)
    expect(text.en.startsWith(en)).toBe(true)
    expect(text.zh).toContain('2026-01-01 08:00:00')
  }
})
