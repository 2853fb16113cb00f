import { onScopeDispose, ref, watch, type Ref } from 'vue'

const KEPT = 'watchfire.desk.keys'

/** Whether single letters act; a person can switch that off and it stays so on this machine (WCAG 2.1.4). */
export function useKeysOn(): Ref<boolean> {
  const on = ref(true)
  try {
    on.value = localStorage.getItem(KEPT) !== 'off'
  } catch {
    // without storage it is on
  }
  watch(on, (now) => {
    try {
      localStorage.setItem(KEPT, now ? 'on' : 'off')
    } catch {
      // only the memory of it is lost
    }
  })
  return on
}

/** Keys of the desk, by `code`, with `Shift+` before it. Nothing while a field has the focus or an input method composes. */
export function useDeskKeys(on: Ref<boolean>, keys: Record<string, () => void>): void {
  const pressed = (event: KeyboardEvent) => {
    const { target } = event
    if (!on.value || event.isComposing || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return
    if (target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]')) return
    const name = `${event.shiftKey && event.code !== 'Slash' ? 'Shift+' : ''}${event.key === '?' ? '?' : event.code}`
    const handle = keys[name]
    if (!handle) return
    event.preventDefault()
    handle()
  }
  addEventListener('keydown', pressed)
  onScopeDispose(() => removeEventListener('keydown', pressed))
}
