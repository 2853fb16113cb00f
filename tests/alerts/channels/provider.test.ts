import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import {
  CallbackRefused,
  ChannelMisconfigured,
  channels,
  DeliveryFailed,
  DeliveryRefused,
} from '../../../alerts/channels/index.ts'
import { openOutside } from '../../../alerts/push/outside.ts'
import type { CallbackRequest } from '../../../core/push.ts'
import { channelSuite } from '../../suites/channel.ts'
import { readOptions } from '../../../alerts/push/options.ts'
import { cutShort, hang, says, startReceiver, type Behaviour, type Received } from '../misbehaving-receiver.ts'
import { sampleMessage } from '../message-sample.ts'

const now = 1_767_225_601_000
const outside = openOutside({ now: () => now })
const secret = 'secret-of-the-account'
const never = new AbortController().signal
const hmac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex')

/** In the manner of ACS3: a hash of the request, then its HMAC, in a header. */
const described = {
  headers: { 'x-time': '{timestamp}', authorization: 'ID={account},Signature={signature}' },
  json: {
    PhoneNumbers: '{phone}',
    SignName: '{signName}',
    TemplateCode: '{template}',
    TemplateParam: '{variablesJson}',
    OutId: '{messageId}',
  },
  account: 'AK1',
  secret,
  signName: '滨江应急',
  template: 'SMS_1',
  templates: { 'follow-up': 'SMS_2' },
  variables: { level: { from: 'level', max: 8 }, name: { from: 'enterprise', max: 6 }, what: { from: 'what', max: 20 } },
  sign: [
    { as: 'request', hash: 'sha256', of: 'POST\n{timestamp}\n{body}' },
    { as: 'signature', hash: 'sha256', key: '{secret}', of: 'V3\n{request}' },
  ],
  success: 'body.Code == "OK"',
  refused: 'body.Code == "MOBILE_NUMBER_ILLEGAL"',
  retry: 'body.Code == "BUSINESS_LIMIT"',
  providerId: 'body.BizId',
  callback: {
    take: { sent: 'headers["x-time"]' },
    sign: [{ as: 'signature', hash: 'sha256', key: '{secret}', of: '{sent}.{body}' }],
    given: 'headers["x-sign"]',
    sentAt: 'headers["x-time"]',
    messageId: 'item.out_id',
    providerId: 'item.biz_id',
    delivered: 'item.success == true',
    acknowledged: 'item.dtmf == "1"',
    failed: 'item.success == false',
    detail: 'item.err_code',
  },
  allowLoopback: true,
}
const sms = (url: string, more: object = {}) =>
  channels.sms.open(readOptions(channels.sms, { ...described, url, ...more }, 'duty-sms'), outside)
const voice = (url: string, more: object = {}) =>
  channels.voice.open(readOptions(channels.voice, { ...described, url, ...more }, 'duty-voice'), outside)

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** Checks as the provider does. */
const isSigned = ({ headers, body }: Received) => {
  const request = createHash('sha256')
    .update(`POST\n${String(headers['x-time'])}\n${body}`)
    .digest('hex')
  return headers.authorization === `ID=AK1,Signature=${hmac(secret, `V3\n${request}`)}`
}
const checking =
  (answer: object): Behaviour =>
  (reply, request) =>
    isSigned(request) ? says(answer)(reply, request) : says({ Code: 'SignatureDoesNotMatch', secret }, 403)(reply, request)
const taken = { Code: 'OK', BizId: 'biz-9' }

describe.each([
  ['sms', sms],
  ['voice', voice],
] as const)('%s', (name, open) => {
  channelSuite(
    name,
    async () => {
      const one = await startReceiver()
      const manners: Record<string, Behaviour> = {
        accepting: checking(taken),
        hanging: hang,
        refusing: checking({ Code: 'MOBILE_NUMBER_ILLEGAL', Message: `13800138000 ${secret}` }),
        failing: says({ Code: 'BUSY', secret }, 503),
        slow: (reply, request) => void setTimeout(() => checking(taken)(reply, request), 150),
        cut: cutShort(JSON.stringify(taken)),
        unreachable: hang,
      }
      return {
        to: (how, timeoutMs) => {
          one.behave = manners[how]!
          const url = how === 'unreachable' ? 'http://127.0.0.1:9/very-private-path' : one.url
          return Promise.resolve(open(url, { timeoutMs }))
        },
        meets: ['slow', 'cut'],
        secrets: [secret, 'very-private-path', 'AK1'],
        received: () => one.received.length,
        stop: one.stop,
      }
    },
    sampleMessage(),
  )
})

test('a text message names the registered template, keeps each variable within its length, says a drill is one, and has no link', async () => {
  const receiver = await startReceiver(checking(taken))
  stops.push(receiver.stop)
  const channel = sms(receiver.url)
  expect(await channel.send(sampleMessage({}, { mode: 'drill' }), never)).toEqual({
    receipt: 'accepted',
    detail: 'HTTP 200',
    providerId: 'biz-9',
  })
  await channel.send(sampleMessage({ kind: 'follow-up' }), never)
  const [first, second] = receiver.received.map(({ body }) => JSON.parse(body) as Record<string, string>)
  expect(first).toMatchObject({ PhoneNumbers: '13800138000', TemplateCode: 'SMS_1', OutId: 'a1.8' })
  expect(JSON.parse(first!['TemplateParam']!)).toEqual({ level: '演练红色', name: '滨江化工有…', what: '可燃气体 62 %LEL' })
  expect(JSON.stringify(first)).not.toContain('http')
  expect(second).toMatchObject({ TemplateCode: 'SMS_2' })
  expect(JSON.parse(second!['TemplateParam']!)).toMatchObject({ level: '红色后续' })
})

