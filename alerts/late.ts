import { severity } from '../core/level.ts'
import type { AnyBound } from './binding.ts'
import type { Moment, OpenAlarms } from './open-alarms.ts'
import type { Breach, Position, Sample } from './rules/rule.ts'
import { addEpisode, judgeBy, wasBreached } from './series-slot.ts'

/**
 * Judges a reading that is older than what was already judged: on scratch state that follows the late readings as long as they
 * come in order and without a hole (`holdMs`), raising only a `late` alarm of its own. `stale`: nothing newer has come for so long that what this reading
 * says may still be so (a clock that fell back, for one): then the late alarm is active, not history.
 */
export function judgeLate(
  alarms: OpenAlarms,
  bounds: readonly AnyBound[],
  sample: Sample | Position,
  moment: Moment,
  stale: boolean,
  holdMs: number,
): void {
  for (const bound of bounds) {
    // Two that are hours apart say nothing about the time between them, and that was judged when it was.
    const sinceMs = bound.late === null ? Infinity : sample.at - bound.late.at
    const follows = sinceMs > 0 && sinceMs <= holdMs ? bound.late : null
    const before = follows === null ? bound.type.start : follows.state
    const step = judgeBy(bound, before, sample)
    bound.late = { state: step.state, at: sample.at }
    if (step.verdict === 'unchanged') continue
    if (step.verdict === 'clear') {
      if (bound.episodes.length > 0) alarms.clear(bound.latePlace.key, moment)
    } else raiseLate(alarms, bound, step.verdict, moment, follows?.at ?? null, stale)
  }
}

function raiseLate(
  alarms: OpenAlarms,
  bound: AnyBound,
  breach: Breach,
  moment: Moment,
  followsAt: number | null,
  stale: boolean,
): void {
  const open = alarms.get(bound.place.key)
  // The newest reading still violates and its alarm says so already; or an alarm of that time did.
  const told = open !== undefined && alarms.isBreached(bound.place.key) && severity[open.level] >= severity[breach.level]
  const late = alarms.get(bound.latePlace.key)
  if (stale && late) return alarms.breach(bound.latePlace, breach, moment)
  if (told || wasBreached(bound, moment.at, breach.level)) return
  const last = bound.episodes.at(-1)
  if (last && last.to === followsAt && last.level === breach.level) {
    bound.episodes = [...bound.episodes.slice(0, -1), { ...last, to: moment.at }]
  } else addEpisode(bound, { from: moment.at, to: moment.at, level: breach.level })
  if (stale) alarms.breach(bound.latePlace, breach, moment)
  else alarms.breachBefore(bound.latePlace, breach, moment)
}
