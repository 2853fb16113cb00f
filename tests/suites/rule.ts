import fc from 'fast-check'
import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { qualities } from '../../core/quality.ts'
import { aDevice, aRule, defineSeries, Saved, setDevice, setRule, Tape, World, type Row } from '../alerts/world.ts'
import { Engine } from '../../alerts/engine.ts'
import type { AnySeriesRule, RuleType, Sample, SeriesFacts, Verdict } from '../../alerts/rules/rule.ts'

export const facts: SeriesFacts = { expectedPeriodMs: 10_000, needsSubstance: false, substance: null, hasLimits: true }

/** Options as a rule file gives them, with the defaults a rule has. */
export const withDefaults = (type: RuleType, options: object): unknown => Value.Default(type.options, { ...options })

type Point = { second: number; value: number; quality?: Sample['quality']; reason?: Sample['reason']; gap?: boolean }

export const sampleOf = ({ second, value, quality = 'good', reason = 'none', gap = false }: Point): Sample => ({
  value,
  at: second * 1000,
  quality,
  reason,
  held: false,
  gap,
})

/** The verdicts of a series rule over samples, through JSON after each when told so. */
export function verdicts(type: AnySeriesRule, options: unknown, points: Point[], throughJson = false): Verdict[] {
  let state: unknown = type.start
  return points.map((point) => {
    const step = type.step(options, state, sampleOf(point), facts)
    state = throughJson ? JSON.parse(JSON.stringify(step.state)) : step.state
    return step.verdict
  })
}

const somePoints = (values: number[]) =>
  fc
    .array(
      fc.record({
        after: fc.integer({ min: 1, max: 40 }),
        value: fc.constantFrom(...values),
        quality: fc.constantFrom(...qualities),
        gap: fc.boolean(),
      }),
      { maxLength: 40 },
    )
    .map((steps) => {
      let second = 0
      return steps.map(({ after, ...rest }): Point => ({ ...rest, second: (second += after) }))
    })

/** What every rule type over series has to be. `values`: some on each side of everything the options name. */
export function ruleSuite(type: AnySeriesRule, options: object, values: number[], metric: string): void {
  const whole = withDefaults(type, options)
  const points = somePoints(values).map((all) => (type.hearsBad ? all : all.filter(({ quality }) => quality !== 'bad')))

  test(`${type.name}: the same series gives the same verdicts, and its state survives JSON`, () => {
    fc.assert(
      fc.property(points, (series) => {
        expect(verdicts(type, whole, series, true)).toEqual(verdicts(type, whole, series))
      }),
    )
  })

  test(`${type.name}: a good value in the quiet range leaves a rule at rest where it is`, () => {
    const quiet = type.quiet(whole, facts)
    if (!quiet) return
    fc.assert(
      fc.property(fc.constantFrom(...values), fc.integer(), (value, second) => {
        if (value <= quiet.above || value >= quiet.below) return
        const step = type.step(whole, type.start, sampleOf({ second, value }), facts)
        expect({ same: step.state === type.start, breach: typeof step.verdict === 'object', wakeAt: step.wakeAt }).toEqual({
          same: true,
          breach: false,
          wakeAt: null,
        })
      }),
    )
  })

  test(`${type.name}: an uncertain or a bad value never clears`, () => {
    fc.assert(
      fc.property(points, (series) => {
        const said = verdicts(type, whole, series)
        const first = said.findIndex((verdict) => typeof verdict === 'object')
        if (first < 0) return
        for (let i = first + 1; i < said.length && said[i] !== 'clear'; i++) expect(said[i]).not.toBe('clear')
        const cleared = said.findIndex((verdict, i) => i > first && verdict === 'clear')
        if (cleared >= 0 && type.name !== 'no-substance') expect(series[cleared]!.quality).toBe('good')
      }),
    )
  })

  test(`${type.name}: a wake-up asked for lies ahead`, () => {
    fc.assert(
      fc.property(points, (series) => {
        let state: unknown = type.start
        for (const point of series) {
          const step = type.step(whole, state, sampleOf(point), facts)
          state = step.state
          if (step.wakeAt !== null) expect(step.wakeAt).toBeGreaterThan(point.second * 1000)
        }
      }),
    )
  })

  test(`${type.name}: replay equals live, restarts in between change nothing`, () => {
    const rule = aRule({ limits: undefined, deadband: undefined, onDelayMs: undefined, offDelayMs: undefined })
    const clean = Object.fromEntries(Object.entries({ ...rule, ...options }).filter(([, value]) => value !== undefined))
    const full = aRule(clean)
    for (const name of ['limits', 'deadband', 'onDelayMs', 'offDelayMs']) if (!(name in clean)) delete full[name]
    const ready = { ...full, type: type.name, metric, id: 'under.test' }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -20, max: 40 }), fc.constantFrom(...values), fc.boolean()), { maxLength: 60 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 4 }),
        (steps, stops) => {
          const tape = new Tape()
          tape.record(0, setDevice(aDevice()), setRule(ready), defineSeries(1, metric))
          let second = 0
          for (const [after, value] of steps) {
            const row: Row = [1, second + after, value, 0, Math.max(second, second + after)]
            tape.rows(row)
            second = Math.max(second, second + after) + 1
          }
          const once = new World([])
          const replayed = tape.entries.flatMap((entry) => (once.engine.apply(entry), once.engine.take()))
          let engine = new Engine()
          const saved = new Saved()
          const live = tape.entries.flatMap((entry, i) => {
            engine.apply(entry)
            engine.advance(tape.entries[i + 1]?.receivedAt ?? entry.receivedAt)
            const said = engine.take()
            if (stops.includes(i)) {
              saved.take(engine)
              engine = saved.restore(engine)
            }
            return said
          })
          expect(live).toEqual(replayed)
        },
      ),
      { numRuns: 60 },
    )
  })
}
