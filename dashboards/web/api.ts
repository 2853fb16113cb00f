import { screenHeaders } from './screen.ts'
import { has, t } from './i18n/i18n.ts'

/** A call the server refused or never answered. `code` is the contract's, or `unreachable`. */
export class ApiFailure extends Error {
  readonly status: number
  readonly code: string
  readonly details: Record<string, unknown>
  readonly retryAfterS: number | null

  constructor(status: number, code: string, message: string, details: Record<string, unknown>, retryAfterS: number | null) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
    this.retryAfterS = retryAfterS
  }
}

type ErrorBody = { error?: { code?: string; message?: string; details?: Record<string, unknown> } }

/** One call under /api/v1. The session is the cookie; nothing is stored in the page. A file goes as it is, and says what it is in `headers`. */
export async function api<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: 'same-origin',
      headers: { ...screenHeaders(), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
    })
  } catch {
    throw new ApiFailure(0, 'unreachable', '', {}, null)
  }
  const text = await response.text()
  let answer: unknown = null
  try {
    answer = text === '' ? null : JSON.parse(text)
  } catch {
    throw new ApiFailure(response.status, 'server', text.slice(0, 200), {}, null)
  }
  if (response.ok) return answer as T
  const { error } = (answer ?? {}) as ErrorBody
  const retry = Number(response.headers.get('retry-after'))
  const code = response.status === 429 ? 'rate-limited' : (error?.code ?? 'server')
  throw new ApiFailure(response.status, code, error?.message ?? '', error?.details ?? {}, retry > 0 ? Math.ceil(retry) : null)
}

/** What to tell a person about a failed call. */
export function failureText(failure: unknown): string {
  if (!(failure instanceof ApiFailure)) return t('errors.unknown', { message: String(failure) })
  if (failure.code === 'rate-limited') {
    return failure.retryAfterS === null ? t('errors.rate-limited-soon') : t('errors.rate-limited', { s: failure.retryAfterS })
  }
  const known = `errors.${failure.code}`
  if (failure.code !== 'invalid' && has(known)) return t(known)
  return failure.message !== '' ? failure.message : t('errors.server')
}

export type Session = {
  user: {
    id: string
    username: string
    role: string
    enterpriseId: string | null
    /** what they have to do before anything else */
    due?: 'password' | 'second-factor'
    /** what they answer for, where it is not everything */
    regions?: string[]
    sectors?: string[]
  } | null
  mode: 'live' | 'drill' | 'test' | 'simulated'
  jurisdiction: string
  /** null when MQTT over plain TCP is closed */
  mqttPort: number | null
  zone: string
  demo: boolean
  version: string
  /** what a supervisor set this screen to, when it is a paired wall */
  wall?: {
    id: string
    name: string
    layout: { seams: number[]; theme: 'auto' | 'day' | 'night'; locale: 'zh-CN' | 'en'; names: boolean }
  } | null
  /** null when no Grafana is set, and for people who see one enterprise only */
  grafanaUrl?: string | null
}

const PAGE = 1_000

/** Everything a paged list has, page by page: lists here are a jurisdiction's, thousands at most. */
export async function all<T>(path: string, name: string, asked: Record<string, string> = {}): Promise<T[]> {
  const found: T[] = []
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({ ...asked, limit: String(PAGE), ...(cursor === undefined ? {} : { cursor }) })
    const page = await api<Record<string, unknown>>('GET', `${path}?${query}`)
    found.push(...((page[name] as T[] | undefined) ?? []))
    cursor = page['next'] as string | undefined
  } while (cursor !== undefined)
  return found
}
