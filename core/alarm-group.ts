import { isUnacknowledged, type Alarm } from './alarm.ts'
import { severity, worse, type Level } from './level.ts'

type Grouped = Pick<Alarm, 'id' | 'state' | 'level' | 'raisedAt' | 'enterpriseId' | 'zoneId' | 'report'>

/**
 * 补报: it happened and was over before anybody here knew. Listed and acknowledged, one row for all that a gateway had kept; no siren,
 * no voice, no ladder, and no place above what is going on now.
 */
export const isLateReport = (alarm: Pick<Alarm, 'report'>): boolean => alarm.report !== undefined

/** Which row an alarm is in: its zone of its enterprise, or what one gateway reported afterwards. Every alarm is in exactly one. */
export const groupKey = ({ report, enterpriseId, zoneId }: Pick<Grouped, 'report' | 'enterpriseId' | 'zoneId'>): string =>
  report ? `late/${report.by}` : `${enterpriseId}/${zoneId ?? ''}`

/** What a row says of its alarms. */
export type GroupFigures = {
  key: string
  enterpriseId: string
  zoneId: string | null
  level: Level
  alarms: number
  acknowledged: number
  firstAt: number
  lastAt: number
  isLateReport: boolean
}

/** Levels alone decide how many there are of each, so a change costs the same however many alarms stand. */
type Row = {
  of: Grouped
  levels: Map<Level, number>
  alarms: number
  acknowledged: number
  times: Map<number, number>
  edges: [number, number] | null
}

/** The groups of open alarms, kept up with every change. The counts of the groups add up to the number of alarms. */
export class AlarmGroupBook {
  #rows = new Map<string, Row>()
  #known = new Map<string, Grouped>()

  get size(): number {
    return this.#known.size
  }

  /** The alarm as it stands now; `isListed` false: it is over, or set aside. */
  put(alarm: Grouped, isListed: boolean): void {
    const before = this.#known.get(alarm.id)
    if (before) this.#count(before, -1)
    if (isListed) {
      this.#known.set(alarm.id, alarm)
      this.#count(alarm, 1)
    } else this.#known.delete(alarm.id)
  }

  group(key: string): GroupFigures | null {
    const row = this.#rows.get(key)
    if (!row) return null
    const [firstAt, lastAt] = (row.edges ??= edgesOf(row.times))
    const { enterpriseId, zoneId } = row.of
    const level = [...row.levels.keys()].reduce(worse)
    const figures = { key, enterpriseId, zoneId, level, alarms: row.alarms, acknowledged: row.acknowledged }
    return { ...figures, firstAt, lastAt, isLateReport: isLateReport(row.of) }
  }

  /** The worst first, then the newest. */
  groups(): GroupFigures[] {
    return [...this.#rows.keys()]
      .map((key) => this.group(key)!)
      .sort((a, b) => severity[b.level] - severity[a.level] || b.lastAt - a.lastAt || (a.key < b.key ? -1 : 1))
  }

  #count(alarm: Grouped, by: 1 | -1): void {
    const key = groupKey(alarm)
    let row = this.#rows.get(key)
    if (!row)
      this.#rows.set(key, (row = { of: alarm, levels: new Map(), alarms: 0, acknowledged: 0, times: new Map(), edges: null }))
    row.alarms += by
    if (row.alarms === 0) {
      this.#rows.delete(key)
      return
    }
    if (!isUnacknowledged(alarm)) row.acknowledged += by
    add(row.levels, alarm.level, by)
    add(row.times, alarm.raisedAt, by)
    row.edges = null
  }
}

function add<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

function edgesOf(times: Map<number, number>): [number, number] {
  let first = Infinity
  let last = -Infinity
  for (const at of times.keys()) {
    if (at < first) first = at
    if (at > last) last = at
  }
  return [first, last]
}
