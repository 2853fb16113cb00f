import { connectionDraft } from '../journal/codec.ts'
import type { ReadingBuffer } from './reading-buffer.ts'

type Change = { connected: boolean; at: number; reason: string; via?: string }

/** Which devices are here, by how many ways; journalled when the first way opens and when the last one closes. */
export class Presence {
  #buffer: Pick<ReadingBuffer, 'add' | 'full' | 'whenRoom'>
  #present = new Map<string, { since: number; ways: Set<object> }>()
  /** Not journalled yet, because the disk does not keep up: the last change of each device. */
  #owed = new Map<string, Change>()

  constructor(buffer: Pick<ReadingBuffer, 'add' | 'full' | 'whenRoom'>) {
    this.#buffer = buffer
  }

  /** `way` is the connection, also for devices behind a gateway; `via`: that gateway. */
  arrived(deviceId: string, way: object, at: number, reason: string, via?: string): void {
    const present = this.#present.get(deviceId)
    if (present) {
      present.ways.add(way)
      return
    }
    this.#present.set(deviceId, { since: at, ways: new Set([way]) })
    this.#write(deviceId, { connected: true, at, reason, ...(via !== undefined && { via }) })
  }

  left(deviceId: string, way: object, at: number, reason: string, via?: string): void {
    const present = this.#present.get(deviceId)
    if (!present?.ways.delete(way) || present.ways.size > 0) return
    this.#present.delete(deviceId)
    this.#write(deviceId, { connected: false, at, reason, ...(via !== undefined && { via }) })
  }

  since(deviceId: string): number | undefined {
    return this.#present.get(deviceId)?.since
  }

  get size(): number {
    return this.#present.size
  }

  /** A device that comes and goes while nothing can be written costs one entry, not one each time. */
  #write(deviceId: string, change: Change): void {
    if (this.#owed.size === 0 && !this.#buffer.full) return this.#buffer.add(connectionDraft({ deviceId, ...change }))
    if (this.#owed.size === 0) this.#buffer.whenRoom(this.#pay)
    this.#owed.set(deviceId, change)
  }

  #pay = (): void => {
    for (const [deviceId, change] of this.#owed) {
      if (this.#buffer.full) return this.#buffer.whenRoom(this.#pay)
      this.#owed.delete(deviceId)
      this.#buffer.add(connectionDraft({ deviceId, ...change }))
    }
  }
}
