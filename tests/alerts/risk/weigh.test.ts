import fc from 'fast-check'
import { expect, test } from 'vitest'
import { levels, type Level } from '../../../core/level.ts'
import { staticGrades, weightsFault, type RiskWeights } from '../../../core/risk.ts'
import { defaultWeights } from '../../../alerts/risk/default-weights.ts'
import { membersToBlue, stepsToBlue, weighMembers, weighPlace, type Member, type PlaceFacts } from '../../../alerts/risk/weigh.ts'

const none = { red: 0, orange: 0, yellow: 0, blue: 0 }
const nothingWaits = { red: null, orange: null, yellow: null, blue: null }
const calm: PlaceFacts = {
  ...{ grade: 'general', active: none, over: none, waitedMs: nothingWaits },
  ...{ devices: 10, heard: 10, bypassed: 0, overdueTasks: null },
}
const weigh = (facts: Partial<PlaceFacts>) => weighPlace({ ...calm, ...facts }, defaultWeights)
const active = (level: Level, count = 1) => ({ active: { ...none, [level]: count } })

test('one open alarm of a level gives a place at least its colour, and nothing wrong is blue whatever the grade', () => {
  for (const grade of staticGrades) {
    expect(weigh({ grade }).colour).toBe('blue')
    for (const level of ['red', 'orange', 'yellow'] as const) {
      const { index } = weigh({ grade, ...active(level) })
      expect(index).toBeGreaterThanOrEqual(defaultWeights.colours[level])
    }
  }
})

test('a place without devices, or with most of them silent, is unknown and never blue; an open alarm shows through', () => {
  expect(weigh({ devices: 0, heard: 0 })).toMatchObject({ colour: 'unknown', index: null })
  expect(weigh({ heard: 0 })).toMatchObject({ colour: 'unknown', index: null })
  expect(weigh({ heard: 4 })).toMatchObject({ colour: 'unknown', index: null })
  expect(weigh({ heard: 5 })).toMatchObject({ colour: 'blue', index: 16, atLeast: false })
  expect(weigh({ heard: 0, ...active('red') })).toMatchObject({ colour: 'red', index: 100, atLeast: true })
  // The silence of the devices is itself a blue alarm each: many of them are no danger that is known.
  expect(weigh({ heard: 0, ...active('blue', 10) })).toMatchObject({ colour: 'unknown' })
})

test('why it is orange and what makes it blue: every point has its numbers, and the steps end in blue', () => {
  const facts: PlaceFacts = {
    ...calm,
    grade: 'major',
    active: { red: 0, orange: 1, yellow: 2, blue: 0 },
    waitedMs: { ...nothingWaits, orange: 400_000 },
    heard: 9,
    bypassed: 1,
  }
  const { contributions, sum, index, colour } = weighPlace(facts, defaultWeights)
  expect(contributions.map(({ name, points }) => [name, points])).toEqual([
    ['grade', 20],
    ['alarms', 50],
    ['further-alarms', 5],
    ['unacknowledged', 6.4],
    ['offline', 2],
    ['bypassed', 2],
    ['overdue-tasks', 0],
  ])
  expect([sum, index, colour]).toEqual([85.4, 85, 'red'])
  expect(contributions.at(-1)!.facts).toEqual({ overdue: null, connected: false })
  expect(stepsToBlue(facts, defaultWeights)).toEqual([
    { do: 'end-alarms', facts: { level: 'orange', count: 1 }, index: 52, colour: 'orange' },
    { do: 'end-alarms', facts: { level: 'yellow', count: 2 }, index: 24, colour: 'blue' },
  ])
})

const points = fc.integer({ min: 0, max: 100 })
const descending = (values: number[]) => values.toSorted((a, b) => b - a)
const byLevel = (values: number[]) => Object.fromEntries(levels.map((level, i) => [level, values[i]!])) as Record<Level, number>
const unit = fc.double({ min: 0, max: 1, noNaN: true })
const someWeights: fc.Arbitrary<RiskWeights> = fc
  .record({
    colours: fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 3, maxLength: 3 }).map(descending),
    grades: fc.array(points, { minLength: 4, maxLength: 4 }).map(descending),
    alarms: fc.array(points, { minLength: 4, maxLength: 4 }).map(descending),
    waits: fc.array(points, { minLength: 3, maxLength: 3 }).map((all) => descending(all).reverse()),
    factors: fc.array(unit, { minLength: 4, maxLength: 4 }).map(descending),
    numbers: fc.array(unit, { minLength: 5, maxLength: 5 }),
  })
  .map(({ colours: [red, orange, yellow], grades, alarms, waits, factors, numbers: [a, b, c, d, e] }) => ({
    colours: { red: red!, orange: orange!, yellow: yellow! },
    grade: { major: grades[0]!, larger: grades[1]!, general: grades[2]!, low: grades[3]!, unstated: grades[2]! },
    alarm: byLevel(alarms),
    furtherAlarms: { share: a!, cap: 100 * b! },
    conditionOver: c!,
    unacknowledged: { steps: waits.map((point, i) => ({ afterMs: (i + 1) * 60_000, points: point })), factor: byLevel(factors) },
    offline: 20,
    bypassed: 15,
    overdueTask: { each: 2, cap: 10 },
    blueNeedsKnown: d!,
    rollUp: { worst: e!, unknownAs: yellow! * a! },
  }))
