import { connectionDraft } from '../journal/codec.ts'
import type { ReadingBuffer } from './reading-buffer.ts'

/** Which devices are here, by how many ways; journalled when the first way opens and when the last one closes. */
export class Presence {
  #buffer: ReadingBuffer
  #present = new Map<string, { since: number; ways: Set<object> }>()

  constructor(buffer: ReadingBuffer) {
    this.#buffer = buffer
  }

  /** `way` is the connection, also for devices behind a gateway. */
  arrived(deviceId: string, way: object, at: number, reason: string): void {
    const present = this.#present.get(deviceId)
    if (present) {
      present.ways.add(way)
      return
    }
    this.#present.set(deviceId, { since: at, ways: new Set([way]) })
    this.#buffer.add(connectionDraft({ deviceId, connected: true, at, reason }))
  }

  left(deviceId: string, way: object, at: number, reason: string): void {
    const present = this.#present.get(deviceId)
    if (!present?.ways.delete(way) || present.ways.size > 0) return
    this.#present.delete(deviceId)
    this.#buffer.add(connectionDraft({ deviceId, connected: false, at, reason }))
  }

  since(deviceId: string): number | undefined {
    return this.#present.get(deviceId)?.since
  }

  get size(): number {
    return this.#present.size
  }
}
