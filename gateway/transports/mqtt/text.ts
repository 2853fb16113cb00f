import { utf8Fault } from '../../../core/utf8.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A string of the wire (MQTT-1.5.3): null when it is not UTF-8, holds a lone surrogate or U+0000, which ends a connection. */
export function readText(bytes: Uint8Array, start: number, end: number): string | null {
  for (let i = start; i < end; i++) if (bytes[i] === 0) return null
  return utf8Fault(bytes, start, end) === -1 ? decoder.decode(bytes.subarray(start, end)) : null
}

const control = /[\u0001-\u001f\u007f-\u009f]/

/** Control characters in names only serve to deceive whoever reads a log. */
export const hasControlCharacter = (text: string): boolean => control.test(text)

const MAX_CLIENT_ID = 512

/** 3.1 wants 1 to 23 characters; 3.1.1 lets the server name a client without an id, but only for a clean session. */
export function isClientIdAllowed(level: number, clean: boolean, clientId: string): boolean {
  if (hasControlCharacter(clientId)) return false
  if (level === 3) return clientId.length >= 1 && clientId.length <= 23
  return (clientId !== '' || clean) && clientId.length <= MAX_CLIENT_ID
}

const MAX_TOPIC_LEVELS = 100
const usualBytes: Uint8Array = new TextEncoder().encode('v1/devices/me/telemetry')
const usualText = 'v1/devices/me/telemetry'

/** A client publishes to the same topic over and over: its text is made once, and compared by bytes from then on. */
export class LastTopic {
  #bytes = usualBytes
  #text = usualText

  /** Null for a topic nothing can be published to. */
  read(bytes: Uint8Array, start: number, end: number): string | null {
    if (this.#isLast(bytes, start, end)) return this.#text
    const text = readText(bytes, start, end)
    if (text === null || text === '' || /[+#]/.test(text) || text.split('/').length > MAX_TOPIC_LEVELS) return null
    this.#bytes = Uint8Array.prototype.slice.call(bytes, start, end)
    this.#text = text
    return text
  }

  #isLast(bytes: Uint8Array, start: number, end: number): boolean {
    const last = this.#bytes
    if (last.length !== end - start) return false
    for (let i = 0; i < last.length; i++) if (last[i] !== bytes[start + i]) return false
    return true
  }
}
