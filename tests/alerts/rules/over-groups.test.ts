import fc from 'fast-check'
import { expect, test } from 'vitest'
import { convoy } from '../../../alerts/rules/convoy.ts'
import type { AnyGroupRule, GroupEvent, Verdict } from '../../../alerts/rules/rule.ts'
import { sequence } from '../../../alerts/rules/sequence.ts'
import { voting } from '../../../alerts/rules/voting.ts'
import { withDefaults } from '../../suites/rule.ts'

const facts = { nameOf: (id: string) => id }
const fall = { metric: 'pressureMpa', fallBy: 5, fallMs: 600_000 }
const cases: [AnyGroupRule, object][] = [
  [voting, { conditions: [{ metric: 'm', above: 5 }], votes: [{ atLeast: 2, level: 'orange' }, { atLeast: 3, level: 'red' }] }],
  [sequence, { level: 'red', steps: [{ metric: 'm', above: 5 }, { metric: 'pressureMpa', below: 2 }], ordered: true }],
  [sequence, { level: 'red', steps: [fall, fall], withinMs: 300_000, offDelayMs: 0 }],
  [convoy, { level: 'red', onDelayMs: 20_000 }],
] // prettier-ignore

const events = fc
  .array(
    fc.record({
      after: fc.integer({ min: -20, max: 40 }),
      is: fc.constantFrom('reading', 'reading', 'reading', 'reading', 'position', 'position', 'time', 'left'),
      device: fc.constantFrom('A', 'B', 'C'),
      metric: fc.constantFrom('m', 'pressureMpa'),
      value: fc.constantFrom(0, 1, 4, 6, 9),
      longitude: fc.constantFrom(121, 121.0005, 121.01, 121.2),
      quality: fc.constantFrom('good' as const, 'good' as const, 'uncertain' as const, 'bad' as const),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map((steps) => {
    let at = 1_767_225_600_000
    return steps.map(({ after, is, device, metric, value, longitude, quality }, pos): GroupEvent => {
      at += after * 1000
      const holdUntil = at + 30_000
      if (is === 'time') return { is, at: at + 20_000 }
      if (is === 'left') return { is, device, at }
      if (is === 'reading') return { is, device, metric, value, at, quality, reason: 'none', pos, holdUntil }
      const moving = { speedKmh: value * 10, speedIsDerived: false, headingDeg: 90, held: false, gap: false }
      const position = { longitude, latitude: 30, ...moving, at, quality: quality === 'bad' ? 'good' : quality }
      return { is: 'position', device, position, at, pos, holdUntil }
    })
  })

function judge(type: AnyGroupRule, options: unknown, all: GroupEvent[], throughJson: boolean) {
  let state: unknown = type.start
  return all.map((event): { verdict: Verdict; causes: number[]; atRest: boolean } => {
    const step = type.step(options, state, event, facts)
    state = step.state === type.start || !throughJson ? step.state : JSON.parse(JSON.stringify(step.state))
    return { verdict: step.verdict, causes: step.causes, atRest: step.state === type.start }
  })
}

test.each(cases.map(([type, options], i) => [`${type.name} ${i}`, type, options] as const))(
  '%s: same events, same verdicts, also through JSON, and every breach names its causes',
  (_, type, options) => {
    const whole = withDefaults(type, options)
    expect(type.check(whole, { metric: null })).toBeNull()
    let breaches = 0
    fc.assert(
      fc.property(events, (all) => {
        const said = judge(type, whole, all, false)
        expect(judge(type, whole, all, true)).toEqual(said)
        for (const { verdict, causes } of said) {
          if (typeof verdict !== 'object') continue
          breaches++
          expect(causes.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 300 },
    )
    expect(breaches).toBeGreaterThan(0)
  },
)

test('a vote is never taken back by silence, by time or by an unsure reading', () => {
  const options = withDefaults(voting, { conditions: [{ metric: 'm', above: 5 }], votes: [{ atLeast: 2, level: 'red' }] })
  const said = (device: string, at: number, value: number, quality: 'good' | 'uncertain' | 'bad' = 'good'): GroupEvent => ({
    ...{ is: 'reading', metric: 'm', reason: 'none', pos: at, holdUntil: at + 30_000, device, at, value, quality },
  })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('A', 'B'), fc.constantFrom('uncertain', 'bad', 'time'), fc.nat(1e6))),
      (later) => {
        let at = 2_000
        const all = [said('A', 1_000, 9), said('B', 2_000, 9)]
        for (const [device, how, after] of later) {
          at += after
          all.push(how === 'time' ? { is: 'time', at } : said(device, at, 0, how as 'uncertain'))
        }
        const verdicts = judge(voting, options, all, true).map(({ verdict }) => verdict)
        expect(verdicts.slice(1)).not.toContain('clear')
      },
    ),
  )
})

test('what makes no sense is refused with the field it is about', () => {
  const path = (type: AnyGroupRule, options: object) => type.check(withDefaults(type, options), { metric: null })?.path
  expect(path(voting, { conditions: [{ metric: 'm' }], votes: [{ atLeast: 2, level: 'red' }] })).toBe('/conditions/0')
  expect(path(sequence, { level: 'red', steps: [fall, { metric: 'm' }] })).toBe('/steps/1')
  expect(path(convoy, { level: 'red', minM: 500, maxM: 400 })).toBe('/maxM')
})
