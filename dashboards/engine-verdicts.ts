import type { AlarmBook, TimelineItem } from '../core/alarm-book.ts'
import type { Rule } from '../core/rule.ts'

/** What the engine finds about readings afterwards; the gateway knows only what stands in one reading alone (semantics 18). */
const verdictTypes = ['jump', 'stuck'] as const
type VerdictReason = (typeof verdictTypes)[number]

/** from ≤ measuredAt < to; of one series */
export type VerdictInterval = { metric: string; from: number; to: number; reason: VerdictReason }

const ALARMS_READ = 1_000

type Asked = { mode: string; device: string; from: number; to: number }

/**
 * When the rules for jumps and stuck values spoke about series of a device: the stretches recorded in the timelines of their alarms,
 * by event time. What still stands has no end.
 */
export async function verdictIntervals(
  book: Pick<AlarmBook, 'alarms' | 'timeline'>,
  ruleOf: (id: string) => Pick<Rule, 'type'> | undefined,
  { mode, device, from, to }: Asked,
): Promise<VerdictInterval[]> {
  const { alarms } = await book.alarms({ mode, device, limit: ALARMS_READ })
  const found: VerdictInterval[] = []
  for (const { id, ruleId, metric, measuredAt, returnedAt, endedAt } of alarms) {
    const reason = verdictTypes.find((type) => type === ruleOf(ruleId)?.type)
    const isOver = (endedAt ?? returnedAt ?? Infinity) < from
    if (reason === undefined || metric === null || measuredAt >= to || isOver) continue
    for (const one of stretches(await book.timeline(id))) {
      if (one.from < to && one.to > from) found.push({ metric, reason, ...one })
    }
  }
  return found
}

function stretches(items: readonly TimelineItem[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  let since: number | null = null
  for (const item of items) {
    if (item.type !== 'change') continue
    const { change, at } = item.entry
    if (change === 'raised' || change === 'again') since ??= at
    else if ((change === 'returned' || change === 'ended') && since !== null) {
      found.push({ from: since, to: at })
      since = null
    }
  }
  return since === null ? found : [...found, { from: since, to: Infinity }]
}

type Answer = {
  series: { metric: string; points: [at: number, value: number | null, quality: string, reason: string | null][] }[]
}

/** The answer with what the engine found: a good reading in such a stretch is uncertain. What was not good keeps its own reason. */
export function withVerdicts<Given extends Answer>(answer: Given, intervals: readonly VerdictInterval[]): Given {
  const series = answer.series.map((one) => {
    const own = intervals.filter(({ metric }) => metric === one.metric)
    if (own.length === 0) return one
    const points = one.points.map((point) => {
      const verdict = point[2] === 'good' ? own.find(({ from, to }) => from <= point[0] && point[0] < to) : undefined
      return verdict ? [point[0], point[1], 'uncertain', verdict.reason] : point
    })
    return { ...one, points }
  })
  return { ...answer, series }
}
