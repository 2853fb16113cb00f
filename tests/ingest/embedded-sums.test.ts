import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isBad, qualityCode } from '../../core/quality.ts'
import { CHUNK_ROWS } from '../../ingest/stores/embedded/chunk.ts'
import { Columns } from '../../ingest/stores/embedded/columns.ts'
import { BLOCK_ROWS, Tally } from '../../ingest/stores/embedded/sums.ts'

const BAD = qualityCode('bad')

function put(columns: Columns, at: number, value: number, quality: number): void {
  const row = columns.search(at)
  if (row < columns.n && columns.measuredAt[row] === at) return
  columns.open(row)
  columns.measuredAt[row] = at
  columns.value[row] = value
  columns.quality[row] = quality
}

test('sums kept beside rows in memory are those of the rows, whatever is put between, before or dropped', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('run' as const), n: fc.nat(150), stride: fc.constantFrom(1000, 1000, 7) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('between' as const), back: fc.nat(400_000), bad: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('drop' as const), n: fc.constantFrom(CHUNK_ROWS, CHUNK_ROWS, BLOCK_ROWS, 3, 1) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('before' as const), n: fc.integer({ min: 1, max: 50 }) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('ask' as const), from: fc.nat(448), n: fc.nat(448) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const columns = new Columns()
      let now = 1e9
      for (const one of steps) {
        if (one.kind === 'run') {
          for (let i = 0; i < one.n && columns.n < 440; i++)
            put(columns, (now += one.stride), (i * 37) % 101, i % 13 === 5 ? BAD : 0)
        } else if (one.kind === 'between') {
          if (columns.n < 440) put(columns, now - one.back - 0.5, 5, one.bad ? BAD : 0)
        } else if (one.kind === 'drop') columns.dropFirst(Math.min(one.n, columns.n))
        else if (one.kind === 'before' && columns.n > 0 && columns.n + one.n < 440) {
          const older = new Columns()
          for (let i = one.n; i > 0; i--) put(older, columns.measuredAt[0]! - i, i, 0)
          columns.prepend([older.slice(0, older.n)])
        } else if (one.kind === 'ask') {
          const from = Math.min(one.from, columns.n)
          const to = Math.min(from + one.n, columns.n)
          const values = [...columns.value.subarray(from, to)].filter((_, i) => !isBad(columns.quality[from + i]!))
          const tally = new Tally()
          columns.sums.addTo(tally, columns, from, to, true)
          expect([tally.good, tally.min, tally.max]).toEqual([values.length, Math.min(...values), Math.max(...values)])
          expect(tally.sum).toBeCloseTo(
            values.reduce((sum, value) => sum + value, 0),
            6,
          )
          for (const time of [columns.measuredAt[from] ?? now, (columns.measuredAt[to] ?? now) + 1, 0, now * 2]) {
            expect(columns.near(time)).toBe(columns.search(time))
          }
        }
      }
    }),
    { numRuns: 1_000 },
  )
})
