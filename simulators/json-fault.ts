/** Where and why a text is not JSON. */
export type JsonFault = { position: number; expected: string }

/** JSON (RFC 8259) read only to find its first fault; V8 names no position for most of them. Null when there is none. */
export function findJsonFault(text: string): JsonFault | null {
  let at = 0
  const space = () => {
    while (' \t\n\r'.includes(text[at] ?? 'x')) at++
  }
  const fail = (expected: string): JsonFault => ({ position: at, expected })
  const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
  const STRING_PART = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y

  const string = (): JsonFault | null => {
    STRING_PART.lastIndex = ++at
    at += STRING_PART.exec(text)![0].length
    if (text[at] !== '"') return fail(text[at] === '\\' ? 'a known escape after \\' : 'the closing " of the text')
    at++
    return null
  }

  const list = (close: string, item: () => JsonFault | null): JsonFault | null => {
    at++
    space()
    if (text[at] === close) {
      at++
      return null
    }
    for (;;) {
      const fault = item()
      if (fault) return fault
      space()
      if (text[at] === close) {
        at++
        return null
      }
      if (text[at] !== ',') return fail(`, or ${close}`)
      at++
      space()
    }
  }

  const member = (): JsonFault | null => {
    if (text[at] !== '"') return fail('a key in double quotes')
    const fault = string()
    if (fault) return fault
    space()
    if (text[at] !== ':') return fail(': after the key')
    at++
    space()
    return value()
  }

  function value(): JsonFault | null {
    const char = text[at]
    if (char === '{') return list('}', member)
    if (char === '[') return list(']', value)
    if (char === '"') return string()
    for (const word of ['true', 'false', 'null']) {
      if (text.startsWith(word, at)) {
        at += word.length
        return null
      }
    }
    NUMBER.lastIndex = at
    const number = NUMBER.exec(text)
    if (!number) return fail('a value')
    at += number[0].length
    return null
  }

  space()
  const fault = value()
  if (fault) return fault
  space()
  return at < text.length ? fail('nothing more') : null
}
