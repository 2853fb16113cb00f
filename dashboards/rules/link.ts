import type { Incident } from '../../core/backtest.ts'
import type { Draft } from './sentence.ts'

/** What the address says: the same link opens the same rule, with the same draft, tried on the same time. */
export type Link = {
  rule: string | null
  draft: Draft | null
  /** the time the draft is tried on; null while nobody has asked */
  span: { from: number; to: number } | null
  incidents: Incident[]
}

export function linkOf(hash: string): Link {
  const asked = new URLSearchParams(hash.replace(/^#/, ''))
  const [from, to] = [Number(asked.get('from')), Number(asked.get('to'))]
  const incidents = unpacked(asked.get('incidents'))
  const draft = unpacked(asked.get('draft'))
  return {
    rule: asked.get('rule'),
    draft: typeof draft === 'object' && draft !== null && !Array.isArray(draft) ? (draft as Draft) : null,
    span: Number.isSafeInteger(from) && Number.isSafeInteger(to) && from > 0 && to > from ? { from, to } : null,
    incidents: Array.isArray(incidents) ? (incidents as Incident[]) : [],
  }
}

export function hashOf({ rule, draft, span, incidents }: Link): string {
  const said = new URLSearchParams()
  if (rule !== null) said.set('rule', rule)
  if (span) for (const side of ['from', 'to'] as const) said.set(side, String(span[side]))
  if (draft) said.set('draft', packed(draft))
  if (incidents.length > 0) said.set('incidents', packed(incidents))
  return `#${said}`
}

function packed(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** A link somebody cut off says nothing rather than something else. */
function unpacked(text: string | null): unknown {
  if (text === null) return null
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))))
  } catch {
    return null
  }
}
