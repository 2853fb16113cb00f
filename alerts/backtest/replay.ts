import type { Alarm } from '../../core/alarm.ts'
import type { FoundAlarm } from '../../core/backtest.ts'
import { severity } from '../../core/level.ts'
import type { Mode } from '../../core/mode.ts'
import type { Rule } from '../../core/rule.ts'
import { Windows } from '../../core/window-book.ts'
import { type WindowEntry } from '../../core/window.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import type { Entry } from '../../journal/journal.ts'
import { Engine, type EngineState } from '../engine.ts'
import type { RulebookRow } from '../rulebook.ts'
import { isWindowKind, nextTick } from '../windows.ts'

type Span = { mode: Mode; from: number; to: number }

export const foundOf = (alarm: Alarm): FoundAlarm => ({
  id: alarm.id,
  ruleId: alarm.ruleId,
  ruleVersion: alarm.ruleVersion,
  subject: alarm.subject,
  deviceId: alarm.deviceId,
  zoneId: alarm.zoneId,
  level: alarm.level,
  measuredAt: alarm.measuredAt,
  raisedAt: alarm.raisedAt,
  late: alarm.late,
})

/** The alarms of a span in the order they were raised, each at the worst level it reached, from the changes of alarms. */
export class Raised {
  #span: Span
  #alarms = new Map<string, FoundAlarm>()

  constructor(span: Span) {
    this.#span = span
  }

  note(alarm: Alarm, change: string): void {
    const { mode, from, to } = this.#span
    if (alarm.mode !== mode) return
    if (change === 'raised' && alarm.raisedAt >= from && alarm.raisedAt < to) this.#alarms.set(alarm.id, foundOf(alarm))
    const known = this.#alarms.get(alarm.id)
    if (known && severity[alarm.level] > severity[known.level]) known.level = alarm.level
  }

  all(): FoundAlarm[] {
    return [...this.#alarms.values()]
  }
}

/**
 * The production engine over the past. With `fixed` rules what the record says of rules is not heard: these are in force from
 * the beginning; without, rules come and go as they did.
 */
export class Replay {
  readonly #engine = new Engine()
  readonly #raised: Raised
  readonly #hearsRules: boolean

  constructor(span: Span, fixed: Rule[] | null) {
    this.#raised = new Raised(span)
    this.#hearsRules = fixed === null
    this.#engine.rulebook.restore((fixed ?? []).map(fixedRow))
  }

  /** What was recorded before the first entry of the pass, and since when somebody was listening. */
  known(entries: Entry[], rules: RulebookRow[], listeningFrom: number): void {
    for (const entry of entries) this.#engine.directory.apply(entry)
    if (this.#hearsRules) this.#engine.rulebook.restore(rules)
    this.#engine.restore({ ...asNewSince(listeningFrom), windows: windowsOf(entries, listeningFrom) })
  }

  apply(entry: Entry): void {
    if (!this.#hearsRules && (entry.kind === 'rule.set' || entry.kind === 'rule.removed')) return
    this.#engine.apply(entry)
    this.#take()
  }

  advance(clock: number): void {
    this.#engine.advance(clock)
    this.#take()
  }

  alarms(): FoundAlarm[] {
    return this.#raised.all()
  }

  #take(): void {
    for (const { entry } of this.#engine.take()) if (entry.kind === 'alarm.changed') this.#raised.note(entry.alarm, entry.change)
  }
}

const fixedRow = (rule: Rule): RulebookRow => ({ id: rule.id, rule, pack: null, version: rule.version, fellBack: false })

const asNewSince = (listeningFrom: number): EngineState => ({
  head: { lastPos: 0, listeningFrom, alarms: { causePos: 0, counts: [] } },
  pages: [],
  series: [],
  devices: [],
  alarms: [],
  ended: [],
  positions: [],
  groups: [],
  windows: [],
  causes: [],
})

function windowsOf(entries: Entry[], now: number): EngineState['windows'] {
  const windows = new Windows()
  for (const entry of entries) {
    if (isWindowKind(entry.kind)) windows.apply(readRecordEntry(entry) as WindowEntry, entry.receivedAt)
  }
  return windows.all().map((window) => [window.id, { ...window, nextAt: nextTick(window, now) }])
}
