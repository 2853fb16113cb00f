import { isUnacknowledged, type Alarm } from './alarm.ts'
import { severity, worse, type Level } from './level.ts'

type Grouped = Pick<
  Alarm,
  'id' | 'state' | 'level' | 'raisedAt' | 'enterpriseId' | 'zoneId' | 'deviceId' | 'ruleId' | 'report' | 'explains'
>

/**
 * 补报: it happened and was over before anybody here knew. Listed and acknowledged, one row for all that a gateway had kept; no siren,
 * no voice, no ladder, and no place above what is going on now.
 */
export const isLateReport = (alarm: Pick<Alarm, 'report'>): boolean => alarm.report !== undefined

/** Which row an alarm is in: its zone of its enterprise, or what one gateway reported afterwards. Every alarm is in exactly one. */
export const groupKey = ({ report, enterpriseId, zoneId }: Pick<Grouped, 'report' | 'enterpriseId' | 'zoneId'>): string =>
  report ? `late/${report.by}` : `${enterpriseId}/${zoneId ?? ''}`

/** Something that makes devices silent and has one alarm for all of them. */
export type GroupCause = { alarmId: string; devices: number } & Pick<NonNullable<Alarm['explains']>, 'cause' | 'source'>

/** What a row says of its alarms. */
export type GroupFigures = {
  key: string
  enterpriseId: string
  zoneId: string | null
  level: Level
  /** the silence of devices that a cause explains is no alarm: it counts once, as the cause */
  alarms: number
  acknowledged: number
  firstAt: number
  lastAt: number
  isLateReport: boolean
  /** the one rule that all of them are of; null where there are several */
  ruleId: string | null
  causes: GroupCause[]
}

export type DeviceFigures = Pick<GroupFigures, 'level' | 'alarms' | 'acknowledged' | 'firstAt' | 'lastAt'> & { deviceId: string }

/** Levels alone decide how many there are of each, so a change costs the same however many alarms stand. */
type Row = {
  of: Grouped
  members: Set<string>
  levels: Map<Level, number>
  rules: Map<string, number>
  causes: Map<string, GroupCause>
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
    const figures = {
      key,
      enterpriseId,
      zoneId,
      level,
      alarms: row.members.size,
      acknowledged: row.acknowledged,
      firstAt,
      lastAt,
    }
    const [ruleId, ...others] = row.rules.keys()
    return {
      ...figures,
      isLateReport: isLateReport(row.of),
      ruleId: others.length === 0 ? ruleId! : null,
      causes: [...row.causes.values()],
    }
  }

  /** The devices of a group, the worst first, then the newest. */
  devices(key: string): DeviceFigures[] {
    const found = new Map<string, DeviceFigures>()
    for (const id of this.#rows.get(key)?.members ?? []) {
      const { deviceId, level, raisedAt, state } = this.#known.get(id)!
      const acknowledged = isUnacknowledged({ state }) ? 0 : 1
      const before = found.get(deviceId)
      if (!before) found.set(deviceId, { deviceId, level, alarms: 1, acknowledged, firstAt: raisedAt, lastAt: raisedAt })
      else {
        before.level = worse(before.level, level)
        before.alarms++
        before.acknowledged += acknowledged
        before.firstAt = Math.min(before.firstAt, raisedAt)
        before.lastAt = Math.max(before.lastAt, raisedAt)
      }
    }
    return [...found.values()].sort(byWeight((one) => one.deviceId))
  }

  /** The worst first, then the newest. */
  groups(): GroupFigures[] {
    return [...this.#rows.keys()].map((key) => this.group(key)!).sort(byWeight((one) => one.key))
  }

  #count(alarm: Grouped, by: 1 | -1): void {
    const key = groupKey(alarm)
    const row = this.#rows.get(key) ?? emptyRow(alarm)
    if (by === 1) row.members.add(alarm.id)
    else row.members.delete(alarm.id)
    if (row.members.size === 0) {
      this.#rows.delete(key)
      return
    }
    this.#rows.set(key, row)
    if (!isUnacknowledged(alarm)) row.acknowledged += by
    add(row.levels, alarm.level, by)
    add(row.rules, alarm.ruleId, by)
    add(row.times, alarm.raisedAt, by)
    const { explains } = alarm
    if (explains && by === 1) row.causes.set(alarm.id, { alarmId: alarm.id, ...explains })
    else row.causes.delete(alarm.id)
    row.edges = null
  }
}

const emptyRow = (of: Grouped): Row => ({
  ...{ of, members: new Set(), levels: new Map(), rules: new Map(), causes: new Map() },
  ...{ acknowledged: 0, times: new Map(), edges: null },
})

const byWeight =
  <One extends Pick<GroupFigures, 'level' | 'lastAt'>>(name: (one: One) => string) =>
  (a: One, b: One): number =>
    severity[b.level] - severity[a.level] || b.lastAt - a.lastAt || (name(a) < name(b) ? -1 : 1)

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
