import type { ExportEncoding } from '../core/history.ts'

const [UNKNOWN, FIRST_LEAD, LAST_LEAD, FIRST_TRAIL, LAST_TRAIL] = [0x3f, 0x81, 0xfe, 0x40, 0xfe]
let table: Uint16Array | null = null

/** UTF-16 code unit → GBK's two bytes as one number, made by asking the platform's decoder for every pair there is. */
function gbkTable(): Uint16Array {
  if (table) return table
  table = new Uint16Array(0x1_0000)
  const decoder = new TextDecoder('gbk')
  const pair = new Uint8Array(2)
  for (let lead = FIRST_LEAD; lead <= LAST_LEAD; lead++) {
    for (let trail = FIRST_TRAIL; trail <= LAST_TRAIL; trail++) {
      pair[0] = lead
      pair[1] = trail
      const text = decoder.decode(pair)
      if (text.length === 1 && text !== '\ufffd' && text.charCodeAt(0) >= 0x80) table[text.charCodeAt(0)] ||= (lead << 8) | trail
    }
  }
  return table
}

/** What GBK has no sign for becomes a question mark. */
function gbk(text: string): Uint8Array<ArrayBuffer> {
  const signs = gbkTable()
  const bytes = new Uint8Array(text.length * 2)
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) {
      bytes[at++] = unit
      continue
    }
    // A pair of surrogates is one sign, and none of those is in GBK.
    if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) i++
    const sign = signs[unit]!
    if (sign === 0) bytes[at++] = UNKNOWN
    else {
      bytes[at++] = sign >> 8
      bytes[at++] = sign & 0xff
    }
  }
  return bytes.subarray(0, at)
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

export const encoderOf = (encoding: ExportEncoding) => (encoding === 'gbk' ? gbk : utf8)
