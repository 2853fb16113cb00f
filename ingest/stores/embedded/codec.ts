/**
 * A chunk's rows as bytes. Little per row in ordinary data: times as delta of delta, values as scaled integers, receipt as
 * what it exceeds the smallest delay by, quality by runs. Data that does not fit falls back column by column to plain doubles.
 *
 *   flags · varint n · times · values · receipts · [quality runs] · [device times]
 */
export type Rows = {
  n: number
  measuredAt: Float64Array
  value: Float64Array
  receivedAt: Float64Array
  quality: Uint8Array
  /** by measuredAt: what the device said where its stamp could not be believed */
  deviceTimes: Map<number, number> | null
}

const PLAIN_TIMES = 1
const SCALED = 0 << 1
const SINGLES = 1 << 1
const DOUBLES = 2 << 1
const VALUES = 3 << 1
const RECEIPTS_BY_STEP = 1 << 3
const RECEIPTS_PLAIN = 2 << 3
const RECEIPTS = 3 << 3
const QUALITY_RUNS = 1 << 5
const DEVICE_TIMES = 1 << 6

/** Integers below this keep every difference of differences exact. */
const EXACT = 2 ** 49
const isExact = (n: number) => Number.isInteger(n) && n >= -EXACT && n <= EXACT
const MOST_DIGITS = 9
const powers = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, digits) => 10 ** digits)

let out = new Uint8Array(1 << 14)
let at = 0

function varint(n: number): void {
  while (n >= 0x8000_0000) {
    out[at++] = (n % 128) | 0x80
    n = Math.floor(n / 128)
  }
  while (n >= 0x80) {
    out[at++] = (n & 0x7f) | 0x80
    n >>>= 7
  }
  out[at++] = n
}

/** Signed, small magnitudes first. */
const signed = (n: number): void => varint(n < 0 ? -2 * n - 1 : 2 * n)

/** Rows `from` ≤ i < `to` of columns sorted by measuredAt. */
export function encodeRows(rows: Omit<Rows, 'n'>, from: number, to: number): Uint8Array {
  const n = to - from
  const marked = deviceTimesWithin(rows, from, to)
  const worst = 64 + n * 34 + marked.length * 20
  if (out.length < worst) out = new Uint8Array(worst * 2)
  at = 1
  varint(n)
  let flags = writeTimes(rows.measuredAt, from, to)
  flags |= writeValues(rows.value, from, to)
  flags |= writeReceipts(rows.measuredAt, rows.receivedAt, from, to)
  flags |= writeQuality(rows.quality, from, to)
  if (marked.length > 0) {
    flags |= DEVICE_TIMES
    varint(marked.length)
    for (const [row, deviceTime] of marked) {
      varint(row)
      plain(deviceTime)
    }
  }
  out[0] = flags
  return out.slice(0, at)
}

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)
const single = new Float32Array(1)
const singleBytes = new Uint8Array(single.buffer)

function plain(value: number): void {
  double[0] = value
  out.set(doubleBytes, at)
  at += 8
}

function writeTimes(times: Float64Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const t = times[i]!
    if (!isExact(t)) {
      for (let j = from; j < to; j++) plain(times[j]!)
      return PLAIN_TIMES
    }
  }
  if (to > from) signed(times[from]!)
  let step = 0
  for (let i = from + 1; i < to; i++) {
    const next = times[i]! - times[i - 1]!
    signed(next - step)
    step = next
  }
  return 0
}

function writeValues(values: Float64Array, from: number, to: number): number {
  const start = at
  let digits = 0
  let power = 1
  for (let i = from; i < to; i++) {
    const value = values[i]!
    while (digits <= MOST_DIGITS && Math.round(value * power) / power !== value) power = powers[++digits] ?? 0
    if (digits > MOST_DIGITS) return writeFloats(values, from, to)
  }
  out[at++] = digits
  let before = 0
  for (let i = from; i < to; i++) {
    const scaled = Math.round(values[i]! * power)
    // −0 has no integer of its own, and a finer scale may have pushed an earlier value off its integer.
    if (!(Math.abs(scaled) < EXACT) || scaled / power !== values[i] || Object.is(scaled, -0)) {
      at = start
      return writeFloats(values, from, to)
    }
    signed(scaled - before)
    before = scaled
  }
  return SCALED
}

function writeFloats(values: Float64Array, from: number, to: number): number {
  let singles = true
  for (let i = from; i < to && singles; i++) singles = Math.fround(values[i]!) === values[i]
  for (let i = from; i < to; i++) {
    if (!singles) plain(values[i]!)
    else {
      single[0] = values[i]!
      out.set(singleBytes, at)
      at += 4
    }
  }
  return singles ? SINGLES : DOUBLES
}

