import type { Alarm, AlarmChangeKind } from './alarm.ts'
import type { Level } from './level.ts'
import type { Mode } from './mode.ts'

/**
 * How far a message is known to have come, in this order: 排队 → 通道已收 → 已送达 → 已读 → 已确认. What a channel cannot tell is
 * `no receipt` and is never shown as delivered.
 */
export const receipts = ['queued', 'accepted', 'delivered', 'read', 'acknowledged'] as const
export type Receipt = (typeof receipts)[number]

/**
 * Why a person is told: `alarm` calls for an acknowledgement, `update` is a change of it, `follow-up` ends a call ("taken by …"),
 * `roll-call` (点名) and `test` want an answer, `summary` stands for several messages, `report` is the written one (信息快报).
 */
export const messageKinds = ['alarm', 'update', 'follow-up', 'test', 'roll-call', 'summary', 'report'] as const
export type MessageKind = (typeof messageKinds)[number]

/** The recorded change of an alarm a message is about. */
export type AlarmNews = {
  change: AlarmChangeKind
  alarm: Alarm
  /** event time of the change */
  at: number
  recordedAt: number
  /** position of the change in the record: grows from one message of an alarm to the next */
  pos: number
  comment: string | null
}

/** Short words a provider's template may be filled with: text messages and calls leave no room for sentences. `by`: who took it over. */
export const messageVariables = ['enterprise', 'device', 'place', 'what', 'value', 'time', 'by'] as const
export type MessageVariable = (typeof messageVariables)[number]

/** Who gets it. The address is of the channel's kind; null where the channel itself is the address (a group's robot, a siren). */
export type Recipient = { personId: string | null; address: string | null }

/** One thing told to one recipient by one channel. */
export type Message = {
  /** The same whenever this message is sent again, so that a receiver can tell a repeat from news. Letters, digits and `._-` only. */
  id: string
  kind: MessageKind
  mode: Mode
  /** null where it is about no alarm */
  level: Level | null
  /** when the platform decided to send it */
  at: number
  alarm: AlarmNews | null
  /** whole sentences, with mode and level in front; no phone number or other contact, and a person's name only in a follow-up */
  text: { zh: string; en: string }
  /** a page that needs a login; opening it changes nothing */
  link: string | null
  to: Recipient
  variables: Partial<Record<MessageVariable, string>>
}

/** What a channel knows once it has sent: `providerId` is how the provider names the message in its callbacks. */
export type Sent = { receipt: 'accepted' | 'delivered'; detail: string; providerId?: string }

/** A request from a provider, as it came. */
export type CallbackRequest = {
  headers: Record<string, string | undefined>
  /** parameters of the address, decoded */
  query: Record<string, string>
  body: Uint8Array
}

/** What a provider tells of a message later. One of the two ids is there. */
export type ReceiptNews = {
  messageId: string | null
  providerId: string | null
  /** `failed`: it was accepted and could then not be delivered */
  receipt: 'delivered' | 'read' | 'acknowledged' | 'failed'
  /** the key pressed, the provider's status; no personal data */
  detail: string
  /** when it happened, by the provider; null: it does not say */
  at: number | null
}

/** What a provider gets for its callback. A wrong signature, an unknown channel and an old timestamp are thrown, not answered. */
export type CallbackAnswer = { status: number; contentType: string; body: string }

/** Where callbacks of providers go. Signature, age and repeats are judged behind this door; a repeat changes nothing. */
export interface Callbacks {
  receive(channel: string, request: CallbackRequest): Promise<CallbackAnswer>
}

/** What may be shown of a channel: nothing secret. */
export type ChannelFacts = {
  /** its name in the settings */
  name: string
  type: string
  /** what it can tell, `queued` left out; empty: no receipt */
  receipts: readonly Exclude<Receipt, 'queued'>[]
  /** key in `Contact.addresses`; null: it takes no address */
  addressOf: string | null
  /** how a recipient can take an alarm over by it */
  acknowledge: 'keypad' | 'link' | null
  quota: { messages: number; perMs: number } | null
  state: 'ok' | 'failing' | 'failed'
  /** a reason in words, null while it is ok */
  reason: string | null
}
