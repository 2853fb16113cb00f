import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Fence, FenceShape } from '../../../core/fence.ts'
import { FenceBook } from '../../../core/fence-book.ts'
import { curfew } from '../../../alerts/rules/curfew.ts'
import { drivingTime } from '../../../alerts/rules/driving-time.ts'
import { geofence } from '../../../alerts/rules/geofence.ts'
import { gps } from '../../../alerts/rules/gps.ts'
import { route } from '../../../alerts/rules/route.ts'
import type { AnyPositionRule, Position, Verdict } from '../../../alerts/rules/rule.ts'
import { speed } from '../../../alerts/rules/speed.ts'
import { withDefaults } from '../../suites/rule.ts'

const book = new FenceBook()
const drawn = (id: string, shape: FenceShape, more: Partial<Fence> = {}): Fence => {
  const fence = {
    name: id,
    kind: 'custom',
    tags: [],
    grade: null,
    limitKmh: null,
    mode: 'live',
    retiredAt: null,
    version: 1,
  } as const
  return { ...fence, tags: [], id, shape, ...more }
}
book.apply(drawn('school', { type: 'circle', center: [121, 30], radiusM: 1_000 }, { kind: 'no-go', tags: ['school'] }))
book.apply(drawn('way', { type: 'corridor', points: [[121, 30], [121.1, 30]], widthM: 400 }, { kind: 'route', limitKmh: 40 })) // prettier-ignore
const facts = { expectedPeriodMs: 30_000, attributes: { route: 'way', cargoClass: '2.1' }, fences: book.of('live') }
const shape = { circle: [121, 30], radiusM: 1_000 }
const cases: [AnyPositionRule, object][] = [
  [geofence, { level: 'red', fences: [{ id: 'a', shape }] }],
  [geofence, { level: 'red', when: 'exit', fences: [{ id: 'a', shape }], onDelayMs: 20_000 }],
  [geofence, { level: 'red', when: 'dwell', stayMs: 60_000, fences: [{ id: 'a', shape }, { id: 'b', shape: { circle: [121.02, 30], radiusM: 900 } }] }],
  [geofence, { level: 'red', among: { kinds: ['no-go'] }, cargo: ['2'] }],
  [geofence, { level: 'red', when: 'stop', movingKmh: 49, among: { tags: ['school'] }, stayMs: 5_000 }],
  [geofence, { level: 'red', when: 'stop-outside', movingKmh: 49, among: { ids: ['school'] }, stayMs: 5_000 }],
  [speed, {}],
  [curfew, { level: 'red', windows: [{ id: 'w', from: '08:05', to: '08:10', among: { kinds: ['no-go'] } }], onDelayMs: 0 }],
  [route, { level: 'red' }],
  [gps, { level: 'blue', when: 'jump' }],
  [gps, { level: 'blue', when: 'displaced', unheardMs: 60_000, awayM: 1_000 }],
  [gps, { level: 'blue', when: 'lost', lostMs: 60_000 }],
  [speed, { roads: [{ id: 'r', shape, limitKmh: 40 }] }],
  [curfew, { level: 'red', windows: [{ id: 'w', from: '08:05', to: '08:10' }], onDelayMs: 10_000, offDelayMs: 5_000 }],
  [route, { level: 'red', routes: [{ id: 'way', path: [[121, 30], [121.1, 30]], halfWidthM: 200 }] }],
  [drivingTime, { level: 'red', limitMs: 300_000, warnMs: 200_000, restMs: 60_000, gapMs: 60_000 }],
] // prettier-ignore

const drives = fc
  .array(
    fc.record({
      after: fc.integer({ min: 1, max: 90 }),
      longitude: fc.constantFrom(121, 121.005, 121.0105, 121.02, 121.5),
      latitude: fc.constantFrom(30, 30.001, 30.01),
      speedKmh: fc.constantFrom(null, 0, 30, 45, 100),
      quality: fc.constantFrom('good' as const, 'good' as const, 'uncertain' as const, 'bad' as const),
      gap: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    let at = 1_767_225_600_000
    const whole = { speedIsDerived: false, headingDeg: null, held: false }
    return steps.map(({ after, ...rest }): Position => ({ ...rest, ...whole, at: (at += after * 1000) }))
  })

function verdicts(type: AnyPositionRule, options: unknown, drive: Position[], throughJson: boolean): Verdict[] {
  let state: unknown = type.start
  return drive.map((position) => {
    const step = type.step(options, state, position, facts)
    state = throughJson ? JSON.parse(JSON.stringify(step.state)) : step.state
    expect(step.wakeAt ?? Infinity).toBeGreaterThan(step.verdict === 'clear' ? position.at - 1 : position.at)
    return step.verdict
  })
}

test.each(cases.map(([type, options]) => [`${type.name} ${JSON.stringify(options).slice(0, 60)}`, type, options] as const))(
  '%s: same drive, same verdicts, also through JSON; an uncertain fix never clears; a wake-up lies ahead',
  (_, type, options) => {
    const whole = withDefaults(type, options)
    expect(type.check(whole, { metric: null })).toBeNull()
    let breaches = 0
    fc.assert(
      fc.property(drives, (drive) => {
        const heard = type.hearsBad ? drive : drive.filter(({ quality }) => quality !== 'bad')
        const said = verdicts(type, whole, heard, false)
        expect(verdicts(type, whole, heard, true)).toEqual(said)
        breaches += said.filter((verdict) => typeof verdict === 'object').length
        said.forEach((verdict, i) => {
          if (verdict === 'clear') expect(heard[i]!.quality).toBe('good')
        })
      }),
    )
    expect(breaches).toBeGreaterThan(0)
  },
)

test('what makes no sense is refused with the field it is about', () => {
  const path = (type: AnyPositionRule, options: object) => type.check(withDefaults(type, options), { metric: null })?.path
  expect(
    path(geofence, {
      level: 'red',
      fences: [
        { id: 'a', shape },
        { id: 'a', shape },
      ],
    }),
  ).toBe('/fences/1/id')
  expect(path(curfew, { level: 'red', windows: [{ id: 'w', from: '08:00', to: '08:00' }] })).toBe('/windows/0/to')
  expect(path(curfew, { level: 'red', zone: 'Moon/Base' })).toBe('/zone')
  expect(path(speed, { bands: [{ overPct: 10, level: 'red' }] })).toBe('/bands')
  expect(path(drivingTime, { level: 'red', limitMs: 100_000, warnMs: 100_000 })).toBe('/warnMs')
})
