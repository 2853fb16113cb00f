/**
 * Numbers as text, byte by byte into an answer, exactly as JSON has them. Most readings have few decimals: those are
 * written without a detour over a string.
 */
const [MINUS, DOT, ZERO] = [45, 46, 48]
const POWER = 1_000
/** Below it a number with three decimals has under 15 digits, so no other text is shorter and means the same. */
const MOST = 1e9
/** No number takes more bytes than this. */
export const NUMBER_BYTES = 32

/** Writes `value` at `at`, returns where the text ends. The caller sees to the room. */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  const scaled = Math.round(value * POWER)
  if (!(value < MOST && value > -MOST) || scaled / POWER !== value) return writeText(bytes, at, String(value))
  let rest = scaled
  if (rest < 0) {
    bytes[at++] = MINUS
    rest = -rest
  }
  const whole = Math.floor(rest / POWER)
  at = writeWhole(bytes, at, whole)
  const decimals = rest - whole * POWER
  if (decimals === 0) return at
  bytes[at++] = DOT
  const first = (decimals / 100) | 0
  const second = ((decimals / 10) | 0) - first * 10
  const third = decimals - first * 100 - second * 10
  bytes[at++] = ZERO + first
  if (second === 0 && third === 0) return at
  bytes[at++] = ZERO + second
  if (third !== 0) bytes[at++] = ZERO + third
  return at
}

function writeWhole(bytes: Uint8Array, at: number, whole: number): number {
  let digits = 1
  for (let power = 10; power <= whole; power *= 10) digits++
  let rest = whole
  for (let i = at + digits - 1; i >= at; i--) {
    const tens = Math.floor(rest / 10)
    bytes[i] = ZERO + (rest - tens * 10)
    rest = tens
  }
  return at + digits
}

/** Text of ASCII letters alone. */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return at + text.length
}
