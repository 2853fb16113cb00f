import type { Alarm } from '../../core/alarm.ts'
import { metricOf } from '../../core/metrics.ts'
import { alarmWhat, limitNameText } from '../web/alarm-words.ts'
import { isChinese, t } from '../web/i18n/i18n.ts'
import type { Live } from '../web/live.ts'
import { hanNumber } from './han-number.ts'
import { publicName } from './privacy.ts'
import { publicDevice } from './public-words.ts'

/** How units are said; `{n}` is the number. What is not here is said as it is written. */
const units: Record<string, { zh: string; en: string }> = {
  '%LEL': { zh: '百分之{n} L E L', en: '{n} percent L E L' },
  '%vol': { zh: '百分之{n}', en: '{n} percent' },
  '%': { zh: '百分之{n}', en: '{n} percent' },
  '%RH': { zh: '湿度百分之{n}', en: '{n} percent humidity' },
  ppm: { zh: '{n} P P M', en: '{n} P P M' },
  '°C': { zh: '{n}摄氏度', en: '{n} degrees' },
  MPa: { zh: '{n}兆帕', en: '{n} megapascal' },
  'L/s': { zh: '每秒{n}升', en: '{n} litres a second' },
  m: { zh: '{n}米', en: '{n} metres' },
  mA: { zh: '{n}毫安', en: '{n} milliamperes' },
  'km/h': { zh: '时速{n}公里', en: '{n} kilometres an hour' },
}

const limitSaid: Record<string, string> = { HH: 'high high', H: 'high', L: 'low', LL: 'low low' }

function valueSaid({ value, limit, metric, unit, overRange }: Alarm): string | null {
  const known = metric === null ? undefined : metricOf(metric)
  if (value === null || limit === null || known?.kind === 'flag') return null
  const shown = Number((overRange && known ? known.max : value).toFixed(known?.digits ?? 1))
  const number = isChinese.value ? hanNumber(shown) : String(shown)
  const form = units[unit]
  const words = (form ? (isChinese.value ? form.zh : form.en) : `{n} ${unit}`).replace('{n}', number)
  return overRange ? `${isChinese.value ? '超过' : 'over '}${words}` : words
}

/** What is said of an alarm, as everybody in the room may hear it, and the least of it. */
export function alarmSaid(live: Live, alarm: Alarm): { text: string; short: string } {
  const state = live.state.value
  const enterprise = publicName(state?.enterprises.get(alarm.enterpriseId) ?? '')
  const zone = alarm.zoneId === null ? '' : publicName(state?.zones.get(alarm.zoneId) ?? '')
  const value = valueSaid(alarm)
  const what = value === null ? `${publicDevice(live, alarm.deviceId)} ${alarmWhat(alarm)}` : alarmWhat(alarm)
  const limit = alarm.limitName === null || value === null ? '' : limitWords(alarm.limitName)
  const head = t('wall.say.alarm', { level: t(`level.${alarm.level}`) })
  const drill =
    alarm.mode === 'drill' ? `${t('wall.say.drill')}${t('wall.say.comma')}${t('wall.say.drill')}${t('wall.say.stop')}` : ''
  const kind = live.devices.value.get(alarm.deviceId)?.kind
  const parts = [enterprise, zone, publicName(what, kind), value ?? '', limit].filter((part) => part !== '')
  const sentence = (said: string[]) =>
    `${drill}${head}${t('wall.say.stop')}${said.join(t('wall.say.comma'))}${t('wall.say.stop')}${t('wall.say.now')}${t('wall.say.stop')}`.trim()
  return { text: sentence(parts), short: sentence([enterprise]) }
}

/** `高高报 HH` is said 高高报. */
const limitWords = (name: string): string =>
  isChinese.value ? limitNameText(name).replace(/\s*[A-Z]+$/, '') : (limitSaid[name] ?? limitNameText(name))
