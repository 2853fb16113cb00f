import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { afterEach, expect, test } from 'vitest'
import { ChannelBook, readChannels, redacted } from '../../../alerts/push/channel-book.ts'
import { openOutside } from '../../../alerts/push/outside.ts'
import { ManualClock } from '../../../core/clock.ts'
import { accept, startReceiver, status } from '../misbehaving-receiver.ts'
import { sampleMessage } from '../message-sample.ts'

const secret = 'a-secret-shared-with-the-receiver'
const never = new AbortController().signal
const hook = { type: 'webhook', url: 'https://duty.example.org/very-private-path', secret }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})
const read = (named: Record<string, unknown>, fromEnvironment: Record<string, string> = {}) =>
  readChannels({ named, fromEnvironment })

test('a secret may come from the environment, wins there, and is never shown', () => {
  const { secret: _, ...bare } = hook
  const environment = { WATCHFIRE_CHANNEL_DUTY_HOOK_SECRET: secret }
  const [one] = read({ 'duty-hook': bare }, environment)
  expect(one!.options).toMatchObject({ secret, allowLoopback: false, timeoutMs: 10_000 })
  expect(read({ 'duty-hook': { ...hook, secret: 'another secret of theirs' } }, environment)[0]!.options['secret']).toBe(secret)
  expect(redacted(one!)).toMatchObject({ secret: '•••', url: hook.url })
  const [robot] = read(
    { group: { type: 'dingtalk' } },
    { WATCHFIRE_CHANNEL_GROUP_ACCESS_TOKEN: 'token-of-the-group', WATCHFIRE_CHANNEL_GROUP_SECRET: 'SEC-of-the-group' },
  )
  expect(robot!.options).toMatchObject({ accessToken: 'token-of-the-group', secret: 'SEC-of-the-group' })
})

test.each([
  ['a kind there is none of', { a: { ...hook, type: 'pager' } }, {}, /channels\.a\.type is none of .*webhook/],
  ['an option there is none of', { a: { ...hook, ur1: 'x' } }, {}, /channels\.a: ur1 .*takes url, secret/],
  ['an option left out', { a: { type: 'webhook', url: hook.url } }, {}, /channels\.a: secret/],
  ['an option of the wrong kind', { a: { ...hook, timeoutMs: 'soon' } }, {}, /channels\.a: timeoutMs/],
  ['the name of a page', { desk: hook }, {}, /none of app, desk/],
  ['a name in capitals', { Duty: hook }, {}, /small letters/],
  ['no group of lines', { a: hook.url }, {}, /channels\.a is no group/],
  ['a secret for nobody', { a: hook }, { WATCHFIRE_CHANNEL_B_SECRET: secret }, /WATCHFIRE_CHANNEL_B_SECRET/],
])('%s stops the start, names the setting and repeats no value', (_, named, environment, words) => {
  const start = () => read(named as Record<string, unknown>, environment as Record<string, string>)
  expect(start).toThrow(words)
  expect(start).not.toThrow(secret)
  expect(start).not.toThrow('very-private-path')
})

test('three failures in five minutes make a failing channel, a wrong key one that needs a person, and a delivery ends both', async () => {
  const clock = new ManualClock(1_767_225_600_000)
  const receiver = await startReceiver(status(500))
  stops.push(receiver.stop)
  const settings = { named: { hook: { ...hook, url: receiver.url, allowLoopback: true } }, fromEnvironment: {} }
  const book = new ChannelBook(settings, openOutside(clock))
  stops.push(() => book.close())
  const fail = () => expect(book.send('hook', sampleMessage(), never)).rejects.toThrow()
  await fail()
  await fail()
  clock.advance(5 * 60_000)
  await fail()
  expect(book.status()).toMatchObject({ state: 'ok', alarms: [] })
  await fail()
  await fail()
  expect(book.facts()).toMatchObject([{ name: 'hook', state: 'failing', receipts: ['accepted'] }])
  expect(book.status()).toMatchObject({ state: 'degraded', alarms: [{ code: 'channel.hook' }] })
  receiver.behave = status(401)
  await fail()
  clock.advance(3_600_000)
  expect(book.facts()).toMatchObject([{ state: 'failed' }])
  receiver.behave = accept
  await book.send('hook', sampleMessage(), never)
  expect(book.status()).toMatchObject({ state: 'ok', alarms: [] })
  expect(JSON.stringify([book.facts(), book.status()])).not.toMatch(/very-private-path|a-secret/)
})

test('what a channel can tell is only what its settings let it know', () => {
  const provider = {
    url: 'https://voice.example.org/',
    secret: 'secret-of-the-account',
    variables: { level: { from: 'level', max: 8 } },
    success: 'body.ok',
  }
  const callback = {
    sign: [{ as: 'signature', hash: 'sha256', key: '{secret}', of: '{body}' }],
    given: 'headers["x-sign"]',
    sentAt: 'body.at',
    messageId: 'item.id',
    acknowledged: 'item.key == "1"',
  }
  const named = { plain: { type: 'voice', ...provider }, keypad: { type: 'voice', ...provider, callback } }
  const book = new ChannelBook({ named, fromEnvironment: {} }, openOutside(new ManualClock(0)))
  expect(book.facts()).toMatchObject([
    { name: 'plain', receipts: ['accepted'], acknowledge: null, addressOf: 'phone' },
    { name: 'keypad', receipts: ['accepted', 'delivered', 'acknowledged'], acknowledge: 'keypad' },
  ])
})

test('the examples of the documentation start', () => {
  const page = readFileSync(new URL('../../../docs/channels.md', import.meta.url), 'utf8')
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, text]) => parse(text!) as { channels: Record<string, unknown> },
  )
  expect(examples.length).toBeGreaterThan(1)
  const fromEnvironment = {
    WATCHFIRE_CHANNEL_DUTY_MAIL_PASSWORD: secret,
    WATCHFIRE_CHANNEL_DUTY_GROUP_ACCESS_TOKEN: secret,
    WATCHFIRE_CHANNEL_DUTY_GROUP_SECRET: secret,
    WATCHFIRE_CHANNEL_DUTY_SMS_SECRET: secret,
  }
  const named = Object.assign({}, ...examples.map(({ channels }) => channels)) as Record<string, unknown>
  const book = new ChannelBook({ named, fromEnvironment }, openOutside(new ManualClock(0)))
  expect(book.names()).toEqual(['duty-mail', 'duty-group', 'duty-sms'])
})