const counts = fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }).map(byLevel)
const someFacts: fc.Arbitrary<PlaceFacts> = fc
  .record({
    grade: fc.constantFrom(null, ...staticGrades),
    active: counts,
    over: counts,
    waits: fc.array(fc.option(fc.nat(300_000)), { minLength: 4, maxLength: 4 }),
    devices: fc.nat(6),
    silent: fc.nat(6),
    bypassed: fc.nat(6),
    overdueTasks: fc.option(fc.nat(9)),
  })
  .map(({ waits, silent, ...facts }) => ({
    ...facts,
    waitedMs: Object.fromEntries(levels.map((level, i) => [level, waits[i]!])) as PlaceFacts['waitedMs'],
    heard: Math.max(0, facts.devices - silent),
    bypassed: Math.min(facts.devices, facts.bypassed),
  }))
const someLevel = fc.constantFrom(...levels)
/** Each makes things worse. */
const worsenings = (facts: PlaceFacts, level: Level): PlaceFacts[] => {
  const worseLevel = levels[Math.max(0, levels.indexOf(level) - 1)]!
  const moved = (of: Record<Level, number>) => {
    const after = { ...of, [level]: of[level] - 1 }
    return { ...after, [worseLevel]: after[worseLevel] + 1 }
  }
  return [
    { ...facts, active: { ...facts.active, [level]: facts.active[level] + 1 } },
    { ...facts, over: { ...facts.over, [level]: facts.over[level] + 1 } },
    { ...facts, waitedMs: { ...facts.waitedMs, [level]: (facts.waitedMs[level] ?? 0) + 60_000 } },
    { ...facts, overdueTasks: (facts.overdueTasks ?? 0) + 1 },
    ...(facts.active[level] > 0 ? [{ ...facts, active: moved(facts.active) }] : []),
    ...(facts.over[level] > 0
      ? [
          { ...facts, over: moved(facts.over) },
          {
            ...facts,
            over: { ...facts.over, [level]: facts.over[level] - 1 },
            active: { ...facts.active, [level]: facts.active[level] + 1 },
          },
        ]
      : []),
    ...(facts.heard > 0 ? [{ ...facts, heard: facts.heard - 1 }] : []),
    ...(facts.bypassed < facts.devices ? [{ ...facts, bypassed: facts.bypassed + 1 }] : []),
  ]
}

test('whatever the weights: more or worse alarms, longer waits and fewer devices never make an index smaller', () => {
  fc.assert(
    fc.property(someFacts, someWeights, someLevel, (facts, weights, level) => {
      expect(weightsFault(weights)).toBe(null)
      const before = weighPlace(facts, weights)
      for (const worse of worsenings(facts, level)) {
        const after = weighPlace(worse, weights)
        expect(after.sum).toBeGreaterThanOrEqual(before.sum)
        // Fewer heard devices may make it unknown; nothing makes it blue.
        if (before.colour !== 'blue') expect(after.colour).not.toBe('blue')
        if (before.index !== null && worse.heard === facts.heard) expect(after.index).toBeGreaterThanOrEqual(before.index)
      }
      const steps = stepsToBlue(facts, weights)
      expect(steps.length === 0).toBe(before.colour === 'blue')
    }),
    { numRuns: 2_000 },
  )
})

const someMembers = fc.array(fc.option(fc.integer({ min: 0, max: 100 })), { minLength: 1, maxLength: 8 })
const membersOf = (indexes: (number | null)[]) => indexes.map((index, i): Member => ({ id: `e${i}`, index, colour: 'blue' }))

test('a sector or region never gets better by an enterprise getting worse, and half of it unknown is never blue', () => {
  fc.assert(
    fc.property(someMembers, fc.nat(7), fc.integer({ min: 1, max: 40 }), (indexes, at, by) => {
      const members = membersOf(indexes)
      const before = weighMembers(members, defaultWeights)
      const which = at % members.length
      const from = members[which]!.index
      // An unknown enterprise becomes known only by something that is bad.
      const to = from === null ? defaultWeights.colours.yellow + by : Math.min(100, from + by)
      const after = weighMembers(members.with(which, { id: `e${which}`, index: to, colour: 'blue' }), defaultWeights)
      expect(after.sum).toBeGreaterThanOrEqual(before.sum)
      if (before.index !== null) expect(after.index).toBeGreaterThanOrEqual(before.index)
      const known = indexes.filter((index) => index !== null).length
      if (known < members.length / 2) expect(before.colour).not.toBe('blue')
      const steps = membersToBlue(members, defaultWeights)
      if (before.colour === 'blue') expect(steps).toEqual([])
      else expect(steps.at(-1)?.colour).toBe('blue')
    }),
    { numRuns: 2_000 },
  )
})

test('one red enterprise makes its region orange, not red; weights that would reward the worse state are refused', () => {
  const quiet = Array.from({ length: 30 }, () => 10)
  expect(weighMembers(membersOf([90, ...quiet]), defaultWeights)).toMatchObject({ colour: 'orange', index: 67 })
  expect(weightsFault(defaultWeights)).toBe(null)
  const swapped = { ...defaultWeights, alarm: { ...defaultWeights.alarm, yellow: 60 } }
  expect(weightsFault(swapped)).toMatchObject({ path: 'alarm' })
  expect(weightsFault({ ...defaultWeights, rollUp: { worst: 0.7, unknownAs: 60 } })).toMatchObject({ path: 'rollUp.unknownAs' })
})
