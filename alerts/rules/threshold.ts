import { Type, type Static } from 'typebox'
import { severity } from '../../core/level.ts'
import { LevelSchema } from '../../core/rule.ts'
import { splitChannel } from '../../core/metrics.ts'
import type { Breach, SeriesRule } from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const LimitSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9-]{1,16}$', description: 'H, HH, L, LL' }),
    above: Type.Optional(Type.Number({ description: 'fires at value ≥ this' })),
    below: Type.Optional(Type.Number({ description: 'fires at value ≤ this' })),
    level: LevelSchema,
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  limits: Type.Array(LimitSchema, { minItems: 1, maxItems: 8 }),
  deadband: Type.Number({ minimum: 0, description: 'clears only this far inside the limit, in the unit of the metric' }),
  onDelayMs: Duration,
  offDelayMs: Duration,
})
type Options = Static<typeof OptionsSchema>
type Limit = Options['limits'][number]

type State = {
  /** per limit, in the order of the options: since when the value has been at or beyond it */
  since: (number | null)[]
  /** index of the worst limit in force */
  tripped: number | null
  /** while tripped: since when the value has been inside every limit by the deadband */
  insideSince: number | null
}

/** Deadband and delays by kind of signal: alarm-management §5. */
const habits: Record<string, Pick<Options, 'deadband' | 'onDelayMs' | 'offDelayMs'>> = {
  combustibleLel: { deadband: 2, onDelayMs: 0, offDelayMs: 30_000 },
  toxicPpm: { deadband: 0, onDelayMs: 0, offDelayMs: 30_000 },
  oxygenVol: { deadband: 0.2, onDelayMs: 0, offDelayMs: 30_000 },
  pressureMpa: { deadband: 0.02, onDelayMs: 60_000, offDelayMs: 120_000 },
  flowLps: { deadband: 0, onDelayMs: 15_000, offDelayMs: 15_000 },
  levelM: { deadband: 0.1, onDelayMs: 60_000, offDelayMs: 60_000 },
  temperatureC: { deadband: 1, onDelayMs: 60_000, offDelayMs: 60_000 },
  speedKmh: { deadband: 3, onDelayMs: 10_000, offDelayMs: 10_000 },
  tiltDeg: { deadband: 1, onDelayMs: 3_000, offDelayMs: 3_000 },
}
const otherwise = { deadband: 0, onDelayMs: 0, offDelayMs: 0 }

const isBeyond = (limit: Limit, value: number) => (limit.above !== undefined ? value >= limit.above : value <= limit.below!)
const isInside = (limit: Limit, value: number, deadband: number) =>
  limit.above !== undefined ? value < limit.above - deadband : value > limit.below! + deadband

const breachOf = (limit: Limit): Breach => ({
  level: limit.level,
  limitName: limit.name,
  limit: limit.above ?? limit.below!,
})

const start: State = { since: [], tripped: null, insideSince: null }

/** What each limit sees: since when the value has been at or beyond it. Only a good value can say that it no longer is. */
function sinceWhen(limits: Limit[], before: State, value: number, at: number, overRange: boolean, good: boolean) {
  return limits.map((limit, i) => {
    const since = before.since[i] ?? null
    if ((overRange && limit.above !== undefined) || isBeyond(limit, value)) return since ?? at
    return good ? null : since
  })
}

/**
 * Breaches once the value has stayed at or beyond a limit for onDelayMs; clears once it has stayed inside every limit by the
 * deadband for offDelayMs. The level only rises until then: falling back from HH to H keeps HH, because what was seen at HH
 * still wants its answer. A gap does not interrupt what is wrong, but what is right must be proven without one.
 */
export const threshold: SeriesRule<Options, State> = {
  name: 'threshold',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  start,

  complete: (_options, { metric }) => ({ ...(habits[splitChannel(metric ?? '').metric] ?? otherwise) }),

  check({ limits }) {
    for (const [i, limit] of limits.entries()) {
      const path = `/limits/${i}`
      if ((limit.above === undefined) === (limit.below === undefined)) {
        return { path, message: 'a limit has either `above` or `below`' }
      }
      if (limits.findIndex((other) => other.name === limit.name) !== i) {
        return { path: `${path}/name`, message: `there are two limits ${limit.name}` }
      }
    }
    const lowest = Math.min(...limits.map((limit) => limit.above ?? Infinity))
    const highest = Math.max(...limits.map((limit) => limit.below ?? -Infinity))
    if (highest >= lowest) return { path: '/limits', message: `every value is at or beyond ${highest} or ${lowest}` }
    return null
  },

  resume({ limits }, limitName) {
    const index = limits.findIndex((limit) => limit.name === limitName)
    return { since: limits.map(() => null), tripped: Math.max(index, 0), insideSince: null }
  },

  step({ limits, deadband, onDelayMs, offDelayMs }, before, { value, at, quality, reason, gap }) {
    const good = quality === 'good'
    const overRange = reason === 'over-range'
    const since = sinceWhen(limits, before, value, at, overRange, good)
    let tripped = before.tripped
    let wakeAt: number | null = null
    for (const [i, limit] of limits.entries()) {
      const began = since[i] ?? null
      if (began === null) continue
      if (at - began < onDelayMs) wakeAt = Math.min(wakeAt ?? Infinity, began + onDelayMs)
      else if (tripped === null || severity[limit.level] > severity[limits[tripped]!.level]) tripped = i
    }
    if (tripped === null) {
      if (since.every((began) => began === null)) return { state: start, verdict: 'clear', wakeAt: null }
      return { state: { since, tripped, insideSince: null }, verdict: 'unchanged', wakeAt }
    }
    const inside = !overRange && limits.every((limit) => isInside(limit, value, deadband))
    if (!inside) {
      // Within the deadband nothing is beyond a limit, but neither is it over.
      const isBeyondOne = since.some((began) => began !== null)
      const verdict = isBeyondOne ? breachOf(limits[tripped]!) : 'unchanged'
      return { state: { since, tripped, insideSince: null }, verdict, wakeAt }
    }
    const insideSince = !good || before.insideSince === null || gap ? (good ? at : null) : before.insideSince
    if (insideSince !== null && at - insideSince >= offDelayMs) return { state: start, verdict: 'clear', wakeAt: null }
    if (insideSince !== null) wakeAt = Math.min(wakeAt ?? Infinity, insideSince + offDelayMs)
    return { state: { since, tripped, insideSince }, verdict: 'unchanged', wakeAt }
  },

  quiet: ({ limits }) => ({
    above: Math.max(...limits.map((limit) => limit.below ?? -Infinity)),
    below: Math.min(...limits.map((limit) => limit.above ?? Infinity)),
  }),
}
