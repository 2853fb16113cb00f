import { shallowRef } from 'vue'
import { t } from './i18n/i18n.ts'
import { rememberNames } from './people.ts'
import { api, ApiFailure, type Session } from './api.ts'

export const session = shallowRef<Session | null>(null)

/** A deployment that nobody has named is called like the product, in either language. */
export const placeName = (): string => {
  const name = session.value?.jurisdiction
  return name === undefined || name === '烽燧' ? t('product') : name
}

export const toLogin = (): void => location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)

/** Who is here. A page for people sends away whoever is nobody; an unreachable server is left for the page to show. */
export async function loadSession(): Promise<void> {
  try {
    session.value = await api<Session>('GET', '/session')
    const { user } = session.value
    if (user) rememberNames({ [user.id]: user.username })
    else toLogin()
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 401) toLogin()
    else throw error
  }
}

export async function leave(): Promise<void> {
  await api('DELETE', '/session')
  location.assign('/login')
}

const acting = ['admin', 'supervisor', 'duty']
export const mayAct = (): boolean => acting.includes(session.value?.user?.role ?? '')
/** 企业已接警: the enterprise itself, about alarms of its own. */
export const mayReceive = (): boolean => session.value?.user?.role === 'enterprise'
/** Suppression windows: an enterprise declares for itself. */
export const mayDeclare = (): boolean => mayAct() || session.value?.user?.role === 'enterprise'
/** Rules: set by administrators and supervisors. */
export const mayTune = (): boolean => ['admin', 'supervisor'].includes(session.value?.user?.role ?? '')
export const isAdmin = (): boolean => session.value?.user?.role === 'admin'
