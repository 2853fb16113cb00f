import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import { WriterClock } from '../../journal/clock.ts'

function clocks(floor = 0) {
  const wall = new ManualClock(1_800_000_000_000)
  const steady = new ManualClock(5_000)
  const clock = new WriterClock(wall, () => steady.now(), floor)
  const steps: number[] = []
  clock.onStep((byMs) => steps.push(byMs))
  const pass = (ms: number) => {
    wall.advance(ms)
    steady.advance(ms)
  }
  return { wall, clock, steps, pass }
}

test('the writer follows the wall clock forwards and never backwards, whatever is done to it', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          pass: fc.nat(10_000),
          step: fc.oneof(
            fc.constant(0),
            fc.integer({ min: -1e6, max: 1e6 }).map((step) => 10 * step),
          ),
        }),
      ),
      (turns) => {
        const { wall, clock, steps, pass } = clocks()
        let last = clock.now()
        for (const turn of turns) {
          pass(turn.pass)
          wall.advance(turn.step)
          const now = clock.now()
          expect(now).toBeGreaterThanOrEqual(Math.max(last + turn.pass, wall.now()))
          expect(now - wall.now()).toBe(clock.aheadMs)
          last = now
        }
        const told = turns.map(({ step }) => step).filter((step) => Math.abs(step) > 1_000)
        expect(steps).toEqual(told)
      },
    ),
  )
})

test('a wall clock that steps back does not stop time; set right again, both go on together', () => {
  const { wall, clock, steps, pass } = clocks()
  const start = clock.now()
  wall.advance(-3_600_000)
  expect(clock.now()).toBe(start)
  pass(10_000)
  expect([clock.now() - start, clock.aheadMs]).toEqual([10_000, 3_600_000])
  wall.advance(3_600_000)
  expect([clock.now() - start, clock.aheadMs]).toEqual([10_000, 0])
  expect(steps).toEqual([-3_600_000, 3_600_000])
})

test('time does not go back behind what the journal has already', () => {
  const floor = 1_800_000_600_000
  const { clock, pass } = clocks(floor)
  expect(clock.now()).toBe(floor)
  pass(1_000)
  expect([clock.now(), clock.aheadMs]).toEqual([floor + 1_000, 600_000])
})
