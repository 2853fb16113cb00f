import type { IClientOptions, MqttClient } from 'mqtt'
import { type Static, Type } from 'typebox'
import { BadSetting } from '../../core/errors.ts'
import type { Message, Sent } from '../../core/push.ts'
import { ChannelMisconfigured, type ChannelType, DeliveryFailed, DeliveryRefused, type Outside } from './channel.ts'

const Topic = Type.String({ pattern: '^[^+#\\u0000]{1,200}$' })
const options = Type.Object(
  {
    url: Type.String({ description: 'mqtt or mqtts address of the broker the speakers listen to' }),
    version: Type.Enum(['3.1.1', '5'], { default: '3.1.1', description: 'of MQTT' }),
    username: Type.String({ default: '', description: 'empty: no login' }),
    password: Type.String({ default: '', description: 'its password' }),
    clientId: Type.String({
      default: 'watchfire-broadcast',
      pattern: '^[A-Za-z0-9_-]{1,23}$',
      description: 'how the broker knows us',
    }),
    topic: { ...Topic, description: 'where speakers and sirens take what they play' },
    receiptTopic: Type.Optional({ ...Topic, description: 'where each answers `{"id": …, "speaker": …}` once it has played' }),
    speakers: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      default: [],
      maxItems: 1_000,
      description: 'who must answer for it to count as delivered',
    }),
    receiptWaitMs: Type.Integer({ minimum: 0, maximum: 60_000, default: 10_000, description: 'how long answers are waited for' }),
    validMs: Type.Integer({
      minimum: 1_000,
      maximum: 3_600_000,
      default: 120_000,
      description: 'a speaker that gets it later keeps silent',
    }),
    allowLoopback: Type.Boolean({ default: false, description: 'lets the address be this machine or its link' }),
    timeoutMs: Type.Integer({ minimum: 100, maximum: 60_000, default: 10_000, description: 'longest wait for the broker' }),
  },
  { additionalProperties: false },
)
type Options = Static<typeof options>

/** Speakers and sirens on an MQTT broker (一键警报广播): what to say goes out to all, and who has said it is counted. */
export const broadcast: ChannelType<typeof options> = {
  name: 'broadcast',
  options,
  secrets: ['password'],
  receipts: ['accepted', 'delivered'],
  addressOf: null,
  acknowledge: null,
  // A place that is shouted at all the time stops listening.
  quota: { messages: 6, perMs: 60_000 },
  textLimit: 500,

  open(settings, outside) {
    const url = readBroker(settings.url)
    return { send: (message, signal) => announce(settings, url, outside, message, signal) }
  },
}

function readBroker(text: string): URL {
  const example = 'mqtts://broadcast.example.org:8883'
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || (url.protocol !== 'mqtt:' && url.protocol !== 'mqtts:')) {
    throw new BadSetting('the broadcast address is not an mqtt or mqtts URL', { example })
  }
  if (url.username !== '' || url.password !== '') {
    throw new BadSetting('the broadcast address must not carry a user name or password', { example })
  }
  return url
}

/** A connection of its own for each announcement: rare as they are, a stale one would be found out when it matters. */
async function announce(settings: Options, url: URL, outside: Outside, message: Message, signal: AbortSignal): Promise<Sent> {
  const { topic, receiptTopic, receiptWaitMs, allowLoopback, timeoutMs } = settings
  const [pinned] = await outside.resolve(url.hostname, allowLoopback)
  // Not before the first announcement: most deployments start without.
  const { connect } = await import('mqtt')
  if (signal.aborted) throw new DeliveryFailed('sending was called off')
  const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const client = connect(clientOptions(settings, url, pinned!.address))
  const heard = new Set<string>()
  const reason = () => (within.aborted && !signal.aborted ? `no answer within ${timeoutMs} ms` : 'called off')
  try {
    await happens(client, 'connect', within, url, reason)
    if (receiptTopic !== undefined) {
      client.on('message', (_topic, payload) => note(heard, payload, message.id, settings.speakers))
      await orFail(client.subscribeAsync(receiptTopic, { qos: 1 }), client, within, url, reason)
    }
    const payload = JSON.stringify(payloadOf(message, outside.now() + settings.validMs))
    await orFail(client.publishAsync(topic, payload, { qos: 1 }), client, within, url, reason)
    if (receiptTopic !== undefined) await answers(client, heard, settings.speakers, receiptWaitMs, signal)
    return counted(settings, heard)
  } catch (error) {
    if (error instanceof DeliveryFailed && !signal.aborted) outside.unreachable(url.hostname)
    throw error
  } finally {
    client.end(true)
  }
}

