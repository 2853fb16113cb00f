import { Environment } from '@marcbachmann/cel-js'
import { Type, type Static } from 'typebox'
import { LevelSchema } from '../../core/rule.ts'
import { constantOf, type Constant } from './expression/constant.ts'
import { NotAllowed, stepsOf, type Node } from './expression/cost.ts'
import {
  delayed,
  tripped,
  type Delay,
  COULD_NOT_RUN,
  couldNotRun,
  type Breach,
  type Problem,
  type Sample,
  type SeriesFacts,
  type SeriesRule,
  type Step,
} from './rule.ts'

const Duration = Type.Number({ minimum: 0, maximum: 86_400_000 })
const OptionsSchema = Type.Object({
  when: Type.String({
    minLength: 1,
    maxLength: 2_000,
    description: 'CEL, true when it is an alarm; knows value, previous, good, hour, weekday (1 = Monday), substance, attributes',
  }),
  level: LevelSchema,
  limitName: Type.Union([Type.String({ pattern: '^[A-Za-z0-9-]{1,16}$' }), Type.Null()], { default: null }),
  utcOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840, default: 480 }),
  onDelayMs: { ...Duration, default: 0 },
  offDelayMs: { ...Duration, default: 0 },
})
type Options = Static<typeof OptionsSchema>

/** The last two readings. `failed`: the last evaluation threw, and the alarm that says so is open. */
type State = { value: number | null; previous: number | null; failed: boolean; delay: Delay }
const start: State = { value: null, previous: null, failed: false, delay: null }

/** Semantics 26. An expression that could take more steps is refused, so none ever runs for long. */
const MAX_STEPS = 10_000
const limits = { maxAstNodes: 200, maxDepth: 40, maxListElements: 100, maxMapEntries: 20, maxCallArguments: 8 }

const environment = new Environment({ limits })
  .registerVariable('value', 'double')
  .registerVariable('previous', 'double')
  .registerVariable('good', 'bool')
  .registerVariable('hour', 'double')
  .registerVariable('weekday', 'double')
  .registerVariable('substance', 'string')
  .registerVariable('attributes', 'map<string, dyn>')
  .registerFunction('abs(double): double', (x: number) => Math.abs(x))
  .registerFunction('min(double, double): double', (a: number, b: number) => Math.min(a, b))
  .registerFunction('max(double, double): double', (a: number, b: number) => Math.max(a, b))
for (const [sign, of] of [
  ['+', (a: number, b: number) => a + b],
  ['-', (a: number, b: number) => a - b],
  ['*', (a: number, b: number) => a * b],
  ['/', (a: number, b: number) => a / b],
] as const) {
  // People write 2, not 2.0.
  environment.registerOperator(`double ${sign} int`, (a: number, b: bigint) => of(a, Number(b)))
  environment.registerOperator(`int ${sign} double`, (a: bigint, b: number) => of(Number(a), b))
}

type Compiled = ((context: Record<string, unknown>) => unknown) & { ast: Node }
const compiled = new Map<string, Compiled>()
const COMPILED_KEPT = 1_000

type Failure = { reason: string }

const firstLine = (error: unknown) => (error as Error).message.split('\n')[0]!

function compile(text: string): Compiled | Problem {
  const known = compiled.get(text)
  if (known) return known
  try {
    const parsed = environment.parse(text)
    const steps = stepsOf(parsed.ast as unknown as Node)
    if (steps > MAX_STEPS) {
      return {
        path: '/when',
        message: `it could take ${steps} steps, at most ${MAX_STEPS} are allowed: it would not end in time`,
      }
    }
    const checked = parsed.check()
    if (!checked.valid) return { path: '/when', message: firstLine(checked.error) }
    if (checked.type !== 'bool') return { path: '/when', message: `it gives ${checked.type}, not true or false` }
    if (compiled.size >= COMPILED_KEPT) compiled.clear()
    compiled.set(text, parsed as unknown as Compiled)
    return parsed as unknown as Compiled
  } catch (error) {
    if (error instanceof NotAllowed) return { path: '/when', message: error.message }
    return { path: '/when', message: firstLine(error) }
  }
}

