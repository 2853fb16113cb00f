import { onScopeDispose, ref, watch, type Ref } from 'vue'
import type { Live } from '../web/live.ts'

const HELD_MS = 30_000

/** The row somebody picked by key: it stands still and fills the card, until half a minute later or a new red. */
export function useSelection(live: Live, keys: Ref<readonly string[]>) {
  const selected = ref<string | null>(null)
  let until = 0
  const pick = (key: string | null | undefined) => {
    selected.value = key ?? null
    until = performance.now() + HELD_MS
  }
  live.onAlarm((alarm) => {
    if (alarm.level === 'red' && alarm.state === 'active') selected.value = null
  })
  const stop = watch(live.now, () => {
    if (selected.value !== null && (performance.now() > until || !keys.value.includes(selected.value))) selected.value = null
  })
  onScopeDispose(stop)
  return {
    selected,
    row: (n: number) => pick(keys.value[n - 1]),
    next: () => pick(keys.value[(keys.value.indexOf(selected.value ?? '') + 1) % Math.max(1, keys.value.length)]),
    none: () => pick(null),
  }
}
