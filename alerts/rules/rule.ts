import { Type, type Static, type TSchema } from 'typebox'
import { FenceSelectionSchema, type Fence } from '../../core/fence.ts'
import type { Fences } from '../../core/fence-book.ts'
import { severity, type Level } from '../../core/level.ts'
import { metricOf } from '../../core/metrics.ts'
import type { Quality, Reason } from '../../core/quality.ts'

/*
 * A rule type decides, it never acts: (options, state, sample) → (state, verdict). State is JSON and starts as `start`.
 * The same samples give the same verdicts, live, after a restart and in replay.
 */

/** One value of a series: a reading, or the last one held to a later moment because the rule asked to be woken then. */
export type Sample = {
  value: number
  /** event time, ms UTC; never before the sample before it */
  at: number
  quality: Quality
  reason: Reason
  held: boolean
  /** nothing was known just before this reading: the last value was too old to be held, or bad */
  gap: boolean
}

/** What a rule may know about the series besides its values. */
export type SeriesFacts = {
  expectedPeriodMs: number
  needsSubstance: boolean
  substance: string | null
  /** some rule in force has limits for this series */
  hasLimits: boolean
  /** the limits in force here, each from the rule that has the say over it */
  limits?: readonly SeriesLimit[]
  /** what the device is (registry) */
  attributes?: Attributes
}

export type SeriesLimit = { name: string; above?: number; below?: number; level: Level }

/** How much a rule that learns knows by now. While it is not `known` it raises nothing, and that must be visible. */
export type Knowledge = { known: boolean; learned: number; of: number }

/** As a limit's name: no limit was crossed, the rule itself could not run. */
export const COULD_NOT_RUN = 'could-not-run'

export type Breach = {
  level: Level
  limitName: string | null
  limit: number | null
  /** fills `{detail}` in the message: which place, which devices */
  detail?: { zh: string; en: string }
  /** what was found, where that is not the value of a series */
  value?: number
}

/** The rule itself failed: a fault for somebody to look at, whatever level the rule has. */
export const couldNotRun = (reason: string): Breach => ({
  level: 'blue',
  limitName: COULD_NOT_RUN,
  limit: null,
  detail: { zh: reason, en: reason },
})

export type Verdict = 'unchanged' | 'clear' | Breach

/** `wakeAt`: the event time at which the rule wants the held value again, null for never. */
export type Step<State> = { state: State; verdict: Verdict; wakeAt: number | null }

export type Problem = { path: string; message: string }
export type Context = { metric: string | null }

export type SeriesRule<Options, State> = {
  name: string
  over: 'series'
  /** the options beside `RuleBase`, with their defaults */
  options: TSchema
  needsMetric: boolean
  /** Judges the readings themselves, not their values: is given bad ones too, and none that come late. */
  hearsBad: boolean
  /** What stands for options nobody gave, beyond the schema's defaults. */
  complete(options: Partial<Options>, context: Context): Partial<Options>
  /** What the schema cannot say; null when the options make sense. */
  check(options: Options, context: Context): Problem | null
  /** What it answers the same for, whatever is measured within the range of its metric: may be meant, but a person should look. */
  constant?(options: Options, range: { min: number; max: number }): Problem | null
  start: State
  /** The state in which an alarm raised by an older version of the rule stands on. */
  resume(options: Options, limitName: string | null): State
  step(options: Options, state: State, sample: Sample, facts: SeriesFacts): Step<State>
  /** From `start`, a good value strictly between these changes nothing: the engine then need not ask. Null: always ask. */
  quiet(options: Options, facts: SeriesFacts): { above: number; below: number } | null
  /** What it says rests on what the series did before, and what is said in a test teaches it nothing: it is not asked then. */
  learns?: true
  /** Only for rules that must learn before they can judge. */
  knowledge?(options: Options, state: State): Knowledge
  /** Nobody can be sure of the value it judged last: for every other rule it raises and does not clear (semantics 17). */
  doubts?(state: State): boolean
}

/** What is known of a device at a moment (all in the platform's time). */
export type DeviceSample = {
  at: number
  /** when anything last came from it */
  heardAt: number
  /** `heardAt`, or later: when we began to listen again. Infinity while nothing can be received */
  countFrom: number
  expectedPeriodMs: number
  /** when it last sent a stamp nobody could believe */
  clockSuspectAt: number | null
}

export type DeviceStep = Omit<Step<never>, 'state'>

/** Judges a device as a whole; what it needs to remember is in the sample. */
export type DeviceRule<Options> = {
  name: string
  over: 'device'
  options: TSchema
  needsMetric: false
  complete(options: Partial<Options>, context: Context): Partial<Options>
  check(options: Options, context: Context): Problem | null
  step(options: Options, sample: DeviceSample): DeviceStep
}

/** What an installation says of itself in the registry. */
export type Attributes = Readonly<Record<string, string | number | boolean | null>>

/** Where a device is: the values of one message, joined; or the last ones held to a later moment. */
export type Position = {
  longitude: number
  latitude: number
  /** as sent, else from the way since the position before; null when neither is known */
  speedKmh: number | null
  speedIsDerived: boolean
  headingDeg: number | null
  at: number
  quality: Quality
  held: boolean
  /** nothing was known just before */
  gap: boolean
}

