import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import { api } from '../web/api.ts'
import { wallSettings } from './wall-settings.ts'

const AGAIN_MS = 60_000
/** More do not fit on the bar. */
const NAMES_SHOWN = 3

/** Who is on duty, as the roster says; null where no roster answers or this wall shows no names. */
export function useDuty(): ShallowRef<string[] | null> {
  const names = shallowRef<string[] | null>(null)
  const ask = async () => {
    if (!wallSettings.value.names) {
      names.value = null
      return
    }
    try {
      names.value = namesIn(await api<unknown>('GET', '/duty/now')).slice(0, NAMES_SHOWN)
    } catch {
      names.value = null
    }
  }
  const timer = setInterval(() => void ask(), AGAIN_MS)
  void ask()
  onScopeDispose(() => clearInterval(timer))
  return names
}

/** The answer brings the names of everybody it speaks of, by id. */
function namesIn(answer: unknown): string[] {
  const { people } = (answer ?? {}) as { people?: unknown }
  const all = typeof people === 'object' && people !== null ? Object.values(people) : []
  return [...new Set(all.filter((name): name is string => typeof name === 'string'))]
}
