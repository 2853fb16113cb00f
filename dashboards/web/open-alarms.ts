import { computed, type ComputedRef } from 'vue'
import { isUnacknowledged, type Alarm } from '../../core/alarm.ts'
import { groupKey, isLateReport } from '../../core/alarm-group.ts'
import { levels, type Level } from '../../core/level.ts'
import { byGroupUrgency, groupOf, isAheadOf, isSetAside, isWorseOnMap, type AlarmGroup } from './alarm-order.ts'
import type { Live } from './live.ts'

/** What a wall says of all open alarms together. Replaced, never edited; groups and `worst` keep their identity while nothing in them changes. */
export type AlarmFigures = {
  unacknowledged: number
  setAside: number
  /** some red waits for somebody */
  redWaits: boolean
  /** worst level that sounds: active and no late report */
  loudest: Level | null
  /** the alarm the wall talks about */
  newest: Alarm | null
  oldestUnacknowledged: Alarm | null
  groups: readonly AlarmGroup[]
  /** the worst alarm of every device that has one */
  worst: ReadonlyMap<string, Alarm>
}

/**
 * The figures, kept up with what changed between two pictures: of thousands of alarms a flood changes a handful a frame, and everything
 * that looks at all of them again for each would cost the frame.
 */
export class OpenAlarms {
  #alarms: ReadonlyMap<string, Alarm> = new Map()
  #groups = new Map<string, AlarmGroup>()
  #ordered: readonly AlarmGroup[] = []
  #byDevice = new Map<string, Set<Alarm>>()
  #worst = new Map<string, Alarm>()
  #shownWorst: ReadonlyMap<string, Alarm> = new Map()
  #sounding: Record<Level, number> = { red: 0, orange: 0, yellow: 0, blue: 0 }
  #unacknowledged = 0
  #redsWaiting = 0
  #setAside = 0
  #newest: Alarm | null = null
  #oldest: Alarm | null = null
  #isNewestLost = false
  #isOldestLost = false
  #isWorstNew = false
  #edits = new Map<string, { gone: Set<Alarm>; come: Alarm[] }>()

  /** The figures of these alarms. Cheap where most of them are the very alarms of the call before. */
  of(alarms: ReadonlyMap<string, Alarm>): AlarmFigures {
    const before = this.#alarms
    this.#alarms = alarms
    let kept = 0
    for (const [id, alarm] of alarms) {
      const known = before.get(id)
      if (known !== undefined) kept++
      if (known === alarm) continue
      if (known !== undefined) this.#drop(known)
      this.#take(alarm)
    }
    if (kept < before.size) for (const [id, alarm] of before) if (!alarms.has(id)) this.#drop(alarm)
    this.#regroup()
    if (this.#isNewestLost) this.#newest = this.#first(isAheadOf, (alarm) => !isSetAside(alarm))
    if (this.#isOldestLost) this.#oldest = this.#first(isOlder, isUnacknowledged)
    this.#isNewestLost = this.#isOldestLost = false
    if (this.#isWorstNew) this.#shownWorst = new Map(this.#worst)
    this.#isWorstNew = false
    return {
      unacknowledged: this.#unacknowledged,
      setAside: this.#setAside,
      redWaits: this.#redsWaiting > 0,
      loudest: levels.find((level) => this.#sounding[level] > 0) ?? null,
      newest: this.#newest,
      oldestUnacknowledged: this.#oldest,
      groups: this.#ordered,
      worst: this.#shownWorst,
    }
  }

  #take(alarm: Alarm): void {
    this.#count(alarm, 1)
    if (isUnacknowledged(alarm) && !this.#isOldestLost && (!this.#oldest || isOlder(alarm, this.#oldest))) this.#oldest = alarm
    if (isSetAside(alarm)) return
    this.#editOf(alarm).come.push(alarm)
    if (!this.#isNewestLost && (!this.#newest || isAheadOf(alarm, this.#newest))) this.#newest = alarm
    const own = this.#byDevice.get(alarm.deviceId)
    if (own) own.add(alarm)
    else this.#byDevice.set(alarm.deviceId, new Set([alarm]))
    const worst = this.#worst.get(alarm.deviceId)
    if (!worst || isWorseOnMap(alarm, worst)) this.#setWorst(alarm.deviceId, alarm)
  }

  #drop(alarm: Alarm): void {
    this.#count(alarm, -1)
    if (this.#oldest === alarm) this.#isOldestLost = true
    if (isSetAside(alarm)) return
    this.#editOf(alarm).gone.add(alarm)
    if (this.#newest === alarm) this.#isNewestLost = true
    const own = this.#byDevice.get(alarm.deviceId)!
    own.delete(alarm)
    if (own.size === 0) this.#byDevice.delete(alarm.deviceId)
    if (this.#worst.get(alarm.deviceId) !== alarm) return
    let next: Alarm | null = null
    for (const other of own) if (!next || isWorseOnMap(other, next)) next = other
    this.#setWorst(alarm.deviceId, next)
  }

  #count(alarm: Alarm, by: 1 | -1): void {
    if (isSetAside(alarm)) this.#setAside += by
    if (alarm.state === 'active' && !isLateReport(alarm)) this.#sounding[alarm.level] += by
    if (!isUnacknowledged(alarm)) return
    this.#unacknowledged += by
    if (alarm.level === 'red') this.#redsWaiting += by
  }

  #setWorst(deviceId: string, alarm: Alarm | null): void {
    if (alarm) this.#worst.set(deviceId, alarm)
    else this.#worst.delete(deviceId)
    this.#isWorstNew = true
  }

  #editOf(alarm: Alarm): { gone: Set<Alarm>; come: Alarm[] } {
    const key = groupKey(alarm)
    let edit = this.#edits.get(key)
    if (!edit) this.#edits.set(key, (edit = { gone: new Set(), come: [] }))
    return edit
  }

  #regroup(): void {
    if (this.#edits.size === 0) return
    for (const [key, { gone, come }] of this.#edits) {
      const known = this.#groups.get(key)?.alarms ?? []
      // What came is newer as a rule: the sort finds it nearly in order.
      const alarms = [...come.reverse(), ...(gone.size === 0 ? known : known.filter((alarm) => !gone.has(alarm)))]
      if (alarms.length === 0) this.#groups.delete(key)
      else this.#groups.set(key, groupOf(key, alarms))
    }
    this.#edits.clear()
    this.#ordered = [...this.#groups.values()].sort(byGroupUrgency)
  }

  #first(isBefore: (a: Alarm, b: Alarm) => boolean, counts: (alarm: Alarm) => boolean): Alarm | null {
    let best: Alarm | null = null
    for (const alarm of this.#alarms.values()) if (counts(alarm) && (!best || isBefore(alarm, best))) best = alarm
    return best
  }
}

const isOlder = (a: Alarm, b: Alarm): boolean => a.raisedAt < b.raisedAt

const known = new WeakMap<Live, ComputedRef<AlarmFigures>>()

/** One for all panels of a page. */
export function figuresOf(live: Live): ComputedRef<AlarmFigures> {
  let figures = known.get(live)
  if (!figures) {
    const open = new OpenAlarms()
    known.set(live, (figures = computed(() => open.of(live.alarms.value))))
  }
  return figures
}
