import fc from 'fast-check'
import { expect, test } from 'vitest'
import { qualityCode, qualityOf, reasonOf } from '../../core/quality.ts'
import type { Series } from '../../core/reading.ts'
import { NUMBER_BYTES, writeNumber } from '../../ingest/number-text.ts'
import { PointsJson } from '../../ingest/points-json.ts'

const T = Date.UTC(2026, 0, 1)
const decimals = fc
  .tuple(fc.integer({ min: -2e9, max: 2e9 }), fc.constantFrom(1, 10, 100, 1000, 10_000))
  .map(([n, power]) => n / power)
const number = fc.oneof(
  decimals,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(-0, 1e9, 999_999_999.999, 1e21, 5e-324),
)

test('a number is written as JSON has it, whatever its size and digits', () => {
  fc.assert(
    fc.property(number, (value) => {
      const bytes = new Uint8Array(NUMBER_BYTES + 3)
      const end = writeNumber(bytes, 3, value)
      expect(Buffer.from(bytes.subarray(3, end)).toString()).toBe(JSON.stringify(value))
    }),
    { numRuns: 5_000 },
  )
})

test('an answer is what JSON makes of its points, and begins as small as it likes', () => {
  const names = fc.constantFrom('GAS-01', '燃气 "7"', 'a\\b\n', '\u2028x')
  const point = fc.tuple(
    fc.oneof(fc.integer({ min: T, max: T + 100_000 }), fc.double({ min: -1e6, max: 4e12, noNaN: true })),
    number,
    fc.constantFrom(0, qualityCode('bad', 'unit'), qualityCode('uncertain', 'over-range')),
  )
  const one = fc.record({ device: names, metric: names, points: fc.array(point, { maxLength: 40 }) })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 6 }), fc.boolean(), fc.nat(150), (all, withQuality, most) => {
      const json = new PointsJson(most, withQuality, 16)
      const expected: { device: string; metric: string; points: unknown[][] }[] = []
      let taken = 0
      for (const [i, { device, metric, points }] of all.entries()) {
        const series: Series = { id: i, mode: 'live', device, metric }
        json.begin(series)
        const kept = points.filter(([at, value, quality]) => json.point(at, value, quality)).slice(0, most - taken)
        taken += kept.length
        if (kept.length === 0) continue
        const written = kept.map(([at, value, quality]) => {
          const reason = reasonOf(quality)
          return [at, value, ...(withQuality ? [qualityOf(quality), reason === 'none' ? null : reason] : [])]
        })
        expected.push({ device, metric, points: written })
      }
      const answer = Buffer.from(json.finish(json.next && 'more')).toString()
      expect(answer).toBe(JSON.stringify({ series: expected, ...(json.next && { next: 'more' }) }))
      expect(json.points).toBe(taken)
    }),
    { numRuns: 500 },
  )
})
