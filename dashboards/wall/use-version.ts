import { onScopeDispose, ref, type Ref } from 'vue'
import { api, type Session } from '../web/api.ts'

const AGAIN_MS = 60_000

/** Which version of the platform this wall belongs to; asked for until somebody answers. */
export function useVersion(): Ref<string | null> {
  const version = ref<string | null>(null)
  const ask = async () => {
    try {
      version.value = (await api<Session>('GET', '/session')).version
      clearInterval(timer)
    } catch {
      // the wall does not depend on it
    }
  }
  const timer = setInterval(() => void ask(), AGAIN_MS)
  void ask()
  onScopeDispose(() => clearInterval(timer))
  return version
}
