import { createHash } from 'node:crypto'
import { isOpen, type Alarm, type AlarmChangeKind, type SetAside } from '../core/alarm.ts'
import { severity, worse } from '../core/level.ts'
import { metricOf } from '../core/metrics.ts'
import type { Mode } from '../core/mode.ts'
import { PLATFORM, type AlarmChangeEntry, type RecordEntry } from '../core/record.ts'
import type { Device } from '../core/registry.ts'
import type { Rule } from '../core/rule.ts'
import type { WindowEntry } from '../core/window.ts'
import { lapseDispatch } from './cases/case-steps.ts'
import { EndedAlarms, type EndedAlarm } from './cases/ended-alarms.ts'
import { withLiveRequest } from './cases/second-person.ts'
import { tickAtOrAfter, type DueTimes } from './due-times.ts'
import { isConditionTrue, transition, type AlarmInput } from './lifecycle.ts'
import { fillMessage } from './message.ts'
import type { Breach } from './rules/rule.ts'
import { backFrom, resumed, withoutAside } from './set-aside.ts'
import type { WindowWatch } from './windows.ts'

/** What an alarm is about. `key` is one per (mode, rule, subject); a late alarm has one of its own. */
export type Place = {
  key: string
  mode: Mode
  rule: Rule
  subject: string
  deviceId: string
  metric: string | null
  late: boolean
}

/** When and by what something was decided. */
export type Moment = {
  /** position of the entry that caused it; for a tick of the last entry before */
  causePos: number
  at: number
  knownAt: number
  value: number | null
  overRange: boolean
  /** positions of the readings behind it */
  causes: number[]
}

/** An entry for the record, with the key that makes a repeated append harmless (semantics 7). */
export type Emission = {
  key: string
  entry: Extract<RecordEntry, { kind: 'alarm.changed' | 'action.refused' | WindowEntry['kind'] }>
}

export const placeKey = (mode: Mode, ruleId: string, subject: string, late: boolean): string =>
  `${mode}\n${ruleId}\n${subject}${late ? '\nlate' : ''}`

type Explained = NonNullable<AlarmChangeEntry['explained']>

export const DELAYED_AFTER_MS = 60_000
const CAUSES_KEPT = 16

export type OpenAlarmsState = { causePos: number; counts: [string, number][] }

/** It is going on now: no longer a report of what was. */
function news({ report: _, ...alarm }: Alarm): Alarm {
  return alarm
}

/** The alarms that are not over, as the engine sees them, and the changes it decided on. */
export class OpenAlarms {
  #byKey = new Map<string, Alarm>()
  #keyOf = new Map<string, string>()
  #ended = new EndedAlarms()
  #causePos = 0
  #counts = new Map<string, number>()
  #emissions: Emission[] = []
  #dirty = new Set<string>()
  #device: (id: string) => Device | undefined

  #carrier: (deviceId: string) => string
  #due: DueTimes
  #windows: WindowWatch

  /** `carrier`: the gateway a device is behind, else the device */
  constructor(
    device: (id: string) => Device | undefined,
    due: DueTimes,
    windows: WindowWatch,
    carrier: (deviceId: string) => string = (id) => id,
  ) {
    this.#device = device
    this.#carrier = carrier
    this.#due = due
    this.#windows = windows
  }

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Alarm | undefined {
    return this.#byKey.get(key)
  }

  byId(id: string): Alarm | undefined {
    const key = this.#keyOf.get(id)
    return key === undefined ? undefined : this.#byKey.get(key)
  }

  /** One that is over, if it is not too long ago or its case is still open. */
  ended(id: string): Alarm | undefined {
    return this.#ended.get(id)?.alarm
  }

  /** Over, with work still going on. */
  endedWithOpenCase(): Alarm[] {
    return this.#ended.withOpenCase()
  }

  /** The alarm wants to hear when its condition is no longer true. */
  isBreached(key: string): boolean {
    const alarm = this.#byKey.get(key)
    return alarm !== undefined && (alarm.setAside?.isConditionTrue ?? isConditionTrue(alarm.state))
  }

