import { dayOf } from './local-time.ts'

/** What a government publishes for one year: days off, and weekend days that are worked to make up for them. */
export type HolidayYear = {
  /** first and last day of each holiday, `2026-02-15` */
  off: { name: { zh: string; en: string }; from: string; to: string }[]
  worked: string[]
  source: string
}
export type HolidayCalendar = Record<string, HolidayYear>

/** What a day is; `known` is false in a year nobody has published yet, where only weekends are told. */
export type Day = { works: boolean; holiday: { zh: string; en: string } | null; known: boolean }

const DAY_MS = 86_400_000

/** `day`: `2026-02-14`. */
export function dayIn(calendar: HolidayCalendar, day: string): Day {
  const year = calendar[day.slice(0, 4)]
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
  const isWeekend = weekday === 0 || weekday === 6
  if (!year) return { works: !isWeekend, holiday: null, known: false }
  const holiday = year.off.find(({ from, to }) => from <= day && day <= to)?.name ?? null
  if (holiday) return { works: false, holiday, known: true }
  return { works: !isWeekend || year.worked.includes(day), holiday: null, known: true }
}

/**
 * The end of so many working days after a moment, as clocks in `zone` show it: the same time of day, on the nth working day that
 * follows. A moment on a day off counts from the first working day on.
 */
export function afterWorkingDays(calendar: HolidayCalendar, from: number, days: number, zone: string): number {
  let at = from
  for (let left = days; left > 0;) {
    at += DAY_MS
    if (dayIn(calendar, dayOf(at, zone)).works) left--
  }
  return at
}
