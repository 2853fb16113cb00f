import { Buffer } from 'node:buffer'
import { Fields, lengthPrefixed, remainingLength } from './connect-packet.ts'

export type Subscribe = { packetId: number; filters: { filter: string; qos: number }[] }
export type Unsubscribe = { packetId: number; filters: string[] }

/** The body of a SUBSCRIBE (MQTT 3.1.1 §3.8); null when malformed, which ends the connection. */
export function readSubscribe(bytes: Uint8Array, start: number, end: number): Subscribe | null {
  const fields = new Fields(bytes, start, end)
  const packetId = fields.number()
  const filters: Subscribe['filters'] = []
  while (fields.at < end) {
    const filter = fields.text()
    const qos = fields.byte()
    if (filter === null || !isFilter(filter) || qos === null || qos > 2) return null
    filters.push({ filter, qos })
  }
  return packetId && filters.length > 0 && fields.atEnd ? { packetId, filters } : null
}

export function readUnsubscribe(bytes: Uint8Array, start: number, end: number): Unsubscribe | null {
  const fields = new Fields(bytes, start, end)
  const packetId = fields.number()
  const filters: string[] = []
  while (fields.at < end) {
    const filter = fields.text()
    if (filter === null || !isFilter(filter)) return null
    filters.push(filter)
  }
  return packetId && filters.length > 0 && fields.atEnd ? { packetId, filters } : null
}

export function writeSubscribe({ packetId, filters }: Subscribe): Buffer {
  return packet(
    0x82,
    packetId,
    filters.flatMap(({ filter, qos }) => [lengthPrefixed(filter), Buffer.from([qos])]),
  )
}

export const writeUnsubscribe = ({ packetId, filters }: Unsubscribe): Buffer =>
  packet(0xa2, packetId, filters.map(lengthPrefixed))

function packet(first: number, packetId: number, parts: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from([packetId >> 8, packetId & 0xff]), ...parts])
  return Buffer.concat([Buffer.from([first]), remainingLength(body.length), body])
}

/** MQTT 3.1.1 §4.7.1: `#` only as the whole last level, `+` only as a whole level; deeper than the broker matches is refused. */
function isFilter(filter: string): boolean {
  if (filter === '') return false
  const levels = filter.split('/')
  return (
    levels.length <= 100 &&
    levels.every((level, i) => level === '+' || (level === '#' && i === levels.length - 1) || !/[+#]/.test(level))
  )
}
