import { isRawTip, type Hazard } from '../../core/hazard.ts'
import { levels, type Level } from '../../core/level.ts'
import type { Mode } from '../../core/mode.ts'
import type { Registry } from '../../core/registry.ts'
import { riskId, staticGrades, type Contribution, type RiskState, type RiskSubject, type StaticGrade } from '../../core/risk.ts'
import type { RiskExplanation, RiskWeights } from '../../core/risk.ts'
import { isOut, type DeviceState } from '../measures/device-states.ts'
import { tickAtOrAfter } from '../measures/ticks.ts'
import { countsAs, type OpenAlarm } from './alarm-weight.ts'
import { StandingHazards } from './standing-hazards.ts'
import { Waiting } from './waiting.ts'
import {
  membersToBlue,
  nextWaitStep,
  stepsToBlue,
  weighMembers,
  weighPlace,
  type Member,
  type PlaceFacts,
  type Weighed,
} from './weigh.ts'

/** A zone or an enterprise, with everything its index is made of kept as counts. */
type Place = {
  key: string
  mode: Mode
  subject: 'zone' | 'enterprise'
  id: string
  devices: number
  heard: number
  bypassed: number
  alarms: number
  active: Record<Level, number>
  over: Record<Level, number>
  waiting: Record<Level, Waiting>
  dueAt: number | null
}
/** A sector or a region: the enterprises in it. */
type Group = { key: string; mode: Mode; subject: 'sector' | 'region'; id: string; members: Set<string> }

export type RiskDecision = { risk: RiskState; contributions: Contribution[] }
type Due = { add(at: number, id: string): void }

/** A region is its division and those it lies in: city, county, town, village. */
const DIVISIONS = [4, 6, 9, 12]
const NO_ALARMS: Record<Level, number> = { red: 0, orange: 0, yellow: 0, blue: 0 }
const keyOf = (mode: Mode, subject: RiskSubject, id: string) => `${mode}\n${riskId(subject, id)}`
const regionsOf = (region: string) => [
  ...new Set(DIVISIONS.filter((length) => length <= region.length).map((n) => region.slice(0, n))),
]

/**
 * The live risk index of every place: a pure function of the journal, kept as counts so that a change costs the places it
 * touches. What is touched is weighed at the next tick, once however much happened before it.
 */
export class RiskBoard {
  readonly states = new Map<string, RiskState>()
  readonly alarms = new Map<string, OpenAlarm>()
  readonly hazards = new StandingHazards()
  weights: RiskWeights
  weightsVersion = 0
  #registry: Registry
  #mode: Mode
  #due: Due
  #places = new Map<string, Place>()
  #groups = new Map<string, Group>()
  #groupsOf = new Map<string, string[]>()
  #dirty = new Set<string>()
  #modes: Set<Mode>
  /** worst grade within each enterprise, null until it is asked for again */
  #gradeWithin: Map<string, StaticGrade> | null = null

  constructor(registry: Registry, mode: Mode, weights: RiskWeights, due: Due) {
    this.#registry = registry
    this.#mode = mode
    this.#modes = new Set([mode])
    this.weights = weights
    this.#due = due
  }

  /** The tick at which what has been touched is to be weighed. */
  get isDirty(): boolean {
    return this.#dirty.size > 0
  }

