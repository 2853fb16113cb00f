import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connectPacket, publishPacket } from './raw-mqtt-client.ts'

/**
 * A connection that only publishes and costs as little as it can: acknowledgements are counted where they lie. The same one
 * measures every server. `onAcks` is called with how many PUBACKs have come; they come in the order of the publishes.
 */
export class Publisher {
  readonly socket: Socket
  onAcks: (count: number) => void = () => undefined
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => undefined)
  }

  static async connect(port: number, clientId: string, username: string): Promise<Publisher> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const answer = once(socket, 'data') as Promise<[Buffer]>
    const closed = once(socket, 'close').then(() => null)
    socket.write(connectPacket({ clientId, keepAliveS: 600, ...(username !== '' && { username }) }))
    const first = await Promise.race([answer, closed])
    if (first?.[0][0] !== 0x20 || first[0][3] !== 0) {
      throw new Error(`connection refused: ${first ? first[0].toString('hex') : 'closed without an answer'}`)
    }
    return new Publisher(socket)
  }

  close(): void {
    this.socket.destroy()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    let acks = 0
    // Nothing longer than 127 bytes comes to a client that subscribes to nothing.
    while (at + 2 <= bytes.length && at + 2 + bytes[at + 1]! <= bytes.length) {
      if (bytes[at] === 0x40) acks++
      at += 2 + bytes[at + 1]!
    }
    this.#rest = bytes.subarray(at)
    if (acks > 0) this.onAcks(acks)
  }
}

/** Publishes built beforehand, sent round and round; packet ids follow the ring and so never repeat within a window. */
export class PacketRing {
  readonly size: number
  #bytes: Buffer
  #starts: number[]

  constructor(topic: string, payloads: string[]) {
    const packets = payloads.map((payload, i) => publishPacket(topic, payload, { id: i + 1 }))
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
