import { Type, type Static } from 'typebox'
import { LevelSchema, TextSchema } from '../../core/rule.ts'
import {
  checkCondition,
  countsAt,
  isAbout,
  isMet,
  namesOf,
  quietOf,
  resting,
  scopes,
  sightedBy,
  type Condition,
  type GroupEvent,
  type GroupRule,
  type Sighting,
} from './rule.ts'

const StepSchema = Type.Object(
  {
    name: Type.Optional(TextSchema),
    metric: Type.String(),
    above: Type.Optional(Type.Number({ description: 'true at value ≥ this' })),
    below: Type.Optional(Type.Number({ description: 'true at value ≤ this' })),
    fallBy: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'true once the value has fallen by this within fallMs' }),
    ),
    fallMs: Type.Optional(Type.Number({ minimum: 1_000, maximum: 3_600_000 })),
  },
  { additionalProperties: false },
)
const OptionsSchema = Type.Object({
  level: LevelSchema,
  steps: Type.Array(StepSchema, { minItems: 2, maxItems: 4 }),
  ordered: Type.Boolean({ default: false, description: 'in the order given' }),
  distinct: Type.Boolean({ default: true, description: 'each step at another device' }),
  withinMs: Type.Number({ minimum: 0, maximum: 86_400_000, default: 300_000 }),
  within: Type.Enum([...scopes], { default: 'zone' }),
  offDelayMs: Type.Number({ minimum: 0, maximum: 86_400_000, default: 30_000 }),
})
type Options = Static<typeof OptionsSchema>
type StepOption = Options['steps'][number]

type Hit = Sighting & { step: number }
/**
 * What a fall is measured from. While nothing falls: the values of the last fallMs that may yet be its highest, each lower than the one
 * before; then the height it fell from.
 */
type Course = { device: string; points: [at: number, value: number][]; from: number | null }
/** `courses` by step, device and metric. */
type State = { hits: Hit[]; courses: Record<string, Course>; breached: boolean; shortSince: number | null; now: number }
const start: State = { hits: [], courses: {}, breached: false, shortSince: null, now: -Infinity }

const FALL_MS = 60_000
const HITS_A_STEP = 16

type Reading = Extract<GroupEvent, { is: 'reading' }>

/** A fall is there from when it is deep enough until half of it is made up again. */
function follow({ fallBy = 0, fallMs = FALL_MS }: StepOption, before: Course | undefined, reading: Reading): Course {
  const { device, at, value, quality } = reading
  const course = before ?? { device, points: [], from: null }
  if (quality === 'bad') return course
  if (course.from !== null) {
    const isUp = quality === 'good' && value >= course.from - fallBy / 2
    return isUp ? { device, points: [[at, value]], from: null } : course
  }
  const points = course.points.filter(([then, height]) => at - then <= fallMs && height > value)
  points.push([at, value])
  const highest = points[0]![1]
  // Values carry the noise of their decimals: 0.30 − 0.25 is a little less than 0.05.
  return highest - value >= fallBy - 1e-9 ? { device, points: [], from: highest } : { device, points, from: null }
}

function afterReading(options: Options, before: State, reading: Reading): Pick<State, 'hits' | 'courses'> {
  let { hits, courses } = before
  for (const [step, option] of options.steps.entries()) {
    if (!isAbout(option, reading.metric)) continue
    let met = isMet(option as Condition, reading.value, reading.reason)
    if (option.fallBy !== undefined) {
      const key = `${step} ${reading.device} ${reading.metric}`
      const course = follow(option, courses[key], reading)
      if (course !== courses[key]) courses = { ...courses, [key]: course }
      met ||= course.from !== null
    }
    const known = hits.findIndex((one) => one.step === step && one.device === reading.device && one.metric === reading.metric)
    const after = sightedBy(hits[known], met, reading)
    if (!after) continue
    hits = known < 0 ? [...hits, { ...after, step }] : hits.with(known, { ...after, step })
  }
  return { hits, courses }
}

