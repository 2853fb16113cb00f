/**
 * QR codes (ISO/IEC 18004) for an address: byte mode, error correction M, versions 1 to 6. Our own because this much is all
 * a wall and a poster need, and a page loads nothing for the rest.
 */
type Version = { side: number; blocks: number; data: number; correction: number; centre: number | null }
const versions: Version[] = [
  { side: 21, blocks: 1, data: 16, correction: 10, centre: null },
  { side: 25, blocks: 1, data: 28, correction: 16, centre: 18 },
  { side: 29, blocks: 1, data: 44, correction: 26, centre: 22 },
  { side: 33, blocks: 2, data: 32, correction: 18, centre: 26 },
  { side: 37, blocks: 2, data: 43, correction: 24, centre: 30 },
  { side: 41, blocks: 4, data: 27, correction: 16, centre: 34 },
]
type Grid = (boolean | null)[][]

/** Rows of dark modules; null when the text is too long. */
export function qr(text: string): boolean[][] | null {
  const bytes = utf8Of(text)
  // Four bits of mode and eight of length come first.
  const version = versions.find(({ blocks, data }) => bytes.length <= blocks * data - 2)
  if (!version) return null
  const stream = interleaved(version, dataWords(version, bytes))
  const free = skeleton(version)
  const candidates = masks.map((_, mask) => drawn(version, free, stream, mask))
  return candidates.sort((a, b) => penalty(a) - penalty(b))[0]!
}

const utf8Of = (text: string): Uint8Array =>
  Uint8Array.from(
    encodeURIComponent(text).replaceAll(/%([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    (letter) => letter.charCodeAt(0),
  )

function dataWords({ blocks, data }: Version, bytes: Uint8Array): number[] {
  const bits = [0, 1, 0, 0, ...bitsOf(bytes.length, 8), ...[...bytes].flatMap((byte) => bitsOf(byte, 8))]
  const room = blocks * data * 8
  bits.push(...Array.from({ length: Math.min(4, room - bits.length) }, () => 0))
  while (bits.length % 8 !== 0) bits.push(0)
  const words = Array.from({ length: bits.length / 8 }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8).join(''), 2))
  for (let n = 0; words.length < blocks * data; n++) words.push(n % 2 === 0 ? 0xec : 0x11)
  return words
}

function interleaved({ blocks, data, correction }: Version, words: number[]): number[] {
  const parts = Array.from({ length: blocks }, (_, i) => words.slice(i * data, (i + 1) * data))
  const checks = parts.map((part) => remainder(part, correction))
  const found: number[] = []
  for (let i = 0; i < data; i++) for (const part of parts) found.push(part[i]!)
  for (let i = 0; i < correction; i++) for (const check of checks) found.push(check[i]!)
  return found.flatMap((word) => bitsOf(word, 8))
}

/** Reed–Solomon over GF(256) with 0x11d. */
const exponents: number[] = []
for (let i = 0, x = 1; i < 255; i++) {
  exponents.push(x)
  x = x & 0x80 ? (x << 1) ^ 0x11d : x << 1
}
const times = (a: number, b: number): number =>
  a === 0 || b === 0 ? 0 : exponents[(exponents.indexOf(a) + exponents.indexOf(b)) % 255]!

function remainder(words: number[], length: number): number[] {
  let generator = [1]
  for (let i = 0; i < length; i++) {
    const next = [...generator, 0]
    for (let j = 0; j < generator.length; j++) next[j + 1]! ^= times(generator[j]!, exponents[i]!)
    generator = next
  }
  const rest = [...words, ...Array.from({ length }, () => 0)]
  for (let i = 0; i < words.length; i++) {
    const lead = rest[i]!
    if (lead !== 0) for (let j = 0; j <= length; j++) rest[i + j]! ^= times(generator[j]!, lead)
  }
  return rest.slice(words.length)
}

/** What does not depend on the text: finders, timing, alignment; null where data or format goes. */
function skeleton({ side, centre }: Version): Grid {
  const grid: Grid = Array.from({ length: side }, () => Array.from({ length: side }, () => null))
  const square = (row: number, column: number, reach: number, isDark: (ring: number) => boolean) => {
    for (let r = -reach; r <= reach; r++) {
      for (let c = -reach; c <= reach; c++) {
        const line = grid[row + r]
        if (line && line[column + c] !== undefined) line[column + c] = isDark(Math.max(Math.abs(r), Math.abs(c)))
      }
    }
  }
  for (let i = 8; i < side - 8; i++) grid[6]![i] = grid[i]![6] = i % 2 === 0
  if (centre !== null) square(centre, centre, 2, (ring) => ring !== 1)
  for (const [row, column] of [
    [3, 3],
    [3, side - 4],
    [side - 4, 3],
  ] as const)
    square(row, column, 4, (ring) => ring !== 2 && ring !== 4)
  return grid
}

const masks: ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
]

