import type { QuarantineCode } from '../../core/quarantine.ts'

/** No time was sent: the platform assigns one. */
export const NO_TIME = NaN
/** A time was sent, but nothing that could be read as one: the reading is kept and its clock is doubted. */
export const UNREADABLE_TIME = -Infinity

/** A part of a message that could not be used. `position` is a byte of the payload, null where none can be named. */
export type Fault = { code: QuarantineCode; message: string; position: number | null; key: string | null }
export type AttributeValue = string | number | boolean | null

/**
 * What a message says, told in its order. Nothing is told before the whole message has been read, so one that turns out
 * broken in its last byte tells only its fault. A session keeps nothing of what it tells.
 */
export interface Meaning {
  /** What follows is about this device behind the sender. False: nobody knows it, so what it says is left out. */
  about(device: string, position: number): boolean
  /** `time` is what the device's clock said (ms UTC), or `NO_TIME`, or `UNREADABLE_TIME`. */
  reading(key: string, value: number, time: number): void
  attributes(values: Map<string, AttributeValue>): void
  /** A device behind the sender came or went. */
  presence(connected: boolean): void
  /** The device's answer to a command. */
  response(requestId: string): void
  fault(fault: Fault): void
}

/** Bytes in, meaning out: no socket, no clock, no log, and no input that makes it throw. */
export interface Session {
  /** Whether messages of this topic are the protocol's, and of use from such a sender (one with devices behind it, or not). */
  understands(topic: string, hasDevicesBehind: boolean): boolean
  /** One message: `bytes` from `start` to `end`. */
  receive(topic: string, bytes: Uint8Array, start: number, end: number, meaning: Meaning): void
}

export interface Protocol {
  name: string
  /** Topics a device may subscribe to: exact, or ending in `+` for one level. */
  commandTopics: { topic: string; needsDevicesBehind: boolean }[]
  open(): Session
}
