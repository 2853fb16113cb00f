import { onScopeDispose, ref, type Ref } from 'vue'
import { api, type Session } from '../web/api.ts'
import { setLocale } from '../web/i18n/i18n.ts'
import { keepSettings, wallSettings } from './wall-settings.ts'

const AGAIN_MS = 60_000

/** Which version of the platform this wall belongs to, and what a supervisor set it to; asked for until somebody answers. */
export function useSession(): { version: Ref<string | null> } {
  const version = ref<string | null>(null)
  const ask = async () => {
    try {
      const session = await api<Session>('GET', '/session')
      version.value = session.version
      if (session.wall) settle(session.wall)
      clearInterval(timer)
    } catch {
      // the wall does not depend on it
    }
  }
  const timer = setInterval(() => void ask(), AGAIN_MS)
  void ask()
  onScopeDispose(() => clearInterval(timer))
  return { version }
}

/** What was chosen at pairing counts once: what people change at the screen afterwards stays. */
function settle({ id, name, layout }: NonNullable<Session['wall']>): void {
  if (wallSettings.value.paired === id) return
  const { seams, theme, names, locale } = layout
  keepSettings({ ...wallSettings.value, paired: id, name, seams, theme, names })
  setLocale(locale)
}
