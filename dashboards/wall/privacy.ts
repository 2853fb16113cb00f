/** `2 单元 501 室`, `2单元501`, `501 室`: what comes after the building of a home. */
const FLAT =
  /[\d一二三四五六七八九十A-Za-z]+\s*单元(?:\s*[\d一二三四五六七八九十]+\s*层)?(?:\s*\d+\s*[室户号]?)?|\d{2,5}\s*[室户](?!外|内)/
const ENGLISH_FLAT = /,?\s*\b(?:flat|apt\.?|apartment|unit)\s*#?\d+[A-Za-z]?\b/i
const PHONE = /(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)/g

/** A name as a wall may show it: everybody in the room reads it, visitors too. No telephone numbers; of a home only the building. */
export function publicName(name: string, kind?: string): string {
  const safe = name.replace(PHONE, '···')
  if (kind !== 'smoke-alarm') return safe
  return safe.replace(FLAT, ' ').replace(ENGLISH_FLAT, ' ').replace(/\s+/g, ' ').trim()
}
