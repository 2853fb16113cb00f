import type { Alarm, AlarmChangeKind } from '../core/alarm.ts'
import type { ActionEntry, AlarmAction } from '../core/record.ts'
import { transition } from './lifecycle.ts'
import type { Moment, OpenAlarms } from './open-alarms.ts'
import { setAsideBy } from './set-aside.ts'

/**
 * Answers a person's action in its place in the order: it changes the alarm they saw, or is refused because the alarm has
 * moved on (`stale-version`) or cannot do that where it stands (`wrong-state`).
 */
export function answerAction(alarms: OpenAlarms, entry: ActionEntry, pos: number, receivedAt: number): void {
  const refuse = (code: string, message: string) => alarms.refuse(pos, entry.alarmId, code, message)
  const alarm = alarms.byId(entry.alarmId)
  if (!alarm) {
    const ended = alarms.endedVersion(entry.alarmId)
    if (ended !== undefined && entry.version < ended) return refuse('stale-version', 'the alarm has ended since it was shown')
    return refuse('wrong-state', 'the alarm is over')
  }
  if (entry.version !== alarm.version) {
    return refuse('stale-version', `the alarm is at version ${alarm.version}, the action was for version ${entry.version}`)
  }
  const moment: Moment = { causePos: pos, at: receivedAt, knownAt: receivedAt, value: null, overRange: false, causes: [] }
  const done = perform(alarm, entry, receivedAt)
  if (typeof done === 'string') return refuse('wrong-state', done)
  alarms.changeByPerson(done.alarm, done.change, moment, entry.by, entry.comment)
}

function perform(alarm: Alarm, entry: ActionEntry, at: number): { alarm: Alarm; change: AlarmChangeKind } | string {
  switch (entry.action) {
    case 'acknowledge': {
      const state = transition(alarm.state, 'acknowledge', alarm.latching)
      if (state === null) return impossible(alarm, entry.action)
      const seen = { acknowledgedBy: entry.by, acknowledgedAt: at, endedAt: state === 'normal' ? at : null }
      return { alarm: { ...alarm, ...seen, state, version: alarm.version + 1 }, change: 'acknowledged' }
    }
    case 'reset': {
      const state = transition(alarm.state, 'reset', alarm.latching)
      if (state === null) return impossible(alarm, entry.action)
      return { alarm: { ...alarm, state, version: alarm.version + 1, endedAt: at }, change: 'reset' }
    }
    case 'comment':
      return { alarm, change: 'commented' }
    case 'shelve':
    case 'unshelve':
    case 'out-of-service':
    case 'return-to-service':
      return setAsideBy(alarm, entry, entry.action, at)
  }
}

const impossible = (alarm: Alarm, action: AlarmAction) => `an alarm that is ${alarm.state} cannot be changed by ${action}`
