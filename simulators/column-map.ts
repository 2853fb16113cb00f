import { Invalid } from '../core/errors.ts'

/** One column of the file and the metric it becomes; `device` null where the connection's own device is meant. */
export type ColumnTarget = { device: string | null; metric: string; column: string }

/**
 * `temperatureC=Temperature[C],fireAlarm=Fire Alarm` or, one device a column, `H01.pressureMpa=H01`. A column whose name has
 * a comma is put in double quotes: `co="CO, ppm"`.
 */
export function readColumnMap(text: string): ColumnTarget[] {
  const targets = [...text.matchAll(/\s*([^=,"]*?)\s*=\s*(?:"([^"]*)"|([^,"]*?))\s*(,|$)/gy)]
  const read = targets.reduce((length, [part]) => length + part.length, 0)
  if (targets.length === 0 || read < text.length) {
    throw new Invalid(
      'bad-map',
      `cannot read the mapping at "${text.slice(read, read + 30)}"; write metric=Column,metric=Column or device.metric=Column`,
    )
  }
  return targets.map(([, target, quoted, plain]) => {
    const column = quoted ?? plain!
    // Ids may hold dots, metrics do not.
    const dot = target!.lastIndexOf('.')
    const device = dot < 0 ? null : target!.slice(0, dot)
    const metric = target!.slice(dot + 1)
    if (!metric || device === '' || !column) throw new Invalid('bad-map', `"${target}=${column}" names no metric or no column`)
    return { device, metric, column }
  })
}

/** The value of a cell: a number, or why there is none. Blank means the device did not report. */
export function readCell(text: string): number | 'blank' | 'not-a-number' {
  const trimmed = text.trim()
  if (trimmed === '') return 'blank'
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true' ? 1 : 0
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : NaN
  return Number.isFinite(value) ? value : 'not-a-number'
}

/**
 * A moment as files write it: ISO 8601 with or without zone (`zone` where it has none), `2025-03-01 00:05[:00]`,
 * `2025/3/1 0:05`, seconds or milliseconds since 1970. Null when it is none of these.
 */
export function readMoment(text: string, zone: string): number | null {
  const trimmed = text.trim()
  if (/^\d{9,10}(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1_000)
  if (/^\d{12,13}$/.test(trimmed)) return Number(trimmed)
  const parts =
    /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(trimmed)
  if (!parts) return null
  const [, year, month, day, hour = '0', minute = '00', second = '00', stated = zone] = parts
  const two = (digits: string) => digits.padStart(2, '0')
  const [whole, fraction = ''] = second.split('.')
  const millis = `${fraction}000`.slice(0, 3)
  const offset = stated.length === 5 ? `${stated.slice(0, 3)}:${stated.slice(3)}` : stated.toUpperCase()
  const at = Date.parse(`${year}-${two(month!)}-${two(day!)}T${two(hour)}:${minute}:${whole}.${millis}${offset}`)
  return Number.isNaN(at) ? null : at
}

/** `2s`, `500ms`, `5min`, `1h`, or plain seconds → milliseconds. */
export function readDuration(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?$/.exec(text.trim())
  const factor = { ms: 1, s: 1_000, min: 60_000, m: 60_000, h: 3_600_000 }[parts?.[2] ?? 's']!
  const ms = parts ? Number(parts[1]) * factor : 0
  if (!(ms > 0)) throw new Invalid('bad-duration', `"${text}" is not a period; write for example 2s, 500ms, 5min`)
  return ms
}
