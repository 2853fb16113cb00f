import { isOpen, type Alarm, type AlarmChangeKind, type SetAside } from '../core/alarm.ts'
import { severity, worse, type Level } from '../core/level.ts'
import { PLATFORM, type AlarmChangeEntry } from '../core/record.ts'
import type { Device } from '../core/registry.ts'
import type { WindowEntry } from '../core/window.ts'
import { AlarmIndex } from './alarm-index.ts'
import { lapseDispatch } from './cases/case-steps.ts'
import { EndedAlarms, type EndedAlarm } from './cases/ended-alarms.ts'
import { withLiveRequest } from './cases/second-person.ts'
import { Decisions, type DecisionsState, type Emission, type Moment, type Place } from './decisions.ts'
import { tickAtOrAfter, type DueTimes } from './due-times.ts'
import { isConditionTrue, transition, type AlarmInput } from './lifecycle.ts'
import { described, newAlarm } from './new-alarm.ts'
import type { Breach } from './rules/rule.ts'
import { backFrom, resumed, withoutAside } from './set-aside.ts'
import { isBeforePeople, isUnfinished } from '../core/unfinished.ts'
import type { WindowWatch } from './windows.ts'

export { placeKey, type Emission, type Moment, type Place } from './decisions.ts'

type Explained = NonNullable<AlarmChangeEntry['explained']>

const CAUSES_KEPT = 16

export type OpenAlarmsState = DecisionsState

/** It is going on now: no longer a report of what was. */
function news({ report: _, ...alarm }: Alarm): Alarm {
  return alarm
}

/** Told anew with what was found: it has the level of that, or keeps a worse one nobody has acknowledged. */
function retold({ limitLevel: _, ...alarm }: Alarm, told: ReturnType<typeof described>, kept: Level): Alarm {
  const level = worse(told.level, kept)
  return { ...alarm, ...told, level, ...(level === told.level ? {} : { limitLevel: told.level }) }
}

/** Worse than what the alarm tells, which may be less than the level it has kept. */
const isWorseThan = (alarm: Alarm, breach: Breach): boolean => severity[breach.level] > severity[alarm.limitLevel ?? alarm.level]

