import { isOpen, isUnacknowledged, type Alarm } from '../core/alarm.ts'
import type { LevelCounters } from '../core/live.ts'

export const noAlarms = (): LevelCounters => ({
  red: { unacknowledged: 0, open: 0 },
  orange: { unacknowledged: 0, open: 0 },
  yellow: { unacknowledged: 0, open: 0 },
  blue: { unacknowledged: 0, open: 0 },
})

/** Counts an alarm in (`by` 1) or out (`by` -1); one that is over counts for nothing. */
export function count(counters: LevelCounters, alarm: Alarm | undefined, by: 1 | -1): void {
  if (!alarm || !isOpen(alarm)) return
  counters[alarm.level].open += by
  if (isUnacknowledged(alarm)) counters[alarm.level].unacknowledged += by
}
