import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import { api } from '../web/api.ts'
import { wallSettings } from './wall-settings.ts'

const AGAIN_MS = 60_000
/** More do not fit on the bar. */
const NAMES_SHOWN = 3

/** `people`: names by id of who is on duty; none while nobody is */
type Answer = { hasRoster: boolean; people: Record<string, string> }

/** Who is on duty, as the roster says; null where no roster answers or this wall shows no names. */
export function useDuty(): ShallowRef<string[] | null> {
  const names = shallowRef<string[] | null>(null)
  const ask = async () => {
    if (!wallSettings.value.names) {
      names.value = null
      return
    }
    try {
      const answer = await api<Answer>('GET', '/duty/now')
      names.value = answer.hasRoster ? [...new Set(Object.values(answer.people))].slice(0, NAMES_SHOWN) : null
    } catch {
      names.value = null
    }
  }
  const timer = setInterval(() => void ask(), AGAIN_MS)
  void ask()
  onScopeDispose(() => clearInterval(timer))
  return names
}