/** The alarms that are not over, as the engine sees them, and the changes it decided on. */
export class OpenAlarms {
  #open = new AlarmIndex()
  #ended = new EndedAlarms()
  #decisions = new Decisions()
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
    return this.#open.size
  }

  get(key: string): Alarm | undefined {
    return this.#open.get(key)
  }

  byId(id: string): Alarm | undefined {
    const key = this.#open.keyOf(id)
    return key === undefined ? undefined : this.#open.get(key)
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
    const alarm = this.#open.get(key)
    return alarm !== undefined && (alarm.setAside?.isConditionTrue ?? isConditionTrue(alarm.state))
  }

  breach(place: Place, breach: Breach, moment: Moment): void {
    const alarm = this.#open.get(place.key)
    if (!alarm) return this.#raise(place, breach, moment, 'breach')
    if (alarm.setAside) return this.#breachAside(place, alarm, alarm.setAside, breach, moment)
    if (isConditionTrue(alarm.state)) {
      if (isWorseThan(alarm, breach)) this.#become(place, alarm, breach, moment, 'worsen', 'level', alarm.level)
      return
    }
    // What nobody has acknowledged keeps the worst it reached; what somebody has starts afresh.
    const kept = alarm.state === 'returned' ? alarm.level : breach.level
    this.#become(place, alarm, breach, moment, 'breach', 'again', kept)
  }

  /** Late, and the newest reading no longer violates: raised as already returned. */
  breachBefore(place: Place, breach: Breach, moment: Moment): void {
    const alarm = this.#open.get(place.key)
    if (!alarm) return this.#raise(place, breach, moment, 'breachedBefore')
    if (severity[breach.level] <= severity[alarm.level]) return
    const told = this.#describe(place, breach, moment)
    const input = alarm.setAside?.isConditionTrue ? 'worsen' : 'breachedBefore'
    const state = transition(alarm.state, input, alarm.latching)
    const seen = state === null ? alarm : { ...withoutAside(state === 'active' ? news(alarm) : alarm), state }
    this.#change(place.key, { ...seen, ...told, version: alarm.version + 1 }, 'level', moment, PLATFORM, null)
  }

  clear(key: string, moment: Moment): void {
    const alarm = this.#open.get(key)
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

  /** What it was about is gone. An orange or red that people are not done with is not gone with it. */
  end(key: string, moment: Moment, by: string, reason: string): void {
    const alarm = this.#open.get(key)
    if (!alarm) return
    const state = transition(alarm.state, isUnfinished(alarm) ? 'endUnfinished' : 'end', alarm.latching)
    if (state === null) return
    const gone = { ...withoutAside(alarm), state, version: alarm.version + 1 }
    if (state === 'normal') this.#change(key, { ...gone, endedAt: moment.at }, 'ended', moment, by, reason)
    else this.#change(key, { ...gone, returnedAt: moment.at }, 'returned', moment, by, reason)
  }

  /** A change a person made; `alarm` is as it stands after it. Not done when it would be open beside another of its kind. */
  changeByPerson(alarm: Alarm, change: AlarmChangeKind, moment: Moment, by: string, comment: string | null): boolean {
    const key = this.#open.keyOf(alarm.id) ?? this.#ended.get(alarm.id)?.key
    if (key === undefined) return false
    const standing = this.#open.get(key)
    if (isOpen(alarm) && standing && standing.id !== alarm.id) return false
    this.#change(key, alarm, change, moment, by, comment)
    return true
  }

  /** Whoever was sent has not answered. */
  tickCase(id: string, at: number, lastPos: number): void {
    const key = this.#open.keyOf(id) ?? this.#ended.get(id)?.key
    const alarm = this.byId(id) ?? this.ended(id)
    const lapsed = alarm && lapseDispatch(alarm, at)
    if (key === undefined || !lapsed) return
    const moment: Moment = { causePos: lastPos, at, knownAt: at, value: null, overRange: false, causes: [] }
    this.#change(key, lapsed, 'dispatch-unaccepted', moment, PLATFORM, null)
  }

  /** What was set aside for a time comes back by itself. */
  tick(key: string, at: number, lastPos: number): void {
    const alarm = this.#open.get(key)
    const until = alarm?.setAside?.until ?? Infinity
    if (!alarm || until > at || alarm.state === 'suppressed') return
    const moment: Moment = { causePos: lastPos, at, knownAt: at, value: null, overRange: false, causes: [] }
    this.#change(key, resumed(alarm, at), backFrom(alarm), moment, PLATFORM, null)
  }

  /** Windows about these devices opened or closed; the others are as they were. */
  settleWindows(devices: Iterable<string>, at: number, causePos: number): void {
    const moment: Moment = { causePos, at, knownAt: at, value: null, overRange: false, causes: [] }
    for (const key of this.#open.keysOf(devices)) {
      const settled = this.#windows.settled(this.#open.get(key)!, at)
      if (settled) this.#change(key, settled.alarm, settled.change, moment, PLATFORM, null)
    }
  }

  /** A cause explains the silence of other devices than before. */
  explain(key: string, explains: Alarm['explains'], detail: Alarm['message'] | null, explained: Explained, moment: Moment): void {
    const alarm = this.#open.get(key)
    if (!alarm) return
    const after = { ...alarm, explains, message: detail ?? alarm.message }
    this.#change(key, after, 'explains', moment, PLATFORM, null, explained)
  }

  /** What the engine itself has to say about windows. */
  emit(key: string, entry: WindowEntry): void {
    this.#decisions.emit(key, entry)
  }

  refuse(actionPos: number, alarmId: string, code: string, message: string, why?: string): void {
    const current = this.byId(alarmId) ?? this.ended(alarmId) ?? null
    const entry: Emission['entry'] = { kind: 'action.refused', actionPos, alarmId, code, message, current }
    this.#decisions.emit(`refused:${actionPos}`, { ...entry, ...(why !== undefined && { why }) })
  }

  take(): Emission[] {
    return this.#decisions.take()
  }

  /** Alarms changed since the last call, null for those that are over. */
  takeChanged(): [key: string, alarm: Alarm | null][] {
    return this.#open.takeChanged()
  }

  /** Those that ended since the last call, or were acted on after it; null for those that are forgotten. */
  takeEnded(): [id: string, ended: EndedAlarm | null][] {
    return this.#ended.takeChanged()
  }

  state(): OpenAlarmsState {
    return this.#decisions.state()
  }

  restore(
    alarms: Iterable<[key: string, alarm: Alarm]>,
    state: OpenAlarmsState,
    ended: [id: string, ended: EndedAlarm | null][] = [],
  ): void {
    for (const [key, alarm] of alarms) {
      this.#open.load(key, alarm)
      this.#awaitReturn(key, alarm)
      this.#awaitAnswer(alarm)
    }
    this.#ended.restore(ended)
    for (const alarm of this.#ended.withOpenCase()) this.#awaitAnswer(alarm)
    this.#decisions.restore(state)
  }

  #describe(place: Place, breach: Breach, moment: Moment) {
    return described(place, breach, moment, this.#device(place.deviceId))
  }

  #raise(place: Place, breach: Breach, moment: Moment, input: 'breach' | 'breachedBefore'): void {
    const from = { device: this.#device(place.deviceId), carrier: this.#carrier(place.deviceId) }
    const alarm = newAlarm(this.#decisions.keyOf(place.key, moment.causePos), place, breach, moment, from, input)
    this.#change(place.key, alarm, 'raised', moment, PLATFORM, null)
  }

  /** The condition is true again, or worse than before: either way nobody has seen that yet. */
  #become(
    place: Place,
    alarm: Alarm,
    breach: Breach,
    moment: Moment,
    input: AlarmInput,
    change: AlarmChangeKind,
    kept: Level,
  ): void {
    const state = transition(alarm.state, input, alarm.latching)
    if (state === null) return
    const after: Alarm = {
      ...retold(news(alarm), this.#describe(place, breach, moment), kept),
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
      return this.#become(place, withoutAside(alarm), breach, moment, 'worsen', 'level', alarm.level)
    }
    if (aside.isConditionTrue && !isWorse) return
    const after: Alarm = {
      ...retold(alarm, this.#describe(place, breach, moment), alarm.level),
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
    const before = this.#open.get(key)
    const asked = withLiveRequest(given)
    const alarm = before && isBeforePeople(before) ? asked : this.#windows.covered(asked, change, moment)
    if (alarm.state === 'normal') {
      this.#open.remove(key, alarm.id)
      this.#ended.put(key, alarm)
    } else {
      this.#open.put(key, alarm)
      this.#ended.remove(alarm.id)
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
    this.#decisions.change(key, moment.causePos, entry)
    // It happened in a window that is over by now.
    const settled = alarm !== given && alarm.state === 'suppressed' ? this.#windows.settled(alarm, moment.knownAt) : null
    if (settled?.change === 'unsuppressed') this.#change(key, settled.alarm, settled.change, moment, PLATFORM, null)
  }
}
