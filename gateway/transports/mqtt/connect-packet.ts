import { Buffer } from 'node:buffer'
import { readText } from './text.ts'

export type Will = { topic: string; payload: Uint8Array; qos: number; retain: boolean }

/** A CONNECT as the client sent it (MQTT 3.1.1 §3.1; 3.1 is level 3). */
export type ConnectRequest = {
  level: 3 | 4
  clean: boolean
  keepAliveS: number
  clientId: string
  will: Will | null
  username: string | null
  password: Uint8Array | null
}

export type ConnectOutcome =
  | { kind: 'request'; request: ConnectRequest }
  /** not one of the levels we speak; the user name as far as it could be found */
  | { kind: 'version'; level: number; username: string | null }
  /** not MQTT, or malformed: close without a word */
  | { kind: 'malformed'; why: string }

const malformed = (why: string): ConnectOutcome => ({ kind: 'malformed', why })

/** Reads the variable header and payload of a CONNECT that spans `start` to `end`. Stricter than the broker's own parser. */
export function readConnect(bytes: Uint8Array, start: number, end: number): ConnectOutcome {
  const fields = new Fields(bytes, start, end)
  const protocol = fields.text()
  const level = fields.byte()
  if (protocol === null || level === null) return malformed('no protocol name')
  const spoken = (protocol === 'MQTT' && level === 4) || (protocol === 'MQIsdp' && level === 3)
  if (!spoken) {
    if (protocol !== 'MQTT' && protocol !== 'MQIsdp') return malformed('not MQTT')
    return { kind: 'version', level, username: protocol === 'MQTT' && level === 5 ? usernameOfVersion5(fields) : null }
  }
  const flags = fields.byte()
  const keepAliveS = fields.number()
  if (flags === null || keepAliveS === null) return malformed('too short')
  const willQos = (flags >> 3) & 3
  const hasWill = (flags & 4) !== 0
  if ((flags & 1) !== 0) return malformed('reserved flag')
  if (willQos === 3) return malformed('will QoS 3')
  if (!hasWill && (flags & 0x38) !== 0) return malformed('will flags without a will')
  if ((flags & 0x40) !== 0 && (flags & 0x80) === 0) return malformed('password without a user name')
  const clientId = fields.text()
  if (clientId === null) return malformed('client id')
  let will: Will | null = null
  if (hasWill) {
    const topic = fields.text()
    const payload = fields.binary()
    if (topic === null || topic === '' || /[+#]/.test(topic) || payload === null) return malformed('will')
    will = { topic, payload: payload.slice(), qos: willQos, retain: (flags & 0x20) !== 0 }
  }
  const username = (flags & 0x80) !== 0 ? fields.text() : undefined
  const password = (flags & 0x40) !== 0 ? fields.binary() : undefined
  if (username === null || password === null) return malformed('user name or password')
  if (!fields.atEnd) return malformed('bytes after the last field')
  return {
    kind: 'request',
    request: {
      level: level as 3 | 4,
      clean: (flags & 2) !== 0,
      keepAliveS,
      clientId,
      will,
      username: username ?? null,
      password: password ? password.slice() : null,
    },
  }
}

/**
 * The CONNECT the broker gets to see: the session's name instead of the client's, no credentials, and no keep-alive, because
 * the transport watches over that itself (semantics 5, 24).
 */
export function writeConnect({ level, clean, will }: ConnectRequest, sessionName: string): Buffer {
  const flags = (clean ? 2 : 0) | (will ? 4 | (will.qos << 3) | (will.retain ? 0x20 : 0) : 0)
  const body = Buffer.concat([
    lengthPrefixed(level === 3 ? 'MQIsdp' : 'MQTT'),
    Buffer.from([level, flags, 0, 0]),
    lengthPrefixed(sessionName),
    ...(will ? [lengthPrefixed(will.topic), lengthPrefixed(will.payload)] : []),
  ])
  return Buffer.concat([Buffer.from([0x10]), remainingLength(body.length), body])
}

export const connack = (code: number): Buffer => Buffer.from([0x20, 2, 0, code])
/** MQTT 5 §3.2: "Unsupported Protocol Version", with no properties. */
export const connackVersion5 = Buffer.from([0x20, 3, 0, 0x84, 0])

export function lengthPrefixed(content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

export function remainingLength(length: number): Buffer {
  const bytes: number[] = []
  do {
    const rest = length >> 7
    bytes.push((length & 0x7f) | (rest > 0 ? 0x80 : 0))
    length = rest
  } while (length > 0)
  return Buffer.from(bytes)
}

/** MQTT 5 §3.1: only so far that the device's owner can be told whose firmware is too new. */
function usernameOfVersion5(fields: Fields): string | null {
  const flags = fields.byte()
  fields.number()
  fields.properties()
  fields.text()
  if (flags === null) return null
  if ((flags & 4) !== 0) {
    fields.properties()
    fields.text()
    fields.binary()
  }
  return (flags & 0x80) !== 0 ? fields.text() : null
}

/** The fields of a packet in order; null when one does not fit, and for all after it. */
export class Fields {
  at: number
  readonly end: number
  #bytes: Uint8Array

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.at = start
    this.end = end
  }

  get atEnd(): boolean {
    return this.at === this.end
  }

  byte(): number | null {
    return this.#has(1) ? this.#bytes[this.at++]! : null
  }

  number(): number | null {
    if (!this.#has(2)) return null
    this.at += 2
    return (this.#bytes[this.at - 2]! << 8) | this.#bytes[this.at - 1]!
  }

  binary(): Uint8Array | null {
    const length = this.number()
    if (length === null || !this.#has(length)) return null
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }

  text(): string | null {
    const length = this.number()
    if (length === null || !this.#has(length)) return null
    this.at += length
    return readText(this.#bytes, this.at - length, this.at)
  }

  /** MQTT 5: a length, then that many bytes. */
  properties(): void {
    let length = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte()
      if (byte === null) return
      length |= (byte & 0x7f) << shift
      if ((byte & 0x80) === 0) break
    }
    if (this.#has(length)) this.at += length
  }

  /** Once something did not fit, nothing after it can be trusted. */
  #has(bytes: number): boolean {
    if (this.at + bytes <= this.end) return true
    this.at = this.end + 1
    return false
  }
}
