import fc from 'fast-check'
import { expect, test } from 'vitest'
import { draw, joinPoints, runs, ticks, type TrendPoint } from '../../../dashboards/web/trend.ts'

const frame = { left: 10, top: 5, width: 300, height: 100 }

test('a gap in the readings is a gap in the line, and a lone reading is a dot', () => {
  const points: TrendPoint[] = [
    [0, 1],
    [10, 2],
    [100, 3],
    [200, 4],
    [210, 5],
  ]
  expect(runs(points, 30).map((run) => run.length)).toEqual([2, 1, 2])
  const { path, dots } = draw(points, [], { from: 0, to: 300 }, 30, frame)
  expect(path.match(/M/g)).toHaveLength(2)
  expect(dots).toHaveLength(1)
})

test('limits and readings are always inside the frame', () => {
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(fc.array(value, { maxLength: 30 }), fc.array(value, { maxLength: 3 }), (values, limits) => {
      const points = values.map((one, i): TrendPoint => [i * 10, one])
      const named = limits.map((one) => ({ value: one, name: 'H', level: 'red' }))
      const drawing = draw(points, named, { from: 0, to: 300 }, 30, frame)
      for (const y of [...values, ...limits].map((one) => drawing.y(one))) {
        expect(y).toBeGreaterThanOrEqual(frame.top - 1e-6)
        expect(y).toBeLessThanOrEqual(frame.top + frame.height + 1e-6)
      }
      expect(ticks(drawing.low, drawing.high, 5).length).toBeLessThanOrEqual(7)
    }),
  )
})

test('a reading that came by history and live is drawn once, in the order of time', () => {
  expect(
    joinPoints(
      [
        [1, 1],
        [3, 3],
      ],
      [
        [3, 3],
        [2, 2],
        [0, 0],
      ],
      1,
    ),
  ).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ])
})
