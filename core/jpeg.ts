/**
 * A JPEG without anything but its picture: where and when it was taken, by which camera, thumbnails and comments go (segments APPn and
 * COM), and what some cameras put behind the end. Null when it is none, or is cut off.
 */
export function bareJpeg(bytes: Uint8Array): Uint8Array | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null
  const kept: [from: number, to: number][] = [[0, 2]]
  let hasPicture = false
  let at = 2
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1]!
    // A marker may be preceded by any number of fill bytes.
    if (marker === 0xff) at++
    else if (marker === 0xd9) {
      kept.push([at, at + 2])
      return hasPicture ? joined(bytes, kept) : null
    } else {
      if (at + 3 >= bytes.length) return null
      let end = at + 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!)
      if (end < at + 4 || end > bytes.length) return null
      const isPicture = marker === 0xda
      if (isPicture) {
        end = endOfScan(bytes, end)
        hasPicture = true
      }
      const isAside = (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe
      if (!isAside) kept.push([at, end])
      at = end
    }
  }
  return null
}

/** In a scan 0xff 0x00 is a byte of the picture, and 0xd0 to 0xd7 only mark places in it. */
function endOfScan(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue
    const next = bytes[at + 1]!
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at
  }
  return bytes.length
}

function joined(bytes: Uint8Array, parts: [number, number][]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, [from, to]) => sum + to - from, 0))
  let at = 0
  for (const [from, to] of parts) {
    whole.set(bytes.subarray(from, to), at)
    at += to - from
  }
  return whole
}
