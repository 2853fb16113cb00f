import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Shift } from '../../../core/roster.ts'
import { copied, mondayOf, overlaps, readHours, shiftsOf } from '../../../dashboards/duty/pattern.ts'

const HOUR = 3_600_000
const crew = (name: string) => ({ duty1: name, duty2: name, shiftLeader: name, dutyLeader: name })
const zone = 'Asia/Shanghai'
const region = '330106'

test('a pattern leaves no gap and no overlap, gives teams their turns, and begins no shift after its last week', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 48 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), (hours, teams, weeks) => {
      const names = Array.from({ length: teams }, (_one, i) => `t${i}`)
      const shifts = shiftsOf({ region, day: '2026-11-23', time: '08:00', hours, teams: names.map(crew), weeks }, zone)
      expect(shifts[0]!.from).toBe(Date.parse('2026-11-23T08:00:00+08:00'))
      shifts.forEach(({ from, to, people }, i) => {
        expect(to - from).toBe(hours[i % hours.length]! * HOUR)
        expect(people.duty1).toBe(names[i % teams])
        if (i > 0) expect(from).toBe(shifts[i - 1]!.to)
      })
      const end = shifts[0]!.from + weeks * 7 * 24 * HOUR
      expect(shifts.at(-1)!.from < end && shifts.at(-1)!.to >= end).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('where clocks change, a shift still begins when people say it does', () => {
  const berlin = { region, day: '2026-10-24', time: '08:00', hours: [24], teams: [crew('a')], weeks: 1 }
  const shifts = shiftsOf(berlin, 'Europe/Berlin')
  expect(new Date(shifts[1]!.from).toISOString()).toBe('2026-10-25T07:00:00.000Z')
  expect(shifts[0]!.to - shifts[0]!.from).toBe(25 * HOUR)
})

test('a week is copied as it was planned, without who stood in, and what stands in the way is found', () => {
  const from = Date.parse('2026-11-24T20:00:00+08:00')
  const substitutions = [{ role: 'duty1' as const, personId: 'p-9', by: 'p-1', at: from, reason: '病假' }]
  const shift: Shift = {
    id: 's',
    version: 2,
    region,
    from,
    to: from + 12 * HOUR,
    people: crew('a'),
    substitutions,
    cancelledAt: null,
  }
  const monday = mondayOf(from, zone)
  expect(new Date(monday).toISOString()).toBe('2026-11-22T16:00:00.000Z')
  const week = 7 * 24 * HOUR
  const [copy] = copied([shift, { ...shift, id: 'before', from: from - week, to: from - week + HOUR }], monday, zone)
  expect(copy).toEqual({ region, from: from + week, to: from + week + 12 * HOUR, people: crew('a') })
  expect(overlaps(copy!, [shift])).toEqual([])
  expect(overlaps(copy!, [{ ...shift, from: copy!.to - 1, to: copy!.to + HOUR }])).toHaveLength(1)
})

test('lengths are read as people type them', () => {
  expect(readHours('12,12')).toEqual([12, 12])
  expect(readHours('8、8,8')).toEqual([8, 8, 8])
  for (const text of ['', '0', '49', 'a day']) expect(readHours(text)).toBeNull()
})
