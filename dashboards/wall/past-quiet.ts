import { computed, ref, shallowRef, type ShallowRef } from 'vue'
import type { Siren } from '../web/siren.ts'
import type { FloodState } from './use-flood.ts'
import type { Sound } from './use-sound.ts'
import type { Voice } from './use-voice.ts'

/** What a wall has instead of sound and voice while it shows the past: the past rings for nobody. */
export const noSound: Sound = {
  state: computed(() => 'muted' as const),
  mutedS: ref(0),
  mute: () => undefined,
  unlock: () => undefined,
  get siren(): Siren {
    throw new Error('the past makes no sound')
  },
  onStanding: () => undefined,
}
export const noVoice: Voice = { state: ref('off'), busy: () => false, say: () => undefined }
/** Whether it was a flood is told by the counters of the moment; the banner's place is taken. */
export const noFlood = (): ShallowRef<FloodState> => shallowRef({ active: false, count: 0, enterprises: 0 })
