import { Buffer } from 'node:buffer'

/** Acks a connection owes: of the group that collects now, and of the one on its way to the disk. */
export class OwedAcks {
  /** type and packet id in one number */
  #collecting: number[] = []
  #sealed: number[] = []

  get any(): boolean {
    return this.#collecting.length > 0 || this.#sealed.length > 0
  }

  /** True for the first of its group. */
  owe(type: number, packetId: number): boolean {
    return this.#collecting.push((type << 16) | packetId) === 1
  }

  seal(): void {
    this.#sealed = this.#collecting
    this.#collecting = []
  }

  /** The packets of the sealed group, in the order they were owed (MQTT 3.1.1 §4.6). */
  take(): Buffer {
    const acks = this.#sealed
    this.#sealed = []
    const bytes = Buffer.allocUnsafe(acks.length * 4)
    for (let i = 0, at = 0; i < acks.length; i++) {
      const ack = acks[i]!
      bytes[at++] = ack >> 16
      bytes[at++] = 2
      bytes[at++] = (ack >> 8) & 0xff
      bytes[at++] = ack & 0xff
    }
    return bytes
  }
}
