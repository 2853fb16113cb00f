import type { QuarantineCode } from '../../../core/quarantine.ts'
import { utf8SequenceLength } from '../../../core/utf8.ts'

/** Ends the reading of a message: nothing after `position` could be understood. */
export class Unreadable extends Error {
  readonly code: QuarantineCode
  readonly position: number

  constructor(code: QuarantineCode, position: number, message: string) {
    super(message)
    this.code = code
    this.position = position
  }
}

const MAX_DEPTH = 32
const powersOfTen = Float64Array.from({ length: 16 }, (_, n) => 10 ** n)
const nothing: Uint8Array = new Uint8Array()
const INTERNED = 1024
const MAX_INTERNED_BYTES = 64

export const byteOf = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  open: 0x7b,
  close: 0x7d,
} as const
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39

/**
 * Reads JSON (RFC 8259) straight from bytes, step by step. JSON.parse cannot take its place: it names no byte position, drops
 * all but the last of repeated keys, and needs a string and an object per message, which is most of what a message costs.
 */
export class JsonReader {
  at = 0
  #bytes = nothing
  #start = 0
  #end = 0
  #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  /** Keys repeat for ever, so their strings are kept, found by the hash of their bytes. */
  #internedBytes: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(INTERNED)
  #internedText: string[] = new Array<string>(INTERNED)

