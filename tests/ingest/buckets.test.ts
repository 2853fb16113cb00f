import fc from 'fast-check'
import { expect, test } from 'vitest'
import { localBuckets } from '../../ingest/buckets.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const iso = (text: string) => Date.parse(text)
const span = (every: number, zone: string, time: string) => {
  const { start, end } = localBuckets(every, zone).at(iso(time))
  return [new Date(start).toISOString(), new Date(end).toISOString()]
}

test('buckets of a day begin at local midnight', () => {
  expect(span(DAY, 'Asia/Shanghai', '2026-01-02T15:59:59.999Z')).toEqual(['2026-01-01T16:00:00.000Z', '2026-01-02T16:00:00.000Z'])
  expect(span(DAY, 'Asia/Shanghai', '2026-01-02T16:00:00Z')[0]).toBe('2026-01-02T16:00:00.000Z')
  expect(span(DAY, 'Asia/Kathmandu', '2026-01-02T18:14:00Z')[0]).toBe('2026-01-01T18:15:00.000Z')
})

test('where clocks change a day has 23 or 25 hours and no two hours become one', () => {
  expect(span(DAY, 'Europe/Berlin', '2026-03-29T12:00Z')).toEqual(['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'])
  expect(span(DAY, 'Europe/Berlin', '2026-10-25T12:00Z')).toEqual(['2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'])
  const hours = localBuckets(HOUR, 'Europe/Berlin')
  const starts = new Set(Array.from({ length: 25 * 4 }, (_, i) => hours.at(iso('2026-10-24T22:00Z') + i * 900_000).start))
  expect(starts.size).toBe(25)
})

test('a day whose midnight the clocks jump over begins at its first moment', () => {
  expect(span(DAY, 'Africa/Cairo', '2026-04-24T12:00Z')[0]).toBe('2026-04-23T22:00:00.000Z')
  expect(span(DAY, 'America/Havana', '2026-11-01T12:00Z')).toEqual(['2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z'])
})

test('in every zone and at every width buckets hold their times and follow each other without gaps', () => {
  const zones = [
    'Asia/Shanghai',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'America/Havana',
    'UTC',
    'Pacific/Apia',
  ]
  const widths = [1, 1000, 7000, 60_000, 300_000, 5_400_000, HOUR, 7 * HOUR, DAY, 36 * HOUR, 7 * DAY, 30 * DAY]
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom(...widths),
      fc.integer({ min: iso('2010-01-01'), max: iso('2040-01-01') }),
      (zone, every, time) => {
        const buckets = localBuckets(every, zone)
        const { start, end } = buckets.at(time)
        expect(start <= time && time < end).toBe(true)
        expect(buckets.at(end).start).toBe(end)
        expect(localBuckets(every, zone).at(start)).toEqual({ start, end })
        expect(localBuckets(every, zone).at(end - 1)).toEqual({ start, end })
      },
    ),
    { numRuns: 2000 },
  )
})
