import type { Incident } from '../../core/backtest.ts'

export type ReadIncidents = { incidents: Incident[] } | { line: number }

const HEADER = /^name,/i

/** A file of incidents: JSON as the API takes it, or lines of `name,device or zone:id,from[,to]`. The first line that makes no sense is named. */
export function readIncidents(text: string): ReadIncidents {
  if (text.trimStart().startsWith('[')) {
    try {
      return { incidents: JSON.parse(text) as Incident[] }
    } catch {
      return { line: 1 }
    }
  }
  const incidents: Incident[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || (i === 0 && HEADER.test(line))) continue
    const [name = '', where = '', from = '', to = ''] = line.split(',').map((cell) => cell.trim())
    const [start, end] = [timeOf(from), to === '' ? null : timeOf(to)]
    if (name === '' || start === null || (to !== '' && end === null)) return { line: i + 1 }
    const place = where === '' ? {} : where.startsWith('zone:') ? { zoneId: where.slice(5) } : { deviceId: where }
    incidents.push({ name, from: start, ...(end !== null && { to: end }), ...place })
  }
  return { incidents }
}

const timeOf = (text: string): number | null => {
  const ms = /^\d{12,}$/.test(text) ? Number(text) : Date.parse(text)
  return text !== '' && Number.isFinite(ms) ? ms : null
}
