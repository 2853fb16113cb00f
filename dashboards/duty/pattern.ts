import { fromLocal, toLocal } from '../../core/local-time.ts'
import type { DutyRole, Shift } from '../../core/roster.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const WEEK = 7 * DAY

export type Crew = Record<DutyRole, string>
export type NewShift = { region: string; from: number; to: number; people: Crew }

/** How a roster repeats: shifts of these lengths one after another, teams taking turns. */
export type Pattern = {
  region: string
  /** local: `2026-11-23`, `08:00` */
  day: string
  time: string
  hours: number[]
  teams: Crew[]
  weeks: number
}

/** `8, 8 8` → lengths in hours; null where it is not that. */
export function readHours(text: string): number[] | null {
  const hours = text
    .split(/[\s,,、/]+/)
    .filter((part) => part !== '')
    .map(Number)
  return hours.length > 0 && hours.every((one) => one > 0 && one <= 48) ? hours : null
}

/** Shifts of a pattern as clocks of the zone show them, none beginning after the last whole week. */
export function shiftsOf({ region, day, time, hours, teams, weeks }: Pattern, zone: string): NewShift[] {
  const start = Date.parse(`${day}T${time}:00Z`)
  const shifts: NewShift[] = []
  if (Number.isNaN(start) || hours.length === 0 || teams.length === 0) return shifts
  for (let at = start; at < start + weeks * WEEK;) {
    const until = at + hours[shifts.length % hours.length]! * HOUR
    shifts.push({
      region,
      from: fromLocal(at, zone),
      to: fromLocal(until, zone),
      people: { ...teams[shifts.length % teams.length]! },
    })
    at = until
  }
  return shifts
}

/** The shifts that began in one week as the week after has them: same times of day, same people as planned. */
export function copied(shifts: readonly Shift[], monday: number, zone: string): NewShift[] {
  return shifts
    .filter(({ from }) => from >= monday && from < weeksAfter(monday, 1, zone))
    .map(({ region, from, to, people }) => ({
      region,
      from: weeksAfter(from, 1, zone),
      to: weeksAfter(to, 1, zone),
      people: { ...people },
    }))
}

/** Shifts already in the roster that a new one would overlap. */
export const overlaps = (one: NewShift, shifts: readonly Shift[]): Shift[] =>
  shifts.filter((shift) => shift.region === one.region && shift.from < one.to && shift.to > one.from)

export const weeksAfter = (at: number, weeks: number, zone: string): number => fromLocal(toLocal(at, zone) + weeks * WEEK, zone)

/** The first moment of the Monday on or before a moment. */
export function mondayOf(at: number, zone: string): number {
  const local = toLocal(at, zone)
  const midnight = local - (local % DAY)
  return fromLocal(midnight - ((new Date(midnight).getUTCDay() + 6) % 7) * DAY, zone)
}

/** First moments of so many days from one on. */
export const daysFrom = (at: number, n: number, zone: string): number[] =>
  Array.from({ length: n }, (_one, i) => fromLocal(toLocal(at, zone) + i * DAY, zone))
