import type { Position } from '../../core/contact.ts'
import type { Receipt } from '../../core/push.ts'

/** A person as the API shows them. */
export type User = {
  id: string
  username: string
  role: string
  enterpriseId: string | null
  disabled: boolean
  createdAt: number
  contact: { name: string | null; phone: string | null; mail: string | null; position?: Position | null }
  regions: string[]
  sectors: string[]
  secondFactorSince: number | null
  lastLoginAt: number | null
  erasedAt: number | null
}
export type ShownSession = {
  id: string
  personId: string
  createdAt: number
  usedAt: number
  from: string
  device: string
  isThis: boolean
}
export type Department = {
  id: string
  version: number
  sector: string | null
  region: string
  zh: string
  en: string
  /** missing for who sees one enterprise only */
  personIds?: string[]
}
export type TestMessage = { messageId: string; at: number; channel: string; receipt: Receipt | 'failed'; answered: boolean }
export type EnterpriseContact = {
  personId: string
  name: string
  position: Position
  reachable: boolean
  armedAt: number | null
  tests: TestMessage[]
}
export type Gap = { enterpriseId: string; name: string; region: string; sector: string | null; missing: ('sector' | 'place')[] }
export type Region = { code: string; zh: string; en: string; level: 'province' | 'city' | 'county' | 'town' | 'community' }
export type AuditItem = { pos: number; at: number; kind: string; person: string | null; entry: Record<string, unknown> }

export const listOf = (text: string): string[] => [
  ...new Set(
    text
      .split(/[,，、\s]+/)
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  ),
]

/** What a browser says of itself, as people say it. */
export function deviceName(agent: string): string {
  const browser = /(Edg|Firefox|Chrome|Safari)\/(\d+)/.exec(agent)
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1]
  if (!browser) return agent.slice(0, 40) || '—'
  return [browser[1] === 'Edg' ? 'Edge' : browser[1], browser[2], system ? `· ${system}` : ''].join(' ').trim()
}

const unsaid = new Set([
  'kind',
  'by',
  'from',
  'before',
  'after',
  'row',
  'entity',
  'department',
  'region',
  'rule',
  'fence',
  'shift',
  'hazard',
])
const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** What was changed, field by field, old to new; what has no before is said as it is. */
export function changesOf(entry: Record<string, unknown>): string[] {
  const after =
    entry['after'] ?? entry['row'] ?? entry['department'] ?? (entry['kind'] === 'region.set' ? entry['region'] : undefined)
  const head = Object.entries(entry).flatMap(([key, value]) =>
    unsaid.has(key) || value === null || value === undefined || typeof value === 'object' ? [] : [`${key}: ${plain(value)}`],
  )
  for (const key of ['row', 'department', 'rule', 'fence', 'shift', 'hazard']) {
    const id = (entry[key] as { id?: unknown } | undefined)?.id
    if (typeof id === 'string') head.unshift(id)
  }
  if (typeof after !== 'object' || after === null) return head
  const before = (entry['before'] ?? {}) as Record<string, unknown>
  const changes = Object.entries(after).flatMap(([key, value]) => {
    const was = before[key]
    if (
      key === 'version' ||
      key === 'id' ||
      (value === null && was === undefined) ||
      JSON.stringify(was) === JSON.stringify(value)
    )
      return []
    return [entry['before'] ? `${key}: ${plain(was ?? '—')} → ${plain(value)}` : `${key}: ${plain(value)}`]
  })
  return [...head, ...changes]
}
