import { daySpan, dayOf } from '../../core/local-time.ts'
import type { ReportPeriod } from '../../core/performance.ts'

const DAY = 86_400_000
const SHIFTS = '08:00,20:00'

export type Asked = { by: ReportPeriod; fromDay: string; toDay: string; region: string; shifts: string }

/** What the address of the page asks for; the rest as a manager wants it: the last seven days, by day. */
export function askedOf(search: string, now: number, zone: string): Asked {
  const query = new URLSearchParams(search)
  const by = query.get('by')
  const day = (name: string, otherwise: string) => {
    const given = query.get(name) ?? ''
    return /^\d{4}-\d{2}-\d{2}$/.test(given) && !Number.isNaN(Date.parse(given)) ? given : otherwise
  }
  return {
    by: by === 'shift' || by === 'week' ? by : 'day',
    fromDay: day('from', dayOf(now - 6 * DAY, zone)),
    toDay: day('to', dayOf(now, zone)),
    shifts: /^\d\d:\d\d(,\d\d:\d\d)*$/.test(query.get('shifts') ?? '') ? query.get('shifts')! : SHIFTS,
    region: /^\d{2,12}$/.test(query.get('region') ?? '') ? query.get('region')! : '',
  }
}

/** The address that asks for it again: the same link, the same report. */
export function searchOf({ by, fromDay, toDay, region, shifts }: Asked): string {
  return `?${new URLSearchParams({ by, from: fromDay, to: toDay, ...(region === '' ? {} : { region }), ...(by === 'shift' ? { shifts } : {}) })}`
}

/** Whole days of the zone, both included. */
export function spanOf({ fromDay, toDay }: Asked, zone: string): { from: number; to: number } {
  return { from: daySpan(fromDay, zone).from, to: daySpan(toDay, zone).to }
}
