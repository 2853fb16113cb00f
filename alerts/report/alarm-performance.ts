import { levels, type Level } from '../../core/level.ts'
import type { FrequentAlarm, PerformanceFigures, PerformanceQuery, PerformanceReport } from '../../core/performance.ts'
import type { Annunciation } from './annunciations.ts'
import { floodsOf, mostInWindow, type Flood } from './floods.ts'
import { periodsOf } from './periods.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000
const CHATTER = { times: 3, withinMs: 60_000 }
const FLEETING_MS = 10_000
const STALE_MS = DAY
const STANDING_MS = HOUR
/** A flood may have begun before what is asked for. */
export const LOOK_BACK_MS = 6 * HOUR

type Source = { knownFrom: number | null; asOf: number; zone: string; read: (from: number, to: number) => Annunciation[] }

/** The alarm-system report: a pure function of the annunciations it reads. */
export function alarmPerformance(query: PerformanceQuery, { knownFrom, asOf, zone, read }: Source): PerformanceReport {
  const periods = periodsOf(query.from, query.to, query.by, query.shifts, zone).filter(({ from }) => from < asOf)
  const { mode, by, region = null, enterpriseId = null } = query
  const from = periods[0]?.from ?? query.from
  const to = periods.at(-1)?.to ?? query.from
  const rows = periods.length === 0 ? [] : read(from - LOOK_BACK_MS, to)
  const recent = rows.filter(({ at }) => at >= from - LOOK_BACK_MS)
  const floods = floodsOf(
    recent.map(({ at }) => at),
    Math.min(asOf, to),
  )
  const figures = (span: { from: number; to: number }) => figuresOf(span, rows, recent, floods, { knownFrom, asOf })
  const total = figures({ from, to })
  const within = rows.filter(({ at }) => at >= from)
  const staleNow = rows
    .filter(({ at, inactiveAt }) => inactiveAt === null && asOf - at > STALE_MS)
    .map(({ alarm: alarmId, rule: ruleId, device: deviceId, enterprise, level, at: since }) => ({
      ...{ alarmId, ruleId, deviceId, enterpriseId: enterprise, level, since },
    }))
  return {
    ...{ mode, by, zone, desk: { region, enterpriseId }, knownFrom, asOf },
    ...{ periods: periods.map(figures), total, top: topTen(within), staleNow: oncePerAlarm(staleNow) },
  }
}

function figuresOf(
  { from, to }: { from: number; to: number },
  rows: readonly Annunciation[],
  recent: readonly Annunciation[],
  floods: readonly Flood[],
  { knownFrom, asOf }: { knownFrom: number | null; asOf: number },
): PerformanceFigures {
  const until = Math.min(to, asOf)
  const since = Math.max(from, knownFrom ?? from)
  const spanMs = Math.max(1, until - since)
  const average = (unitMs: number, atLeastMs = unitMs) => (spanMs < atLeastMs ? null : count / (spanMs / unitMs))
  const own = recent.filter(({ at }) => at >= from && at < until)
  const times = recent.map(({ at }) => at)
  const inSpan = floods.filter((flood) => flood.to > from && flood.from < until)
  const floodMs = inSpan.reduce((sum, flood) => sum + Math.min(flood.to, until) - Math.max(flood.from, from), 0)
  const count = own.length
  const distinct = (some: readonly Annunciation[]) => new Set(some.map(({ alarm }) => alarm)).size
  return {
    ...{ from, to, complete: to <= asOf && knownFrom !== null && knownFrom <= from, known: knownFrom !== null && knownFrom < to },
    annunciations: count,
    per10Min: average(10 * MINUTE),
    perHour: average(HOUR),
    // A shift of half a day says what a day would be; less does not.
    perDay: average(DAY, DAY / 2),
    most10Min: mostInWindow(times, from, until),
    busy10MinShare: busyShare(own, since, until, 10 * MINUTE, 10),
    busyHourShare: busyShare(own, since, until, HOUR, 30),
    floodMs,
    floodShare: floodMs / spanMs,
    floods: inSpan.length,
    inFlood: own.filter(({ at }) => inSpan.some((flood) => at >= flood.from && at < flood.to)).length,
    chattering: [...byPoint(own).values()].filter(chatters).length,
    fleeting: fleetingOf(own),
    stale: distinct(rows.filter((row) => overlaps(row.at + STALE_MS, row.inactiveAt, from, until))),
    standing: distinct(
      rows.filter(
        ({ acknowledgedAt, inactiveAt }) =>
          acknowledgedAt !== null && overlaps(acknowledgedAt + STANDING_MS, inactiveAt, from, until),
      ),
    ),
    levels: Object.fromEntries(levels.map((level) => [level, own.filter((one) => one.level === level).length])) as Record<
      Level,
      number
    >,
    acknowledge: waits(own, asOf),
  }
}

