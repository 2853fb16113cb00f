import type { Aedes } from 'aedes'
import type { IncomingMessage } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { BadSetting } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { WaitingRoom, type Place } from '../../core/waiting-room.ts'
import type { ReadingBuffer } from '../reading-buffer.ts'
import { openBroker } from './mqtt/broker.ts'
import { Connection } from './mqtt/connection.ts'
import type { Host, Limits } from './mqtt/host.ts'
import type { Peer, Policy } from './mqtt/policy.ts'
import { Sessions } from './mqtt/sessions.ts'

export type MqttConfig = {
  host: string
  mqttPort: number | null
  mqttsPort: number | null
  tls: { cert: Uint8Array; key: Uint8Array } | null
  maxPacketBytes: number
  maxConnections: number
  /** memory all those together may take that have not logged in yet */
  strangersBytes?: number
}

export type MqttTransport = {
  addresses: { name: string; url: string }[]
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  connections(): number
  figures(): Record<string, number>
  broker: Aedes
  stop(): Promise<void>
}

const CHECK_MS = 500
const BACKLOG = 4_096
const STOP_WAIT_MS = 1_000
const STRANGERS_BYTES = 64 << 20
/** Who has had this long without logging in makes room for the next. */
const GRACE_MS = 250
/** What a connection takes before it has sent anything (measured, rounded up). */
const COST = { mqtt: 8 << 10, ws: 16 << 10, mqtts: 64 << 10 }

