import type { Static, TObject } from 'typebox'
import { BadSetting, PlatformError } from '../../core/errors.ts'
import type { CallbackAnswer, CallbackRequest, Message, Receipt, ReceiptNews, Sent } from '../../core/push.ts'

/** A way to reach people, ready to use. */
export type Channel = {
  /**
   * Tries once. Resolves with how far the message is known to have come; throws `DeliveryRefused` when this message will never
   * be taken, `ChannelMisconfigured` when none will, `DeliveryFailed` when it may work later. No secret, no address of a person
   * and no path of a URL stands in an error.
   */
  send(message: Message, signal: AbortSignal): Promise<Sent>
  /**
   * Reads what a provider tells later. Pure: checks signature and age by `now` and raises `CallbackRefused`; does not know
   * what came before. Only where the kind takes callbacks.
   */
  callback?(request: CallbackRequest, now: number): { news: ReceiptNews[]; answer: CallbackAnswer }
  close?(): Promise<void>
}

/** At most so many messages in any window of this length. */
export type Quota = { messages: number; perMs: number }

/** A kind of channel: its name, its options, what it can do, and how to open one. Opening connects to nothing. */
export type ChannelType<Options extends TObject = TObject> = {
  name: string
  options: Options
  /** options that are secret: also taken from the environment, never shown */
  secrets: readonly (keyof Static<Options> & string)[]
  /** what it can tell of a message while it sends, beyond that it is queued; empty is shown as `no receipt` */
  receipts: readonly Exclude<Receipt, 'queued'>[]
  /** what it can tell besides, where its callbacks are set up */
  later?: readonly Exclude<Receipt, 'queued'>[]
  /** key in `Contact.addresses`; null: the channel itself is the address */
  addressOf: string | null
  /** how the recipient can take an alarm over; a link needs a login */
  acknowledge: 'keypad' | 'link' | null
  /** the provider's limit; what is beyond it is bundled */
  quota: Quota | null
  /** longest text in characters it takes as one message */
  textLimit: number
  open(options: Static<Options>, outside: Outside): Channel
}

/** What an adapter reaches the world with. Guards against being turned on the platform's own network stand behind it. */
export type Outside = {
  now(): number
  /** One request to an address of the settings: resolved and pinned, no redirect followed, at most `timeoutMs` once it has the address. */
  http(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>
  /** Addresses of a host of the settings, under the same guard; a bound of its own, so resolve before the time of a delivery begins. */
  resolve(host: string, allowLoopback: boolean): Promise<{ address: string; family: number }[]>
  /** Nobody could be reached there: it is resolved anew, under the same guard. */
  unreachable(host: string): void
  /** A serial line, or a TCP server that has one. */
  openLine(path: string, baud: number, signal: AbortSignal): Promise<SerialLine>
}

export type HttpRequest = {
  method: 'GET' | 'POST'
  url: URL
  headers: Record<string, string>
  body: Uint8Array
  allowLoopback: boolean
  timeoutMs: number
  /** of the answer: 0 takes the status line for the answer and reads no body */
  maxBytes: number
}
export type HttpAnswer = { status: number; headers: Record<string, string | string[] | undefined>; body: Uint8Array }

export type SerialLine = {
  write(bytes: Uint8Array): Promise<void>
  /** every chunk that comes, until it closes */
  onData(take: (bytes: Uint8Array) => void): void
  onClose(gone: () => void): void
  close(): void
}

/** The channel will never accept this message; trying again only repeats the refusal. */
export class DeliveryRefused extends PlatformError {
  override readonly code = 'delivery-refused'
}

/** Not delivered, but it may work later. `retryAfterMs` is the receiver's own wish. */
export class DeliveryFailed extends PlatformError {
  override readonly code: string = 'delivery-failed'
  readonly retryAfterMs: number

  constructor(message: string, details: Record<string, unknown> = {}, retryAfterMs = 0) {
    super(message, details)
    this.retryAfterMs = retryAfterMs
  }
}

/** The receiver said no, but not to this message as such: worth trying for a while, then it is a refusal. */
export class DeliveryRejected extends DeliveryFailed {
  override readonly code = 'delivery-rejected'
}

/** Nothing will get through until somebody puts the channel's settings, or the receiver's, right. */
export class ChannelMisconfigured extends PlatformError {
  override readonly code = 'channel-misconfigured'
}

/** A callback that is not from the provider, or not from now. Nothing follows from it. */
export class CallbackRefused extends PlatformError {
  override readonly code = 'callback-refused'
}

/** Reads an address of the settings. */
export function readUrl(text: string, what: string, example: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new BadSetting(`${what} is not an http or https URL`, { example })
  }
  if (url.username !== '' || url.password !== '') {
    throw new BadSetting(`${what} must not carry a user name or password`, { example })
  }
  return url
}

/** Codes that ask to come back later although they start with 4. */
const later = new Set([408, 425, 429])
/** The body is what the receiver cannot take. */
const thisMessage = new Set([400, 413, 422])
/** Wrong key or wrong address: no message will ever be taken there. */
const wrongSettings = new Set([401, 403, 404, 405, 407, 410])

/** What an HTTP status means for trying again; null for a success. */
export function httpFailure(
  { status, headers }: Pick<HttpAnswer, 'status' | 'headers'>,
  who: string,
  host: string,
  now: number,
): PlatformError | null {
  const facts = { host, status }
  const afterMs = retryAfter(headers['retry-after'], now)
  if (status >= 200 && status < 300) return null
  if (status >= 500 || later.has(status)) return new DeliveryFailed(`${who} asked to try later`, facts, afterMs)
  if (status >= 300 && status < 400) return new ChannelMisconfigured(`${who} redirects, and redirects are not followed`, facts)
  if (wrongSettings.has(status)) return new ChannelMisconfigured(`${who} does not know us or its address`, facts)
  if (thisMessage.has(status)) return new DeliveryRefused(`${who} refused the message`, facts)
  return new DeliveryRejected(`${who} said no`, facts, afterMs)
}

/** Seconds or a date (RFC 9110 §10.2.3); at most an hour is granted. */
function retryAfter(text: string | string[] | undefined, now: number): number {
  if (typeof text !== 'string') return 0
  const wanted = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0), 3_600_000) : 0
}