  touchAll(): void {
    for (const key of [...this.#places.keys(), ...this.#groups.keys()]) this.#dirty.add(key)
  }

  setWeights(weights: RiskWeights, version: number): void {
    this.weights = weights
    this.weightsVersion = version
    this.touchAll()
  }

  /** A place is new, has another grade, belongs elsewhere or is no longer used. */
  placeChanged(subject: 'zone' | 'enterprise' | 'site', id: string): void {
    this.#gradeWithin = null
    if (subject === 'enterprise') {
      for (const mode of this.#modes) this.#join(mode, id)
      for (const zone of this.#registry.zones.values()) if (zone.enterpriseId === id) this.placeChanged('zone', zone.id)
    } else if (subject === 'site') {
      for (const zone of this.#registry.zones.values()) if (zone.siteId === id) this.placeChanged('zone', zone.id)
      const site = this.#registry.sites.get(id)
      if (site) for (const mode of this.#modes) this.#touch(keyOf(mode, 'enterprise', site.enterpriseId))
    } else {
      this.#place(this.#mode, 'zone', id)
      for (const mode of this.#modes) this.#touch(keyOf(mode, 'zone', id))
      const zone = this.#registry.zones.get(id)
      if (zone) for (const mode of this.#modes) this.#touch(keyOf(mode, 'enterprise', zone.enterpriseId))
    }
  }

  deviceChanged(device: DeviceState, apply: () => void): void {
    this.#countDevice(device, -1)
    apply()
    this.#countDevice(device, 1)
  }

  alarmChanged(id: string, after: OpenAlarm | null): void {
    const before = this.alarms.get(id)
    if (before) this.#countAlarm(before, -1)
    if (after) this.alarms.set(id, after)
    else this.alarms.delete(id)
    if (!after) return
    this.#countAlarm(after, 1)
    const waits = after.waitsSince
    if (waits === null || (before?.waitsSince === waits && before.level === after.level)) return
    for (const place of this.#placesOf(after)) place.waiting[after.level].add(id, waits)
  }

  /** What is overdue counts at the enterprise; one of nobody's counts nowhere. */
  hazardChanged(hazard: Hazard): void {
    // A tip nobody has taken up must not be told by a number that goes up.
    if (hazard.enterpriseId === null) return
    const key = keyOf(hazard.mode, 'enterprise', hazard.enterpriseId)
    if (isRawTip(hazard)) this.hazards.forget(key, hazard.id)
    else this.hazards.note(key, hazard)
    this.#touch(key)
  }

  /** An alarm here may have waited for long enough to count for more, or a hazard is overdue. */
  due(key: string, tick: number): void {
    const place = this.#places.get(key)
    if (place?.dueAt !== tick) return
    place.dueAt = null
    this.#dirty.add(key)
  }

  /** Weighs what was touched; gives what is another index or colour than before, in one order. */
  weigh(tick: number): RiskDecision[] {
    const decisions: RiskDecision[] = []
    const touched = [...this.#dirty].sort()
    this.#dirty.clear()
    for (const key of touched) {
      const place = this.#places.get(key)
      if (place) this.#decide(decisions, key, tick, this.#weighPlace(place, tick))
    }
    // Groups after all places: a change of a member has touched them by now.
    const groups = new Set([...touched.filter((one) => this.#groups.has(one)), ...this.#dirty])
    for (const key of [...groups].sort()) {
      const group = this.#groups.get(key)
      if (group) this.#decide(decisions, key, tick, this.#weighGroup(group))
    }
    this.#dirty.clear()
    return decisions
  }

  explain(mode: string, id: string, now: number): RiskExplanation | null {
    const key = `${mode}\n${id}`
    const state = this.states.get(key)
    if (!state) return null
    const { weights, weightsVersion } = this
    const place = this.#places.get(key)
    if (place) {
      const facts = this.#factsOf(place, now)
      const { sum, contributions } = weighPlace(facts, weights)
      return { ...state, weightsVersion, sum, contributions, makesBlue: stepsToBlue(facts, weights), weights }
    }
    const group = this.#groups.get(key)
    if (!group) return null
    const members = this.#membersOf(group)
    const { sum, contributions } = weighMembers(members, weights)
    const enterprises = members.toSorted((a, b) => (b.index ?? -1) - (a.index ?? -1) || (a.id < b.id ? -1 : 1)).slice(0, 200)
    return { ...state, weightsVersion, sum, contributions, makesBlue: membersToBlue(members, weights), enterprises, weights }
  }

  #decide(decisions: RiskDecision[], key: string, tick: number, weighed: Weighed | null): void {
    const before = this.states.get(key)
    const found = this.#places.get(key) ?? this.#groups.get(key)!
    if (!weighed) {
      this.#places.delete(key)
      this.#groups.delete(key)
      if (!before) return
      this.states.delete(key)
      const gone: RiskState = { ...before, index: null, colour: 'unknown', atLeast: false, since: tick }
      decisions.push({ risk: gone, contributions: [] })
    } else {
      const { index, colour, atLeast, contributions } = weighed
      if (before?.index === index && before.colour === colour && before.atLeast === atLeast) return
      const enterpriseId = 'devices' in found ? this.#enterpriseOf(found) : null
      const { mode, subject, id } = found
      const told = { id: riskId(subject, id), subject, mode, enterpriseId, index, colour, atLeast }
      const risk: RiskState = { ...told, since: tick, weightsVersion: this.weightsVersion }
      this.states.set(key, risk)
      decisions.push({ risk, contributions })
    }
    if (found.subject === 'enterprise') for (const group of this.#groupsOf.get(key) ?? []) this.#dirty.add(group)
  }

  /** Null when it is no longer used: nobody looks after it, so it has no index. */
  #weighPlace(place: Place, tick: number): Weighed | null {
    if (!this.#exists(place)) return null
    this.#scheduleWait(place, tick)
    return weighPlace(this.#factsOf(place, tick), this.weights)
  }

  #weighGroup(group: Group): Weighed | null {
    const members = this.#membersOf(group)
    return members.length === 0 ? null : weighMembers(members, this.weights)
  }

  #membersOf({ mode, members }: Group): Member[] {
    return [...members].flatMap((id) => {
      const state = this.states.get(keyOf(mode, 'enterprise', id))
      return state ? [{ id, index: state.index, colour: state.colour }] : []
    })
  }

  #exists({ subject, id, mode, devices, alarms }: Place): boolean {
    const { zones, enterprises } = this.#registry
    const enterprise = enterprises.get(subject === 'zone' ? (zones.get(id)?.enterpriseId ?? '') : id)
    const inUse = enterprise?.retiredAt === null && (subject === 'enterprise' || zones.get(id)?.retiredAt === null)
    return inUse && (mode === this.#mode || devices > 0 || alarms > 0)
  }

  #factsOf(place: Place, now: number): PlaceFacts {
    const waitedMs = { red: null, orange: null, yellow: null, blue: null } as PlaceFacts['waitedMs']
    for (const level of levels) {
      const since = this.#waitsSince(place, level)
      waitedMs[level] = since === null ? null : Math.max(0, now - since)
    }
    const { active, over, devices, heard, bypassed } = place
    const overdueTasks = this.hazards.overdue(place.key, now)
    return { grade: this.#gradeOf(place), active, over, waitedMs, devices, heard, bypassed, overdueTasks }
  }

  #waitsSince({ waiting }: Place, level: Level): number | null {
    return waiting[level].oldest((id, since) => {
      const alarm = this.alarms.get(id)
      return alarm?.waitsSince === since && alarm.level === level
    })
  }

  #scheduleWait(place: Place, tick: number): void {
    let next = Infinity
    for (const level of levels) {
      const since = this.#waitsSince(place, level)
      if (since === null) continue
      const step = nextWaitStep(tick - since, this.weights)
      if (step !== null) next = Math.min(next, tickAtOrAfter(since + step))
    }
    const overdueAt = this.hazards.next(place.key, tick)
    if (overdueAt !== null) next = Math.min(next, tickAtOrAfter(overdueAt))
    if (next === Infinity || (place.dueAt !== null && place.dueAt <= next && place.dueAt > tick)) return
    place.dueAt = next
    this.#due.add(next, place.key)
  }

  /** A zone has its own grade, else its site's, else its enterprise's; an enterprise its own, else the worst within it. */
  #gradeOf({ subject, id }: Place): StaticGrade | null {
    const { zones, sites, enterprises } = this.#registry
    if (subject === 'zone') {
      const zone = zones.get(id)
      const site = sites.get(zone?.siteId ?? '')
      return zone?.riskGrade ?? site?.riskGrade ?? enterprises.get(zone?.enterpriseId ?? '')?.riskGrade ?? null
    }
    return enterprises.get(id)?.riskGrade ?? (this.#gradeWithin ??= this.#worstGrades()).get(id) ?? null
  }

  #worstGrades(): Map<string, StaticGrade> {
    const worst = new Map<string, StaticGrade>()
    const rank = (grade: StaticGrade | undefined) => (grade === undefined ? Infinity : staticGrades.indexOf(grade))
    for (const rows of [this.#registry.zones, this.#registry.sites]) {
      for (const { enterpriseId, riskGrade, retiredAt } of rows.values()) {
        if (!riskGrade || retiredAt !== null) continue
        if (rank(riskGrade) < rank(worst.get(enterpriseId))) worst.set(enterpriseId, riskGrade)
      }
    }
    return worst
  }

  #enterpriseOf({ subject, id }: Place): string | null {
    return subject === 'enterprise' ? id : (this.#registry.zones.get(id)?.enterpriseId ?? null)
  }

  #countDevice(device: DeviceState, by: number): void {
    if (!device.counts) return
    for (const place of this.#placesOf(device)) {
      place.devices += by
      if (device.heard) place.heard += by
      if (isOut(device)) place.bypassed += by
    }
  }

  #countAlarm(alarm: OpenAlarm, by: number): void {
    const as = countsAs(alarm.state)
    for (const place of this.#placesOf(alarm)) {
      place.alarms += by
      if (as === 'active' || as === 'over') place[as][alarm.level] += by
    }
  }

  #placesOf({ mode, zoneId, enterpriseId }: { mode: Mode; zoneId: string | null; enterpriseId: string }): Place[] {
    const enterprise = this.#place(mode, 'enterprise', enterpriseId)
    return zoneId === null ? [enterprise] : [enterprise, this.#place(mode, 'zone', zoneId)]
  }

  #place(mode: Mode, subject: Place['subject'], id: string): Place {
    const key = keyOf(mode, subject, id)
    this.#dirty.add(key)
    let place = this.#places.get(key)
    if (!place) {
      const waiting = { red: new Waiting(), orange: new Waiting(), yellow: new Waiting(), blue: new Waiting() }
      const counts = { devices: 0, heard: 0, bypassed: 0, alarms: 0, active: { ...NO_ALARMS }, over: { ...NO_ALARMS } }
      place = { key, mode, subject, id, ...counts, waiting, dueAt: null }
      this.#places.set(key, place)
      this.#modes.add(mode)
      if (subject === 'enterprise') this.#join(mode, id)
    }
    return place
  }

  /** The sector and the regions an enterprise belongs to now; those it has left are weighed without it. */
  #join(mode: Mode, id: string): void {
    const enterprise = this.#registry.enterprises.get(id)
    const key = keyOf(mode, 'enterprise', id)
    if (mode === this.#mode && enterprise?.retiredAt === null && !this.#places.has(key)) this.#place(mode, 'enterprise', id)
    if (!this.#places.has(key)) return
    this.#dirty.add(key)
    const sector = enterprise?.sector ? ([['sector', enterprise.sector]] as const) : []
    const regions = regionsOf(enterprise?.region ?? '').map((region) => ['region', region] as const)
    const now = enterprise?.retiredAt === null ? [...sector, ...regions] : []
    const keys = now.map(([subject, group]) => keyOf(mode, subject, group))
    for (const old of this.#groupsOf.get(key) ?? []) {
      if (!keys.includes(old)) this.#groups.get(old)?.members.delete(id)
      this.#dirty.add(old)
    }
    for (const [subject, group] of now) {
      const groupKey = keyOf(mode, subject, group)
      const known = this.#groups.get(groupKey) ?? { key: groupKey, mode, subject, id: group, members: new Set<string>() }
      known.members.add(id)
      this.#groups.set(groupKey, known)
      this.#dirty.add(groupKey)
    }
    this.#groupsOf.set(key, keys)
  }

  #touch(key: string): void {
    if (this.#places.has(key)) this.#dirty.add(key)
  }
}