/** Whether something that is true from `since` until `end` (null: still) is true at some time in from ≤ t < to. */
const overlaps = (since: number, end: number | null, from: number, to: number) =>
  since < to && (end === null || (end > since && end > from))

function busyShare(own: readonly Annunciation[], from: number, until: number, widthMs: number, limit: number): number {
  const counts = new Map<number, number>()
  for (const { at } of own) {
    const slot = Math.floor((at - from) / widthMs)
    counts.set(slot, (counts.get(slot) ?? 0) + 1)
  }
  const busy = [...counts.values()].filter((count) => count > limit).length
  return busy / Math.max(1, Math.ceil((until - from) / widthMs))
}

const pointOf = ({ rule, subject }: Annunciation) => `${rule}\n${subject}`

function byPoint(own: readonly Annunciation[]): Map<string, Annunciation[]> {
  const points = new Map<string, Annunciation[]>()
  for (const one of own) {
    const known = points.get(pointOf(one))
    if (known) known.push(one)
    else points.set(pointOf(one), [one])
  }
  return points
}

const chatters = (of: readonly Annunciation[]) =>
  of.some(({ at }, i) => i >= CHATTER.times - 1 && at - of[i - CHATTER.times + 1]!.at <= CHATTER.withinMs)

const fleetingOf = (own: readonly Annunciation[]) =>
  [...byPoint(own).values()].filter(
    ([only, ...more]) => more.length === 0 && only!.inactiveAt !== null && only!.inactiveAt - only!.at < FLEETING_MS,
  ).length

function waits(own: readonly Annunciation[], asOf: number): PerformanceFigures['acknowledge'] {
  const acknowledged = own.filter(({ acknowledgedAt }) => acknowledgedAt !== null && acknowledgedAt <= asOf)
  const waitsOf = (some: readonly Annunciation[]) =>
    some.map(({ at, acknowledgedAt }) => acknowledgedAt! - at).sort((a, b) => a - b)
  const all = waitsOf(acknowledged)
  const byLevel = Object.fromEntries(
    levels.map((level) => {
      const some = waitsOf(acknowledged.filter((one) => one.level === level))
      return [level, { count: some.length, medianMs: quantile(some, 0.5) }]
    }),
  ) as PerformanceFigures['acknowledge']['byLevel']
  return {
    acknowledged: all.length,
    medianMs: quantile(all, 0.5),
    p90Ms: quantile(all, 0.9),
    maxMs: all.at(-1) ?? null,
    never: own.length - all.length,
    byLevel,
  }
}

/** The smallest value that this share of them does not exceed. */
const quantile = (ascending: readonly number[], share: number): number | null =>
  ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)] ?? null

function topTen(within: readonly Annunciation[]): FrequentAlarm[] {
  return [...byPoint(within).values()]
    .sort((a, b) => b.length - a.length || (pointOf(a[0]!) < pointOf(b[0]!) ? -1 : 1))
    .slice(0, 10)
    .map((of) => {
      const { rule: ruleId, subject, device: deviceId, enterprise: enterpriseId } = of[0]!
      const level = levels.find((one) => of.some((row) => row.level === one))!
      const share = of.length / within.length
      return { ruleId, subject, deviceId, enterpriseId, level, count: of.length, share, chattering: chatters(of) }
    })
}

function oncePerAlarm<Row extends { alarmId: string }>(rows: readonly Row[]): Row[] {
  const seen = new Set<string>()
  return rows.filter(({ alarmId }) => !seen.has(alarmId) && seen.add(alarmId))
}
