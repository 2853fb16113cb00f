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