  breach(place: Place, breach: Breach, moment: Moment): void {
    const alarm = this.#byKey.get(place.key)
    if (!alarm) return this.#raise(place, breach, moment, 'breach')
    if (alarm.setAside) return this.#breachAside(place, alarm, alarm.setAside, breach, moment)
    if (isConditionTrue(alarm.state)) {
      if (severity[breach.level] > severity[alarm.level]) this.#become(place, alarm, breach, moment, 'worsen', 'level')
      return
    }
    // What nobody has acknowledged keeps the worst it reached; what somebody has starts afresh.
    const level = alarm.state === 'returned' ? worse(alarm.level, breach.level) : breach.level
    this.#become(place, alarm, { ...breach, level }, moment, 'breach', 'again')
  }

  /** Late, and the newest reading no longer violates: raised as already returned. */
  breachBefore(place: Place, breach: Breach, moment: Moment): void {
    const alarm = this.#byKey.get(place.key)
    if (!alarm) return this.#raise(place, breach, moment, 'breachedBefore')
    if (severity[breach.level] <= severity[alarm.level]) return
    const told = this.#describe(place, breach, moment)
    const input = alarm.setAside?.isConditionTrue ? 'worsen' : 'breachedBefore'
    const state = transition(alarm.state, input, alarm.latching)
    const seen = state === null ? alarm : { ...withoutAside(state === 'active' ? news(alarm) : alarm), state }
    this.#change(place.key, { ...seen, ...told, version: alarm.version + 1 }, 'level', moment, PLATFORM, null)
  }

  clear(key: string, moment: Moment): void {
    const alarm = this.#byKey.get(key)
    if (!alarm) return
    if (alarm.setAside?.isConditionTrue) {
      const setAside = { ...alarm.setAside, isConditionTrue: false }
      return this.#change(key, { ...alarm, setAside, returnedAt: moment.at }, 'returned', moment, PLATFORM, null)
    }
    const state = transition(alarm.state, 'clear', alarm.latching)
    if (state === null) return
    const over = state === 'normal'
    const cleared = { ...alarm, state, version: alarm.version + 1, returnedAt: moment.at, endedAt: over ? moment.at : null }
    this.#change(key, cleared, over ? 'ended' : 'returned', moment, PLATFORM, null)
  }

  /** What it was about is gone. */
  end(key: string, moment: Moment, by: string, reason: string): void {
    const alarm = this.#byKey.get(key)
    if (!alarm) return
    const ended: Alarm = { ...withoutAside(alarm), state: 'normal', version: alarm.version + 1, endedAt: moment.at }
    this.#change(key, ended, 'ended', moment, by, reason)
  }

  /** A change a person made; `alarm` is as it stands after it. Not done when it would be open beside another of its kind. */
  changeByPerson(alarm: Alarm, change: AlarmChangeKind, moment: Moment, by: string, comment: string | null): boolean {
    const key = this.#keyOf.get(alarm.id) ?? this.#ended.get(alarm.id)?.key
    if (key === undefined) return false
    const standing = this.#byKey.get(key)
    if (isOpen(alarm) && standing && standing.id !== alarm.id) return false
    this.#change(key, alarm, change, moment, by, comment)
    return true
  }

  /** Whoever was sent has not answered. */
  tickCase(id: string, at: number, lastPos: number): void {
    const key = this.#keyOf.get(id) ?? this.#ended.get(id)?.key
    const alarm = this.byId(id) ?? this.ended(id)
    const lapsed = alarm && lapseDispatch(alarm, at)
    if (key === undefined || !lapsed) return
    const moment: Moment = { causePos: lastPos, at, knownAt: at, value: null, overRange: false, causes: [] }
    this.#change(key, lapsed, 'dispatch-unaccepted', moment, PLATFORM, null)
  }

  /** What was set aside for a time comes back by itself. */
  tick(key: string, at: number, lastPos: number): void {
    const alarm = this.#byKey.get(key)
    const until = alarm?.setAside?.until ?? Infinity
    if (!alarm || until > at || alarm.state === 'suppressed') return
    const moment: Moment = { causePos: lastPos, at, knownAt: at, value: null, overRange: false, causes: [] }
    this.#change(key, resumed(alarm, at), backFrom(alarm), moment, PLATFORM, null)
  }

