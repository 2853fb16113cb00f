import { worried, worry } from '../../core/part-words.ts'
import { BadSetting, NotFound } from '../../core/errors.ts'
import type { PartAlarm, PartStatus } from '../../core/part.ts'
import type { CallbackAnswer, CallbackRequest, ChannelFacts, Message, ReceiptNews, Sent } from '../../core/push.ts'
import {
  type Channel,
  ChannelMisconfigured,
  channelTypes,
  type ChannelType,
  DeliveryFailed,
  type Outside,
} from '../channels/index.ts'
import { readOptions } from './options.ts'
import { PacedChannel } from './paced.ts'

/** The section `channels` as it stands in the settings, and what the environment says of it. */
export type ChannelSettings = { named: Record<string, unknown>; fromEnvironment: Record<string, string> }

type Named = { name: string; type: ChannelType; options: Record<string, unknown> }
type Open = Named & { channel: Channel; failedAt: number[]; misconfigured: boolean; reason: string | null }

/** So many failures within so long mean that a channel fails (ux.md B4), and that the next one is tried at once. */
const FAILING = { failures: 3, withinMs: 5 * 60_000 }
/** What the pages are called in a ladder. */
const reserved = new Set(['app', 'desk', 'wall'])

/** Reads the section whole; raises `BadSetting` naming channel and option, never what stands there. */
export function readChannels({ named, fromEnvironment }: ChannelSettings): Named[] {
  const unused = new Set(Object.keys(fromEnvironment))
  const all = Object.entries(named).map(([name, given]) => {
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name) || reserved.has(name)) {
      throw new BadSetting(`channels: a name is small letters, digits and dashes, and none of ${[...reserved].join(', ')}`, {
        example: 'duty-mail',
      })
    }
    const setting = `channels.${name}`
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw new BadSetting(`${setting} is no group of lines`, { setting })
    const { type: typeName, ...options } = given as Record<string, unknown>
    const type = typeof typeName === 'string' ? channelTypes.get(typeName) : undefined
    if (!type) throw new BadSetting(`${setting}.type is none of ${[...channelTypes.keys()].join(', ')}`, { setting })
    for (const secret of type.secrets) {
      const variable = variableOf(name, secret)
      if (fromEnvironment[variable] === undefined) continue
      options[secret] = fromEnvironment[variable]
      unused.delete(variable)
    }
    return { name, type, options: readOptions(type, options, name) }
  })
  const [first] = unused
  if (first !== undefined) throw new BadSetting(`${first} is the secret of no channel in the settings`, { setting: first })
  return all
}

const variableOf = (name: string, option: string): string =>
  `WATCHFIRE_CHANNEL_${name}_${option.replace(/[A-Z]/g, (letter) => `_${letter}`)}`.replaceAll('-', '_').toUpperCase()

/** Options as they may be shown: secrets are only there or not. */
export const redacted = ({ type, options }: Pick<Named, 'type' | 'options'>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, type.secrets.includes(name) && value !== '' ? '•••' : value]),
  )

/** The deployment's channels by name: sends by one of them, remembers how each has been doing, takes their callbacks. */
export class ChannelBook {
  #channels = new Map<string, Open>()
  #now: () => number
  #counts = { sent: 0, failed: 0 }

  constructor(settings: ChannelSettings, outside: Outside) {
    this.#now = () => outside.now()
    for (const named of readChannels(settings)) {
      const { type } = named
      const bare = opened(named, outside)
      const channel = type.quota ? new PacedChannel(bare, type.quota, type.textLimit, this.#now) : bare
      this.#channels.set(named.name, { ...named, channel, failedAt: [], misconfigured: false, reason: null })
    }
  }

  names(): string[] {
    return [...this.#channels.keys()]
  }

  facts(): ChannelFacts[] {
    return [...this.#channels.values()].map((one) => ({
      name: one.name,
      type: one.type.name,
      receipts: [...one.type.receipts, ...((one.channel.callback && one.type.later) ?? [])],
      addressOf: one.type.addressOf,
      acknowledge: one.type.acknowledge === 'keypad' && !one.channel.callback ? null : one.type.acknowledge,
      quota: one.type.quota,
      state: this.#stateOf(one),
      reason: this.#stateOf(one) === 'ok' ? null : one.reason,
    }))
  }

  /** Tries once by the channel of that name; the errors are the channel's. May wait for the provider's quota. */
  async send(name: string, message: Message, signal: AbortSignal): Promise<Sent> {
    const one = this.#find(name)
    try {
      const sent = await one.channel.send(message, signal)
      this.#counts.sent++
      one.failedAt = []
      one.misconfigured = false
      return sent
    } catch (error) {
      if (!signal.aborted) this.#missed(one, error)
      throw error
    }
  }

  /** Raises `NotFound` or `CallbackRefused`. */
  callback(name: string, request: CallbackRequest): { news: ReceiptNews[]; answer: CallbackAnswer } {
    const { callback } = this.#find(name).channel
    if (!callback) throw new NotFound('there is no such channel, or it takes no callbacks')
    return callback(request, this.#now())
  }

  status(): PartStatus {
    const troubled = [...this.#channels.values()].filter((one) => this.#stateOf(one) !== 'ok')
    const figures: Record<string, number> = {
      watchfire_channels: this.#channels.size,
      watchfire_channels_failing: troubled.length,
      watchfire_channel_sent_total: this.#counts.sent,
      watchfire_channel_failed_attempts_total: this.#counts.failed,
    }
    if (troubled.length === 0) return { name: 'channels', state: 'ok', figures, alarms: [] }
    const says = troubled.map(({ name, reason }) => worry('channel-fails', { name, reason: reason ?? '' }))
    return { name: 'channels', state: 'degraded', ...worried(...says), figures, alarms: troubled.map(alarmOf) }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#channels.values()].map(({ channel }) => channel.close?.()))
  }

  #find(name: string): Open {
    const one = this.#channels.get(name)
    if (!one) throw new NotFound('there is no such channel, or it takes no callbacks')
    return one
  }

  #missed(one: Open, error: unknown): void {
    const now = this.#now()
    this.#counts.failed++
    if (error instanceof ChannelMisconfigured) one.misconfigured = true
    else if (error instanceof DeliveryFailed) one.failedAt = [...one.failedAt.filter((at) => now - at < FAILING.withinMs), now]
    else return
    one.reason = error.message
  }

  #stateOf({ misconfigured, failedAt }: Open): ChannelFacts['state'] {
    if (misconfigured) return 'failed'
    const now = this.#now()
    return failedAt.filter((at) => now - at < FAILING.withinMs).length >= FAILING.failures ? 'failing' : 'ok'
  }
}

/** The kind knows its options, not what the settings call it. */
function opened({ name, type, options }: Named, outside: Outside): Channel {
  try {
    return type.open(options, outside)
  } catch (error) {
    if (!(error instanceof BadSetting)) throw error
    throw new BadSetting(`channels.${name}: ${error.message}`, { ...error.details, setting: `channels.${name}` })
  }
}

const alarmOf = ({ name, reason }: Open): PartAlarm => ({
  code: `channel.${name}`,
  text: { zh: `通知通道 ${name} 发送失败：${reason ?? ''}`, en: `channel ${name} does not deliver: ${reason ?? ''}` },
})
