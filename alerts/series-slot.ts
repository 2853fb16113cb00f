import { severity, type Level } from '../core/level.ts'
import type { AnyBound, Bound, Episode } from './binding.ts'
import type { Moment, OpenAlarms } from './open-alarms.ts'
import { couldNotRun, type Position, type Sample, type Step } from './rules/rule.ts'

/** A value stands for at most so many expected periods; then the series is unknown (semantics 13). */
export const HOLD_PERIODS = 3
const EPISODES_KEPT = 16

/** Nothing is under way: a quiet reading cannot change this rule's mind. */
export const isAtRest = (bound: AnyBound): boolean => bound.state === bound.type.start

type Steps = { step(options: unknown, state: unknown, sample: unknown, facts: unknown): Step<unknown> }

/**
 * What a rule says to one value or position; the state it goes on with is the caller's to keep. One that throws takes nobody with
 * it: an alarm says so, and it begins anew with the next value, in case it was its state that it could not read. The copy of the
 * first state is not at rest, so it is asked again.
 */
export function judgeBy(bound: AnyBound, state: unknown, sample: Sample | Position): Step<unknown> & { failed?: true } {
  try {
    return (bound.type as Steps).step(bound.options, state, sample, bound.facts)
  } catch (error) {
    return { state: { ...bound.type.start }, verdict: couldNotRun((error as Error).message), wakeAt: null, failed: true }
  }
}

/** Lets a rule judge one value or position, and an alarm hear of it. */
export function stepBound(alarms: OpenAlarms, bound: AnyBound, sample: Sample | Position, moment: Moment): void {
  const { state, verdict, wakeAt, failed } = judgeBy(bound, bound.state, sample)
  bound.state = state
  if (failed && alarms.isBreached(bound.place.key)) {
    // What it had found stands until it says otherwise.
    bound.state = bound.type.resume(bound.options, alarms.get(bound.place.key)!.limitName)
  }
  bound.wakeAt = wakeAt
  if (verdict === 'unchanged') return
  if (verdict === 'clear') {
    // What never was in breach has no alarm, nor needs a name for one.
    if (bound.episodes.length === 0 || !alarms.isBreached(bound.place.key)) return
    alarms.clear(bound.place.key, moment)
    endBreach(bound, sample.at)
  } else {
    alarms.breach(bound.place, verdict, moment)
    noteBreach(bound, sample.at, verdict.level)
  }
}

/** Remembers that the series was in breach from here on, at this level. */
export function noteBreach(bound: AnyBound, at: number, level: Level): void {
  const covered = bound.episodes.some((one) => one.to === null && severity[one.level] >= severity[level])
  if (covered) return
  addEpisode(bound, { from: at, to: null, level })
}

export function addEpisode(bound: AnyBound, episode: Episode): void {
  bound.episodes = [...bound.episodes, episode].slice(-EPISODES_KEPT)
}

export function endBreach(bound: AnyBound, at: number): void {
  bound.episodes = bound.episodes.map((one): Episode => (one.to === null ? { ...one, to: at } : one))
}

/** The series was known to be in breach then, at this level or worse. */
export const wasBreached = (bound: AnyBound, at: number, level: Level): boolean =>
  bound.episodes.some((one) => one.from <= at && at <= (one.to ?? Infinity) && severity[one.level] >= severity[level])

/** A rule bound anew goes on where the one before it stood; a changed one starts over, but not without its open alarm. */
export function takeOver(bound: AnyBound, old: AnyBound, alarms: OpenAlarms): void {
  bound.episodes = old.episodes
  const keepsState = bound.signature === old.signature || ('keepsState' in bound.type && bound.type.keepsState === true)
  if (keepsState && bound.type === old.type) {
    bound.state = old.state
    bound.wakeAt = old.wakeAt
    bound.late = old.late
  } else if (alarms.isBreached(bound.place.key)) {
    bound.state = bound.type.resume(bound.options, alarms.get(bound.place.key)!.limitName)
  }
}

export type SavedBound = {
  rule: string
  state: unknown
  wakeAt: number | null
  late: Bound['late']
  episodes: readonly Episode[]
}

export function saveBound(bound: AnyBound): SavedBound[] {
  if (isAtRest(bound) && bound.late === null && bound.episodes.length === 0) return []
  const { state, wakeAt, late, episodes } = bound
  return [{ rule: bound.ready.rule.id, state: isAtRest(bound) ? null : state, wakeAt, late, episodes }]
}

export function loadBound(bounds: readonly AnyBound[], saved: SavedBound): void {
  const bound = bounds.find((one) => one.ready.rule.id === saved.rule)
  if (!bound) return
  bound.state = saved.state ?? bound.type.start
  bound.wakeAt = saved.wakeAt
  bound.late = saved.late
  bound.episodes = saved.episodes
}