const tried = new Map<string, Constant | null>()

/** Remembered, because everything in force is looked at whenever somebody asks for the rules. */
function constantIn(when: string, { min, max }: { min: number; max: number }): Constant | null {
  const key = `${min} ${max} ${when}`
  const known = tried.get(key)
  if (known !== undefined) return known
  const run = compile(when)
  const found =
    typeof run === 'function'
      ? constantOf(run.ast, (facts) => run({ substance: '', attributes: {}, ...facts }), { min, max })
      : null
  if (tried.size >= COMPILED_KEPT) tried.clear()
  tried.set(key, found)
  return found
}

function truth(options: Options, previous: number | null, sample: Sample, facts: SeriesFacts): boolean | Failure {
  const run = compile(options.when)
  if (typeof run !== 'function') return { reason: run.message }
  const local = new Date(sample.at + options.utcOffsetMinutes * 60_000)
  try {
    const said = run({
      value: sample.value,
      previous: previous ?? sample.value,
      good: sample.quality === 'good',
      hour: local.getUTCHours() + local.getUTCMinutes() / 60,
      weekday: local.getUTCDay() || 7,
      substance: facts.substance ?? '',
      attributes: facts.attributes ?? {},
    })
    return typeof said === 'boolean' ? said : { reason: 'it gave neither true nor false' }
  } catch (error) {
    // Not the rule's answer but the lack of one: it neither raises nor clears, and an alarm of its own says so.
    return { reason: firstLine(error) }
  }
}

/** The evaluation threw: an alarm that is open stands, else one says that the rule could not run. */
function failing(before: State, { reason }: Failure): Step<State> {
  const state: State = { ...before, failed: true }
  if (before.delay?.tripped) return { state, verdict: 'unchanged', wakeAt: null }
  return { state, verdict: couldNotRun(reason), wakeAt: null }
}

/** Breaches while an expression is true. One that cannot be evaluated raises the alarm that the rule could not run. */
export const expression: SeriesRule<Options, State> = {
  name: 'expression',
  over: 'series',
  options: OptionsSchema,
  needsMetric: true,
  hearsBad: false,
  start,
  complete: () => ({}),

  check({ when }) {
    const run = compile(when)
    return typeof run === 'function' ? null : run
  },

  constant({ when }, range) {
    const found = constantIn(when, range)
    if (found === null) return null
    const all = `for everything from ${range.min} to ${range.max}`
    const message = {
      always: `it is true ${all}: it would never end`,
      never: `it is false ${all}: it never raises anything`,
      'no-reading': 'it asks for the time alone and not for what is measured',
    }[found]
    return { path: '/when', message }
  },

  resume({ level }, limitName) {
    if (limitName === COULD_NOT_RUN) return { ...start, failed: true }
    return { ...start, delay: tripped({ level, limitName, limit: null }) }
  },

  step(options, { value, ...then }, sample, facts) {
    const before: State = sample.held ? { value, ...then } : { ...then, value: sample.value, previous: value }
    const answer = truth(options, before.previous, sample, facts)
    if (typeof answer !== 'boolean') return failing(before, answer)
    const breach: Breach | null = answer ? { level: options.level, limitName: options.limitName, limit: null } : null
    const { delay, verdict, wakeAt } = delayed(options, before.delay, { breach, inside: !answer }, sample)
    const state: State = { ...before, failed: false, delay }
    if (!before.failed || before.delay?.tripped) return { state, verdict, wakeAt }
    // It runs again: the alarm that it could not ends before the rule's own words, unless those are worse.
    if (typeof verdict === 'object' && options.level !== 'blue') return { state, verdict, wakeAt }
    if (sample.quality !== 'good') return { state: { ...state, failed: true }, verdict: 'unchanged', wakeAt }
    return { state, verdict: 'clear', wakeAt: typeof verdict === 'object' ? sample.at + 1 : wakeAt }
  },

  quiet: () => null,
}
