import type { Message, Sent } from '../../core/push.ts'
import { type Channel, DeliveryFailed, type Quota } from '../channels/index.ts'
import { bundle } from './bundle.ts'

type Waiting = { message: Message; done: (sent: Sent) => void; failed: (error: unknown) => void; left: () => void }

/**
 * Keeps a channel within its provider's quota: no window ever holds more. Most of it goes out at once; the last quarter is kept
 * for bundles, evenly spaced, so that in a flood a red waits for a part of the window and not for the whole of it. Nothing is
 * dropped: who waits is told what became of the bundle, or leaves it.
 */
export class PacedChannel implements Channel {
  readonly callback?: NonNullable<Channel['callback']>
  #channel: Channel
  #now: () => number
  #perMs: number
  #direct: number
  #spacingMs: number
  #textLimit: number
  #sentAt: number[] = []
  #bundledAt = -Infinity
  #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #closing = new AbortController()

  constructor(channel: Channel, { messages, perMs }: Quota, textLimit: number, now: () => number) {
    this.#channel = channel
    if (channel.callback) this.callback = channel.callback.bind(channel)
    const kept = Math.max(1, Math.floor(messages / 4))
    this.#direct = messages - kept
    this.#spacingMs = Math.ceil(perMs / kept)
    this.#perMs = perMs
    this.#textLimit = textLimit
    this.#now = now
  }

  get waiting(): number {
    return this.#waiting.length
  }

  async send(message: Message, signal: AbortSignal): Promise<Sent> {
    signal.throwIfAborted()
    const now = this.#now()
    this.#sentAt = this.#sentAt.filter((at) => now - at < this.#perMs)
    if (this.#waiting.length === 0 && this.#sentAt.length < this.#direct) {
      this.#sentAt.push(now)
      return this.#channel.send(message, signal)
    }
    return this.#wait(message, signal)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closing.abort()
    for (const one of this.#waiting.splice(0)) one.failed(new DeliveryFailed('the channel is closed'))
    await this.#channel.close?.()
  }

  #wait(message: Message, signal: AbortSignal): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const off = () => {
        this.#waiting = this.#waiting.filter((other) => other !== one)
        one.failed(new DeliveryFailed('sending was called off', { sent: false }))
      }
      const left = () => signal.removeEventListener('abort', off)
      const one: Waiting = {
        message,
        left,
        done: (sent) => (left(), resolve(sent)),
        failed: (error) => (left(), reject(error as Error)),
      }
      signal.addEventListener('abort', off)
      this.#waiting.push(one)
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#waiting.length === 0 || this.#closing.signal.aborted) return
    clearTimeout(this.#timer)
    const due = Math.max(0, this.#bundledAt + this.#spacingMs - this.#now())
    // At least a moment, so that what comes together goes together.
    this.#timer = setTimeout(() => this.#flush(), Math.max(due, Math.min(500, this.#spacingMs)))
  }

  /** The worst bundle leaves; what it does not hold waits for the next one. */
  #flush(): void {
    const [first] = bundle(
      this.#waiting.map(({ message }) => message),
      this.#textLimit,
    )
    if (!first) return
    const taken = new Set(first.of)
    const leaving = this.#waiting.filter(({ message }) => taken.has(message))
    this.#waiting = this.#waiting.filter(({ message }) => !taken.has(message))
    this.#bundledAt = this.#now()
    this.#channel.send(first.message, this.#closing.signal).then(
      (sent) => {
        const detail =
          first.of.length === 1 ? sent.detail : `${sent.detail}, in ${first.message.id} with ${first.of.length - 1} more`
        for (const one of leaving) one.done({ ...sent, detail })
      },
      (error) => {
        for (const one of leaving) one.failed(error)
      },
    )
    this.#schedule()
  }
}
