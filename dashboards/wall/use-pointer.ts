import { onScopeDispose, ref, type Ref } from 'vue'

const SHOWN_MS = 4_000

/** Whether somebody has a mouse in hand just now: only then are there links and a cursor. */
export function usePointer(): Ref<boolean> {
  const moving = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  const moved = () => {
    moving.value = true
    clearTimeout(timer)
    timer = setTimeout(() => (moving.value = false), SHOWN_MS)
  }
  addEventListener('pointermove', moved)
  onScopeDispose(() => {
    clearTimeout(timer)
    removeEventListener('pointermove', moved)
  })
  return moving
}
