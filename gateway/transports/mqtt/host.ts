import type { ReadingBuffer } from '../../reading-buffer.ts'
import type { BrokerSide } from './broker-side.ts'
import type { Connection } from './connection.ts'
import type { Policy } from './policy.ts'
import type { Sessions } from './sessions.ts'

export type Limits = {
  maxPacketBytes: number
  /** before a login nobody gets to hold more of our memory than this */
  maxLoginBytes: number
  maxSubscriptions: number
  /** QoS 2 messages waiting for their PUBREL, per session */
  maxAwaitingRelease: number
  loginTimeoutMs: number
  /** half a packet, or acks nobody reads */
  stuckTimeoutMs: number
}

/** What connections share. */
export type Host = {
  readonly policy: Policy
  readonly buffer: ReadingBuffer
  readonly sessions: Sessions
  readonly limits: Limits
  readonly figures: { droppedQos0: number; protocolErrors: number; refused: number; paused: number; resentQos2: number }
  /** the journal's clock, for what is stored */
  now(): number
  attach(side: BrokerSide): void
  gone(connection: Connection): void
}
