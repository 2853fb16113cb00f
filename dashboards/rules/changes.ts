import type { Draft } from './sentence.ts'

export type Change = { path: string; was: string; now: string }

const plain = (value: unknown): value is Draft => typeof value === 'object' && value !== null
const text = (value: unknown): string => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value))

/** What differs between two versions, field by field. */
export function changesOf(was: unknown, now: unknown, path = ''): Change[] {
  if (JSON.stringify(was) === JSON.stringify(now)) return []
  if (!plain(was) || !plain(now) || Array.isArray(was) !== Array.isArray(now)) return [{ path, was: text(was), now: text(now) }]
  const names = [...new Set([...Object.keys(was), ...Object.keys(now)])].filter((name) => name !== 'version' && name !== 'origin')
  return names.flatMap((name) => changesOf(was[name], now[name], path === '' ? name : `${path}.${name}`))
}
