import { createRequire } from 'node:module'
import type { AedesPublishPacket } from 'aedes'

type ClientId = { id: string }
type Subscription = { clientId: string; topic: string; qos: number }

/** The part of the broker's memory persistence that is bounded here. */
interface MemoryPersistence {
  outgoingEnqueue(subscription: { clientId: string }, packet: AedesPublishPacket): Promise<void>
  outgoingEnqueueCombi(subscriptions: Subscription[], packet: AedesPublishPacket): Promise<void>
  outgoingClearMessageId(client: ClientId, packet: AedesPublishPacket): Promise<AedesPublishPacket | undefined>
  outgoingStream(client: ClientId): AsyncIterable<AedesPublishPacket>
  addSubscriptions(client: ClientId, subscriptions: Subscription[]): Promise<void>
  cleanSubscriptions(client: ClientId): Promise<void>
  cleanIncoming(client: ClientId): Promise<void>
  storeRetained(packet: AedesPublishPacket): Promise<void>
}

// The package's main export is its callback flavour; the broker wants the async one, which has no types of its own.
const Memory = createRequire(import.meta.url)('aedes-persistence/asyncPersistence.js') as new () => MemoryPersistence

const MAX_QUEUED = 1_000
const MAX_RETAINED = 10_000

/** Sessions, offline queues and retained messages in memory, each with an end: a client that never comes back costs a known amount. */
export class OfflineMemory extends Memory {
  dropped = 0
  #queued = new Map<string, number>()
  #retained = new Set<string>()
  #refusedPrefix: string

  constructor(refusedPrefix: string) {
    super()
    this.#refusedPrefix = refusedPrefix
  }

  override addSubscriptions(client: ClientId, subscriptions: Subscription[]): Promise<void> {
    const granted = subscriptions.filter(({ topic }) => !topic.startsWith(this.#refusedPrefix))
    return granted.length === 0 ? Promise.resolve() : super.addSubscriptions(client, granted)
  }

  override outgoingEnqueue(subscription: { clientId: string }, packet: AedesPublishPacket): Promise<void> {
    return this.#take(subscription.clientId) ? super.outgoingEnqueue(subscription, packet) : Promise.resolve()
  }

  override outgoingEnqueueCombi(subscriptions: Subscription[], packet: AedesPublishPacket): Promise<void> {
    return super.outgoingEnqueueCombi(
      subscriptions.filter(({ clientId }) => this.#take(clientId)),
      packet,
    )
  }

  override async outgoingClearMessageId(client: ClientId, packet: AedesPublishPacket): Promise<AedesPublishPacket | undefined> {
    const cleared = await super.outgoingClearMessageId(client, packet)
    if (cleared) {
      const left = (this.#queued.get(client.id) ?? 1) - 1
      if (left > 0) this.#queued.set(client.id, left)
      else this.#queued.delete(client.id)
    }
    return cleared
  }

  override async storeRetained(packet: AedesPublishPacket): Promise<void> {
    if (packet.payload.length === 0) this.#retained.delete(packet.topic)
    else if (this.#retained.size >= MAX_RETAINED && !this.#retained.has(packet.topic)) return void this.dropped++
    else this.#retained.add(packet.topic)
    await super.storeRetained(packet)
  }

  /** A session nobody will come back to. */
  async forget(client: ClientId): Promise<void> {
    await this.cleanSubscriptions(client)
    await this.cleanIncoming(client)
    for await (const packet of this.outgoingStream(client)) await this.outgoingClearMessageId(client, packet)
    this.#queued.delete(client.id)
  }

  #take(clientId: string): boolean {
    const queued = this.#queued.get(clientId) ?? 0
    if (queued >= MAX_QUEUED) {
      this.dropped++
      return false
    }
    this.#queued.set(clientId, queued + 1)
    return true
  }
}
