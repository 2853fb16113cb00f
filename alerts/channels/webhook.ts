import { createHmac } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { Type } from 'typebox'
import { BadSetting } from '../../core/errors.ts'
import {
  ChannelMisconfigured,
  type ChannelType,
  DeliveryFailed,
  DeliveryRefused,
  DeliveryRejected,
  type Notice,
} from './channel.ts'

const options = Type.Object(
  {
    url: Type.String({ description: 'http or https address that takes the POST' }),
    secret: Type.String({ minLength: 16, description: 'shared with the receiver; signs every delivery' }),
    allowLoopback: Type.Boolean({ default: false, description: 'lets the address be this machine or its link' }),
    timeoutMs: Type.Integer({ minimum: 100, maximum: 60_000, default: 10_000 }),
  },
  { additionalProperties: false },
)

type Address = { address: string; family: number }

/**
 * POSTs each notice as signed JSON. The receiver checks `X-Watchfire-Signature: v1=<hex HMAC-SHA256 of "<timestamp>.<body>">`
 * with `X-Watchfire-Timestamp` (ms), refuses stale timestamps and remembers `X-Watchfire-Delivery`, which stays the same
 * when a notice is sent again.
 */
export const webhook: ChannelType<typeof options> = {
  name: 'webhook',
  options,

  open({ url, secret, allowLoopback, timeoutMs }, clock) {
    const target = readUrl(url)
    let pinned: Address[] | null = null

    /** Asked once: an answer that changes later (DNS rebinding) must not turn the platform against its own network. */
    const addresses = async (): Promise<Address[]> => {
      if (pinned) return pinned
      const found = await resolve(target.hostname)
      const forbidden = found.find(({ address }) => isOwnMachine(address))
      if (forbidden && !allowLoopback) {
        throw new ChannelMisconfigured('the webhook address is this machine or its link, which the settings do not allow', {
          host: target.hostname,
          address: forbidden.address,
        })
      }
      pinned = found
      return found
    }

    return {
      async send(notice, signal) {
        const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
        const all = await addresses()
        const body = Buffer.from(JSON.stringify(payload(notice)), 'utf8')
        const timestamp = String(clock.now())
        const headers = {
          'content-type': 'application/json; charset=utf-8',
          'content-length': String(body.byteLength),
          'user-agent': 'Watchfire',
          'x-watchfire-delivery': notice.id,
          'x-watchfire-timestamp': timestamp,
          'x-watchfire-signature': `v1=${sign(secret, timestamp, body)}`,
        }
        const answer = await post(target, all, headers, body, within).catch((error: NodeJS.ErrnoException) => {
          const reason = within.aborted && !signal.aborted ? `no answer within ${timeoutMs} ms` : (error.code ?? error.name)
          throw new DeliveryFailed('the webhook could not be reached', { host: target.host, reason })
        })
        return judge(answer, target.host, clock.now())
      },
    }
  },
}

export const sign = (secret: string, timestamp: string, body: Uint8Array): string =>
  createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')

const payload = ({ id, mode, change, alarm, at, recordedAt, pos, comment, text }: Notice) => ({
  version: 1,
  id,
  mode,
  change,
  at: new Date(at).toISOString(),
  recordedAt: new Date(recordedAt).toISOString(),
  pos,
  comment,
  text,
  alarm,
})

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  const example = 'https://duty.example.org/watchfire'
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new BadSetting('the webhook address is not an http or https URL', { example })
  }
  if (url.username !== '' || url.password !== '') {
    throw new BadSetting('the webhook address must not carry a user name or password', { example })
  }
  return url
}

async function resolve(hostname: string): Promise<Address[]> {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare)) return [{ address: bare, family: isIP(bare) }]
  try {
    return await lookup(bare, { all: true })
  } catch (error) {
    throw new DeliveryFailed('the webhook host has no address', { host: hostname, reason: (error as NodeJS.ErrnoException).code })
  }
}

const ownMachine = new BlockList()
ownMachine.addSubnet('127.0.0.0', 8, 'ipv4')
ownMachine.addSubnet('0.0.0.0', 8, 'ipv4')
ownMachine.addSubnet('169.254.0.0', 16, 'ipv4')
ownMachine.addSubnet('224.0.0.0', 3, 'ipv4')
ownMachine.addAddress('::1', 'ipv6')
ownMachine.addAddress('::', 'ipv6')
ownMachine.addSubnet('fe80::', 10, 'ipv6')
ownMachine.addSubnet('ff00::', 8, 'ipv6')
// The last 32 bits of these name an IPv4 address that a translator on the path may connect to.
ownMachine.addSubnet('64:ff9b::', 96, 'ipv6')

/** Loopback, unspecified, link-local (cloud metadata lives there), multicast and broadcast; mapped IPv4 included. */
export const isOwnMachine = (address: string): boolean => ownMachine.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

function post(url: URL, pinned: Address[], headers: Record<string, string>, body: Buffer, signal: AbortSignal) {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise<IncomingMessage>((done, failed) => {
    const sent = request(
      url,
      {
        method: 'POST',
        headers,
        agent: false,
        signal,
        lookup: (_host, { all }, give) => {
          if (all) give(null, pinned)
          else give(null, pinned[0]!.address, pinned[0]!.family)
        },
      },
      (answer) => {
        // The status line is the answer; a body may be endless.
        answer.on('error', () => undefined)
        answer.destroy()
        done(answer)
      },
    )
    sent.on('error', failed)
    sent.end(body)
  })
}

/** Codes that ask to come back later although they start with 4. */
const later = new Set([408, 425, 429])
/** The body is what the receiver cannot take. */
const thisNotice = new Set([400, 413, 422])
/** Wrong key or wrong address: no notice will ever be taken there. */
const wrongSettings = new Set([401, 403, 404, 405, 407, 410])

function judge({ statusCode = 0, headers }: IncomingMessage, host: string, now: number): string {
  const facts = { host, status: statusCode }
  const afterMs = retryAfter(headers['retry-after'], now)
  if (statusCode >= 200 && statusCode < 300) return `HTTP ${statusCode}`
  if (statusCode >= 500 || later.has(statusCode)) throw new DeliveryFailed('the webhook asked to try later', facts, afterMs)
  if (statusCode >= 300 && statusCode < 400) {
    throw new ChannelMisconfigured('the webhook redirects, and redirects are not followed', facts)
  }
  if (wrongSettings.has(statusCode)) throw new ChannelMisconfigured('the webhook does not know us or its address', facts)
  if (thisNotice.has(statusCode)) throw new DeliveryRefused('the webhook refused the notice', facts)
  throw new DeliveryRejected('the webhook said no', facts, afterMs)
}

/** Seconds or a date (RFC 9110 §10.2.3); at most an hour is granted. */
function retryAfter(text: string | undefined, now: number): number {
  if (text === undefined) return 0
  const wanted = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0), 3_600_000) : 0
}
