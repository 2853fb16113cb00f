import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRows, encodeRows, type Rows } from '../../ingest/stores/embedded/codec.ts'

const columns = (rows: [time: number, value: number, receivedAt: number, quality: number][], stamps: number[] = []): Rows => {
  const sorted = [...new Map(rows.map((row) => [row[0], row])).values()].sort((a, b) => a[0] - b[0])
  const column = (i: 0 | 1 | 2 | 3) => sorted.map((row) => row[i])
  return {
    n: sorted.length,
    measuredAt: Float64Array.from(column(0)),
    value: Float64Array.from(column(1)),
    receivedAt: Float64Array.from(column(2)),
    quality: Uint8Array.from(column(3)),
    deviceTimes: stamps.length > 0 ? new Map(stamps.flatMap((stamp, i) => (sorted[i] ? [[sorted[i][0], stamp]] : []))) : null,
  }
}
const roundTrip = (rows: Rows) => decodeRows(encodeRows(rows, 0, rows.n))

const time = fc.oneof(
  fc.integer({ min: 1_767_225_600_000, max: 1_767_225_900_000 }),
  fc.maxSafeInteger(),
  fc.double({ min: -1e15, max: 1e15, noNaN: true }).map((n) => n + 0),
)
const value = fc.oneof(
  fc.integer({ min: -5000, max: 5000 }).map((n) => n / 1000),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 1e308, 5e-324),
)
const plain = (rows: fc.Arbitrary<number>, values: fc.Arbitrary<number>) =>
  fc.array(fc.tuple(rows, values, rows, fc.nat(95)), { maxLength: 130 })

test('chunks: any times, values, receipts, qualities and device times come back bit by bit', () => {
  const whole = fc.integer({ min: 1_767_225_600_000, max: 1_767_225_900_000 })
  const decimals = fc.integer({ min: -5000, max: 5000 }).map((n) => n / 100 + 0)
  const stamps = fc.array(fc.double({ noNaN: true }), { maxLength: 3 })
  fc.assert(
    fc.property(
      fc.oneof(plain(time, value), plain(whole, decimals), plain(whole, value), plain(time, decimals)),
      stamps,
      (rows, stamps) => {
        const before = columns(rows, stamps)
        const after = roundTrip(before)
        if (before.deviceTimes?.size === 0) before.deviceTimes = null
        expect(after).toEqual(before)
      },
    ),
    { numRuns: 1000 },
  )
})

test('chunks: readings as sensors send them take at most seven bytes a row', () => {
  const dice = seeded(7)
  for (const [digits, span] of [
    [1, 100],
    [2, 30],
    [3, 2],
  ] as const) {
    let level = span / 2
    const rows = Array.from({ length: 120 }, (_, i): [number, number, number, number] => {
      const at = 1_767_225_600_000 + i * 1000 + Math.round((dice() - 0.5) * 100)
      level += (dice() - 0.5) * span * 0.02
      return [at, Number(level.toFixed(digits)), at + 20 + Math.round(dice() * 60), 0]
    })
    expect(encodeRows(columns(rows), 0, 120).length / 120).toBeLessThan(7)
  }
})

function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 0x7fff_ffff) / 0x7fff_ffff
}
