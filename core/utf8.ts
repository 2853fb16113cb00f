/** Length of the well-formed UTF-8 sequence at `at`, 0 when there is none (RFC 3629: no surrogates, no overlong forms, ≤ U+10FFFF). */
export function utf8SequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > end) return 0
  const second = bytes[at + 1]!
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let i = at + 2; i < at + length; i++) if ((bytes[i]! & 0xc0) !== 0x80) return 0
  return length
}

/** Position of the first byte that is not well-formed UTF-8, -1 when all of it is. */
export function utf8Fault(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let at = start
  while (at < end) {
    const length = utf8SequenceLength(bytes, at, end)
    if (length === 0) return at
    at += length
  }
  return -1
}
