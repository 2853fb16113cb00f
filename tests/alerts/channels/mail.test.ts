import { afterEach, expect, test } from 'vitest'
import { ChannelMisconfigured, channels, DeliveryFailed, DeliveryRefused, type Outside } from '../../../alerts/channels/index.ts'
import { openOutside } from '../../../alerts/push/outside.ts'
import { readOptions } from '../../../alerts/push/options.ts'
import { channelSuite } from '../../suites/channel.ts'
import { startSmtp, type SmtpManner } from '../fake-smtp.ts'
import { sampleMessage } from '../message-sample.ts'
import { selfSigned } from '../self-signed.ts'

const outside = openOutside({ now: () => 1_767_225_601_000 })
const never = new AbortController().signal
const password = 'password-of-the-mailbox'
const pair = selfSigned()
const message = sampleMessage({ to: { personId: 'p1', address: 'zhang.san@duty.example.org' } })

const mail = (port: number, more: object = {}, through = outside) =>
  channels.mail.open(
    readOptions(
      channels.mail,
      {
        host: 'localhost',
        port,
        user: 'watchfire',
        password,
        from: 'watchfire@example.org',
        caFile: pair.file,
        allowLoopback: true,
        ...more,
      },
      'duty-mail',
    ),
    through,
  )

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})
async function server(options: { implicit?: boolean } = { implicit: true }) {
  const one = await startSmtp(pair, options)
  stops.push(one.stop)
  return one
}

channelSuite(
  'mail',
  async () => {
    const one = await startSmtp(pair, { implicit: true })
    return {
      to: (how, timeoutMs) => {
        one.manner = how === 'untrusted' ? 'accepting' : (how as SmtpManner)
        return Promise.resolve(
          mail(how === 'unreachable' ? 9 : one.port, { timeoutMs, ...(how === 'untrusted' && { caFile: undefined }) }),
        )
      },
      meets: ['slow', 'cut', 'untrusted'],
      secrets: [password, Buffer.from(`\0watchfire\0${password}`).toString('base64'), 'zhang.san', 'secret-words'],
      received: () => one.mails.length,
      stop: one.stop,
    }
  },
  message,
)

test('a mail says level and words in its subject, links to a page, asks no machine to answer, and repeats under the same id', async () => {
  const one = await server()
  await mail(one.port).send(message, never)
  await mail(one.port).send(message, never)
  const [first, second] = one.mails
  expect(first).toMatchObject({ to: '<zhang.san@duty.example.org>', encrypted: true })
  const subject = /^Subject: ((?:.|\r\n )+)/m.exec(first!.data)![1]!
  const words = [...subject.matchAll(/=\?UTF-8\?B\?([^?]+)\?=/g)]
    .map(([, text]) => Buffer.from(text!, 'base64').toString())
    .join('')
  expect(words).toMatch(/^【红色】报警：1号车间可燃气体 62 %LEL/)
  for (const { data } of [first!, second!]) {
    expect(data).toMatch(/^Message-ID: <a1\.8@example\.org>/im)
    expect(data).toMatch(/^Auto-Submitted: auto-generated/m)
  }
})

test('the password leaves only through TLS, also where a server on the way hides that there is any', async () => {
  const one = await server({})
  await mail(one.port, { security: 'starttls' }).send(message, never)
  expect(one.mails.at(-1)).toMatchObject({ encrypted: true })
  const logins = one.logins.length
  one.manner = 'no-starttls'
  await expect(mail(one.port, { security: 'starttls' }).send(message, never)).rejects.toThrow(DeliveryFailed)
  expect(one.logins).toHaveLength(logins)
  expect(() => mail(one.port, { security: 'none' })).toThrow(/without encryption/)
  one.manner = 'accepting'
  await mail(one.port, { security: 'none', user: '', password: '' }).send(message, never)
  expect(one.logins).toHaveLength(logins)
})

test('a wrong password needs a person; an address with a second one in it, or a line break, reaches no server', async () => {
  const one = await server()
  one.manner = 'wrong-password'
  await expect(mail(one.port).send(message, never)).rejects.toThrow(ChannelMisconfigured)
  await expect(mail(one.port, { allowLoopback: false }).send(message, never)).rejects.toThrow(ChannelMisconfigured)
  one.manner = 'accepting'
  for (const address of ['a@b, c@d', 'a@b\r\nRCPT TO:<c@d>', 'nobody', '<a@b>', null])
    await expect(mail(one.port).send(sampleMessage({ to: { personId: 'p1', address } }), never)).rejects.toThrow(DeliveryRefused)
  expect(one.mails).toHaveLength(0)
})

test('the time of a mail begins when the server has an address', async () => {
  const one = await server()
  const slowly: Outside = {
    ...outside,
    resolve: async (...asked) => {
      await new Promise((done) => setTimeout(done, 600))
      return outside.resolve(...asked)
    },
  }
  await mail(one.port, { timeoutMs: 500 }, slowly).send(message, never)
  expect(one.mails).toHaveLength(1)
})
