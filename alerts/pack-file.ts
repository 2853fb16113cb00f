import { LineCounter, isNode, parseDocument, type Document } from 'yaml'
import type { Rule } from '../core/rule.ts'
import { isReady, readRule } from './rulebook.ts'

/** The rules of one pack file, or the first thing wrong with it. */
export type PackFile = { rules: Rule[] } | { line: number | null; reason: string }

const MAX_BYTES = 1 << 20

/** Reads a pack: YAML 1.2 core schema, no aliases, ≤ 1 MiB. One bad rule refuses the whole file, so a pack is never in force by half. */
export function readPack(bytes: Uint8Array): PackFile {
  if (bytes.byteLength > MAX_BYTES)
    return { line: null, reason: `the file has ${bytes.byteLength} bytes, at most ${MAX_BYTES} are read` }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return { line: null, reason: 'the file is not UTF-8' }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: 'core', version: '1.2', lineCounter: lines, prettyErrors: false })
  const error = document.errors[0]
  if (error) return { line: lines.linePos(error.pos[0]).line, reason: error.message }
  let content: unknown
  try {
    content = document.toJS({ maxAliasCount: 0 })
  } catch (failure) {
    return { line: null, reason: (failure as Error).message }
  }
  return readContent(content, (path) => lineOf(document, lines, path))
}

type Where = (path: (string | number)[]) => number | null

function readContent(content: unknown, where: Where): PackFile {
  const rules = (content as { rules?: unknown } | null)?.rules
  if (!Array.isArray(rules)) return { line: 1, reason: 'a pack is `pack: <name>` and `rules:` with a list of rules' }
  const stray = Object.keys(content as object).find((name) => name !== 'pack' && name !== 'rules')
  if (stray !== undefined) return { line: where([stray]), reason: `${stray} is not known here; a pack has pack and rules` }
  const ready: Rule[] = []
  for (const [index, given] of (rules as unknown[]).entries()) {
    const own = given !== null && typeof given === 'object' && !Array.isArray(given) ? { ...given, origin: 'pack' } : given
    const read = readRule(own, null)
    if (!isReady(read)) {
      const path = read.path === '' ? [] : read.path.slice(1).split('/')
      const id = (given as { id?: unknown } | null)?.id
      const name = typeof id === 'string' ? `rule ${id}` : `rule number ${index + 1}`
      return { line: where(['rules', index, ...path]), reason: `${name}, ${path.join('.') || 'as a whole'}: ${read.message}` }
    }
    if (ready.some((rule) => rule.id === read.rule.id)) {
      return { line: where(['rules', index, 'id']), reason: `there are two rules ${read.rule.id}` }
    }
    ready.push(read.rule)
  }
  return { rules: ready }
}

/** The line of what a path names, or of the nearest thing around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: (string | number)[]): number | null {
  for (let depth = path.length; depth >= 0; depth--) {
    const steps = path.slice(0, depth).map((step) => (/^\d+$/.test(String(step)) ? Number(step) : step))
    const node: unknown = document.getIn(steps, true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return null
}
