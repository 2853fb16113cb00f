import { createHash } from 'node:crypto'
import type { Alarm } from '../core/alarm.ts'
import { metricOf } from '../core/metrics.ts'
import type { Device } from '../core/registry.ts'
import type { Moment, Place } from './decisions.ts'
import { transition } from './lifecycle.ts'
import { fillMessage } from './message.ts'
import type { Breach } from './rules/rule.ts'

const DELAYED_AFTER_MS = 60_000

/** What an alarm says of the breach that made its last change of level. */
export function described({ rule, deviceId, metric }: Place, breach: Breach, moment: Moment, device: Device | undefined) {
  const told = {
    value: breach.value ?? moment.value,
    overRange: moment.overRange,
    limit: breach.limit,
    limitName: breach.limitName,
  }
  return {
    ...told,
    level: breach.level,
    ruleVersion: rule.version,
    limitSource: rule.source,
    ...(rule.lifeSafety === true && { lifeSafety: true as const }),
    message: fillMessage(rule, { ...told, detail: breach.detail, device, deviceId, metric }),
  }
}

/** `key`: of the change that raises it; the alarm's id is made of it. `breachedBefore`: over before it was known. */
export function newAlarm(
  key: string,
  place: Place,
  breach: Breach,
  moment: Moment,
  { device, carrier }: { device: Device | undefined; carrier: string },
  input: 'breach' | 'breachedBefore',
): Alarm {
  const isReport = input === 'breachedBefore'
  return {
    id: `a${createHash('sha256').update(key).digest('hex').slice(0, 19)}`,
    version: 1,
    mode: place.mode,
    ruleId: place.rule.id,
    subject: place.subject,
    deviceId: place.deviceId,
    enterpriseId: device?.enterpriseId ?? '',
    zoneId: device?.zoneId ?? null,
    metric: place.metric,
    state: transition('normal', input, false)!,
    unit: place.metric === null ? '' : (metricOf(place.metric)?.unit ?? ''),
    // What returned before it was known cannot be held: there is nothing left to reset.
    latching: place.rule.latching && !place.late,
    measuredAt: moment.at,
    raisedAt: moment.knownAt,
    occurrences: 1,
    late: place.late,
    ...(isReport && { report: { by: carrier } }),
    delayed: moment.knownAt - moment.at > DELAYED_AFTER_MS,
    acknowledgedBy: null,
    acknowledgedAt: null,
    returnedAt: isReport ? moment.at : null,
    endedAt: null,
    guidance: place.rule.guidance,
    causes: moment.causes,
    ...described(place, breach, moment, device),
  }
}
