import { Buffer } from 'node:buffer'

/** Takes the packet that spans `start` to `end` with its body from `body`; false leaves it, and all after it, for later. */
export type TakePacket = (bytes: Buffer, start: number, body: number, end: number) => boolean

/**
 * Cuts the bytes of a socket into packets, and is the guard on their size: a packet over the limit is found by its header,
 * before the bytes it announces have been taken in.
 */
export class PacketStream {
  /** Not taken yet: half a packet, or whole ones left for later. Grows by doubling, so tiny chunks cost little. */
  #held: Buffer | null = null
  #heldLength = 0

  get hasRest(): boolean {
    return this.#held !== null
  }

  /** What it takes in memory, also what is spare of it. */
  get heldBytes(): number {
    return this.#held?.byteLength ?? 0
  }

  add(chunk: Buffer): void {
    if (this.#held === null) {
      this.#held = chunk
      this.#heldLength = chunk.length
      return
    }
    const length = this.#heldLength + chunk.length
    if (this.#held.length < length) {
      const bigger = Buffer.allocUnsafeSlow(Math.max(length, this.#heldLength * 2))
      this.#held.copy(bigger, 0, 0, this.#heldLength)
      this.#held = bigger
    }
    chunk.copy(this.#held, this.#heldLength)
    this.#heldLength = length
  }

  /** Hands over the whole packets there are; returns what is wrong with the next one, or null. */
  cut(maxBytes: number, take: TakePacket): string | null {
    if (this.#held === null) return null
    const bytes = this.#held
    const length = this.#heldLength
    let at = 0
    let fault: string | null = null
    while (length - at >= 2) {
      let remaining = bytes[at + 1]!
      let header = 2
      if (remaining >= 0x80) {
        remaining &= 0x7f
        let factor = 128
        let byte = 0x80
        while (byte >= 0x80 && header < 5 && at + header < length) {
          byte = bytes[at + header++]!
          remaining += (byte & 0x7f) * factor
          factor *= 128
        }
        if (byte >= 0x80) {
          if (header === 5) fault = 'a length of more than four bytes'
          break
        }
      }
      const end = at + header + remaining
      if (end - at > maxBytes) {
        fault = `a packet of more than ${maxBytes} bytes`
        break
      }
      if (end > length || !take(bytes, at, at + header, end)) break
      at = end
    }
    this.#keep(bytes, at, length)
    return fault
  }

  clear(): void {
    this.#held = null
    this.#heldLength = 0
  }

  #keep(bytes: Buffer, at: number, length: number): void {
    // The connection may have been closed on the way.
    if (this.#held === null) return
    if (at === length) return this.clear()
    // A copy, so that a tiny rest does not hold on to the socket's big buffer.
    if (at > 0) this.#held = Buffer.from(bytes.subarray(at, length))
    this.#heldLength = length - at
  }
}
