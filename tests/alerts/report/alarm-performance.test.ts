import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alarmPerformance } from '../../../alerts/report/alarm-performance.ts'
import type { Annunciation } from '../../../alerts/report/annunciations.ts'
import { floodsOf, mostInWindow } from '../../../alerts/report/floods.ts'
import { periodsOf } from '../../../alerts/report/periods.ts'
import type { PerformanceQuery } from '../../../core/performance.ts'

/** Midnight of a Monday in Shanghai. */
const MONDAY = Date.UTC(2026, 0, 4, 16)
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000
const zone = 'Asia/Shanghai'

const one = (at: number, over: Partial<Annunciation> = {}): Annunciation => ({
  ...{ at, level: 'yellow', rule: 'gas.h', subject: 'A/combustibleLel', device: 'A', enterprise: 'E1', alarm: `a${at}` },
  ...{ acknowledgedAt: null, inactiveAt: at + MINUTE, ...over },
})
const query = (over: Partial<PerformanceQuery> = {}): PerformanceQuery => ({
  ...{ mode: 'live', from: MONDAY, to: MONDAY + DAY, by: 'day', shifts: [], ...over },
})
const report = (rows: Annunciation[], over: Partial<PerformanceQuery> = {}, asOf = MONDAY + 8 * DAY) =>
  alarmPerformance(query(over), { knownFrom: MONDAY - DAY, asOf, zone, read: (_from, to) => rows.filter(({ at }) => at < to) })

test('a flood begins with the alarm that makes more than 10 in 10 minutes and ends when fewer than 5 are left', () => {
  const eleven = Array.from({ length: 11 }, (_, i) => MONDAY + i * 10_000)
  expect(floodsOf(eleven.slice(0, 10), MONDAY + DAY)).toEqual([])
  // The seventh leaves 10 minutes after it came: four are left.
  expect(floodsOf(eleven, MONDAY + DAY)).toEqual([{ from: MONDAY + 100_000, to: MONDAY + 60_000 + 10 * MINUTE }])
  expect(floodsOf(eleven, MONDAY + 200_000)).toEqual([{ from: MONDAY + 100_000, to: MONDAY + 200_000 }])
})

test('floods and the worst 10 minutes are what counting second by second finds', () => {
  const times = fc
    .array(fc.integer({ min: 0, max: 90 }), { maxLength: 60 })
    .map((all) => all.sort((a, b) => a - b).map((at) => at * MINUTE))
  fc.assert(
    fc.property(times, (at) => {
      const end = 110 * MINUTE
      const count = (now: number) => at.filter((one) => one <= now && now < one + 10 * MINUTE).length
      const found: { from: number; to: number }[] = []
      let from: number | null = null
      for (let now = 0; now <= end; now += MINUTE) {
        if (from === null && count(now) > 10) from = now
        else if (from !== null && count(now) < 5) {
          found.push({ from, to: now })
          from = null
        }
      }
      if (from !== null) found.push({ from, to: end })
      expect(floodsOf(at, end)).toEqual(found)
      expect(mostInWindow(at, 0, end)).toBe(Math.max(0, ...at.map(count)))
    }),
    { numRuns: 300 },
  )
})

test('a day at a desk: averages, flood, chattering, fleeting, waits and levels', () => {
  const storm = Array.from({ length: 12 }, (_, i) =>
    one(MONDAY + 9 * HOUR + i * 20_000, { subject: 'B', device: 'B', level: 'red' }),
  )
  const calm = [
    one(MONDAY + HOUR, { acknowledgedAt: MONDAY + HOUR + 30_000 }),
    one(MONDAY + 2 * HOUR, { subject: 'C', acknowledgedAt: MONDAY + 2 * HOUR + 90_000 }),
    one(MONDAY + 3 * HOUR, { subject: 'D', inactiveAt: MONDAY + 3 * HOUR + 4_000 }),
  ]
  const { total, periods, top } = report([...calm, ...storm])
  expect(periods).toHaveLength(1)
  expect(total).toMatchObject({
    ...{ complete: true, known: true, annunciations: 15, perDay: 15, most10Min: 12, floods: 1, inFlood: 2 },
    ...{ chattering: 1, fleeting: 1, stale: 0, standing: 0, levels: { red: 12, orange: 0, yellow: 3, blue: 0 } },
    acknowledge: { acknowledged: 2, medianMs: 30_000, p90Ms: 90_000, maxMs: 90_000, never: 13 },
  })
  expect(total.per10Min).toBeCloseTo(15 / 144)
  expect(total.busy10MinShare).toBeCloseTo(1 / 144)
  expect(total.floodMs).toBe(10 * MINUTE + 140_000 - 200_000)
  expect(top[0]).toMatchObject({ subject: 'B', level: 'red', count: 12, share: 0.8, chattering: true })
})

test('what stays active is stale after a day and standing an hour after somebody has seen it, in every period it lasts', () => {
  const rows = [
    one(MONDAY - 30 * HOUR, { alarm: 'old', inactiveAt: null }),
    one(MONDAY + HOUR, { alarm: 'seen', acknowledgedAt: MONDAY + HOUR + MINUTE, inactiveAt: MONDAY + 5 * HOUR }),
    one(MONDAY + HOUR, { alarm: 'short', acknowledgedAt: MONDAY + HOUR + MINUTE, inactiveAt: MONDAY + HOUR + 20 * MINUTE }),
  ]
  const { periods, staleNow } = report(rows, { to: MONDAY + 2 * DAY })
  expect(periods.map(({ stale, standing, annunciations }) => [annunciations, stale, standing])).toEqual([
    [2, 1, 1],
    [0, 1, 0],
  ])
  expect(staleNow).toMatchObject([{ alarmId: 'old', since: MONDAY - 30 * HOUR }])
})

test('shifts run over midnight, weeks begin on Monday, and a time nobody recorded is not a quiet one', () => {
  const shifts = periodsOf(MONDAY + 9 * HOUR, MONDAY + 25 * HOUR, 'shift', ['20:00', '08:00'], zone)
  expect(shifts.map(({ from, to }) => [(from - MONDAY) / HOUR, (to - MONDAY) / HOUR])).toEqual([
    [8, 20],
    [20, 32],
  ])
  const weeks = periodsOf(MONDAY + 3 * DAY, MONDAY + 8 * DAY, 'week', [], zone)
  expect(weeks.map(({ from, to }) => [(from - MONDAY) / DAY, (to - MONDAY) / DAY])).toEqual([
    [0, 7],
    [7, 14],
  ])
  const { periods } = report([], { from: MONDAY - 3 * DAY })
  expect(periods.map(({ known, complete }) => [known, complete])).toEqual([
    [false, false],
    [false, false],
    [true, true],
    [true, true],
  ])
  expect(() => periodsOf(MONDAY, MONDAY + DAY, 'shift', ['8'], zone)).toThrow('08:00,20:00')
  expect(() => periodsOf(0, MONDAY, 'day', [], zone)).toThrow('too many periods')
})
