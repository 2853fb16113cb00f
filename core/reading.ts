import type { Mode } from './mode.ts'

/** A series is one metric (with its channel) of one device in one mode. Its number stands in reading blocks. */
export type Series = { id: number; mode: Mode; device: string; metric: string }

/**
 * Readings as columns, one row each. All times are milliseconds UTC: `measuredAt` is the device's, `receivedAt` ours.
 * Row `i` of the block in the journal entry at `pos` has the position `pos + i`.
 */
export type ReadingBlock = {
  count: number
  series: Uint32Array
  measuredAt: Float64Array
  receivedAt: Float64Array
  value: Float64Array
  /** quality and reason, see `qualityCode` */
  quality: Uint8Array
  /** Stamps we could not believe, by row: what the device said (semantics 12). */
  deviceTimes: Map<number, number>
}

/*
 * Layout, little endian, every column 8-aligned so that a reader can lay views over the bytes without copying:
 *   u32 count · u32 number of device times · f64 base = receivedAt of row 0
 *   f64 value[count] · f64 measuredAt[count] · u32 receivedAt − base [count] · u32 series[count] · u8 quality[count] · pad to 8
 *   { f64 row, f64 deviceTime }[number of device times]
 */
const HEADER = 16
const ROW = 25
const align8 = (n: number) => (n + 7) & ~7

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
if (!littleEndian) throw new Error('Watchfire needs a little-endian machine')

/** Collects rows and turns them into one block's bytes; grows as needed and is reused from group to group. */
export class BlockBuilder {
  count = 0
  #capacity: number
  #series: Uint32Array
  #measuredAt: Float64Array
  #receivedAt: Float64Array
  #value: Float64Array
  #quality: Uint8Array
  #deviceTimes = new Map<number, number>()

  constructor(capacity = 1024) {
    this.#capacity = capacity
    this.#series = new Uint32Array(capacity)
    this.#measuredAt = new Float64Array(capacity)
    this.#receivedAt = new Float64Array(capacity)
    this.#value = new Float64Array(capacity)
    this.#quality = new Uint8Array(capacity)
  }

  add(series: number, measuredAt: number, receivedAt: number, value: number, quality: number, deviceTime?: number): void {
    if (this.count === this.#capacity) this.#grow()
    const row = this.count++
    this.#series[row] = series
    this.#measuredAt[row] = measuredAt
    this.#receivedAt[row] = receivedAt
    this.#value[row] = value
    this.#quality[row] = quality
    if (deviceTime !== undefined) this.#deviceTimes.set(row, deviceTime)
  }

  /** Bytes this block will take. */
  get byteLength(): number {
    return HEADER + align8(this.count * ROW) + this.#deviceTimes.size * 16
  }

  /** The block's bytes, in a buffer of their own; the builder is empty again afterwards. */
  take(): Uint8Array {
    const n = this.count
    const bytes = new Uint8Array(this.byteLength)
    const view = new DataView(bytes.buffer)
    const base = n > 0 ? this.#receivedAt[0]! : 0
    view.setUint32(0, n, true)
    view.setUint32(4, this.#deviceTimes.size, true)
    view.setFloat64(8, base, true)
    let at = HEADER
    new Float64Array(bytes.buffer, at, n).set(this.#value.subarray(0, n))
    at += 8 * n
    new Float64Array(bytes.buffer, at, n).set(this.#measuredAt.subarray(0, n))
    at += 8 * n
    const deltas = new Uint32Array(bytes.buffer, at, n)
    for (let row = 0; row < n; row++) deltas[row] = this.#receivedAt[row]! - base
    at += 4 * n
    new Uint32Array(bytes.buffer, at, n).set(this.#series.subarray(0, n))
    at += 4 * n
    bytes.set(this.#quality.subarray(0, n), at)
    at = HEADER + align8(n * ROW)
    for (const [row, deviceTime] of this.#deviceTimes) {
      view.setFloat64(at, row, true)
      view.setFloat64(at + 8, deviceTime, true)
      at += 16
    }
    this.count = 0
    if (this.#deviceTimes.size > 0) this.#deviceTimes.clear()
    return bytes
  }

  #grow(): void {
    this.#capacity *= 2
    const grown = <T extends Uint32Array | Float64Array | Uint8Array>(bigger: T, old: T) => {
      bigger.set(old)
      return bigger
    }
    this.#series = grown(new Uint32Array(this.#capacity), this.#series)
    this.#measuredAt = grown(new Float64Array(this.#capacity), this.#measuredAt)
    this.#receivedAt = grown(new Float64Array(this.#capacity), this.#receivedAt)
    this.#value = grown(new Float64Array(this.#capacity), this.#value)
    this.#quality = grown(new Uint8Array(this.#capacity), this.#quality)
  }
}

/** Views over a block's bytes (copied first only when they are not 8-aligned). Throws RangeError on bytes that are not a block. */
export function readBlock(payload: Uint8Array): ReadingBlock {
  const bytes = payload.byteOffset % 8 === 0 ? payload : payload.slice()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = view.getUint32(0, true)
  const stamps = view.getUint32(4, true)
  const base = view.getFloat64(8, true)
  const columns = HEADER + align8(count * ROW)
  if (columns + stamps * 16 !== bytes.byteLength) {
    throw new RangeError(`a block of ${count} rows and ${stamps} device times is not ${bytes.byteLength} bytes long`)
  }
  const start = bytes.byteOffset + HEADER
  const deltas = new Uint32Array(bytes.buffer, start + 16 * count, count)
  const receivedAt = new Float64Array(count)
  for (let row = 0; row < count; row++) receivedAt[row] = base + deltas[row]!
  const deviceTimes = new Map<number, number>()
  for (let i = 0, at = columns; i < stamps; i++, at += 16) {
    deviceTimes.set(view.getFloat64(at, true), view.getFloat64(at + 8, true))
  }
  return {
    count,
    value: new Float64Array(bytes.buffer, start, count),
    measuredAt: new Float64Array(bytes.buffer, start + 8 * count, count),
    receivedAt,
    series: new Uint32Array(bytes.buffer, start + 20 * count, count),
    quality: new Uint8Array(bytes.buffer, start + 24 * count, count),
    deviceTimes,
  }
}
