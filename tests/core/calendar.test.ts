import { expect, test } from 'vitest'
import { afterWorkingDays, dayIn } from '../../core/calendar.ts'
import { chinaHolidays } from '../../core/holidays.ts'

const zone = 'Asia/Shanghai'
const at = (text: string) => Date.parse(`${text}+08:00`)

test('a make-up Saturday is worked, a holiday on a weekday is not, and an unpublished year says so', () => {
  expect(dayIn(chinaHolidays, '2026-02-14')).toEqual({ works: true, holiday: null, known: true })
  expect(dayIn(chinaHolidays, '2026-02-16')).toMatchObject({ works: false, holiday: { zh: '春节' } })
  expect(dayIn(chinaHolidays, '2026-02-24')).toMatchObject({ works: true, holiday: null })
  expect(dayIn(chinaHolidays, '2026-11-22')).toMatchObject({ works: false, holiday: null, known: true })
  expect(dayIn(chinaHolidays, '2031-01-01')).toMatchObject({ works: true, known: false })
})

test('five working days over Spring Festival pass the nine days off and count the Saturday worked for them', () => {
  // Friday 13th: Saturday 14th is worked, then nothing until Tuesday 24th.
  expect(afterWorkingDays(chinaHolidays, at('2026-02-13T10:00:00'), 5, zone)).toBe(at('2026-02-27T10:00:00'))
  expect(afterWorkingDays(chinaHolidays, at('2026-02-13T10:00:00'), 6, zone)).toBe(at('2026-02-28T10:00:00'))
  expect(afterWorkingDays(chinaHolidays, at('2026-02-18T10:00:00'), 1, zone)).toBe(at('2026-02-24T10:00:00'))
})

test('every published year has whole holidays, and what is worked instead is a weekend outside them', () => {
  for (const [year, { off, worked }] of Object.entries(chinaHolidays)) {
    for (const { from, to } of off) expect([from <= to, from.slice(0, 4)]).toEqual([true, year])
    for (const day of worked) {
      expect([0, 6]).toContain(new Date(`${day}T00:00:00Z`).getUTCDay())
      expect(off.some(({ from, to }) => from <= day && day <= to)).toBe(false)
    }
  }
})
