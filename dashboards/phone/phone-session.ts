import { ApiFailure, type Session } from '../web/api.ts'
import { loadSession, session } from '../web/session.ts'

const KEPT = 'watchfire.phone.session'

function kept(): Session | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Session | null
  } catch {
    return null
  }
}

/** Who used this phone last; what is kept is theirs. */
export const keptUser = (): string | null => kept()?.user?.id ?? null

/** Who is here; without an answer, who was here last. The server asks again before it takes anything from them. */
export async function loadKeptSession(): Promise<void> {
  try {
    await loadSession()
    if (session.value) localStorage.setItem(KEPT, JSON.stringify(session.value))
  } catch (error) {
    if (error instanceof ApiFailure) session.value = kept()
  }
}

export function forgetSession(): void {
  try {
    localStorage.removeItem(KEPT)
  } catch {
    // nothing was kept
  }
}
