import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromLocal, toLocal } from '../../core/local-time.ts'

const zones = ['Asia/Shanghai', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/New_York', 'Europe/London', 'UTC']
const zone = fc.constantFrom(...zones)

/** As the platform's calendar says it, without what is kept in mind between calls. */
function said(ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  return format.format(ms)
}
const shown = (local: number) => new Date(local).toISOString().slice(0, 19).replace('T', ' ')

test('in any zone, in any order of moments, the clocks show what the calendar says; also where they are moved', () => {
  // The nights in which New York, London and Lord Howe move theirs, and any time.
  const moment = fc.oneof(
    fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2060, 0, 1) }),
    fc
      .constantFrom(Date.UTC(2026, 2, 8, 7), Date.UTC(2026, 10, 1, 6), Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 3, 4, 15))
      .chain((at) => fc.integer({ min: at - 3_600_000, max: at + 3_600_000 })),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(moment, zone), { maxLength: 20 }), (asked) => {
      for (const [ms, place] of asked) expect(shown(toLocal(ms, place))).toBe(said(ms, place))
    }),
  )
})

test('a moment is found again from what the clocks showed, but for the hour they show twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2060, 0, 1) }), zone, (ms, place) => {
      const again = fromLocal(toLocal(ms, place), place)
      expect(toLocal(again, place)).toBe(toLocal(ms, place))
    }),
  )
})