  open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    // A byte order mark is not JSON, but RFC 8259 lets a reader ignore it and some firmware sends it.
    const marked = end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
    this.at = marked ? start + 3 : start
  }

  /** Lets go of the bytes, so that a reader at rest holds no network buffer. */
  close(): void {
    this.#bytes = nothing
  }

  /** Byte position in the message. */
  position(at = this.at): number {
    return at - this.#start
  }

  /** The next byte that is not white space, not consumed; -1 at the end. */
  peek(): number {
    const bytes = this.#bytes
    let at = this.at
    while (at < this.#end) {
      const byte = bytes[at]!
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        this.at = at
        return byte
      }
      at++
    }
    this.at = at
    return -1
  }

  /** Consumes `byte` or says that it was expected. */
  expect(byte: number, what: string): void {
    if (this.peek() !== byte) throw this.unexpected(what)
    this.at++
  }

  /** After a member or element: true when another follows, false when `close` ended the list. */
  another(close: number): boolean {
    const byte = this.peek()
    if (byte === byteOf.comma) {
      this.at++
      return true
    }
    if (byte !== close) throw this.unexpected(close === byteOf.close ? '"," or "}"' : '"," or "]"')
    this.at++
    return false
  }

  expectEnd(): void {
    if (this.peek() !== -1) throw this.unexpected('the end of the message')
  }

  /** A key, the colon after it consumed too. */
  key(): string {
    if (this.peek() !== byteOf.quote) throw this.unexpected('a key in double quotes')
    const bytes = this.#bytes
    const start = this.at + 1
    let at = start
    let hash = 0
    let text: string
    while (at < this.#end) {
      const byte = bytes[at]!
      if (byte === byteOf.quote || byte === byteOf.backslash || byte < 0x20 || byte >= 0x7f) break
      hash = (Math.imul(hash, 31) + byte) | 0
      at++
    }
    if (at < this.#end && bytes[at] === byteOf.quote && at - start <= MAX_INTERNED_BYTES) {
      this.at = at + 1
      text = this.#interned(start, at, hash & (INTERNED - 1))
    } else {
      text = this.string()
    }
    this.expect(byteOf.colon, '":"')
    return text
  }

  string(): string {
    const start = this.at
    const escaped = this.#skipString()
    const text = this.#decoder.decode(this.#bytes.subarray(start + 1, this.at - 1))
    return escaped ? (JSON.parse(`"${text}"`) as string) : text
  }

  /** A number; Infinity when it is too large for a double. */
  number(): number {
    const bytes = this.#bytes
    const end = this.#end
    const start = this.at
    let at = start
    const negative = bytes[at] === byteOf.minus
    if (negative) at++
    const firstDigit = at
    let mantissa = 0
    while (at < end && isDigit(bytes[at]!)) mantissa = mantissa * 10 + (bytes[at++]! - byteOf.zero)
    if (at === firstDigit) throw this.#unexpectedAt(at, 'a digit')
    if (bytes[firstDigit] === byteOf.zero && at > firstDigit + 1)
      throw this.#unexpectedAt(firstDigit + 1, 'no digit after a leading 0')
    let digits = at - firstDigit
    let decimals = 0
    if (at < end && bytes[at] === byteOf.dot) {
      const firstDecimal = ++at
      while (at < end && isDigit(bytes[at]!)) mantissa = mantissa * 10 + (bytes[at++]! - byteOf.zero)
      decimals = at - firstDecimal
      if (decimals === 0) throw this.#unexpectedAt(at, 'a digit after the decimal point')
      digits += decimals
    }
    let exact = digits <= 15
    if (at < end && (bytes[at]! | 0x20) === 0x65) {
      exact = false
      at++
      if (at < end && (bytes[at] === 0x2b || bytes[at] === byteOf.minus)) at++
      const firstExponent = at
      while (at < end && isDigit(bytes[at]!)) at++
      if (at === firstExponent) throw this.#unexpectedAt(at, 'a digit in the exponent')
    }
    this.at = at
    if (!exact) return Number(this.#decoder.decode(bytes.subarray(start, at)))
    // Both are exact doubles, so their quotient is the correctly rounded one: the value JSON.parse gives.
    const value = decimals === 0 ? mantissa : mantissa / powersOfTen[decimals]!
    return negative ? -value : value
  }

  /** Consumes the word if it stands here. */
  word(text: string): boolean {
    if (this.at + text.length > this.#end) return false
    for (let i = 0; i < text.length; i++) if (this.#bytes[this.at + i] !== text.charCodeAt(i)) return false
    this.at += text.length
    return true
  }

  /** Any value, checked and passed over without recursion, so that depth costs no stack. */
  skip(): void {
    const closers: number[] = []
    for (;;) {
      const byte = this.peek()
      if (byte === byteOf.open || byte === byteOf.openArray) {
        if (closers.length === MAX_DEPTH)
          throw new Unreadable('too-deep', this.position(), `nested deeper than ${MAX_DEPTH} levels`)
        this.at++
        const closer = byte === byteOf.open ? byteOf.close : byteOf.closeArray
        if (this.peek() !== closer) {
          closers.push(closer)
          if (closer === byteOf.close) this.key()
          continue
        }
        this.at++
      } else if (byte === byteOf.quote) {
        this.#skipString()
      } else if (byte === byteOf.minus || isDigit(byte)) {
        if (!this.word('-Infinity')) this.number()
      } else if (!['true', 'false', 'null', 'NaN', 'Infinity'].some((word) => this.word(word))) {
        throw this.unexpected('a value')
      }
      for (;;) {
        const closer = closers.at(-1)
        if (closer === undefined) return
        if (this.another(closer)) {
          if (closer === byteOf.close) this.key()
          break
        }
        closers.pop()
      }
    }
  }

  unexpected(expected: string): Unreadable {
    return this.#unexpectedAt(this.at, expected)
  }

  #unexpectedAt(at: number, expected: string): Unreadable {
    if (at >= this.#end) return new Unreadable('not-json', this.position(at), `the message ends where ${expected} was expected`)
    const byte = this.#bytes[at]!
    if (utf8SequenceLength(this.#bytes, at, this.#end) === 0) return notUtf8(this.position(at), byte)
    const found = byte >= 0x21 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${hex(byte)}`
    return new Unreadable('not-json', this.position(at), `${found} where ${expected} was expected`)
  }

  /** Passes over the string that starts here; true when it holds escapes. */
  #skipString(): boolean {
    const bytes = this.#bytes
    const end = this.#end
    let at = this.at + 1
    let escaped = false
    while (at < end) {
      const byte = bytes[at]!
      if (byte === byteOf.quote) {
        this.at = at + 1
        return escaped
      }
      if (byte === byteOf.backslash) {
        escaped = true
        at = this.#skipEscape(at)
      } else if (byte < 0x20) {
        throw this.#unexpectedAt(at, 'a character of a string (control characters are written \\u00XX)')
      } else if (byte < 0x80) {
        at++
      } else {
        const length = utf8SequenceLength(bytes, at, end)
        if (length === 0) throw notUtf8(this.position(at), byte)
        at += length
      }
    }
    throw this.#unexpectedAt(end, 'the closing quote of a string')
  }

  #skipEscape(at: number): number {
    const kind = at + 1 < this.#end ? String.fromCharCode(this.#bytes[at + 1]!) : ''
    if (kind !== '' && '"\\/bfnrt'.includes(kind)) return at + 2
    if (kind !== 'u') throw this.#unexpectedAt(at + 1, 'one of " \\ / b f n r t u after a backslash')
    for (let i = at + 2; i < at + 6; i++) {
      const lower = i < this.#end ? this.#bytes[i]! | 0x20 : 0
      if (!isDigit(this.#bytes[i] ?? 0) && !(lower >= 0x61 && lower <= 0x66))
        throw this.#unexpectedAt(i, 'four hexadecimal digits')
    }
    return at + 6
  }

  #interned(start: number, end: number, slot: number): string {
    const bytes = this.#bytes
    const known = this.#internedBytes[slot]
    if (known !== undefined && known.length === end - start) {
      let i = 0
      while (i < known.length && known[i] === bytes[start + i]) i++
      if (i === known.length) return this.#internedText[slot]!
    }
    const copy = bytes.slice(start, end)
    const text = this.#decoder.decode(copy)
    this.#internedBytes[slot] = copy
    this.#internedText[slot] = text
    return text
  }
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0')
const notUtf8 = (position: number, byte: number) =>
  new Unreadable('not-utf8', position, `byte 0x${hex(byte)} is not UTF-8; text must be UTF-8`)
