import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/*
 * MQTT 3.1.1 by hand, so that the load costs as little as it can: packets are built before the run and sent as slices of
 * one buffer, acknowledgements are counted where they lie. The same client measures every server.
 */

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function packet(first: number, ...body: Buffer[]): Buffer {
  const rest = Buffer.concat(body)
  const head = [first]
  for (let left = rest.length; ;) {
    const byte = left % 128
    left = Math.floor(left / 128)
    head.push(left > 0 ? byte | 128 : byte)
    if (left === 0) break
  }
  return Buffer.concat([Buffer.from(head), rest])
}

/** CONNECT (§3.1) with a clean session and a user name. */
export const connectPacket = (clientId: string, username: string, keepaliveSeconds = 600): Buffer =>
  packet(
    0x10,
    text('MQTT'),
    Buffer.from([4, username === '' ? 0x02 : 0x82, keepaliveSeconds >> 8, keepaliveSeconds & 255]),
    text(clientId),
    username === '' ? Buffer.alloc(0) : text(username),
  )

/** PUBLISH (§3.3) at QoS 1. */
export const publishPacket = (topic: string, payload: string | Buffer, packetId: number): Buffer =>
  packet(0x32, text(topic), Buffer.from([packetId >> 8, packetId & 255]), Buffer.from(payload))

/** A connection that has its CONNACK. `acked` is called with how many PUBACKs came and the packet id of the last. */
export class RawMqttClient {
  readonly socket: Socket
  onAcks: (count: number, lastPacketId: number) => void = () => undefined
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => undefined)
  }

  static async connect(port: number, clientId: string, username: string): Promise<RawMqttClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const answer = once(socket, 'data') as Promise<[Buffer]>
    const closed = once(socket, 'close').then(() => null)
    socket.write(connectPacket(clientId, username))
    const first = await Promise.race([answer, closed])
    if (first?.[0][0] !== 0x20 || first[0][3] !== 0) {
      throw new Error(`connection refused: ${first ? first[0].toString('hex') : 'closed without an answer'}`)
    }
    return new RawMqttClient(socket)
  }

  close(): void {
    this.socket.destroy()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    let acks = 0
    let last = 0
    while (at + 2 <= bytes.length) {
      let length = 0
      let shift = 0
      let body = at + 1
      let more = true
      while (more && body < bytes.length) {
        const byte = bytes[body++]!
        length |= (byte & 127) << shift
        shift += 7
        more = byte >= 128
      }
      if (more || body + length > bytes.length) break
      if (bytes[at] === 0x40) {
        acks++
        last = (bytes[body]! << 8) | bytes[body + 1]!
      }
      at = body + length
    }
    this.#rest = bytes.subarray(at)
    if (acks > 0) this.onAcks(acks, last)
  }
}

/** Publishes built beforehand, sent round and round; packet ids follow the ring and so never repeat within a window. */
export class PacketRing {
  readonly size: number
  #bytes: Buffer
  #starts: number[]

  constructor(topic: string, payloads: string[]) {
    const packets = payloads.map((payload, i) => publishPacket(topic, payload, i + 1))
    this.size = packets.length
    this.#bytes = Buffer.concat(packets)
    this.#starts = [0]
    for (const one of packets) this.#starts.push(this.#starts.at(-1)! + one.length)
  }

  /** Bytes of `count` packets from the `sent`-th on, as one or two slices. */
  slices(sent: number, count: number): Buffer[] {
    const from = sent % this.size
    const to = from + count
    if (to <= this.size) return [this.#bytes.subarray(this.#starts[from], this.#starts[to])]
    return [this.#bytes.subarray(this.#starts[from]), ...this.slices(0, to - this.size)]
  }
}
