import { Buffer } from 'node:buffer'
import { Duplex } from 'node:stream'

/** The connection as the broker holds it. */
export interface Wire {
  send(bytes: Uint8Array, sent: () => void): void
  /** The broker can take more packets. */
  brokerReads(): void
  /** The broker lets go of the connection. */
  brokerClosed(): void
}

/**
 * What the broker takes for the socket. It only ever sees packets that have been checked, and no PUBLISH of a device: those
 * are decoded, journalled and acknowledged beside it, which is where the speed comes from.
 */
export class BrokerSide extends Duplex {
  readonly wire: Wire

  constructor(wire: Wire) {
    super({ allowHalfOpen: false })
    this.wire = wire
  }

  override _read(): void {
    this.wire.brokerReads()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.wire.send(chunk, done)
  }

  // A packet is written in pieces between cork and uncork; they must leave as one, acks of ours come in between.
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.wire.send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _destroy(_error: Error | null, done: () => void): void {
    this.wire.brokerClosed()
    done()
  }
}