/** One hit for each step, at different devices and in order where that is asked for. */
function assign({ steps, ordered, distinct }: Options, hits: Hit[]): Hit[] | null {
  const byStep = steps.map((_, step) => {
    const own = hits.filter((hit) => hit.step === step)
    return own.toSorted((a, b) => a.since - b.since || (a.device < b.device ? -1 : 1)).slice(0, HITS_A_STEP)
  })
  const choose = (chosen: Hit[]): Hit[] | null => {
    const step = chosen.length
    if (step === steps.length) return chosen
    for (const hit of byStep[step]!) {
      if (distinct && chosen.some(({ device }) => device === hit.device)) continue
      if (ordered && step > 0 && hit.since < chosen[step - 1]!.since) continue
      const whole = choose([...chosen, hit])
      if (whole) return whole
    }
    return null
  }
  return choose([])
}

/** Breaches when several things that mean more together than alone happen in a group within a time: smoke and heat, a drop and its neighbour's. */
export const sequence: GroupRule<Options, State> = {
  name: 'sequence',
  over: 'group',
  options: OptionsSchema,
  needsMetric: false,
  start,
  complete: () => ({}),

  check({ steps }) {
    for (const [i, step] of steps.entries()) {
      if (step.fallBy !== undefined) continue
      const problem = checkCondition(step as Condition, `/steps/${i}`)
      if (problem) return { ...problem, message: 'a step has `above`, `below` or `fallBy`' }
    }
    return null
  },

  scope: ({ within }) => within,
  hears: ({ steps }) => ({ metrics: steps.map(({ metric }) => metric), positions: false }),

  step(options, before, event, facts) {
    const { withinMs, offDelayMs, level } = options
    const now = Math.max(before.now, event.at)
    let { hits, courses } = before
    if (event.is === 'reading') ({ hits, courses } = afterReading(options, before, event))
    if (event.is === 'left') {
      hits = hits.filter(({ device }) => device !== event.device)
      courses = Object.fromEntries(Object.entries(courses).filter(([, { device }]) => device !== event.device))
    }
    if (hits.some((hit) => !hit.isTrue)) hits = hits.filter((hit) => hit.isTrue || countsAt(hit, now, withinMs))
    // Nearly every reading: nothing is seen, and nothing was.
    if (hits.length === 0 && !before.breached) {
      const isEmpty = Object.keys(courses).length === 0
      const state = isEmpty ? start : { hits, courses, breached: false, shortSince: null, now }
      return { state, verdict: 'clear', wakeAt: null, causes: [] }
    }
    const whole = assign(
      options,
      hits.filter((hit) => countsAt(hit, now, withinMs)),
    )
    if (whole) {
      const causes = whole.map(({ pos }) => pos)
      const verdict = { level, limitName: null, limit: null, detail: namesOf(whole, facts) }
      const ends = whole.filter(({ isTrue }) => !isTrue).map(({ trueAt }) => trueAt + withinMs + 1)
      const wakeAt = ends.length === 0 ? null : Math.min(...ends)
      const state = { hits: resting(hits, whole), courses, breached: true, shortSince: null, now }
      return { state, verdict, wakeAt, causes }
    }
    const shortSince = before.breached ? (before.shortSince ?? now) : null
    if (shortSince !== null && now - shortSince < offDelayMs) {
      const state = { hits, courses, breached: true, shortSince, now }
      return { state, verdict: 'unchanged', wakeAt: shortSince + offDelayMs, causes: [] }
    }
    const isEmpty = hits.length === 0 && Object.keys(courses).length === 0
    const state = isEmpty ? start : { hits: resting(hits, []), courses, breached: false, shortSince: null, now }
    return { state, verdict: 'clear', wakeAt: null, causes: [] }
  },

  isAtRest: ({ hits }, device) => !hits.some((one) => one.device === device),

  quiet({ steps }, metric) {
    const own = steps.filter((step) => isAbout(step, metric))
    // A fall can begin at any value, so each has to be seen.
    if (own.some(({ fallBy }) => fallBy !== undefined)) return null
    const ranges = own.map((step) => quietOf(step as Condition))
    return { above: Math.max(...ranges.map(({ above }) => above)), below: Math.min(...ranges.map(({ below }) => below)) }
  },
}
