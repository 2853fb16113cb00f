import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
import { isLateReport } from '../../core/alarm-group.ts'
import { severity, type Level } from '../../core/level.ts'
import { useLeadTab } from './lead-tab.ts'
import type { Live } from './live.ts'
import { Siren } from './siren.ts'

export type Sound = {
  /** the browser lets it through */
  ready: Ref<boolean>
  /** the person wants it */
  on: Ref<boolean>
  /** this tab is the one that sounds, of all that are open */
  leads: Ref<boolean>
  unlock(): void
}

const LOOK_MS = 500

/** Sound of a page people work on (ux E2): the worst level nobody has acknowledged, from one of its open tabs. `kept`: where the switch is remembered. */
export function useAlarmSound(live: Live, kept: string): Sound {
  const siren = new Siren()
  const ready = ref(siren.ready)
  const on = ref(true)
  const { leads } = useLeadTab('watchfire-sound')
  try {
    on.value = localStorage.getItem(kept) !== 'off'
  } catch {
    // without storage it is on
  }
  watch(on, (now) => {
    try {
      localStorage.setItem(kept, now ? 'on' : 'off')
    } catch {
      // only the memory of it is lost
    }
  })
  const loudest = computed(() => {
    // What was kept from before rings for nobody: it may be over.
    if (live.keptAt.value !== null || !on.value || !leads.value || !ready.value) return null
    let worst: Level | null = null
    for (const alarm of live.alarms.value.values()) {
      const { state, level } = alarm
      if (state === 'active' && !isLateReport(alarm) && (worst === null || severity[level] > severity[worst])) worst = level
    }
    return worst
  })
  watch(loudest, (level) => siren.sound(level, false), { immediate: true })
  const stop = live.onAlarm((alarm) => siren.sound(loudest.value, alarm.state === 'active' && alarm.level === loudest.value))
  const unlock = () => siren.unlock()
  const look = () => (ready.value = siren.ready)
  const timer = setInterval(look, LOOK_MS)
  for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, unlock)
  onScopeDispose(() => {
    stop()
    clearInterval(timer)
    for (const touch of ['pointerdown', 'keydown']) removeEventListener(touch, unlock)
    siren.stop()
  })
  return { ready, on, leads, unlock }
}
