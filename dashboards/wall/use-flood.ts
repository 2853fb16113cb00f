import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { Alarm } from '../../core/alarm.ts'
import type { Live } from '../web/live.ts'
import { isSetAside } from '../web/alarm-order.ts'
import { Flood, FLOOD_WINDOW_MS } from './flood.ts'

export type FloodState = { active: boolean; count: number; enterprises: number }

/** Whether alarms come faster than people can take them; looked at with every alarm and every second. */
export function useFlood(live: Live): ShallowRef<FloodState> {
  const flood = new Flood()
  const state = shallowRef<FloodState>({ active: false, count: 0, enterprises: 0 })
  const heard = (alarm: Alarm) => {
    if (isSetAside(alarm) || alarm.state === 'normal') return
    flood.heard(alarm.id, alarm.occurrences, alarm.enterpriseId, alarm.occurrences > 1 ? live.serverNow() : alarm.raisedAt)
  }
  const look = () => {
    const next = flood.look(live.serverNow())
    const { active, count, enterprises } = state.value
    if (next.active !== active || next.count !== count || next.enterprises !== enterprises) state.value = next
  }
  // Many alarms of one frame are looked at once.
  let looking = false
  live.onAlarm((alarm) => {
    heard(alarm)
    if (looking) return
    looking = true
    queueMicrotask(() => {
      looking = false
      look()
    })
  })
  live.onSnapshot(({ alarms }) => {
    // What came again and again before this page opened counts from when it was first raised: nothing else is known of it.
    const since = live.serverNow() - FLOOD_WINDOW_MS
    const recent = alarms.filter(({ raisedAt }) => raisedAt > since).sort((a, b) => a.raisedAt - b.raisedAt)
    for (const alarm of recent) flood.heard(alarm.id, alarm.occurrences, alarm.enterpriseId, alarm.raisedAt)
    look()
  })
  onScopeDispose(watch(live.now, look))
  return state
}
