import { onScopeDispose } from 'vue'
import type { WallBeat } from '../../core/live.ts'
import type { Live } from '../web/live.ts'
import type { Sound } from './use-sound.ts'
import { wallSettings } from './wall-settings.ts'

const BEAT_MS = 5_000

/** Tells the server every five seconds that this wall draws; frames are counted only while it does. */
export function useWallBeat(live: Live, sound: Sound): void {
  const beat = (frames: number, leaving = false): WallBeat => {
    const { wall, name } = wallSettings.value
    const { memory } = performance as { memory?: { usedJSHeapSize: number } }
    return {
      wall,
      name: name === '' ? wall.slice(0, 6) : name,
      seq: live.state.value?.seq ?? null,
      frames,
      heapMb: memory ? Math.round(memory.usedJSHeapSize / 1e6) : null,
      sound: sound.state.value,
      picture: live.freshness.value === 'past' ? 'waiting' : live.freshness.value,
      ...(leaving && { leaving }),
    }
  }
  // A beat waits for a frame: a page that runs but is not drawn must not say that it is.
  const say = () => requestAnimationFrame(() => live.tell(beat(1)))
  live.onSnapshot(say)
  const timer = setInterval(say, BEAT_MS)
  const leave = () => live.tell(beat(0, true))
  addEventListener('pagehide', leave)
  onScopeDispose(() => {
    clearInterval(timer)
    removeEventListener('pagehide', leave)
  })
}
