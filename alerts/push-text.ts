import { changeNames } from '../core/change-names.ts'
import { levelNames } from '../core/level.ts'
import { modeMarks } from '../core/mode.ts'
import type { AlarmChangeEntry } from '../core/record.ts'

type Text = { zh: string; en: string }

/** What a person reads on a phone: mode, level, what changed, the rule's own words, when it happened there. */
export function pushText({ alarm, change, at }: AlarmChangeEntry, zone: string): Text {
  const mark = modeMarks[alarm.mode]
  const level = levelNames[alarm.level]
  const name = changeNames[change]
  const when = localTime(at, zone)
  const late = alarm.late || alarm.delayed
  return {
    zh: `${mark.zh}【${level.zh}】${name.zh}：${alarm.message.zh}（${when}${late ? '，补报' : ''}）`,
    en: `${mark.en}${level.en} ${name.en}: ${alarm.message.en} (${when}${late ? ', reported late' : ''})`,
  }
}

const formats = new Map<string, Intl.DateTimeFormat>()

function localTime(at: number, zone: string): string {
  let format = formats.get(zone)
  if (!format)
    formats.set(zone, (format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })))
  return format.format(at)
}
