import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import type { Breach, PositionRule, Verdict } from './rule.ts'

const Duration = Type.Number({ minimum: 60_000, maximum: 86_400_000 })
const OptionsSchema = Type.Object({
  level: LevelSchema,
  limitMs: { ...Duration, default: 14_400_000, description: 'this long without a rest is too long' },
  warnMs: Type.Union([Duration, Type.Null()], { default: 12_600_000, description: 'told beforehand, null for not' }),
  warnLevel: { ...LevelSchema, default: 'blue' },
  restMs: { ...Duration, default: 1_200_000, description: 'a shorter stop is no rest' },
  movingKmh: Type.Number({ minimum: 0, maximum: 50, default: 5 }),
  gapMs: { ...Duration, default: 600_000, description: 'a longer hole in the track is not known to be a rest' },
  driverAttribute: Type.String({ default: 'driver', description: 'attribute with the driver: a change starts anew' }),
})
type Options = Static<typeof OptionsSchema>

type State = {
  driver: string | null
  /** since when without a rest, null after one */
  since: number | null
  stoppedAt: number | null
  lastAt: number | null
}
const start: State = { driver: null, since: null, stoppedAt: null, lastAt: null }

const hours = (ms: number) => Math.round(ms / 360_000) / 10

/** What has come about by this position. */
function drivenOn({ restMs, gapMs }: Options, before: State, at: number, moving: boolean): State {
  const hole = before.lastAt !== null && at - before.lastAt > gapMs
  const stoppedAt = hole ? null : before.stoppedAt
  const rested = stoppedAt !== null && at - stoppedAt >= restMs
  const since = rested ? null : before.since
  if (!moving) return { ...before, since, stoppedAt: stoppedAt ?? at, lastAt: at }
  return { ...before, since: since ?? at, stoppedAt: null, lastAt: at }
}

/** Breaches when a vehicle has been driven for limitMs without a stop of restMs; over after a rest or with another driver. */
export const drivingTime: PositionRule<Options, State> = {
  name: 'driving-time',
  over: 'position',
  options: OptionsSchema,
  needsMetric: false,
  about: null,
  start,
  complete: () => ({}),
  check: ({ limitMs, warnMs }) =>
    warnMs !== null && warnMs >= limitMs ? { path: '/warnMs', message: 'the warning comes before the limit' } : null,
  resume: () => start,
  keepsState: true,

  step(options, before, position, { attributes }) {
    const { at, speedKmh, quality } = position
    const named = attributes[options.driverAttribute]
    const driver = named === undefined || named === null ? null : String(named)
    const same: State = driver === before.driver ? before : { ...start, driver }
    // A speed nobody knows is taken for driving: it must not pass for a rest.
    const after = drivenOn(options, same, at, speedKmh === null || speedKmh > options.movingKmh)
    const driven = after.since === null ? 0 : at - after.since
    const breachAt = (level: Breach['level'], limitMs: number): Breach => ({
      level,
      limitName: null,
      limit: hours(limitMs),
      value: hours(driven),
    })
    let verdict: Verdict = quality === 'good' ? 'clear' : 'unchanged'
    if (driven >= options.limitMs) verdict = breachAt(options.level, options.limitMs)
    else if (options.warnMs !== null && driven >= options.warnMs) verdict = breachAt(options.warnLevel, options.warnMs)
    return { state: after, verdict, wakeAt: nextLook(options, after, at) }
  },
}

function nextLook({ limitMs, warnMs, restMs }: Options, { since, stoppedAt }: State, at: number): number | null {
  if (since === null) return null
  const times = [since + limitMs, since + (warnMs ?? limitMs), stoppedAt === null ? Infinity : stoppedAt + restMs]
  const next = Math.min(...times.filter((time) => time > at))
  return next === Infinity ? null : next
}
