import type { RecordEntry } from '../core/record.ts'
import type { Rule } from '../core/rule.ts'
import { placeKey, type Moment, type OpenAlarms, type Place } from './open-alarms.ts'

/** What stands for a device in alarms about the platform itself. */
export const PLATFORM_SUBJECT = 'platform'

/** Not in a pack: it has no limits to set, and nobody may switch off hearing that the platform itself needs help. */
export const partRule: Rule = {
  id: 'platform.part',
  type: 'part',
  version: 1,
  origin: 'pack',
  applies: {},
  latching: false,
  title: { zh: '平台部件需要处理', en: 'A part of the platform needs attention' },
  message: { zh: '{detail}', en: '{detail}' },
  source: 'platform',
  guidance: [
    { zh: '查看 /readyz 和运维手册中对应的说明', en: 'Look at /readyz and at what the operations guide says about it' },
    {
      zh: '通知系统管理员，问题消除后报警自行结束',
      en: 'Tell the administrator; the alarm ends by itself when the cause is gone',
    },
  ],
  enabled: true,
}

/** Raises or ends the alarm about a part, as recorded. */
export function judgePart(alarms: OpenAlarms, entry: Extract<RecordEntry, { kind: 'part.alarm' }>, moment: Moment): void {
  const { mode, part, code, raised, text } = entry
  const subject = `${PLATFORM_SUBJECT}/${part}/${code}`
  const key = placeKey(mode, partRule.id, subject, false)
  if (!raised) return alarms.clear(key, moment)
  const place: Place = { key, mode, rule: partRule, subject, deviceId: PLATFORM_SUBJECT, metric: null, late: false }
  alarms.breach(place, { level: 'yellow', limitName: null, limit: null, detail: text }, moment)
}
