import { Buffer } from 'node:buffer'
import type { Device } from '../core/registry.ts'
import { quarantineDraft } from '../journal/codec.ts'
import type { Fault } from './protocols/protocol.ts'
import type { ReadingBuffer } from './reading-buffer.ts'
import type { Sender } from './sender.ts'

export type Where = { source: string; topic: string | null; bytes: Uint8Array; start: number; end: number; receivedAt: number }

const MAX_PAYLOAD_BYTES = 16 << 10
/** Payloads kept whole per device; after that they are counted (semantics 23), until those kept have been forgotten. */
const KEPT_PAYLOADS = 1_000
const KEPT_MS = 30 * 86_400_000
/** Entries one message may make; what is wrong with it beyond that is counted, or a small message could fill a disk. */
const ENTRIES_A_MESSAGE = 128

/** What nobody could use, kept with the reason and shown to its owner. Goes to disk with the readings of its group. */
export class Quarantine {
  count = 0
  #buffer: Pick<ReadingBuffer, 'add' | 'full'>

  constructor(buffer: Pick<ReadingBuffer, 'add' | 'full'>) {
    this.#buffer = buffer
  }

  /** `earlier`: how many faults of the same message came before. The first carries its payload, the others only point into it. */
  put(sender: Sender, fault: Fault, where: Where, earlier: number): void {
    this.count++
    if (where.receivedAt - sender.keptSince >= KEPT_MS) {
      sender.keptSince = where.receivedAt
      sender.keptPayloads = 0
    }
    if (sender.keptPayloads >= KEPT_PAYLOADS || earlier >= ENTRIES_A_MESSAGE) {
      const counted = sender.countedOnly.get(fault.code)
      sender.countedOnly.set(fault.code, { count: (counted?.count ?? 0) + 1, key: fault.key, message: fault.message })
      return
    }
    const size = where.end - where.start
    const kept =
      earlier === 0
        ? Buffer.from(where.bytes.buffer, where.bytes.byteOffset + where.start, Math.min(size, MAX_PAYLOAD_BYTES))
        : null
    if (kept) sender.keptPayloads++
    this.#append(sender.device, fault, where, size, kept?.toString('base64') ?? null)
  }

  /**
   * Something about a device that came with no payload: a refused login, a protocol version. False while there is no room:
   * whoever causes it is not paused by a full buffer, as a sender is.
   */
  note(device: Device, fault: Fault, source: string, receivedAt: number): boolean {
    if (this.#buffer.full) return false
    this.count++
    this.#append(device, fault, { source, topic: null, receivedAt }, 0, null)
    return true
  }

  /** Writes down what was only counted since the last time. */
  writeCounts(senders: Iterable<Sender>, receivedAt: number): void {
    for (const sender of senders) {
      if (this.#buffer.full) return
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
