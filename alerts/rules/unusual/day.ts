/*
 * What the half hours of a day usually bring: a mean each, and on how many days it was seen. Packed into text, 5 bytes a half hour,
 * 320 characters a series, because a rule's state is JSON; it is read once per half hour.
 */
const SLOT_MS = 1_800_000
const SLOTS = 48
const BYTES = 5
const MEMORY_DAYS = 7

export const NO_DAYS = ''

/** The half hour of a moment, counted from 1970 in local time. */
export const halfHourOf = (at: number, offsetMinutes: number): number => Math.floor((at + offsetMinutes * 60_000) / SLOT_MS)

const slotOf = (half: number) => ((half % SLOTS) + SLOTS) % SLOTS

function unpack(days: string): DataView {
  const bytes = new Uint8Array(SLOTS * BYTES)
  if (days !== NO_DAYS) bytes.set(Buffer.from(days, 'base64').subarray(0, bytes.length))
  return new DataView(bytes.buffer)
}

/** The mean usual in a half hour; null before it was seen on so many days. */
export function usualAt(days: string, half: number, learnDays: number): number | null {
  if (days === NO_DAYS) return null
  const view = unpack(days)
  const at = slotOf(half) * BYTES
  return view.getUint8(at + 4) < learnDays ? null : view.getFloat32(at)
}

/** With one more half hour in it; older days fade. */
export function learned(days: string, half: number, mean: number): string {
  const view = unpack(days)
  const at = slotOf(half) * BYTES
  const seen = Math.min(255, view.getUint8(at + 4) + 1)
  view.setUint8(at + 4, seen)
  view.setFloat32(at, view.getFloat32(at) + (mean - view.getFloat32(at)) / Math.min(seen, MEMORY_DAYS))
  return Buffer.from(view.buffer).toString('base64')
}