/** MQTT 3.1 and 3.1.1 over TCP, TLS and WebSocket. Bytes only: what a message means is the policy's business. */
export async function startMqtt(
  config: MqttConfig,
  policyOf: (broker: Aedes) => Policy,
  buffer: ReadingBuffer,
  now: () => number,
  log: Log,
): Promise<MqttTransport> {
  const { broker, memory } = await openBroker(log)
  const connections = new Set<Connection>()
  const figures = { droppedQos0: 0, protocolErrors: 0, refused: 0, paused: 0, resentQos2: 0, turnedAway: 0 }
  const limits: Limits = {
    maxPacketBytes: config.maxPacketBytes,
    maxLoginBytes: Math.min(16_384, config.maxPacketBytes),
    maxSubscriptions: 1_000,
    maxAwaitingRelease: 1_000,
    loginTimeoutMs: 10_000,
    stuckTimeoutMs: 60_000,
  }
  const host: Host = {
    policy: policyOf(broker),
    buffer,
    sessions: new Sessions((name) => void memory.forget({ id: name })),
    limits,
    figures,
    now,
    attach: (side) => void broker.handle(side),
    gone: (connection) => void connections.delete(connection),
  }

  const room = new WaitingRoom(config.strangersBytes ?? STRANGERS_BYTES, GRACE_MS, () => performance.now())
  const enter = (socket: Duplex, over: keyof typeof COST): Place | null => {
    const isFull = connections.size >= config.maxConnections
    if (isFull) figures.turnedAway++
    const place = isFull ? null : room.enter(COST[over], () => void socket.destroy())
    if (place) return place
    socket.on('error', () => undefined)
    socket.destroy()
    return null
  }
  const accept = (socket: Duplex, peer: Peer, place: Place | null) => {
    if (place) connections.add(new Connection(socket, peer, host, place))
  }
  const acceptPlain = (socket: Socket) => {
    socket.setNoDelay(true)
    accept(socket, peerOf(socket.remoteAddress, 'mqtt'), enter(socket, 'mqtt'))
  }
  /** A handshake costs more than anything a stranger can do afterwards, so its place is taken before it. */
  const handshakes = new Map<string, Place>()
  const endOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`
  const beforeHandshake = (socket: Socket) => {
    const place = enter(socket, 'mqtts')
    if (!place) return
    const end = endOf(socket)
    handshakes.set(end, place)
    socket.once('close', () => {
      place.leave()
      if (handshakes.get(end) === place) handshakes.delete(end)
    })
  }
  const acceptSecure = (socket: Socket) => {
    const place = handshakes.get(endOf(socket))
    if (!place) return void socket.destroy()
    handshakes.delete(endOf(socket))
    socket.setNoDelay(true)
    accept(socket, peerOf(socket.remoteAddress, 'mqtts'), place)
  }

  const addresses: MqttTransport['addresses'] = []
  const servers: Server[] = []
  const listen = async (name: 'mqtt' | 'mqtts', server: Server, port: number) => {
    servers.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new BadSetting(
            `${name} cannot listen on ${config.host}:${port} (${error.code}); choose another port, or 0 for a free one, for example WATCHFIRE_${name.toUpperCase()}_PORT=${name === 'mqtt' ? 1884 : 8884}`,
          ),
        ),
      )
      server.listen({ host: config.host, port, backlog: BACKLOG }, resolve)
    })
    const { address, port: bound, family } = server.address() as AddressInfo
    addresses.push({ name, url: `${name}://${family === 'IPv6' ? `[${address}]` : address}:${bound}` })
  }
  if (config.mqttPort !== null) await listen('mqtt', createServer(acceptPlain), config.mqttPort)
  if (config.mqttsPort !== null && config.tls !== null) {
    const { cert, key } = config.tls
    const server = createTlsServer({ cert: Buffer.from(cert), key: Buffer.from(key), handshakeTimeout: 10_000 }, acceptSecure)
    server.prependListener('connection', beforeHandshake)
    server.on('tlsClientError', (error) => log.debug('TLS handshake failed', { error: error.message }))
    await listen('mqtts', server, config.mqttsPort)
  }

  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: config.maxPacketBytes + 16,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false),
  })

  const check = setInterval(() => {
    const monotonic = performance.now()
    const receivedAt = now()
    for (const connection of connections) connection.check(monotonic, receivedAt)
  }, CHECK_MS)

  return {
    addresses,
    broker,
    connections: () => connections.size,
    figures: () => ({
      watchfire_gateway_sockets: connections.size,
      watchfire_gateway_strangers: room.count,
      watchfire_gateway_stranger_bytes: room.bytes,
      watchfire_gateway_sockets_turned_away_total: figures.turnedAway + room.turnedAway,
      watchfire_gateway_protocol_errors_total: figures.protocolErrors,
      watchfire_gateway_qos0_dropped_total: figures.droppedQos0,
      watchfire_gateway_qos2_resent_total: figures.resentQos2,
      watchfire_gateway_offline_dropped_total: memory.dropped,
      watchfire_gateway_socket_pauses_total: figures.paused,
    }),
    handleUpgrade(request, socket, head) {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const stream = createWebSocketStream(webSocket)
        // Left to itself it waits to be ended from this side too, and a client that is gone would look connected.
        stream.once('end', () => stream.destroy())
        const place = enter(stream, 'ws')
        if (!place) return void socket.destroy()
        accept(stream, peerOf(request.socket.remoteAddress, 'ws'), countingAll(socket, place, limits.maxLoginBytes + 1_024))
      })
    },
    /** Reads nothing more, acknowledges what is on its way to the disk, then closes everything. */
    async stop() {
      clearInterval(check)
      for (const server of servers) server.close()
      for (const connection of connections) connection.quiesce()
      await Promise.race([buffer.settled(), new Promise((resolve) => setTimeout(resolve, STOP_WAIT_MS).unref())])
      for (const connection of connections) connection.close('platform stopped')
      await new Promise<void>((resolve) => broker.close(() => resolve()))
      webSockets.close()
    },
  }
}

/** A frame is held by the WebSocket's own reader until it is whole, so before a login all that came counts. */
function countingAll(socket: Duplex, place: Place, most: number): Place {
  let bytes = 0
  const count = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > most) socket.destroy()
    else place.hold(bytes)
  }
  socket.on('data', count)
  return {
    hold: () => undefined,
    renew: () => place.renew(),
    leave() {
      socket.off('data', count)
      place.leave()
    },
  }
}

function peerOf(address: string | undefined, over: Peer['over']): Peer {
  const plain = (address ?? '').replace(/^::ffff:/, '')
  return { address: plain, isLoopback: plain === '::1' || plain.startsWith('127.'), over }
}