function writeReceipts(times: Float64Array, receipts: Float64Array, from: number, to: number): number {
  let least = Infinity
  let most = -Infinity
  let exact = true
  for (let i = from; i < to; i++) {
    const receipt = receipts[i]!
    const delay = receipt - times[i]!
    if (delay < least) least = delay
    if (delay > most) most = delay
    exact &&= isExact(receipt) && isExact(times[i]!)
  }
  if (!exact) {
    for (let i = from; i < to; i++) plain(receipts[i]!)
    return RECEIPTS_PLAIN
  }
  if (most - least < 16_384) {
    signed(n0(least))
    for (let i = from; i < to; i++) varint(receipts[i]! - times[i]! - least)
    return 0
  }
  // A backlog arrives all at once: its receipts hardly differ, its delays do.
  let before = 0
  for (let i = from; i < to; i++) {
    signed(receipts[i]! - before)
    before = receipts[i]!
  }
  return RECEIPTS_BY_STEP
}

const n0 = (n: number) => (Number.isFinite(n) ? n : 0)

function writeQuality(quality: Uint8Array, from: number, to: number): number {
  let same = from
  while (same < to && quality[same] === 0) same++
  if (same === to) return 0
  for (let i = from; i < to;) {
    let end = i + 1
    while (end < to && quality[end] === quality[i]) end++
    out[at++] = quality[i]!
    varint(end - i)
    i = end
  }
  return QUALITY_RUNS
}

function deviceTimesWithin(rows: Omit<Rows, 'n'>, from: number, to: number): [row: number, deviceTime: number][] {
  if (rows.deviceTimes === null) return []
  const marked: [number, number][] = []
  for (let i = from; i < to; i++) {
    const deviceTime = rows.deviceTimes.get(rows.measuredAt[i]!)
    if (deviceTime !== undefined) marked.push([i - from, deviceTime])
  }
  return marked
}

let bytes: Uint8Array = out
let position = 0

function readVarint(): number {
  let byte = bytes[position++]!
  if (byte < 0x80) return byte
  let n = byte & 0x7f
  byte = bytes[position++]!
  n |= (byte & 0x7f) << 7
  if (byte < 0x80) return n
  let scale = 16_384
  do {
    byte = bytes[position++]!
    n += (byte & 0x7f) * scale
    scale *= 128
  } while (byte >= 0x80)
  return n
}

function readSigned(): number {
  const n = readVarint()
  return n % 2 === 0 ? n / 2 : -(n + 1) / 2
}

function readPlain(): number {
  doubleBytes.set(bytes.subarray(position, position + 8))
  position += 8
  return double[0]!
}

export function decodeRows(payload: Uint8Array): Rows {
  bytes = payload
  position = 0
  const flags = bytes[position++]!
  const n = readVarint()
  const rows: Rows = {
    n,
    measuredAt: new Float64Array(n),
    value: new Float64Array(n),
    receivedAt: new Float64Array(n),
    quality: new Uint8Array(n),
    deviceTimes: null,
  }
  readTimes(rows.measuredAt, (flags & PLAIN_TIMES) !== 0)
  readValues(rows.value, flags & VALUES)
  readReceipts(rows.measuredAt, rows.receivedAt, flags & RECEIPTS)
  if (flags & QUALITY_RUNS) {
    for (let i = 0; i < n;) {
      const quality = bytes[position++]!
      const end = i + readVarint()
      rows.quality.fill(quality, i, end)
      i = end
    }
  }
  if (flags & DEVICE_TIMES) {
    rows.deviceTimes = new Map()
    for (let left = readVarint(); left > 0; left--) rows.deviceTimes.set(rows.measuredAt[readVarint()]!, readPlain())
  }
  return rows
}

function readTimes(times: Float64Array, plainTimes: boolean): void {
  if (plainTimes) {
    for (let i = 0; i < times.length; i++) times[i] = readPlain()
    return
  }
  let time = times.length > 0 ? readSigned() : 0
  let step = 0
  if (times.length > 0) times[0] = time
  for (let i = 1; i < times.length; i++) {
    step += readSigned()
    time += step
    times[i] = time
  }
}

function readValues(values: Float64Array, form: number): void {
  if (form === SCALED) {
    const power = powers[bytes[position++]!]!
    let scaled = 0
    for (let i = 0; i < values.length; i++) {
      scaled += readSigned()
      values[i] = scaled / power
    }
    return
  }
  for (let i = 0; i < values.length; i++) {
    if (form === DOUBLES) values[i] = readPlain()
    else {
      singleBytes.set(bytes.subarray(position, position + 4))
      position += 4
      values[i] = single[0]!
    }
  }
}

function readReceipts(times: Float64Array, receipts: Float64Array, form: number): void {
  if (form === RECEIPTS_PLAIN) {
    for (let i = 0; i < receipts.length; i++) receipts[i] = readPlain()
    return
  }
  if (form === RECEIPTS_BY_STEP) {
    let receipt = 0
    for (let i = 0; i < receipts.length; i++) receipts[i] = receipt += readSigned()
    return
  }
  const least = readSigned()
  for (let i = 0; i < receipts.length; i++) receipts[i] = times[i]! + least + readVarint()
}