/** `fences`: drawn on the map, of the device's mode, as they are when the position is judged. */
export type PositionFacts = { expectedPeriodMs: number; attributes: Attributes; fences: Fences }

/** Judges where a device is and how it moves. A `wakeAt` of the same moment asks to see the same position again. */
export type PositionRule<Options, State> = {
  name: string
  over: 'position'
  options: TSchema
  needsMetric: false
  /** the metric its value is one of */
  about: string | null
  complete(options: Partial<Options>, context: Context): Partial<Options>
  check(options: Options, context: Context): Problem | null
  start: State
  resume(options: Options, limitName: string | null): State
  /** The state means the same under other options, so a new version of the rule goes on with it. */
  keepsState?: true
  /** Judges positions themselves: is told of those that cannot be believed too, and of none that come late. */
  hearsBad?: true
  step(options: Options, state: State, position: Position, facts: PositionFacts): Step<State>
}

/** Whose devices are judged together: those of one zone, site or enterprise, or those that bear the same value of an attribute. */
export const scopes = ['zone', 'site', 'enterprise'] as const
export type Scope = (typeof scopes)[number] | { attribute: string }

/** What a rule over a group hears, from one device at a time; times are event times and may differ between devices. */
export type GroupEvent =
  /** `holdUntil`: the value stands for so long */
  | {
      is: 'reading'
      device: string
      metric: string
      value: number
      at: number
      quality: Quality
      reason: Reason
      pos: number
      holdUntil: number
    }
  | { is: 'position'; device: string; position: Position; at: number; pos: number; holdUntil: number }
  /** the device is no longer in the group */
  | { is: 'left'; device: string; at: number }
  | { is: 'time'; at: number }

export type GroupFacts = { nameOf(device: string): string }

/** `causes`: positions in the journal of everything a breach rests on. */
export type GroupStep<State> = Step<State> & { causes: number[] }

