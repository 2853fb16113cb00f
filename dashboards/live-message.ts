/**
 * One event for the feed's clients, put into words once: as socket.io's text (type 2 is an event in its protocol, version 5)
 * and as the WebSocket frame that carries it, made at the first use and shared by all who are sent it.
 */
export class LiveMessage {
  readonly text: string
  #frame: Buffer[] | null = null

  constructor(event: 'snapshot' | 'change' | 'readings' | 'hb', json: string) {
    this.text = `2/live,["${event}",${json}]`
  }

  /** Header and payload of an unmasked, final text frame (RFC 6455 §5.2); the 4 is engine.io's "message". */
  get frame(): Buffer[] {
    return (this.#frame ??= textFrame(Buffer.from(`4${this.text}`)))
  }
}

function textFrame(payload: Buffer): Buffer[] {
  const { length } = payload
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = 0x81
  if (header.length === 2) header[1] = length
  else if (header.length === 4) {
    header[1] = 126
    header.writeUInt16BE(length, 2)
  } else {
    header[1] = 127
    header.writeBigUInt64BE(BigInt(length), 2)
  }
  return [header, payload]
}
