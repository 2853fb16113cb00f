import { onScopeDispose } from 'vue'

/** Keys of the wall; there is none to acknowledge. Nothing happens while letters are composed or typed into a field. */
export function useKeys(keys: Record<string, () => void>, digit: (n: number) => void, any: () => void): void {
  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (event.target instanceof HTMLElement && event.target.closest('input, textarea, select')) return
    any()
    const number = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1]
    if (number) digit(Number(number))
    else keys[event.key === '?' ? '?' : event.code]?.()
  }
  addEventListener('keydown', pressed)
  onScopeDispose(() => removeEventListener('keydown', pressed))
}
