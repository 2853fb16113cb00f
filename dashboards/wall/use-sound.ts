import { computed, onScopeDispose, ref, watch, type ComputedRef, type Ref } from 'vue'
import type { Live } from '../web/live.ts'
import { figuresOf } from '../web/open-alarms.ts'
import { Siren } from '../web/siren.ts'

export type Sound = {
  /** `off`: the browser lets nothing through */
  state: ComputedRef<'ready' | 'muted' | 'off'>
  mutedS: Ref<number>
  mute(): void
  unlock(): void
  siren: Siren
  /** called with every two tones of a picture that stands still */
  onStanding(heard: () => void): void
}

const SILENT_AFTER_MS = 30_000
const SILENT_AGAIN_MS = 60_000
const STARTING_MS = 1_500
const LOOK_MS = 500

/** The page's sound: the loop of the worst level nobody has acknowledged, and the two tones of a picture that stands still. */
export function useSound(live: Live, night: Ref<boolean>): Sound {
  const siren = new Siren()
  const openedAt = performance.now()
  const ready = ref(siren.ready)
  const settled = ref(siren.ready)
  const mutedS = ref(0)
  const figures = figuresOf(live)
  const loudest = computed(() => {
    // What was kept from before rings for nobody: it may be over.
    if (live.keptAt.value !== null) return null
    const worst = figures.value.loudest
    // At night a blue is only seen.
    return worst === 'blue' && night.value ? null : worst
  })
  live.onAlarm((alarm) => siren.sound(loudest.value, alarm.state === 'active' && alarm.level === loudest.value))
  watch(loudest, (level) => siren.sound(level, false))

  let soundedAt: number | null = null
  const standing: (() => void)[] = []
  const look = () => {
    ready.value = siren.ready
    settled.value = ready.value || performance.now() - openedAt > STARTING_MS
    mutedS.value = Math.ceil(siren.mutedForMs / 1000)
    const stands = live.freshness.value === 'interrupted' && live.pictureAt.value !== null
    // A picture kept from yesterday is not yet a day's silence: this page has only just begun to listen.
    const silentMs = stands ? Math.min(live.serverNow() - live.pictureAt.value!, performance.now() - openedAt) : 0
    if (silentMs < SILENT_AFTER_MS) soundedAt = null
    else if (soundedAt === null || silentMs - soundedAt >= SILENT_AGAIN_MS) {
      soundedAt = silentMs
      siren.interrupted()
      for (const heard of standing) heard()
    }
  }
  const timer = setInterval(look, LOOK_MS)
  onScopeDispose(() => {
    clearInterval(timer)
    siren.stop()
  })
  return {
    state: computed(() => (mutedS.value > 0 ? 'muted' : ready.value || !settled.value ? 'ready' : 'off')),
    mutedS,
    siren,
    onStanding: (heard) => void standing.push(heard),
    mute() {
      siren.mute()
      look()
    },
    unlock() {
      siren.unlock()
    },
  }
}
