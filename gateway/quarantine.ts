import { Buffer } from 'node:buffer'
import type { Device } from '../core/registry.ts'
import { quarantineDraft } from '../journal/codec.ts'
import type { Fault } from './protocols/protocol.ts'
import type { ReadingBuffer } from './reading-buffer.ts'
import type { Sender } from './sender.ts'

export type Where = { source: string; topic: string | null; bytes: Uint8Array; start: number; end: number; receivedAt: number }

const MAX_PAYLOAD_BYTES = 16 << 10
/** Payloads kept whole per device since the start; after that they are counted (semantics 23). */
const KEPT_PAYLOADS = 1_000

/** What nobody could use, kept with the reason and shown to its owner. Goes to disk with the readings of its group. */
export class Quarantine {
  count = 0
  #buffer: ReadingBuffer

  constructor(buffer: ReadingBuffer) {
    this.#buffer = buffer
  }

  /** `whole`: the message's first fault carries its payload, the others only point into it. */
  put(sender: Sender, fault: Fault, where: Where, whole: boolean): void {
    this.count++
    if (sender.keptPayloads >= KEPT_PAYLOADS) {
      const counted = sender.countedOnly.get(fault.code)
      sender.countedOnly.set(fault.code, { count: (counted?.count ?? 0) + 1, key: fault.key, message: fault.message })
      return
    }
    const size = where.end - where.start
    const kept = whole
      ? Buffer.from(where.bytes.buffer, where.bytes.byteOffset + where.start, Math.min(size, MAX_PAYLOAD_BYTES))
      : null
    if (kept) sender.keptPayloads++
    this.#append(sender.device, fault, where, size, kept?.toString('base64') ?? null)
  }

  /** Something about a device that came with no payload: a refused login, a protocol version. */
  note(device: Device, fault: Fault, source: string, receivedAt: number): void {
    this.count++
    this.#append(device, fault, { source, topic: null, receivedAt }, 0, null)
  }

  /** Writes down what was only counted since the last time. */
  writeCounts(senders: Iterable<Sender>, receivedAt: number): void {
    for (const sender of senders) {
      if (sender.countedOnly.size === 0) continue
      for (const [code, { count, key, message }] of sender.countedOnly) {
        const fault = {
          code: code as Fault['code'],
          message: `${count} more, payloads not kept; the last: ${message}`,
          position: null,
          key,
        }
        this.#append(sender.device, fault, { source: `device ${sender.device.id}`, topic: null, receivedAt }, 0, null)
      }
      sender.countedOnly.clear()
    }
  }

  #append(
    device: Device,
    fault: Fault,
    where: Pick<Where, 'source' | 'topic' | 'receivedAt'>,
    bytes: number,
    payload: string | null,
  ): void {
    this.#buffer.add(
      quarantineDraft({
        receivedAt: where.receivedAt,
        deviceId: device.id,
        enterpriseId: device.enterpriseId,
        source: where.source,
        topic: where.topic,
        code: fault.code,
        message: fault.message,
        position: fault.position,
        key: fault.key,
        bytes,
        payload,
      }),
    )
  }
}
