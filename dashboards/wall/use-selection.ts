import { onScopeDispose, ref, watch, type Ref } from 'vue'
import type { Live } from '../web/live.ts'

const HELD_MS = 30_000

/** The row somebody picked by key, or the alarm somebody sent from the desk: it fills the card, until half a minute later or a new red. */
export function useSelection(live: Live, keys: Ref<readonly string[]>) {
  const selected = ref<string | null>(null)
  /** id of the alarm from the desk */
  const sent = ref<string | null>(null)
  let until = 0
  const pick = (key: string | null | undefined) => {
    sent.value = null
    selected.value = key ?? null
    until = performance.now() + HELD_MS
  }
  live.onAlarm((alarm) => {
    if (alarm.level === 'red' && alarm.state === 'active' && alarm.id !== sent.value) selected.value = sent.value = null
  })
  const stop = watch(live.now, () => {
    const isOver = performance.now() > until
    if (selected.value !== null && (isOver || !keys.value.includes(selected.value))) selected.value = null
    if (sent.value !== null && (isOver || !live.alarms.value.has(sent.value))) sent.value = null
  })
  onScopeDispose(stop)
  return {
    selected,
    sent,
    row: (n: number) => pick(keys.value[n - 1]),
    next: () => pick(keys.value[(keys.value.indexOf(selected.value ?? '') + 1) % Math.max(1, keys.value.length)]),
    none: () => pick(null),
    show: (alarmId: string) => {
      pick(null)
      sent.value = alarmId
    },
  }
}
