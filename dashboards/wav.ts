/** How long a WAV sounds, null when these bytes are none. Programs that write to a pipe leave the length open: then it is what came. */
export function wavSeconds(bytes: Buffer): number | null {
  if (bytes.length < 44 || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') return null
  let bytesPerSecond = 0
  for (let at = 12; at + 8 <= bytes.length;) {
    const name = bytes.toString('latin1', at, at + 4)
    const size = bytes.readUInt32LE(at + 4)
    if (name === 'fmt ' && at + 20 <= bytes.length) bytesPerSecond = bytes.readUInt32LE(at + 16)
    const rest = bytes.length - at - 8
    if (name === 'data') return bytesPerSecond > 0 ? (size === 0 ? rest : Math.min(size, rest)) / bytesPerSecond : null
    at += 8 + size + (size % 2)
  }
  return null
}
