/** `2 单元 501 室`, `2单元501`, `501 室`: what comes after the building of a home. */
const FLAT =
  /[\d一二三四五六七八九十A-Za-z]+\s*单元(?:\s*[\d一二三四五六七八九十]+\s*层)?(?:\s*\d+\s*[室户号]?)?|\d{2,5}\s*[室户](?!外|内)/
const ENGLISH_FLAT = /,?\s*\b(?:flat|apt\.?|apartment|unit)\s*#?\d+[A-Za-z]?\b/i
/** Mobile numbers, also as terminals send them with a zero in front; numbers with an area code. */
const PHONE = /(?<!\d)(?:\+?86[- ]?)?0?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|(?<!\d)0\d{2,3}[- ]\d{3,4}[- ]?\d{4}(?!\d)/g
/** A person named by what they do: `驾驶员张三`, `司机:李四`, `driver Zhang San`. */
const PERSON =
  /(驾驶员|司机|押运员|押运|联系人|户主)\s*[::]?\s*[\u4e00-\u9fa5]{2,3}(?![\u4e00-\u9fa5])|\b((?:driver|escort|contact|owner):?)\s+[A-Z][a-z]+(?:\s+[A-Z][a-z]+)?/g

/** A name as a wall may show it: everybody in the room reads it, visitors too. No telephone numbers, no persons; of a home only the building. */
export function publicName(name: string, kind?: string): string {
  const safe = name.replace(PHONE, '···').replace(PERSON, (_, zh?: string, en?: string) => `${zh ?? en} ···`)
  if (kind !== 'smoke-alarm') return safe
  return safe.replace(FLAT, ' ').replace(ENGLISH_FLAT, ' ').replace(/\s+/g, ' ').trim()
}
