import { createHmac } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { CallbackDesk } from '../../alerts/push/callbacks.ts'
import { ChannelBook } from '../../alerts/push/channel-book.ts'
import { openOutside } from '../../alerts/push/outside.ts'
import { ManualClock } from '../../core/clock.ts'
import { silentLog } from '../../core/log.ts'
import { callbackCalls } from '../../dashboards/api/callbacks.ts'
import type { Api } from '../../dashboards/context.ts'
import { openHttp } from '../../dashboards/http.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { MemoryJournal } from '../../journal/memory.ts'

const now = 1_767_225_600_000
const secret = 'secret-of-the-account'
const voice = {
  type: 'voice',
  url: 'https://voice.example.org/',
  secret,
  variables: { level: { from: 'level', max: 8 } },
  success: 'body.ok',
  callback: {
    take: { at: 'query.at' },
    sign: [{ as: 'signature', hash: 'sha256', key: '{secret}', of: '{at}.{body}' }],
    given: 'headers["x-sign"]',
    sentAt: 'query.at',
    messageId: 'item.id',
    delivered: 'item.answered',
    acknowledged: 'item.key == "1"',
    answer: 'success',
  },
}
const hook = { type: 'webhook', url: 'https://duty.example.org/', secret: 'a-secret-shared-with-the-receiver' }

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function start() {
  const clock = new ManualClock(now)
  const journal = new MemoryJournal(clock)
  const book = new ChannelBook({ named: { 'duty-voice': voice, hook }, fromEnvironment: {} }, openOutside(clock))
  const app = await openHttp({ tls: null, version: 'test' }, silentLog)
  const desk = new CallbackDesk(book, journal)
  await app.register((api, _options, done) => (callbackCalls(api as unknown as Api, desk), done()), { prefix: '/api/v1' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  stops.push(() => app.close())
  const { port } = app.server.address() as { port: number }
  const ask = (body: string, { at = now, sign = '', method = 'POST', channel = 'duty-voice' } = {}) =>
    fetch(`http://127.0.0.1:${port}/api/v1/callbacks/${channel}?at=${at}`, {
      method,
      headers: {
        'content-type': 'text/plain',
        'x-sign': sign || createHmac('sha256', secret).update(`${at}.${body}`).digest('hex'),
      },
      ...(method === 'POST' && { body }),
    })
  const recorded = async () => (await journal.readRecord(1, ['push.receipt'])).map((entry) => readRecordEntry(entry))
  return { ask, recorded, clock }
}

test('a key pressed comes in once, however often the provider says so, and stands in the record', async () => {
  const { ask, recorded } = await start()
  const body = JSON.stringify([
    { id: 'a1.8', answered: true },
    { id: 'a1.8', answered: true, key: '1' },
  ])
  const answers = await Promise.all([ask(body), ask(body), ask(body)])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(await answers[0]!.text()).toBe('success')
  await ask(JSON.stringify([{ id: 'a1.8', answered: true, key: '1', again: 1 }]))
  expect(await recorded()).toEqual([
    expect.objectContaining({ kind: 'push.receipt', channel: 'duty-voice', messageId: 'a1.8', receipt: 'delivered' }),
    expect.objectContaining({ kind: 'push.receipt', channel: 'duty-voice', messageId: 'a1.8', receipt: 'acknowledged', at: now }),
  ])
})

test('what is not signed, not from now, not posted, or for no channel of ours changes nothing', async () => {
  const { ask, recorded, clock } = await start()
  const body = JSON.stringify([{ id: 'a1.8', key: '1' }])
  expect((await ask(body, { sign: '00' })).status).toBe(403)
  expect((await ask(body, { at: now - 3_600_000 })).status).toBe(403)
  expect((await ask(body, { method: 'GET' })).status).toBe(404)
  expect((await ask(body, { channel: 'nobody' })).status).toBe(404)
  expect((await ask(body, { channel: 'hook' })).status).toBe(404)
  expect((await ask('x'.repeat(100_000))).status).toBe(413)
  clock.advance(3_600_000)
  expect((await ask(body)).status).toBe(403)
  expect(await recorded()).toEqual([])
})
