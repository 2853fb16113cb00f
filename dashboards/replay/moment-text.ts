import { Invalid } from '../../core/errors.ts'
import { fromLocal } from '../../core/local-time.ts'

const wrong = (text: string) =>
  new Invalid(
    'unreadable-time',
    `at is no time: ${JSON.stringify(text.slice(0, 40))}; write 2026-03-21 14:48:05 (in the deployment's zone), with an offset 2026-03-21T14:48:05+08:00, or milliseconds UTC`,
    { field: 'at' },
  )

/** A moment as people and addresses write it: `2026-03-21 14:48:05` in the zone, with an offset, or ms UTC. */
export function momentOf(text: string, zone: string): number {
  if (/^\d{10,14}$/.test(text)) return Number(text)
  const found = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,3})?)?( ?(?:Z|[+-]\d{2}:?\d{2}))?$/.exec(text.trim())
  if (!found) throw wrong(text)
  const [, day, minute, second = ':00', offset] = found
  // A plus sign in an address comes as a space.
  const ms = Date.parse(`${day}T${minute}${second}${(offset ?? 'Z').trim()}`)
  if (Number.isNaN(ms) || !exists(day!)) throw wrong(text)
  return offset === undefined ? fromLocal(ms, zone) : ms
}

/** To `Date` the 31st of February is a day in March. */
function exists(day: string): boolean {
  const at = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}
