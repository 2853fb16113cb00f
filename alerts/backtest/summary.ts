import {
  BACKTEST_ALARMS_LISTED,
  type BacktestQuestion,
  type BacktestResult,
  type FoundAlarm,
  type Incident,
} from '../../core/backtest.ts'
import { dayOf, toLocal } from '../../core/local-time.ts'
import { floodsOf } from '../report/floods.ts'
import { weighed, type Mark } from './marks.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** How long before an incident an alarm still counts as its warning, and how long after as having noticed it, where nobody says when it was over. */
const LEAD_MS = 6 * HOUR
const NOTICED_MS = HOUR
const TOP = 10

type Facts = Pick<BacktestResult, 'source' | 'exact' | 'warmUpFrom' | 'coldRules' | 'readings'> & {
  found: FoundAlarm[]
  before: FoundAlarm[]
  against: BacktestResult['difference']['against']
  /** of the alarms that are compared; null where nothing is tried */
  marks?: readonly Mark[]
}

/** What a backtest says, from the alarms it found and those it is held against. */
export function summarise(question: BacktestQuestion, zone: string, facts: Facts): BacktestResult {
  const { found, before, against, marks, ...rest } = facts
  const times = found.map(({ raisedAt }) => raisedAt).sort((a, b) => a - b)
  const floodMs = floodsOf(times, question.to).reduce((sum, flood) => sum + flood.to - flood.from, 0)
  return {
    ...{ from: question.from, to: question.to, ...rest },
    alarms: found.slice(0, BACKTEST_ALARMS_LISTED),
    total: found.length,
    perDay: perDay(found, question, zone),
    floodMinutes: Math.round(floodMs / 60_000),
    topPoints: topPoints(found),
    atNight: found.filter((alarm) => isPushedAtNight(alarm, zone)).length,
    difference: { against, ...compare(found, before) },
    incidents: question.incidents.map((incident) => ({ ...incident, ...caught(incident, found) })),
    ...(marks && { marks: weighed(marks, found) }),
  }
}

/** The same rule about the same thing, raised by the same reading and as bad: the same alarm to whoever is woken by it. */
const keyOf = ({ ruleId, subject, measuredAt, level, late }: FoundAlarm) =>
  `${ruleId}\n${subject}\n${measuredAt}\n${level}\n${late}`

function compare(found: FoundAlarm[], before: FoundAlarm[]): Omit<BacktestResult['difference'], 'against'> {
  const foundKeys = new Set(found.map(keyOf))
  const beforeKeys = new Set(before.map(keyOf))
  const added = found.filter((alarm) => !beforeKeys.has(keyOf(alarm)))
  const gone = new Set(before.filter((alarm) => !foundKeys.has(keyOf(alarm))))
  const moved: BacktestResult['difference']['moved'] = []
  const reallyAdded: FoundAlarm[] = []
  for (const now of added) {
    const was = nearest(now, gone)
    if (was === null) reallyAdded.push(now)
    else {
      gone.delete(was)
      moved.push({ now, was })
    }
  }
  const listed = <Item>(items: Iterable<Item>) => [...items].slice(0, BACKTEST_ALARMS_LISTED)
  const counts = { added: reallyAdded.length, gone: gone.size, moved: moved.length }
  return { same: found.length - added.length, added: listed(reallyAdded), gone: listed(gone), moved: listed(moved), counts }
}

function nearest(now: FoundAlarm, among: Iterable<FoundAlarm>): FoundAlarm | null {
  const distance = (was: FoundAlarm) => Math.abs(was.measuredAt - now.measuredAt)
  let best: FoundAlarm | null = null
  for (const was of among) {
    if (was.ruleId !== now.ruleId || was.subject !== now.subject || was.late !== now.late || distance(was) > HOUR) continue
    if (best === null || distance(was) < distance(best)) best = was
  }
  return best
}

function perDay(found: FoundAlarm[], { from, to }: BacktestQuestion, zone: string): BacktestResult['perDay'] {
  const days = new Map<string, BacktestResult['perDay'][number]>()
  for (let at = from; at < to; at += DAY) days.set(dayOf(at, zone), emptyDay(dayOf(at, zone)))
  days.set(dayOf(to - 1, zone), emptyDay(dayOf(to - 1, zone)))
  for (const { raisedAt, level } of found) days.get(dayOf(raisedAt, zone))![level]++
  return [...days.values()]
}

const emptyDay = (day: string) => ({ day, red: 0, orange: 0, yellow: 0, blue: 0 })

function topPoints(found: FoundAlarm[]): BacktestResult['topPoints'] {
  const points = new Map<string, BacktestResult['topPoints'][number]>()
  for (const { subject, deviceId } of found) {
    const point = points.get(subject) ?? { subject, deviceId, count: 0 }
    point.count++
    points.set(subject, point)
  }
  return [...points.values()].sort((a, b) => b.count - a.count || (a.subject < b.subject ? -1 : 1)).slice(0, TOP)
}

function isPushedAtNight({ level, raisedAt }: FoundAlarm, zone: string): boolean {
  const hour = Math.floor((toLocal(raisedAt, zone) % DAY) / HOUR)
  return (level === 'red' || level === 'orange') && (hour >= 22 || hour < 6)
}

/** The first alarm about the incident's device or zone, from six hours before it until it is over; without either, about anything. */
function caught(incident: Incident, found: FoundAlarm[]): { caughtBy: FoundAlarm | null; leadMs: number | null } {
  const caughtBy =
    found
      .filter(
        ({ deviceId, zoneId, raisedAt }) =>
          (incident.deviceId === undefined || incident.deviceId === deviceId) &&
          (incident.zoneId === undefined || incident.zoneId === zoneId) &&
          raisedAt >= incident.from - LEAD_MS &&
          raisedAt <= (incident.to ?? incident.from + NOTICED_MS),
      )
      .sort((a, b) => a.raisedAt - b.raisedAt)[0] ?? null
  return { caughtBy, leadMs: caughtBy && incident.from - caughtBy.raisedAt }
}
