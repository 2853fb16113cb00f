import { unitOf } from '../web/format.ts'
import { sentences } from './sentences.ts'

/** A rule as it is being written: anything may be in it until it has been checked. */
export type Draft = Record<string, unknown>
export type Path = (string | number)[]

export type Piece =
  | { text: string }
  | { line: true }
  | { slot: 'metric' | 'applies' | 'level' | 'op' | 'text'; path: Path; value: unknown }
  | { slot: 'number'; path: Path; value: unknown; factor: number }
  | { slot: 'choice'; path: Path; value: unknown; choices: (string | number)[] }

const factors: Record<string, number> = { s: 1_000, min: 60_000, h: 3_600_000 }

type Schema = {
  type?: string
  properties?: Record<string, Schema>
  items?: Schema
  enum?: (string | number)[]
  anyOf?: (Schema & { const?: string | number })[]
}

export function valueAt(draft: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined),
    draft,
  )
}

/** The draft with another value in one place; `undefined` takes the field out. */
export function withValue(draft: Draft, [step, ...rest]: Path, value: unknown): Draft {
  const copy = (Array.isArray(draft) ? [...(draft as unknown[])] : { ...draft }) as Draft
  if (step === undefined) return draft
  const inner = rest.length === 0 ? value : withValue((copy[step] ?? {}) as Draft, rest, value)
  if (inner === undefined) delete copy[step]
  else copy[step] = inner
  return copy
}

function schemaAt(options: Schema, path: Path): Schema | undefined {
  return path.reduce<Schema | undefined>((at, step) => (typeof step === 'number' ? at?.items : at?.properties?.[step]), options)
}

/** The rule in words with slots, in one language; null for a type nobody has a sentence for. */
export function sentenceOf(draft: Draft, options: object, language: 'zh' | 'en'): Piece[] | null {
  const type = String(draft['type'])
  const limits = draft['limits']
  const sentence = sentences[type === 'threshold' && Array.isArray(limits) && limits.length === 1 ? 'threshold-of-one' : type]
  if (!sentence) return null
  const { each } = sentence
  return pieces(sentence[language], [], draft, options as Schema, (said) => {
    const list = each ? draft[each.list] : []
    const rows = Array.isArray(list)
      ? list.map((_, i) => pieces(each![language], [each!.list, i], draft, options as Schema, () => []))
      : []
    return said === '*' ? [...rows.flatMap((row) => [{ line: true } as Piece, ...row]), { line: true }] : []
  })
}

function pieces(template: string, base: Path, draft: Draft, options: Schema, list: (said: string) => Piece[]): Piece[] {
  return template.split(/(【[^】]+】)/).flatMap((part): Piece[] => {
    if (part === '') return []
    if (!part.startsWith('【')) return [{ text: part }]
    const said = part.slice(1, -1)
    if (said === '*') return list(said)
    if (said === 'unit') return [{ text: unitText(draft) }]
    return slot(said, base, draft, options)
  })
}

const unitText = ({ metric }: Draft): string => {
  const unit = typeof metric === 'string' ? unitOf(metric) : ''
  return unit === '' ? '' : `${unit} `
}

function slot(said: string, base: Path, draft: Draft, options: Schema): Piece[] {
  const [named = '', unit = ''] = said.split(':')
  const path: Path = named.startsWith('.') ? [...base, named.slice(1)] : stepsOf(named)
  const last = path.at(-1)
  if (said.endsWith('#')) {
    const many = valueAt(draft, stepsOf(said.slice(0, -1)))
    return [{ text: ` ${Array.isArray(many) ? many.length : 0} ` }]
  }
  if (last === 'name') return [{ text: String(valueAt(draft, path) ?? '') }]
  if (last === 'op') return [{ slot: 'op', path: path.slice(0, -1), value: opOf(valueAt(draft, path.slice(0, -1))) }]
  if (last === 'bound') {
    const limit = path.slice(0, -1)
    const side = opOf(valueAt(draft, limit)) === '≤' ? 'below' : 'above'
    return [numberSlot([...limit, side], draft, 1)]
  }
  if (last === 'metric' || last === 'applies') return [{ slot: last, path, value: valueAt(draft, path) }]
  if (last === 'level' || last === 'warnLevel') return [{ slot: 'level', path, value: valueAt(draft, path) }]
  // A limit says one of several measures: what it does not say is no slot.
  if (named.startsWith('.') && valueAt(draft, path) === undefined) return []
  const schema = schemaAt(options, path)
  const choices = schema?.enum ?? schema?.anyOf?.flatMap(({ const: one }) => (one === undefined ? [] : [one]))
  if (choices && choices.length > 1) return [{ slot: 'choice', path, value: valueAt(draft, path), choices }]
  if (schema?.type === 'string') return [{ slot: 'text', path, value: valueAt(draft, path) }]
  return [numberSlot(path, draft, factors[unit] ?? 1)]
}

const stepsOf = (named: string): Path => named.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step))
const numberSlot = (path: Path, draft: Draft, factor: number): Piece => ({
  slot: 'number',
  path,
  value: valueAt(draft, path),
  factor,
})
const opOf = (limit: unknown): '≥' | '≤' =>
  typeof limit === 'object' && limit !== null && 'below' in limit && !('above' in limit) ? '≤' : '≥'

/** The other side of a limit: the same number, from below instead of from above. */
export function turned(draft: Draft, path: Path, op: string): Draft {
  const { above, below, ...rest } = (valueAt(draft, path) ?? {}) as Draft
  const bound = above ?? below
  return withValue(draft, path, op === '≤' ? { ...rest, below: bound } : { ...rest, above: bound })
}