test('what the provider says decides: a wrong signature needs a person, its limit passes, an answer that says nothing is no success', async () => {
  const receiver = await startReceiver(checking(taken))
  stops.push(receiver.stop)
  await expect(sms(receiver.url, { secret: 'another-secret' }).send(sampleMessage(), never)).rejects.toThrow(ChannelMisconfigured)
  receiver.behave = says({ Code: 'BUSINESS_LIMIT' })
  await expect(sms(receiver.url).send(sampleMessage(), never)).rejects.toThrow(DeliveryFailed)
  for (const answer of ['', 'OK', '{"Code":', { Message: 'OK' }, [taken]]) {
    receiver.behave = says(answer)
    await expect(sms(receiver.url).send(sampleMessage(), never), JSON.stringify(answer)).rejects.toThrow(DeliveryFailed)
  }
  await expect(sms(receiver.url).send(sampleMessage({ to: { personId: 'p1', address: null } }), never)).rejects.toThrow(
    DeliveryRefused,
  )
})

test('nothing in a value changes the shape of a request, and the signature covers what is sent', async () => {
  const receiver = await startReceiver(checking(taken))
  stops.push(receiver.stop)
  const channel = sms(receiver.url)
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 30, size: 'max' }), async (what) => {
      const message = sampleMessage({ variables: { what: `${what}{secret}{phone}","x":"`, enterprise: what } })
      expect(await channel.send(message, never)).toMatchObject({ receipt: 'accepted' })
      const body = JSON.parse(receiver.received.at(-1)!.body) as Record<string, string>
      expect(Object.keys(body)).toEqual(['PhoneNumbers', 'SignName', 'TemplateCode', 'TemplateParam', 'OutId'])
      const variables = JSON.parse(body['TemplateParam']!) as Record<string, string>
      expect(Object.keys(variables)).toEqual(['level', 'name', 'what'])
      expect([...variables['name']!].length).toBeLessThanOrEqual(6)
      expect(receiver.received.at(-1)!.body).not.toContain(secret)
    }),
    { numRuns: 40 },
  )
})

test.each([
  ['a name nothing fills', { json: { a: '{phoen}' } }, /\{phoen\}/],
  ['no variable that says the mode', { variables: { what: { from: 'what', max: 20 } } }, /drill/],
  ['an expression that is none', { success: 'body.Code ==' }, /success/],
  ['an option that is none', { sucess: 'x' }, /sucess/],
  ['a secret that is missing', { secret: undefined }, /secret/],
  [
    'a callback anybody could send',
    { callback: { ...described.callback, sign: [{ as: 'signature', hash: 'md5', of: '{body}' }] } },
    /anybody/,
  ],
])('%s stops the start and repeats no secret', (_, more, words) => {
  const starting = () => sms('https://sms.example.org/very-private-path', more)
  expect(starting).toThrow(words)
  expect(starting).not.toThrow(secret)
  expect(starting).not.toThrow('very-private-path')
})

function callback(reports: unknown, { at = now, key = secret } = {}): CallbackRequest {
  const body = JSON.stringify(reports)
  const headers = { 'content-type': 'application/json', 'x-time': String(at), 'x-sign': hmac(key, `${at}.${body}`) }
  return { headers, query: {}, body: Buffer.from(body) }
}

test('a signed report of now is read: delivered, failed, and a key pressed', () => {
  const { callback: read } = voice('https://voice.example.org/')
  const reports = [
    { out_id: 'a1.8', biz_id: 'biz-9', success: true, err_code: 'DELIVERED' },
    { out_id: 'a1.9', success: false, err_code: 'UNREACHABLE' },
    { out_id: 'a2.1', success: true, dtmf: '1' },
    { out_id: 'a2.2' },
    { dtmf: '1' },
  ]
  const { news, answer } = read!(callback(reports), now)
  expect(news).toEqual([
    { messageId: 'a1.8', providerId: 'biz-9', receipt: 'delivered', detail: 'DELIVERED', at: now },
    { messageId: 'a1.9', providerId: null, receipt: 'failed', detail: 'UNREACHABLE', at: now },
    { messageId: 'a2.1', providerId: null, receipt: 'acknowledged', detail: '', at: now },
  ])
  expect(answer).toMatchObject({ status: 200, body: '{"code":0}' })
  expect(read!(callback(reports[0]), now).news).toHaveLength(1)
})

test("a report with another signature, of another time, or changed on the way is nobody's", () => {
  const { callback: read } = voice('https://voice.example.org/')
  const pressed = [{ out_id: 'a1.8', dtmf: '1' }]
  const real = callback(pressed)
  const { 'x-sign': _, ...unsigned } = real.headers
  for (const request of [
    callback(pressed, { key: 'not the secret at all' }),
    callback(pressed, { at: now - 300_001 }),
    callback(pressed, { at: now + 300_001 }),
    callback(pressed, { at: NaN }),
    { ...real, body: Buffer.from(JSON.stringify([{ out_id: 'a1.9', dtmf: '1' }])) },
    { ...real, headers: { ...real.headers, 'x-time': String(now - 1) } },
    { ...real, headers: unsigned },
  ])
    expect(() => read!(request, now)).toThrow(CallbackRefused)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.string(), (body, sign) => {
      const request = { headers: { ...real.headers, 'x-sign': sign }, query: {}, body }
      expect(() => read!(request, now)).toThrow(CallbackRefused)
    }),
  )
})