/** Where the fifteen bits of the format stand, twice: beside the first finder, and beside the other two. */
function formatPlaces(side: number): [row: number, column: number][][] {
  const first: [number, number][] = []
  for (let i = 0; i < 6; i++) first.push([8, i])
  first.push([8, 7], [8, 8], [7, 8])
  for (let i = 5; i >= 0; i--) first.push([i, 8])
  const second: [number, number][] = []
  for (let i = 0; i < 7; i++) second.push([side - 1 - i, 8])
  for (let i = 7; i >= 0; i--) second.push([8, side - 1 - i])
  return [first, second]
}

/** Level M is 00; BCH (15,5), masked so that it is never all light. */
function formatBits(mask: number): number[] {
  let rest = mask << 10
  for (let bit = 14; bit >= 10; bit--) if (rest & (1 << bit)) rest ^= 0x537 << (bit - 10)
  return bitsOf(((mask << 10) | rest) ^ 0x5412, 15)
}

function drawn({ side }: Version, free: Grid, stream: number[], mask: number): boolean[][] {
  const grid = free.map((row) => [...row])
  const bits = formatBits(mask)
  for (const places of formatPlaces(side)) for (const [i, [row, column]] of places.entries()) grid[row]![column] = bits[i] === 1
  grid[side - 8]![8] = true
  let next = 0
  for (let right = side - 1; right > 0; right -= 2) {
    // The column of the timing pattern is left out.
    if (right === 6) right = 5
    const upwards = ((right + 1) & 2) === 0
    for (let step = 0; step < side; step++) {
      const row = upwards ? side - 1 - step : step
      for (const column of [right, right - 1]) {
        if (grid[row]![column] === null) grid[row]![column] = (stream[next++] === 1) !== masks[mask]!(row, column)
      }
    }
  }
  return grid as boolean[][]
}

/** How hard a pattern is to read: long runs, blocks, what looks like a finder, too much of one colour. */
function penalty(grid: boolean[][]): number {
  const side = grid.length
  const lines = [...grid, ...grid.map((_, i) => grid.map((row) => row[i]!))]
  let sum = 0
  for (const line of lines) {
    const text = line.map(Number).join('')
    for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) sum += run.length - 2
    sum += 40 * (text.match(/(?=10111010000|00001011101)/g)?.length ?? 0)
  }
  for (let r = 1; r < side; r++) {
    for (let c = 1; c < side; c++) {
      const one = grid[r]![c]
      if (grid[r - 1]![c] === one && grid[r]![c - 1] === one && grid[r - 1]![c - 1] === one) sum += 3
    }
  }
  const dark = grid.flat().filter(Boolean).length / (side * side)
  return sum + 10 * Math.floor(Math.abs(dark - 0.5) * 20)
}

const bitsOf = (value: number, length: number): number[] => Array.from({ length }, (_, i) => (value >> (length - 1 - i)) & 1)
