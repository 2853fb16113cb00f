import { Aedes, type AedesPublishPacket, type Client } from 'aedes'
import mqemitter from 'mqemitter'
import type { Log } from '../../../core/log.ts'
import type { BrokerSide } from './broker-side.ts'
import { Connection, REFUSED } from './connection.ts'
import { OfflineMemory } from './offline.ts'

const DRAIN_TIMEOUT_MS = 2_000
const noop = () => {}

/**
 * The broker keeps sessions, subscriptions, offline queues, retained messages and wills, and writes to subscribers. Messages
 * from clients do not go through it unless a policy sends them there.
 */
export async function openBroker(log: Log): Promise<{ broker: Aedes; memory: OfflineMemory }> {
  const memory = new OfflineMemory(REFUSED)
  const broker = await Aedes.createBroker({
    persistence: memory,
    mq: emitterThatNeverBlocks(),
    drainTimeout: DRAIN_TIMEOUT_MS,
    // Checked before the broker sees it, where the client's own id is still known.
    maxClientsIdLength: 65_535,
    authenticate: (_client, _username, _password, done) => done(null, true),
    authorizeSubscribe: (_client, subscription, done) => done(null, subscription.topic.startsWith(REFUSED) ? null : subscription),
    // Only wills come this way. The answer "no" keeps the broker from routing it: the policy has already dealt with it.
    authorizePublish: (client, will, done) => {
      const connection = client && ownerOf(client)
      if (!connection?.link) return done(new Error('nobody to publish for'))
      const payload = Buffer.from(will.payload as Buffer)
      const { topic, qos, retain } = will
      connection.link.publish({ topic, qos, retain, bytes: payload, start: 0, end: payload.length, receivedAt: connection.now() })
      done(new Error('dealt with'))
    },
    // Each subscriber gets a packet of its own, so its topic may be put back into the words the client used.
    authorizeForward: (client, packet: AedesPublishPacket) => {
      const link = ownerOf(client)?.link
      if (link) packet.topic = link.topic(packet.topic)
      return packet
    },
  })
  broker.on('connackSent', (_packet, client) => ownerOf(client)?.ready())
  broker.on('clientError', (_client, error) => log.debug('broker closed a connection', { error: error.message }))
  broker.on('connectionError', (_client, error) => log.debug('broker refused a connection', { error: error.message }))
  return { broker, memory }
}

function ownerOf(client: Client): Connection | null {
  const { wire } = client.conn as unknown as BrokerSide
  return wire instanceof Connection ? wire : null
}

/** One subscriber that stops reading must not hold up the messages of anybody else: nobody waits for delivery. */
function emitterThatNeverBlocks(): unknown {
  const emitter = mqemitter({ concurrency: 0, matchEmptyLevels: true })
  const emit = emitter.emit.bind(emitter)
  emitter.emit = (message: Parameters<typeof emit>[0], done?: (error?: Error) => void) => {
    emit(message, noop)
    done?.()
    return emitter
  }
  return emitter
}
