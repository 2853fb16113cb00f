import type { Static, TSchema } from 'typebox'
import type { Alarm, AlarmChangeKind } from '../../core/alarm.ts'
import { PlatformError } from '../../core/errors.ts'
import type { Mode } from '../../core/mode.ts'

/** What people are told: one recorded change of one alarm. */
export type Notice = {
  /** The same whenever this notice is sent again, so a receiver can tell a repeat from news. */
  id: string
  mode: Mode
  change: AlarmChangeKind
  alarm: Alarm
  /** event time of the change */
  at: number
  /** when the platform recorded it */
  recordedAt: number
  /** position of the change in the record: grows from one notice of an alarm to the next */
  pos: number
  comment: string | null
  text: { zh: string; en: string }
}

/** A way to reach people, ready to use. */
export type Channel = {
  /**
   * Tries once. Resolves with what the receiver answered (for the record); throws `DeliveryRefused` when this notice will never
   * be taken, `ChannelMisconfigured` when none will, `DeliveryFailed` when it may work later. No secret and no address path
   * stands in an error.
   */
  send(notice: Notice, signal: AbortSignal): Promise<string>
}

/** A kind of channel: its name, its options, and how to open one. Opening connects to nothing. */
export type ChannelType<Options extends TSchema = TSchema> = {
  name: string
  options: Options
  open(options: Static<Options>, clock: { now(): number }): Channel
}

/** The channel will never accept this message; trying again only repeats the refusal. */
export class DeliveryRefused extends PlatformError {
  override readonly code = 'delivery-refused'
}

/** Not delivered, but it may work later. `retryAfterMs` is the receiver's own wish. */
export class DeliveryFailed extends PlatformError {
  override readonly code: string = 'delivery-failed'
  readonly retryAfterMs: number

  constructor(message: string, details: Record<string, unknown> = {}, retryAfterMs = 0) {
    super(message, details)
    this.retryAfterMs = retryAfterMs
  }
}

/** The receiver said no, but not to this notice as such: worth trying for a while, then it is a refusal. */
export class DeliveryRejected extends DeliveryFailed {
  override readonly code = 'delivery-rejected'
}

/** Nothing will get through until somebody puts the channel's settings, or the receiver's, right. */
export class ChannelMisconfigured extends PlatformError {
  override readonly code = 'channel-misconfigured'
}