/** Judges devices together. The alarm is the group's; state is one for the group. */
export type GroupRule<Options, State> = {
  name: string
  over: 'group'
  options: TSchema
  needsMetric: false
  complete(options: Partial<Options>, context: Context): Partial<Options>
  check(options: Options, context: Context): Problem | null
  scope(options: Options): Scope
  /** the metrics it listens to (with channel: that one only), and whether to positions */
  hears(options: Options): { metrics: string[]; positions: boolean }
  start: State
  step(options: Options, state: State, event: GroupEvent, facts: GroupFacts): GroupStep<State>
  /** Nothing is remembered of the device, so a good value in the quiet range of its metric changes nothing. */
  isAtRest(state: State, device: string): boolean
  quiet(options: Options, metric: string): { above: number; below: number } | null
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the list holds rule types of many options and states
export type AnySeriesRule = SeriesRule<any, any>
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AnyDeviceRule = DeviceRule<any>
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AnyPositionRule = PositionRule<any, any>
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AnyGroupRule = GroupRule<any, any>
export type RuleType = AnySeriesRule | AnyDeviceRule | AnyPositionRule | AnyGroupRule

/** What a rule finds in one sample, before any delay. `inside`: so far from every limit that it may clear. */
export type Finding = { breach: Breach | null; inside: boolean }

/** How far a finding has got: null at rest; `tripped` null while the on-delay runs. */
export type Delay = { since: number; tripped: Breach | null; insideSince: number | null } | null

export type Delays = { onDelayMs: number; offDelayMs: number }
export type Delayed = { delay: Delay; verdict: Verdict; wakeAt: number | null }

/** An alarm raised by an older version of the rule stands on, as `breach`. */
export const tripped = (breach: Breach): Delay => ({ since: 0, tripped: breach, insideSince: null })

const worseOf = (a: Breach, b: Breach): Breach => (severity[b.level] > severity[a.level] ? b : a)

/**
 * The delays every rule over series has: a breach must last onDelayMs, being inside every limit must last offDelayMs. The level
 * only rises until then. An uncertain sample raises and never clears; a gap does not interrupt what is wrong, but what is right
 * must be proven without one (semantics 16).
 */
export function delayed(
  { onDelayMs, offDelayMs }: Delays,
  before: Delay,
  found: Finding,
  sample: Pick<Sample, 'at' | 'quality' | 'gap'>,
): Delayed {
  const { at, quality, gap } = sample
  const good = quality === 'good'
  if (found.breach !== null) return breached(onDelayMs, before, found.breach, at)
  if (before === null) return { delay: null, verdict: good ? 'clear' : 'unchanged', wakeAt: null }
  if (before.tripped === null) {
    if (good) return { delay: null, verdict: 'clear', wakeAt: null }
    const wakeAt = before.since + onDelayMs
    return { delay: before, verdict: 'unchanged', wakeAt: wakeAt > at ? wakeAt : null }
  }
  if (!found.inside || !good) return { delay: { ...before, insideSince: null }, verdict: 'unchanged', wakeAt: null }
  const insideSince = gap ? at : (before.insideSince ?? at)
  if (at - insideSince >= offDelayMs) return { delay: null, verdict: 'clear', wakeAt: null }
  return { delay: { ...before, insideSince }, verdict: 'unchanged', wakeAt: insideSince + offDelayMs }
}

function breached(onDelayMs: number, before: Delay, breach: Breach, at: number): Delayed {
  const since = before?.since ?? at
  const stands = before?.tripped ?? null
  if (stands === null && at - since < onDelayMs) {
    return { delay: { since, tripped: null, insideSince: null }, verdict: 'unchanged', wakeAt: since + onDelayMs }
  }
  const now = stands === null ? breach : worseOf(stands, breach)
  return { delay: { since, tripped: now, insideSince: null }, verdict: now, wakeAt: null }
}

/** What one device of a group can be in, by one of its metrics. */
export const ConditionSchema = Type.Object(
  {
    metric: Type.String({ description: 'with channel that one, without one every channel' }),
    above: Type.Optional(Type.Number({ description: 'true at value ≥ this' })),
    below: Type.Optional(Type.Number({ description: 'true at value ≤ this' })),
  },
  { additionalProperties: false },
)
export type Condition = Static<typeof ConditionSchema>

export const isMet = ({ above, below }: Condition, value: number, reason: Reason): boolean =>
  (above !== undefined && (value >= above || reason === 'over-range')) || (below !== undefined && value <= below)

/** The metric is the condition's, or a channel of it. */
export const isAbout = ({ metric }: Pick<Condition, 'metric'>, heard: string): boolean =>
  heard === metric || heard.startsWith(`${metric}#`)

export const quietOf = ({ above, below }: Condition) => ({ above: below ?? -Infinity, below: above ?? Infinity })

export const checkCondition = ({ above, below }: Condition, path: string): Problem | null =>
  above === undefined && below === undefined ? { path, message: 'a condition has `above` or `below`' } : null

/** What was seen of a condition at one device, for as long as it matters. */
export type Sighting = {
  device: string
  metric: string
  isTrue: boolean
  since: number
  /** when it was last seen to be true, and how long that stands */
  trueAt: number
  holdUntil: number
  value: number
  pos: number
  /** an alarm rests on it */
  raised: boolean
}

/** Still counts at a moment: true now, or so recently. What an alarm rests on counts until a good reading says otherwise. */
export function countsAt({ isTrue, trueAt, holdUntil, raised }: Sighting, now: number, withinMs: number): boolean {
  if (isTrue && raised) return true
  const until = isTrue ? Math.max(trueAt, Math.min(now, holdUntil)) : trueAt
  return now - until <= withinMs
}

type Reading = Extract<GroupEvent, { is: 'reading' }>

/** A device's sighting after a reading of it: only a good value can say that it is over. */
export function sightedBy(before: Sighting | undefined, met: boolean, reading: Reading): Sighting | undefined {
  const { device, metric, value, at, holdUntil, pos, quality } = reading
  if (quality === 'bad') return before
  if (met) {
    const since = before?.isTrue ? before.since : at
    return { device, metric, isTrue: true, since, trueAt: at, holdUntil, value, pos, raised: before?.raised ?? false }
  }
  return before && quality === 'good' ? { ...before, isTrue: false } : before
}

/** An alarm rests on these from now on, or on none any more. */
export const resting = <One extends Sighting>(all: readonly One[], on: readonly Sighting[]): One[] =>
  all.map((one) => ({ ...one, raised: on.includes(one) }))

/** `Tank 3 62.0 %LEL, Pump room`: who is behind it, by name, and what it measures where that is a number. */
export function namesOf(sightings: readonly Sighting[], { nameOf }: GroupFacts): { zh: string; en: string } {
  const names = sightings.map(({ device, metric, value }) => `${nameOf(device)}${valueSaid(metric, value)}`)
  return { zh: names.join('、'), en: names.join(', ') }
}

function valueSaid(metric: string, value: number): string {
  const known = metricOf(metric)
  if (!known) return ` ${Number(value.toFixed(3))}`
  return known.kind === 'gauge' ? ` ${value.toFixed(known.digits)}${known.unit === '' ? '' : ` ${known.unit}`}` : ''
}

/** As an option: the drawn fences a rule is about, besides those written in the rule itself. */
export const AmongSchema = Type.Optional(FenceSelectionSchema)

/** A drawn fence has one name, in the language of who drew it. */
export const nameOfDrawn = ({ name }: Fence) => ({ zh: name, en: name })

export const CargoAttributeSchema = Type.String({
  default: 'cargoClass',
  description: 'attribute with the UN class of what is carried',
})

/** What nobody knows to be harmless is carried as if it were not. */
export function carries(cargo: readonly string[] | undefined, attributes: Attributes, attribute: string): boolean {
  const carried = attributes[attribute]
  if (cargo === undefined || carried === undefined || carried === null || carried === '') return true
  return cargo.some((kind) => String(carried) === kind || String(carried).startsWith(`${kind}.`))
}
