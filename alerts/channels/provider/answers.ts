import { Environment } from '@marcbachmann/cel-js'
import { BadSetting } from '../../../core/errors.ts'

/** What an expression over an answer or a callback sees. Header names are in small letters. */
export type Seen = {
  status: number
  headers: Record<string, unknown>
  query: Record<string, unknown>
  body: unknown
  item: unknown
}

const environment = new Environment({
  limits: { maxAstNodes: 200, maxDepth: 20, maxListElements: 50, maxMapEntries: 20, maxCallArguments: 4 },
})
  .registerVariable('status', 'dyn')
  .registerVariable('headers', 'map<string, dyn>')
  .registerVariable('query', 'map<string, dyn>')
  .registerVariable('body', 'dyn')
  .registerVariable('item', 'dyn')

export type Question = (seen: Seen) => unknown

/** Reads a CEL expression of the settings. Asked of something that lacks what it names, it answers null. */
export function question(expression: string, where: string): Question {
  let run: (seen: Seen) => unknown
  try {
    run = environment.parse(expression) as unknown as typeof run
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : ''
    throw new BadSetting(`${where} is not an expression that can be evaluated: ${reason}`, { example: 'body.code == "OK"' })
  }
  return (seen) => {
    try {
      const value = run(seen)
      return typeof value === 'bigint' ? Number(value) : value
    } catch {
      return null
    }
  }
}

export const isTrue = (asked: Question | null, seen: Seen): boolean => asked !== null && asked(seen) === true

export function textOf(asked: Question | null, seen: Seen): string | null {
  const value = asked?.(seen)
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null
}

/** JSON where it is JSON, a form where it is one, text otherwise. */
export function readBody(bytes: Uint8Array, contentType: string): unknown {
  const text = Buffer.from(bytes).toString('utf8')
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text))
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
