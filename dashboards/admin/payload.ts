/** A quarantined payload for people to read: never markup, the faulty byte marked. */
export type Piece = { text: string; marked: boolean }

export function bytesOf(base64: string): Uint8Array {
  const binary = atob(base64)
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}

/** Text when all of it is printable UTF-8, else null: then it is shown as hex. */
export function printable(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    // Control characters, and those that reorder or hide text, would show something else than what came.
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/.test(
      text,
    )
      ? null
      : text
  } catch {
    return null
  }
}

/** The text cut so that the character holding byte `position` stands alone; a position at the end marks a place after it. */
export function textPieces(bytes: Uint8Array, text: string, position: number | null): Piece[] {
  if (position === null || position < 0) return [{ text, marked: false }]
  let byte = 0
  let at = 0
  for (const char of text) {
    const size = new TextEncoder().encode(char).length
    if (position < byte + size) return pieces(text.slice(0, at), char, text.slice(at + char.length))
    byte += size
    at += char.length
  }
  return position === bytes.length ? pieces(text, '∎', '') : [{ text, marked: false }]
}

const WIDTH = 16
export type HexLine = { offset: string; cells: Piece[]; ascii: string }

export function hexLines(bytes: Uint8Array, position: number | null): HexLine[] {
  const lines: HexLine[] = []
  for (let start = 0; start < bytes.length; start += WIDTH) {
    const row = [...bytes.subarray(start, start + WIDTH)]
    lines.push({
      offset: start.toString(16).padStart(4, '0'),
      cells: row.map((byte, i) => ({ text: byte.toString(16).padStart(2, '0'), marked: start + i === position })),
      ascii: row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join(''),
    })
  }
  return lines
}

const pieces = (before: string, marked: string, after: string): Piece[] =>
  [
    { text: before, marked: false },
    { text: marked, marked: true },
    { text: after, marked: false },
  ].filter(({ text }) => text !== '')
