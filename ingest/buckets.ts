import type { Buckets } from './stores/store.ts'

const DAY = 86_400_000
const MINUTE = 60_000

/** Days of a time zone as stretches of UTC, 23, 24 or 25 hours long. What is found is remembered. */
class LocalDays {
  #format: Intl.DateTimeFormat
  #starts = new Map<number, number>()

  constructor(zone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** What the clocks on the wall show, as if it were UTC. */
  local(time: number): number {
    const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
    let beforeChrist = false
    for (const { type, value } of this.#format.formatToParts(time)) {
      if (type in parts) parts[type as keyof typeof parts] = Number(value)
      else if (type === 'era') beforeChrist = value.startsWith('B')
    }
    const { year, month, day, hour, minute, second } = parts
    const date = new Date(0)
    date.setUTCFullYear(beforeChrist ? 1 - year : year, month - 1, day)
    date.setUTCHours(hour, minute, second, time - Math.floor(time / 1000) * 1000)
    return date.getTime()
  }

  /** Days since 1970-01-01 on the local calendar. */
  numberOf(time: number): number {
    return Math.floor(this.local(time) / DAY)
  }

  /** The first moment of a local day: not always 00:00, clocks may jump over it. */
  start(day: number): number {
    const known = this.#starts.get(day)
    if (known !== undefined) return known
    const guess = day * DAY - (this.local(day * DAY) - day * DAY)
    let start = guess
    if (this.local(guess) !== day * DAY || this.numberOf(guess - 1) !== day - 1) {
      let before = Math.floor((guess - DAY - MINUTE) / MINUTE)
      let from = Math.ceil((guess + DAY) / MINUTE)
      while (from - before > 1) {
        const middle = Math.floor((before + from) / 2)
        if (this.numberOf(middle * MINUTE) >= day) from = middle
        else before = middle
      }
      start = from * MINUTE
    }
    if (this.#starts.size > 50_000) this.#starts.clear()
    this.#starts.set(day, start)
    return start
  }
}

const zones = new Map<string, LocalDays>()
function daysOf(zone: string): LocalDays {
  let days = zones.get(zone)
  if (!days) zones.set(zone, (days = new LocalDays(zone)))
  return days
}

/** What the clocks of a zone show at a time, as if it were UTC. */
export function localClock(zone: string): (time: number) => number {
  const days = daysOf(zone)
  return (time) => days.local(time)
}

/**
 * Buckets that align to local time: of whole days they begin at a local midnight, of less they are counted from the midnight
 * of their day (the last of a day ends with it), so that no clock change makes two hours one. Widths over a day that are not
 * whole days are counted in elapsed time from the first local midnight of 1970.
 */
export function localBuckets(everyMs: number, zone: string): Buckets {
  const days = daysOf(zone)
  let day = { start: 0, end: 0 }
  let bucket = { start: 0, end: 0 }

  function find(time: number): typeof bucket {
    if (everyMs > DAY && everyMs % DAY !== 0) {
      const start = days.start(0) + Math.floor((time - days.start(0)) / everyMs) * everyMs
      return { start, end: start + everyMs }
    }
    if (everyMs >= DAY) {
      const length = everyMs / DAY
      const first = Math.floor(days.numberOf(time) / length) * length
      return { start: days.start(first), end: days.start(first + length) }
    }
    if (time < day.start || time >= day.end) {
      const number = days.numberOf(time)
      day = { start: days.start(number), end: days.start(number + 1) }
    }
    const start = day.start + Math.floor((time - day.start) / everyMs) * everyMs
    return { start, end: Math.min(start + everyMs, day.end) }
  }

  return {
    everyMs,
    zone,
    at(time) {
      if (time < bucket.start || time >= bucket.end) bucket = find(time)
      return bucket
    },
  }
}
