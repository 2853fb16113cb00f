import { expect, test } from 'vitest'
import { mishaps } from '../quiet/county.ts'
import { DistrictDays, type Fate } from '../quiet/district-days.ts'
import { Tally } from '../quiet/tally.ts'

const DAY = 86_400_000
/** Monday 5 January 2026, midnight in the district. */
const MONDAY = Date.UTC(2026, 0, 4, 16)

// Two weeks with their weekends; thirty days are `npm run quiet -- --calm`.
test('fourteen quiet days of the district raise nothing at all with every rule that ships', () => {
  const days = new DistrictDays({ from: MONDAY, districts: 1, seed: 11 })
  const tally = new Tally()
  for (const said of days.until(MONDAY + 14 * DAY)) tally.add(said)
  expect(days.readings).toBeGreaterThan(1_500_000)
  expect(tally.rows()).toEqual([])
}, 300_000)

test('an hour of the district at the rate it reports live raises nothing at all', () => {
  const days = new DistrictDays({ from: MONDAY, districts: 1, seed: 12, live: true })
  const tally = new Tally()
  for (const said of days.until(MONDAY + 3_600_000, 1_000)) tally.add(said)
  expect(days.readings).toBeGreaterThan(100_000)
  expect(tally.rows()).toEqual([])
}, 60_000)

test('a day on which things happen is not quiet: each mishap is raised by the rule that is for it', () => {
  const days = new DistrictDays({ from: MONDAY, districts: 1, seed: 13 })
  const noon = MONDAY + DAY / 2
  const used = new Set<string>()
  // Each mishap once, each on a device of its own.
  const once: Fate = (unit) => {
    const mishap = mishaps.find(({ name, kind }) => kind === unit.kind && !used.has(name))
    if (!mishap) return []
    used.add(mishap.name)
    return [mishap.event(unit, noon)]
  }
  days.befall(once, MONDAY, MONDAY + 5 * DAY)
  expect(used.size).toBe(mishaps.length)
  const tally = new Tally()
  for (const said of days.until(MONDAY + 5 * DAY)) tally.add(said)
  const raised = [...tally.byRule.keys()]
  for (const name of [
    'red gas.combustible',
    'yellow gas.combustible',
    'red vehicle.sos',
    'orange fire.alarm',
    'orange fire-water.hydrant-pressure',
    'orange fire-water.drop',
    'yellow fire-water.cap-open',
    'blue tampering.bypassed',
    'blue tampering.frozen-pressure',
    'blue device.silent',
    'blue device.battery',
  ]) {
    expect(raised, name).toContain(name)
  }
}, 60_000)
