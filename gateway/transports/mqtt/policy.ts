import type { ConnectRequest } from './connect-packet.ts'

/** Who is at the other end of a socket. */
export type Peer = { address: string; isLoopback: boolean; over: 'mqtt' | 'mqtts' | 'ws' | 'http' }

/** CONNACK return codes of MQTT 3.1.1 §3.2.2.3. */
export const refusalCodes = { protocol: 1, clientId: 2, unavailable: 3, credentials: 4, notAuthorized: 5 } as const
export type RefusalCode = (typeof refusalCodes)[keyof typeof refusalCodes]

export type Published = {
  topic: string
  qos: number
  retain: boolean
  bytes: Uint8Array
  start: number
  end: number
  receivedAt: number
}

/** What one accepted connection may do. The transport speaks MQTT; this decides what it means. */
export interface Link {
  /** Sessions belong to it: no other credential can take them over (semantics 24). */
  readonly credential: string
  /** Once per chunk from the socket: false when the credential is no longer good and the connection has to close. */
  refresh(now: number): boolean
  /** False when the sender is over its rate: nothing was taken, try again in `waitMs`. */
  mayPublish(): boolean
  readonly waitMs: number
  publish(message: Published): void
  /** A packet over the limit was announced: nothing of it is read, and the connection ends. */
  tooLarge(what: string, at: number): void
  /** The broker's own name of a filter this link may subscribe to, null when it may not. */
  filter(asked: string): string | null
  /** The other way round, for a message on its way to the client. */
  topic(internal: string): string
  closed(reason: string, at: number): void
}

export interface Policy {
  /** A reason why even the credential need not be looked at: too many connections, wrong protocol version. */
  admit(request: ConnectRequest, peer: Peer, now: number): Link | RefusalCode
  /** A CONNECT of a protocol version we do not speak, as far as it could be read. */
  wrongVersion(version: number, username: string | null, peer: Peer, now: number): void
}
