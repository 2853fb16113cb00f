const formats = new Map<string, Intl.DateTimeFormat>()
/** Since 2000 clocks have been moved on quarter hours only: within one, what they show is a fixed distance away. */
const QUARTER = 900_000
const QUARTERS_SINCE = Date.UTC(2000, 0, 1)
const distances = new Map<string, { quarter: number; distance: number }>()
const DAY = 86_400_000

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (!format) {
    const digits = {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    } as const
    formats.set(zone, (format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...digits })))
  }
  return format
}

/** What the clocks of a zone show, as if it were UTC. */
export function toLocal(ms: number, zone: string): number {
  if (!(ms >= QUARTERS_SINCE)) return localByFormat(ms, zone)
  const quarter = Math.floor(ms / QUARTER)
  const known = distances.get(zone)
  if (known?.quarter === quarter) return ms + known.distance
  const local = localByFormat(ms, zone)
  distances.set(zone, { quarter, distance: local - ms })
  return local
}

function localByFormat(ms: number, zone: string): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of formatOf(zone).formatToParts(ms)) parts[type] = Number(value)
  const { year, month, day, hour, minute, second } = parts
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) + (((ms % 1000) + 1000) % 1000)
}

/** The moment at which the clocks of a zone show this; where they jump over it, the moment of the jump or just after. */
export function fromLocal(local: number, zone: string): number {
  const first = local - (toLocal(local, zone) - local)
  return local - (toLocal(first, zone) - first)
}

/** `2026-11-22` in the zone. */
export const dayOf = (ms: number, zone: string): string => new Date(toLocal(ms, zone)).toISOString().slice(0, 10)

/** `2026-11-22 18:00` in the zone. */
export const minuteOf = (ms: number, zone: string): string =>
  new Date(toLocal(ms, zone)).toISOString().slice(0, 16).replace('T', ' ')

/** First moment of a day, and of the day after it. */
export function daySpan(day: string, zone: string): { from: number; to: number } {
  const local = Date.parse(`${day}T00:00:00Z`)
  return { from: fromLocal(local, zone), to: fromLocal(local + DAY, zone) }
}
