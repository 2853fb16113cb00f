import { Type, type Static } from 'typebox'
import { severity } from '../../core/level.ts'
import { LevelSchema } from '../../core/rule.ts'
import {
  checkCondition,
  ConditionSchema,
  countsAt,
  isAbout,
  isMet,
  namesOf,
  quietOf,
  resting,
  scopes,
  sightedBy,
  type GroupEvent,
  type GroupRule,
  type GroupStep,
  type Sighting,
} from './rule.ts'

const VoteSchema = Type.Object(
  { atLeast: Type.Integer({ minimum: 1, maximum: 1_000, description: 'so many devices' }), level: LevelSchema },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  conditions: Type.Array(ConditionSchema, { minItems: 1, maxItems: 8, description: 'a device votes when one of these is true' }),
  votes: Type.Array(VoteSchema, { minItems: 1, maxItems: 8 }),
  withinMs: Type.Number({ minimum: 0, maximum: 86_400_000, default: 60_000, description: 'votes this close together count' }),
  within: Type.Enum([...scopes], { default: 'zone' }),
  offDelayMs: Type.Number({ minimum: 0, maximum: 86_400_000, default: 30_000 }),
})
type Options = Static<typeof OptionsSchema>
type State = { votes: Sighting[]; breached: boolean; shortSince: number | null; now: number }
const start: State = { votes: [], breached: false, shortSince: null, now: -Infinity }

function votesAfter({ conditions }: Options, votes: Sighting[], event: GroupEvent): Sighting[] {
  if (event.is === 'left') return votes.filter(({ device }) => device !== event.device)
  if (event.is !== 'reading') return votes
  const own = conditions.filter((condition) => isAbout(condition, event.metric))
  const isSame = (one: Sighting) => one.device === event.device && one.metric === event.metric
  const met = own.some((condition) => isMet(condition, event.value, event.reason))
  const after = sightedBy(votes.find(isSame), met, event)
  const others = votes.filter((one) => !isSame(one))
  return after ? [...others, after] : others
}

/** One vote per device, the oldest first. */
const voters = (counting: Sighting[]): Sighting[] =>
  counting
    .toSorted((a, b) => a.since - b.since || (a.device < b.device ? -1 : 1))
    .filter((one, i, all) => all.findIndex(({ device }) => device === one.device) === i)

/**
 * Breaches when enough devices of a group see the same thing within a time. It confirms and escalates; the alarm of the single
 * device stands beside it. Once raised, a vote is taken back only by a good reading of its device, not by its silence.
 */
export const voting: GroupRule<Options, State> = {
  name: 'voting',
  over: 'group',
  options: OptionsSchema,
  needsMetric: false,
  start,
  complete: () => ({}),

  check({ conditions }) {
    for (const [i, condition] of conditions.entries()) {
      const problem = checkCondition(condition, `/conditions/${i}`)
      if (problem) return problem
    }
    return null
  },

  scope: ({ within }) => within,
  hears: ({ conditions }) => ({ metrics: conditions.map(({ metric }) => metric), positions: false }),

  step(options, before, event, facts) {
    const now = Math.max(before.now, event.at)
    const all = votesAfter(options, before.votes, event)
    const votes = all.filter((one) => one.isTrue || countsAt(one, now, options.withinMs))
    const valid = votes.filter((one) => countsAt(one, now, options.withinMs))
    const counting = voters(valid)
    const reached = options.votes
      .filter(({ atLeast }) => counting.length >= atLeast)
      .sort((a, b) => severity[b.level] - severity[a.level] || b.atLeast - a.atLeast)[0]
    const causes = counting.map(({ pos }) => pos)
    if (reached) {
      const { level, atLeast } = reached
      const detail = namesOf(counting, facts)
      const verdict = { level, limitName: null, limit: atLeast, detail, value: counting.length }
      const state = { votes: resting(votes, valid), breached: true, shortSince: null, now }
      return { state, verdict, wakeAt: nextExpiry(votes, options.withinMs), causes }
    }
    return fallShort(options, before, votes, now)
  },

  isAtRest: ({ votes }, device) => !votes.some((one) => one.device === device),

  quiet({ conditions }, metric) {
    const ranges = conditions.filter((condition) => isAbout(condition, metric)).map(quietOf)
    return { above: Math.max(...ranges.map(({ above }) => above)), below: Math.min(...ranges.map(({ below }) => below)) }
  },
}

/** When the first vote that is no longer true stops counting. */
function nextExpiry(votes: Sighting[], withinMs: number): number | null {
  const ends = votes.filter(({ isTrue }) => !isTrue).map(({ trueAt }) => trueAt + withinMs + 1)
  return ends.length === 0 ? null : Math.min(...ends)
}

function fallShort({ offDelayMs }: Options, before: State, votes: Sighting[], now: number): GroupStep<State> {
  const shortSince = before.breached ? (before.shortSince ?? now) : null
  if (shortSince !== null && now - shortSince < offDelayMs) {
    const state = { votes, breached: true, shortSince, now }
    return { state, verdict: 'unchanged', wakeAt: shortSince + offDelayMs, causes: [] }
  }
  const state = votes.length === 0 ? start : { votes: resting(votes, []), breached: false, shortSince: null, now }
  return { state, verdict: 'clear', wakeAt: null, causes: [] }
}