  /** Windows opened or closed. In one order, whether or not there was a restart. */
  settleWindows(at: number, causePos: number): void {
    const moment: Moment = { causePos, at, knownAt: at, value: null, overRange: false, causes: [] }
    for (const key of [...this.#byKey.keys()].sort()) {
      const settled = this.#windows.settled(this.#byKey.get(key)!, at)
      if (settled) this.#change(key, settled.alarm, settled.change, moment, PLATFORM, null)
    }
  }

  /** A cause explains the silence of other devices than before. */
  explain(key: string, explains: Alarm['explains'], detail: Alarm['message'] | null, explained: Explained, moment: Moment): void {
    const alarm = this.#byKey.get(key)
    if (!alarm) return
    const after = { ...alarm, explains, message: detail ?? alarm.message }
    this.#change(key, after, 'explains', moment, PLATFORM, null, explained)
  }

  /** What the engine itself has to say about windows. */
  emit(key: string, entry: WindowEntry): void {
    this.#emissions.push({ key, entry })
  }

  refuse(actionPos: number, alarmId: string, code: string, message: string, why?: string): void {
    const current = this.byId(alarmId) ?? this.ended(alarmId) ?? null
    this.#emissions.push({
      key: `refused:${actionPos}`,
      entry: { kind: 'action.refused', actionPos, alarmId, code, message, current, ...(why !== undefined && { why }) },
    })
  }

  take(): Emission[] {
    const emissions = this.#emissions
    this.#emissions = []
    return emissions
  }

  /** Alarms changed since the last call, null for those that are over. */
  takeChanged(): [key: string, alarm: Alarm | null][] {
    const changed = [...this.#dirty].map((key): [string, Alarm | null] => [key, this.#byKey.get(key) ?? null])
    this.#dirty.clear()
    return changed
  }

  /** Those that ended since the last call, or were acted on after it; null for those that are forgotten. */
  takeEnded(): [id: string, ended: EndedAlarm | null][] {
    return this.#ended.takeChanged()
  }

  state(): OpenAlarmsState {
    return { causePos: this.#causePos, counts: [...this.#counts] }
  }

  restore(
    alarms: Iterable<[key: string, alarm: Alarm]>,
    state: OpenAlarmsState,
    ended: [id: string, ended: EndedAlarm | null][] = [],
  ): void {
    for (const [key, alarm] of alarms) {
      this.#byKey.set(key, alarm)
      this.#keyOf.set(alarm.id, key)
      this.#awaitReturn(key, alarm)
      this.#awaitAnswer(alarm)
    }
    this.#ended.restore(ended)
    for (const alarm of this.#ended.withOpenCase()) this.#awaitAnswer(alarm)
    this.#causePos = state.causePos
    this.#counts = new Map(state.counts)
  }

  #describe(place: Place, breach: Breach, moment: Moment) {
    const device = this.#device(place.deviceId)
    const told = {
      value: breach.value ?? moment.value,
      overRange: moment.overRange,
      limit: breach.limit,
      limitName: breach.limitName,
    }
    return {
      ...told,
      level: breach.level,
      ruleVersion: place.rule.version,
      limitSource: place.rule.source,
      message: fillMessage(place.rule, {
        ...told,
        detail: breach.detail,
        device,
        deviceId: place.deviceId,
        metric: place.metric,
      }),
    }
  }

  #raise(place: Place, breach: Breach, moment: Moment, input: AlarmInput): void {
    const device = this.#device(place.deviceId)
    const alarm: Alarm = {
      id: `a${createHash('sha256').update(this.#peekKey(place.key, moment.causePos)).digest('hex').slice(0, 19)}`,
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
      ...(input === 'breachedBefore' && { report: { by: this.#carrier(place.deviceId) } }),
      delayed: moment.knownAt - moment.at > DELAYED_AFTER_MS,
      acknowledgedBy: null,
      acknowledgedAt: null,
      returnedAt: input === 'breachedBefore' ? moment.at : null,
      endedAt: null,
      guidance: place.rule.guidance,
      causes: moment.causes,
      ...this.#describe(place, breach, moment),
    }
    this.#change(place.key, alarm, 'raised', moment, PLATFORM, null)
  }

  /** The condition is true again, or worse than before: either way nobody has seen that yet. */
  #become(place: Place, alarm: Alarm, breach: Breach, moment: Moment, input: AlarmInput, change: AlarmChangeKind): void {
    const state = transition(alarm.state, input, alarm.latching)
    if (state === null) return
    const after: Alarm = {
      ...news(alarm),
      ...this.#describe(place, breach, moment),
      state,
      version: alarm.version + 1,
      // One that rises is the same occurrence getting worse (semantics 19).
      occurrences: alarm.occurrences + (change === 'again' ? 1 : 0),
      acknowledgedBy: null,
      acknowledgedAt: null,
      returnedAt: null,
      causes: [...alarm.causes, ...moment.causes].slice(-CAUSES_KEPT),
    }
    this.#change(place.key, after, change, moment, PLATFORM, null)
  }

  /** It goes on behind what was set aside, and is kept in the record; only what gets worse is told. */
  #breachAside(place: Place, alarm: Alarm, aside: SetAside, breach: Breach, moment: Moment): void {
    const isWorse = severity[breach.level] > severity[alarm.level]
    if (isWorse && transition(alarm.state, 'worsen', alarm.latching) !== null) {
      return this.#become(place, withoutAside(alarm), breach, moment, 'worsen', 'level')
    }
    if (aside.isConditionTrue && !isWorse) return
    const after: Alarm = {
      ...alarm,
      ...this.#describe(place, { ...breach, level: worse(alarm.level, breach.level) }, moment),
      version: alarm.version + (isWorse ? 1 : 0),
      occurrences: alarm.occurrences + (aside.isConditionTrue ? 0 : 1),
      returnedAt: null,
      setAside: { ...aside, isConditionTrue: true },
      causes: [...alarm.causes, ...moment.causes].slice(-CAUSES_KEPT),
    }
    this.#change(place.key, after, isWorse ? 'level' : 'again', moment, PLATFORM, null)
  }

  #awaitReturn(key: string, { setAside }: Alarm): void {
    if (typeof setAside?.until === 'number' && setAside.windows === undefined)
      this.#due.add({ at: tickAtOrAfter(setAside.until), kind: 'alarm', id: key })
  }

  #awaitAnswer({ id, case: known }: Alarm): void {
    if (known?.state === 'dispatched' && known.dispatch) {
      this.#due.add({ at: tickAtOrAfter(known.dispatch.acceptBy), kind: 'case', id })
    }
  }

  #change(
    key: string,
    given: Alarm,
    change: AlarmChangeKind,
    moment: Moment,
    by: string,
    comment: string | null,
    explained?: Explained,
  ): void {
    const alarm = this.#windows.covered(withLiveRequest(given), change, moment)
    if (alarm.state === 'normal') {
      // What is done about one that is over does not touch another that has been raised since.
      if (this.#keyOf.delete(alarm.id)) {
        this.#byKey.delete(key)
        this.#dirty.add(key)
      }
      this.#ended.put(key, alarm)
    } else {
      this.#byKey.set(key, alarm)
      this.#keyOf.set(alarm.id, key)
      this.#ended.remove(alarm.id)
      this.#dirty.add(key)
      if (change === 'shelved' || change === 'taken-out-of-service') this.#awaitReturn(key, alarm)
    }
    if (change === 'dispatched') this.#awaitAnswer(alarm)
    const entry: AlarmChangeEntry = {
      kind: 'alarm.changed',
      change,
      alarm,
      causePos: moment.causePos,
      at: moment.at,
      by,
      comment,
      ...(explained && { explained }),
    }
    const recordKey = this.#peekKey(key, moment.causePos)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    this.#emissions.push({ key: recordKey, entry })
    // It happened in a window that is over by now.
    const settled = alarm !== given && alarm.state === 'suppressed' ? this.#windows.settled(alarm, moment.knownAt) : null
    if (settled?.change === 'unsuppressed') this.#change(key, settled.alarm, settled.change, moment, PLATFORM, null)
  }

  /** (cause, rule, subject, n): n counts the changes one cause made to one alarm. Causes only go forward. */
  #peekKey(key: string, causePos: number): string {
    if (causePos !== this.#causePos) {
      this.#causePos = causePos
      this.#counts.clear()
    }
    return `alarm:${causePos}:${key.replaceAll('\n', ':')}:${this.#counts.get(key) ?? 0}`
  }
}
