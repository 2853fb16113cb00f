import { metricOf, splitChannel } from '../../core/metrics.ts'

/** Groups of three with a thin space, as the counters and rates show them. */
export function numberText(value: number, digits = 0): string {
  const fixed = value.toFixed(digits)
  const [whole = '', part] = fixed.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009')
  return part === undefined ? grouped : `${grouped}.${part}`
}

/** A value with the digits its metric is shown with; what the catalogue does not know is shown as it came. */
export function valueText(metric: string | null, value: number): string {
  const known = metric === null ? undefined : metricOf(metric)
  if (!known) return String(Math.round(value * 1000) / 1000)
  return numberText(value, known.digits)
}

export const unitOf = (metric: string): string => metricOf(metric)?.unit ?? ''

/** What people call a metric, with its channel: `有毒气体 H2S`. */
export function metricText(metric: string, locale: string): string {
  const { metric: name, channel } = splitChannel(metric)
  const known = metricOf(name)
  const text = known ? (locale.startsWith('zh') ? known.zh : known.en) : name
  return channel === null ? text : `${text} ${channel.toUpperCase()}`
}

const two = (n: number) => String(n).padStart(2, '0')

/** A duration as the wall shows it: `07`→`00:07`, from an hour on `2:03:04`, from two days on days. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const hours = Math.floor(seconds / 3600)
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  if (hours === 0) return rest
  return hours < 48 ? `${hours}:${rest}` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** How old a value is, in one unit: `0.8 s` `12 s` `4 min` `3 h` `12 d`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`
  if (seconds < 100) return `${Math.floor(seconds)} s`
  if (seconds < 6000) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}

const formats = new Map<string, Intl.DateTimeFormat>()
function format(zone: string, options: Intl.DateTimeFormatOptions, locale = 'en-GB'): Intl.DateTimeFormat {
  const key = zone + locale + JSON.stringify(options)
  let found = formats.get(key)
  if (!found) formats.set(key, (found = new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: 'h23', ...options })))
  return found
}

/** `14:03:21` in the deployment's zone. */
export const clockText = (ms: number, zone: string): string =>
  format(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms)

export const minuteText = (ms: number, zone: string): string => format(zone, { hour: '2-digit', minute: '2-digit' }).format(ms)

/** `2026-11-22` in the deployment's zone. */
export const dateText = (ms: number, zone: string): string =>
  format(zone, { year: 'numeric', month: '2-digit', day: '2-digit' }, 'sv-SE').format(ms)

export const weekdayText = (ms: number, zone: string, locale: string): string =>
  format(zone, { weekday: 'short' }, locale.startsWith('zh') ? 'zh-CN' : 'en-GB').format(ms)

export const stampText = (ms: number, zone: string): string => `${dateText(ms, zone)} ${clockText(ms, zone)}`

/** `14:03:21` today, else `11-22 14:03`. */
export function whenText(ms: number, zone: string, now: number): string {
  const day = dateText(ms, zone)
  return day === dateText(now, zone) ? clockText(ms, zone) : `${day.slice(5)} ${minuteText(ms, zone)}`
}
