import type { Device } from '../core/registry.ts'
import { rangeOf, type Range } from './check.ts'
import type { AttributeValue } from './protocols/protocol.ts'

/** One series of a device as the hot path needs it. */
export type Slot = { series: number; range: Range | null; lastAssigned: number }

/** A device as the gateway knows it while it runs: its row in the registry and what was found out about it since. */
export class Sender {
  device: Device
  readonly slots = new Map<string, Slot>()
  /** Series outside the catalogue or with a channel: names the device makes up, so their number is bounded. */
  madeUpSeries: number
  /** Unreadable payloads kept whole so far, and what was only counted afterwards. */
  keptPayloads = 0
  keptSince = 0
  readonly countedOnly = new Map<string, { count: number; key: string | null; message: string }>()
  /** What the device last said about itself, as recorded. */
  readonly attributes = new Map<string, AttributeValue>()
  attributeChanges = 0
  attributeChangesSince = 0
  refusedLogins = 0
  lastRefusedLoginAt = 0
  tooLargePackets = 0
  lastTooLargeAt = 0
  /** Messages it may still send in this moment; refilled as time goes by, shared by all its connections. */
  #allowance: number
  #refilledAt = 0
  #perMs: number
  #burst: number

  constructor(device: Device, messagesPerSecond: number, madeUpSeries: number) {
    this.device = device
    this.madeUpSeries = madeUpSeries
    this.#burst = messagesPerSecond
    this.#perMs = messagesPerSecond / 1000
    this.#allowance = messagesPerSecond
  }

  get isGateway(): boolean {
    return this.device.kind === 'gateway'
  }

  /** Takes over a changed row of the registry. */
  update(device: Device): void {
    this.device = device
    for (const [key, slot] of this.slots) slot.range = rangeOf(key, device.attributes)
  }

  refill(now: number): void {
    if (now <= this.#refilledAt) return
    this.#allowance = Math.min(this.#burst, this.#allowance + (now - this.#refilledAt) * this.#perMs)
    this.#refilledAt = now
  }

  /** False when the device has sent more than its rate allows. */
  spend(): boolean {
    if (this.#allowance < 1) return false
    this.#allowance--
    return true
  }

  /** How long until a tenth of a second's worth of messages is allowed again. */
  get waitMs(): number {
    return Math.max(1, Math.ceil((Math.max(1, this.#burst / 10) - this.#allowance) / this.#perMs))
  }
}
