/*
 * What is normal for a series at each time of the day (or of the week): a centre and a spread for every half hour, learned day
 * by day. Packed into text, 9 bytes a slot, because a rule's state is JSON and there are many series: a day takes 576 characters,
 * a day with its weekend 1,152, a week 4,032. It is read once per half hour, never per reading.
 */
export const SLOT_MS = 1_800_000
const DAY_MS = 86_400_000
const DAY_SLOTS = DAY_MS / SLOT_MS
const BYTES = 9

/** `day`: every day is alike; `weekend`: Saturday and Sunday differ from the others; `week`: every day of it differs. */
export type Season = 'day' | 'weekend' | 'week'
const daysOf: Record<Season, number> = { day: 1, weekend: 2, week: 7 }

export type Normal = { centre: number; spread: number; days: number }
/** What one half hour brought. */
export type HalfHour = { mean: number; spread: number }

export const slotsOf = (season: Season): number => daysOf[season] * DAY_SLOTS

/** The half hour of a moment, counted from 1970 in local time. */
export const halfHourOf = (at: number, offsetMinutes: number): number => Math.floor((at + offsetMinutes * 60_000) / SLOT_MS)

/** Which slot of the norm a half hour belongs to. 1 January 1970 was a Thursday. */
export function slotOf(halfHour: number, season: Season): number {
  const day = Math.floor(halfHour / DAY_SLOTS)
  const time = halfHour - day * DAY_SLOTS
  const weekday = (day + 3) % 7
  if (season === 'week') return weekday * DAY_SLOTS + time
  return season === 'weekend' && weekday >= 5 ? DAY_SLOTS + time : time
}

/** The hour of the day at which a half hour begins. */
export const hourOf = (halfHour: number): number => (halfHour % DAY_SLOTS) / 2

const unpack = (norm: string, season: Season): DataView => {
  const bytes = new Uint8Array(slotsOf(season) * BYTES)
  if (norm !== '') bytes.set(Buffer.from(norm, 'base64').subarray(0, bytes.length))
  return new DataView(bytes.buffer)
}

export function normalAt(norm: string, season: Season, slot: number): Normal | null {
  if (norm === '') return null
  const view = unpack(norm, season)
  const days = view.getUint8(slot * BYTES + 8)
  if (days === 0) return null
  return { centre: view.getFloat32(slot * BYTES), spread: view.getFloat32(slot * BYTES + 4), days }
}

/** How many slots have been seen on at least so many days. */
export function knownSlots(norm: string, season: Season, days: number): number {
  if (norm === '') return 0
  const view = unpack(norm, season)
  let known = 0
  for (let slot = 0; slot < slotsOf(season); slot++) if (view.getUint8(slot * BYTES + 8) >= days) known++
  return known
}

const ROBUST_AFTER = 3
const CLAMP = 3

/**
 * The norm with one more half hour in it. The first days count alike, later ones fade over `memory` days; a day far from the
 * others pulls no further than one at three spreads would.
 */
export function learned(norm: string, season: Season, slot: number, half: HalfHour, memory: number): string {
  const view = unpack(norm, season)
  const at = slot * BYTES
  const days = view.getUint8(at + 8)
  const centre = view.getFloat32(at)
  const spread = view.getFloat32(at + 4)
  if (days === 0) {
    view.setFloat32(at, half.mean)
    view.setFloat32(at + 4, half.spread)
  } else {
    const weight = 1 / Math.min(days + 1, memory)
    const furthest = days >= ROBUST_AFTER ? CLAMP * spread : Infinity
    const shift = Math.max(-furthest, Math.min(furthest, half.mean - centre))
    view.setFloat32(at, centre + weight * shift)
    view.setFloat32(at + 4, spread + weight * (Math.hypot(shift, half.spread) - spread))
  }
  view.setUint8(at + 8, Math.min(255, days + 1))
  return Buffer.from(view.buffer).toString('base64')
}
