import { Invalid } from '../core/errors.ts'

/** A JSON body, or `Invalid('not-json')` saying where it stops being JSON. An empty body is undefined. */
export function readJsonBody(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    // `__proto__` as a key means nothing in this API, and something dangerous to code that copies objects.
    return JSON.parse(text, (key, value: unknown) => {
      if (key === '__proto__') throw new Invalid('invalid', 'the key __proto__ is not allowed', { field: '__proto__' })
      return value
    })
  } catch (error) {
    if (error instanceof Invalid) throw error
    const { position, expected } = jsonFault(text)
    throw new Invalid('not-json', `the body is not JSON: at character ${position}, ${expected}`, { position })
  }
}

const token =
  /[ \t\n\r]*([{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y
const space = /[ \t\n\r]*/y

type Want = 'value' | 'key' | 'colon' | 'comma' | 'end'
const words: Record<Want, string> = {
  value: 'a value is expected',
  key: 'a key in double quotes is expected',
  colon: 'a colon is expected',
  comma: 'a comma or the closing bracket is expected',
  end: 'nothing more is expected',
}

/** Where a text that is not JSON stops being JSON (V8 tells it only sometimes), and what should stand there. */
export function jsonFault(text: string): { position: number; expected: string } {
  const open: ('{' | '[')[] = []
  let want: Want = 'value'
  /** the bracket just opened may close at once */
  let fresh = false
  let at = 0
  for (;;) {
    space.lastIndex = at
    space.exec(text)
    const here = space.lastIndex
    token.lastIndex = at
    const found = token.exec(text)?.[1]
    const inside = open.at(-1)
    const closes = found === (inside === '{' ? '}' : ']') && inside !== undefined
    const fits =
      found !== undefined &&
      ((closes && (want === 'comma' || fresh)) ||
        (want === 'value' && !/^[}\],:]$/.test(found)) ||
        (want === 'key' && found.startsWith('"')) ||
        (want === 'colon' && found === ':') ||
        (want === 'comma' && found === ','))
    if (!fits) return { position: here, expected: here >= text.length ? `the text ends where ${words[want]}` : words[want] }
    at = token.lastIndex
    fresh = false
    if (closes) {
      open.pop()
      want = open.length > 0 ? 'comma' : 'end'
    } else if (want === 'colon') want = 'value'
    else if (want === 'key') want = 'colon'
    else if (want === 'comma') want = inside === '{' ? 'key' : 'value'
    else if (found === '{' || found === '[') {
      open.push(found)
      fresh = true
      want = found === '{' ? 'key' : 'value'
    } else want = open.length > 0 ? 'comma' : 'end'
  }
}
