import { createHmac } from 'node:crypto'
import { Type } from 'typebox'
import type { Message } from '../../core/push.ts'
import { type ChannelType, httpFailure, readUrl } from './channel.ts'

const options = Type.Object(
  {
    url: Type.String({ description: 'http or https address that takes the POST' }),
    secret: Type.String({ minLength: 16, description: 'shared with the receiver; signs every delivery' }),
    allowLoopback: Type.Boolean({ default: false, description: 'lets the address be this machine or its link' }),
    timeoutMs: Type.Integer({ minimum: 100, maximum: 60_000, default: 10_000, description: 'longest wait for the answer' }),
  },
  { additionalProperties: false },
)

/**
 * POSTs each message as signed JSON. The receiver checks `X-Watchfire-Signature: v1=<hex HMAC-SHA256 of "<timestamp>.<body>">`
 * with `X-Watchfire-Timestamp` (ms), refuses stale timestamps and remembers `X-Watchfire-Delivery`, which stays the same
 * when a message is sent again.
 */
export const webhook: ChannelType<typeof options> = {
  name: 'webhook',
  options,
  secrets: ['secret'],
  receipts: ['accepted'],
  addressOf: null,
  acknowledge: 'link',
  quota: null,
  textLimit: Infinity,

  open({ url, secret, allowLoopback, timeoutMs }, outside) {
    const target = readUrl(url, 'the webhook address', 'https://duty.example.org/watchfire')
    return {
      async send(message, signal) {
        const body = Buffer.from(JSON.stringify(payload(message)), 'utf8')
        const timestamp = String(outside.now())
        const headers = {
          'content-type': 'application/json; charset=utf-8',
          'x-watchfire-delivery': message.id,
          'x-watchfire-timestamp': timestamp,
          'x-watchfire-signature': `v1=${sign(secret, timestamp, body)}`,
        }
        // The status line is the answer; a body may be endless.
        const asked = { method: 'POST', url: target, headers, body, allowLoopback, timeoutMs, maxBytes: 0 } as const
        const answer = await outside.http(asked, signal)
        const failure = httpFailure(answer, 'the webhook', target.host, outside.now())
        if (failure) throw failure
        return { receipt: 'accepted', detail: `HTTP ${answer.status}` }
      },
    }
  },
}

const sign = (secret: string, timestamp: string, body: Uint8Array): string =>
  createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')

const iso = (at: number) => new Date(at).toISOString()

const payload = ({ id, kind, mode, level, at, alarm: news, text, link, to }: Message) => ({
  version: 1,
  id,
  kind,
  mode,
  level,
  change: news?.change ?? null,
  at: iso(news?.at ?? at),
  recordedAt: news ? iso(news.recordedAt) : null,
  pos: news?.pos ?? null,
  comment: news?.comment ?? null,
  text,
  link,
  to: to.personId,
  alarm: news?.alarm ?? null,
})
