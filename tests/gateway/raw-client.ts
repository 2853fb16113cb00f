import { Buffer } from 'node:buffer'
import { connect as connectTcp, type Socket } from 'node:net'

/*
 * MQTT 3.1.1 packets byte by byte, and a client that does only what it is told. Own code on purpose: it shares nothing with
 * the gateway's reading of the standard, can send what no proper client sends, and is fast enough to be the load generator.
 */

const utf8 = (text: string | Uint8Array) => {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

export function varint(value: number): Buffer {
  const bytes: number[] = []
  do {
    bytes.push((value % 128) | (value >= 128 ? 128 : 0))
    value = Math.floor(value / 128)
  } while (value > 0)
  return Buffer.from(bytes)
}

export const packet = (first: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([first]), varint(body.length), body])
}
const number = (value: number) => Buffer.from([value >> 8, value & 0xff])

export type ConnectOptions = {
  clientId?: string | Uint8Array
  username?: string | Uint8Array
  password?: string
  clean?: boolean
  keepAliveS?: number
  level?: number
  name?: string
  will?: { topic: string; payload: string; qos?: number }
  flags?: number
}

export function connectPacket(options: ConnectOptions = {}): Buffer {
  const { clientId = '', username, password, clean = true, keepAliveS = 0, level = 4, name = 'MQTT', will } = options
  const flags =
    options.flags ??
    (clean ? 2 : 0) |
      (username !== undefined ? 0x80 : 0) |
      (password !== undefined ? 0x40 : 0) |
      (will ? 4 | ((will.qos ?? 0) << 3) : 0)
  return packet(
    0x10,
    utf8(name),
    Buffer.from([level, flags]),
    number(keepAliveS),
    ...(level === 5 ? [Buffer.from([0])] : []),
    utf8(clientId),
    ...(will ? [utf8(will.topic), utf8(will.payload)] : []),
    ...(username !== undefined ? [utf8(username)] : []),
    ...(password !== undefined ? [utf8(password)] : []),
  )
}

export function publishPacket(
  topic: string | Uint8Array,
  payload: string | Uint8Array,
  { qos = 1, id = 1, dup = false, retain = false } = {},
): Buffer {
  const first = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
  return packet(first, utf8(topic), ...(qos > 0 ? [number(id)] : []), Buffer.from(payload as string))
}

export const subscribePacket = (id: number, ...filters: [string | Uint8Array, number][]): Buffer =>
  packet(0x82, number(id), ...filters.flatMap(([filter, qos]) => [utf8(filter), Buffer.from([qos])]))
export const ackPacket = (first: number, id: number): Buffer => packet(first, number(id))
export const pingPacket = Buffer.from([0xc0, 0])
export const disconnectPacket = Buffer.from([0xe0, 0])

export type Packet = { first: number; body: Buffer }

/** Cuts a byte stream into packets and hands each over. */
export function packetReader(handle: (packet: Packet) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    while (bytes.length - at >= 2) {
      let length = 0
      let header = 1
      let factor = 1
      let byte = 0x80
      while (byte >= 0x80 && at + header < bytes.length) {
        byte = bytes[at + header++]!
        length += (byte & 0x7f) * factor
        factor *= 128
      }
      if (byte >= 0x80 || at + header + length > bytes.length) break
      handle({ first: bytes[at]!, body: bytes.subarray(at + header, at + header + length) })
      at += header + length
    }
    rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : Buffer.alloc(0)
  }
}

/** One raw connection that keeps what it received and lets a test wait for it. */
export class RawClient {
  readonly socket: Socket
  readonly received: Packet[] = []
  closed = false
  #wake = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket
    socket.on(
      'data',
      packetReader((one) => {
        this.received.push({ first: one.first, body: Buffer.from(one.body) })
        this.#nudge()
      }),
    )
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.closed = true
      this.#nudge()
    })
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connectTcp({ port, host, noDelay: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawClient(socket)
  }

  /** Connects and logs in; the CONNACK's return code is in `received[0]`. */
  static async login(port: number, options: ConnectOptions): Promise<RawClient> {
    const client = await RawClient.open(port)
    client.send(connectPacket(options))
    await client.until(() => client.received.length > 0)
    return client
  }

  send(...packets: Uint8Array[]): void {
    this.socket.write(Buffer.concat(packets))
  }

  /** Waits until `done` or the connection has closed; false when neither happens in time. */
  async until(done: () => boolean, timeoutMs = 5_000): Promise<boolean> {
    const end = Date.now() + timeoutMs
    while (!done()) {
      if (this.closed || Date.now() >= end) return done()
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          this.#wake.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, end - Date.now())
        this.#wake.add(wake)
      })
    }
    return true
  }

  /** The first packet of this type received, waiting for it; undefined when the connection closed or it took too long. */
  async packet(first: number, timeoutMs?: number): Promise<Packet | undefined> {
    const find = () => this.received.find((one) => (one.first & 0xf0) === (first & 0xf0))
    await this.until(() => find() !== undefined, timeoutMs)
    return find()
  }

  async whenClosed(timeoutMs = 5_000): Promise<boolean> {
    await this.until(() => this.closed, timeoutMs)
    return this.closed
  }

  close(): void {
    this.socket.destroy()
  }

  #nudge(): void {
    for (const wake of [...this.#wake]) wake()
  }
}