const clientOptions = (
  { version, username, password, clientId, timeoutMs }: Options,
  url: URL,
  address: string,
): IClientOptions => ({
  protocol: url.protocol === 'mqtts:' ? 'mqtts' : 'mqtt',
  host: address,
  port: Number(url.port) || (url.protocol === 'mqtts:' ? 8883 : 1883),
  servername: url.hostname,
  protocolVersion: version === '5' ? 5 : 4,
  clientId,
  ...(username !== '' && { username }),
  ...(password !== '' && { password }),
  reconnectPeriod: 0,
  connectTimeout: timeoutMs,
})

/** Level and mode apart from the words, so that a siren can choose its sound and a drill is announced as one. */
const payloadOf = ({ id, kind, mode, level, text }: Message, validUntil: number) => ({
  version: 1,
  id,
  kind,
  mode,
  level,
  text,
  validUntil: new Date(validUntil).toISOString(),
})

function note(heard: Set<string>, payload: Buffer, id: string, speakers: readonly string[]): void {
  try {
    const told = JSON.parse(payload.toString('utf8')) as { id?: unknown; speaker?: unknown } | null
    if (told?.id !== id || typeof told.speaker !== 'string') return
    if (speakers.length === 0 ? heard.size < 1_000 : speakers.includes(told.speaker)) heard.add(told.speaker)
  } catch {
    // Not an answer to us.
  }
}

function counted({ speakers, receiptTopic }: Options, heard: Set<string>): Sent {
  if (receiptTopic === undefined) return { receipt: 'accepted', detail: 'broker took it; nobody answers' }
  const isWhole = speakers.length > 0 && heard.size === speakers.length
  const silent = speakers.filter((speaker) => !heard.has(speaker))
  const named = silent.length > 0 ? `; silent: ${silent.slice(0, 10).join(', ')}${silent.length > 10 ? ' …' : ''}` : ''
  const detail = speakers.length > 0 ? `${heard.size} of ${speakers.length} speakers${named}` : `${heard.size} speakers`
  return { receipt: isWhole ? 'delivered' : 'accepted', detail }
}

/** Until all have answered, the wait is over or it is called off: what was announced cannot be taken back either way. */
async function answers(client: MqttClient, heard: Set<string>, speakers: readonly string[], waitMs: number, signal: AbortSignal) {
  await new Promise<void>((done) => {
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      done()
    }
    const timer = setTimeout(finish, waitMs)
    signal.addEventListener('abort', finish)
    client.on('close', finish)
    client.on('message', () => {
      if (speakers.length > 0 && heard.size === speakers.length) finish()
    })
    if (speakers.length > 0 && heard.size === speakers.length) finish()
  })
}

type Failed = Error & { code?: number | string }

/** What a broker's refusal means (MQTT 3.1.1 §3.2.2.3, 5.0 §3.2.2.2): 4, 5, 134, 135 and so on are about who we are. */
function failureOf(error: Failed, url: URL): Error {
  const facts = { host: url.host, reason: error.code ?? error.name }
  const isUs = typeof error.code === 'number' && [1, 2, 4, 5, 132, 133, 134, 135, 138].includes(error.code)
  if (isUs) return new ChannelMisconfigured('the broker does not let us in', facts)
  return new DeliveryFailed('the broker could not be reached', facts)
}

function happens(client: MqttClient, event: 'connect', within: AbortSignal, url: URL, reason: () => string): Promise<void> {
  return orFail(new Promise<void>((done) => client.once(event, () => done())), client, within, url, reason)
}

/** The work, or the first thing that makes it impossible. */
function orFail<T>(work: Promise<T>, client: MqttClient, within: AbortSignal, url: URL, reason: () => string): Promise<T> {
  return new Promise((done, failed) => {
    const off = () => fail(new DeliveryFailed('the broker could not be reached', { host: url.host, reason: reason() }))
    const broke = (error: Failed) => fail(failureOf(error, url))
    const closed = () => fail(new DeliveryFailed('the broker hung up', { host: url.host, reason: 'closed' }))
    const clean = () => {
      within.removeEventListener('abort', off)
      client.off('error', broke).off('close', closed)
      // Whatever it says after this concerns nobody.
      client.on('error', () => undefined)
    }
    const fail = (error: Error) => (clean(), failed(error))
    within.addEventListener('abort', off)
    client.on('error', broke).on('close', closed)
    work.then(
      (value) => (clean(), done(value)),
      (error: Failed) =>
        fail(
          isRefusal(error)
            ? new DeliveryRefused('the broker refused the announcement', { host: url.host, reason: error.code })
            : failureOf(error, url),
        ),
    )
  })
}

/** Reason codes of a PUBACK that are about this payload or topic (MQTT 5.0 §3.4.2.1). */
const isRefusal = ({ code }: Failed): boolean => typeof code === 'number' && [144, 149, 153].includes(code)
