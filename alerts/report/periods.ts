import { Invalid } from '../../core/errors.ts'
import { dayOf, fromLocal, toLocal } from '../../core/local-time.ts'
import type { ReportPeriod } from '../../core/performance.ts'

const DAY = 86_400_000
const MOST_PERIODS = 400

/** When shifts begin on a local day, in minutes; at least one. */
export function readShifts(shifts: readonly string[]): number[] {
  const minutes = shifts.map((text) => {
    const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
    if (hour === undefined) {
      throw new Invalid('invalid', `shifts: ${JSON.stringify(text)} is not a time of day; for example 08:00,20:00`, {
        field: 'shifts',
      })
    }
    return Number(hour) * 60 + Number(minute)
  })
  return [...new Set(minutes.length === 0 ? [480, 1200] : minutes)].sort((a, b) => a - b)
}

/** Whole shifts, days or weeks (from Monday) of the zone that cover from ≤ t < to. */
export function periodsOf(
  from: number,
  to: number,
  by: ReportPeriod,
  shifts: readonly string[],
  zone: string,
): { from: number; to: number }[] {
  if (from >= to) throw new Invalid('invalid', 'from must be before to, both in milliseconds UTC', { field: 'from', from, to })
  const begins = by === 'shift' ? readShifts(shifts) : [0]
  const starts: number[] = []
  // One day early and late: the shift that runs over midnight, and the end of the last period.
  let day = Date.parse(`${dayOf(from, zone)}T00:00:00Z`) - DAY
  if (by === 'week') day -= ((new Date(day).getUTCDay() + 6) % 7) * DAY
  const step = by === 'week' ? 7 * DAY : DAY
  const end = toLocal(to, zone) + 2 * step
  if ((end - day) / step > MOST_PERIODS + 4) {
    throw new Invalid('invalid', `this range makes too many periods: at most ${MOST_PERIODS} are served`, { field: 'from' })
  }
  for (; day < end; day += step) for (const minutes of begins) starts.push(fromLocal(day + minutes * 60_000, zone))
  return starts
    .slice(0, -1)
    .map((start, i) => ({ from: start, to: starts[i + 1]! }))
    .filter((period) => period.to > from && period.from < to)
}
