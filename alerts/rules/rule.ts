import type { TSchema } from 'typebox'
import { severity, type Level } from '../../core/level.ts'
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
  attributes?: Readonly<Record<string, string | number | boolean | null>>
}

export type SeriesLimit = { name: string; above?: number; below?: number; level: Level }

/** How much a rule that learns knows by now. While it is not `known` it raises nothing, and that must be visible. */
export type Knowledge = { known: boolean; learned: number; of: number }

/** As a limit's name: no limit was crossed, the rule itself could not run. */
export const COULD_NOT_RUN = 'could-not-run'

export type Breach = { level: Level; limitName: string | null; limit: number | null }
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
  start: State
  /** The state in which an alarm raised by an older version of the rule stands on. */
  resume(options: Options, limitName: string | null): State
  step(options: Options, state: State, sample: Sample, facts: SeriesFacts): Step<State>
  /** From `start`, a good value strictly between these changes nothing: the engine then need not ask. Null: always ask. */
  quiet(options: Options, facts: SeriesFacts): { above: number; below: number } | null
  /** Only for rules that must learn before they can judge. */
  knowledge?(options: Options, state: State): Knowledge
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

/** Judges a device as a whole; what it needs to remember is in the sample. */
export type DeviceRule<Options> = {
  name: string
  over: 'device'
  options: TSchema
  needsMetric: false
  complete(options: Partial<Options>, context: Context): Partial<Options>
  check(options: Options, context: Context): Problem | null
  step(options: Options, sample: DeviceSample): { verdict: Verdict; wakeAt: number | null }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the list holds rule types of many options and states
export type AnySeriesRule = SeriesRule<any, any>
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AnyDeviceRule = DeviceRule<any>
export type RuleType = AnySeriesRule | AnyDeviceRule

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
export function delayed({ onDelayMs, offDelayMs }: Delays, before: Delay, found: Finding, sample: Sample): Delayed {
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
