export type Attributes = Record<string, string | number | boolean | null>

/** Attributes as people edit them: one `name=value` a line. */
export const attributesText = (attributes: Attributes): string =>
  Object.entries(attributes)
    .map(([name, value]) => `${name}=${typeof value === 'string' && looksTyped(value) ? JSON.stringify(value) : String(value)}`)
    .join('\n')

/** The line that cannot be read, or the attributes. Numbers, true, false and null are what they look like; `"…"` keeps a text a text. */
export function readAttributes(text: string): { attributes: Attributes } | { line: number } {
  const attributes: Attributes = {}
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '') continue
    const at = line.indexOf('=')
    if (at < 1) return { line: index + 1 }
    attributes[line.slice(0, at).trim()] = readValue(line.slice(at + 1).trim())
  }
  return { attributes }
}

const looksTyped = (text: string): boolean => typeof readValue(text) !== 'string' || text.startsWith('"')

function readValue(text: string): string | number | boolean | null {
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null') return null
  if (/^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text) return Number(text)
  if (text.startsWith('"') && text.endsWith('"') && text.length > 1) {
    try {
      return String(JSON.parse(text))
    } catch {
      return text
    }
  }
  return text
}
