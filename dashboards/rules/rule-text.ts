import { isMap, isSeq, LineCounter, parseDocument, stringify } from 'yaml'
import type { Draft } from './sentence.ts'

export type Form = 'yaml' | 'json'

export const textOf = (draft: Draft, form: Form): string =>
  form === 'json' ? `${JSON.stringify(draft, null, 2)}\n` : stringify(draft, { schema: 'core', lineWidth: 0 })

/** A text with what is wrong about it by line (from 1), and where each field of the rule stands. */
export type ReadText = {
  draft: Draft | null
  fault: { line: number; message: string } | null
  /** the line of a JSON pointer, or of the nearest thing around it */
  lineOf(pointer: string): number
}

/** JSON is YAML too, so both forms are read by one parser. Aliases are not rules' business. */
export function readText(text: string): ReadText {
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: 'core', lineCounter: lines, prettyErrors: false })
  const lineOf = (pointer: string): number => {
    let node: unknown = document.contents
    let at = 0
    for (const step of pointer.split('/').filter((one) => one !== '')) {
      const pair = isMap(node) ? node.items.find(({ key }) => String(key) === step) : undefined
      const next = isMap(node) ? pair?.value : isSeq(node) ? node.items[Number(step)] : undefined
      const range = ((pair?.key as Ranged) ?? (next as Ranged))?.range
      if (next === undefined || !range) break
      at = range[0]
      node = next
    }
    return Math.max(1, lines.linePos(at).line)
  }
  const error = document.errors[0]
  if (error) return { draft: null, fault: { line: lines.linePos(error.pos[0]).line, message: error.message }, lineOf }
  let draft: unknown
  try {
    draft = document.toJS({ maxAliasCount: 0 })
  } catch (problem) {
    return { draft: null, fault: { line: 1, message: (problem as Error).message }, lineOf }
  }
  if (typeof draft !== 'object' || draft === null || Array.isArray(draft)) {
    return { draft: null, fault: { line: 1, message: 'a rule is a map of fields' }, lineOf }
  }
  return { draft: draft as Draft, fault: null, lineOf }
}

type Ranged = { range?: [number, number, number] | null } | null | undefined
