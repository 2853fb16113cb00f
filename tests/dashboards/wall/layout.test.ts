import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canvasOf, layoutOf, SEAM_CLEAR, unitRangeOf, type Rect } from '../../../dashboards/wall/canvas.ts'
import { legibilityOf } from '../../../dashboards/wall/legibility.ts'

const screens = {
  W1: canvasOf(1920, 1080),
  '4k': canvasOf(3840, 2160),
  W2: canvasOf(3840, 1080, [1920]),
  W4: canvasOf(3840, 2160, [1920]),
}
const overlap = (a: Rect, b: Rect) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

test('at 1920×1080 every zone stands where the drawing has it, within some pixels', () => {
  const { zones, status } = layoutOf(screens.W1, 28, false)
  expect(status).toEqual({ x: 0, y: 0, w: 1920, h: 64 })
  const drawn: Record<string, [number, number, number, number]> = {
    counters: [16, 76, 1888, 116],
    devices: [16, 204, 1148, 568],
    newest: [1176, 204, 728, 248],
    alarms: [1176, 464, 728, 308],
    trend: [16, 784, 1148, 280],
    risk: [1176, 784, 358, 280],
    rates: [1546, 784, 358, 280],
  }
  for (const [name, [x, y, w, h]] of Object.entries(drawn)) {
    const zone = zones[name as keyof typeof zones]!
    for (const [is, wanted] of [
      [zone.x, x],
      [zone.y, y],
      [zone.w, w],
      [zone.h, h],
    ] as const) {
      expect(Math.abs(is - wanted), `${name} ${JSON.stringify(zone)}`).toBeLessThanOrEqual(12)
    }
  }
})

test.each(Object.entries(screens))(
  '%s: at every allowed size no zone covers another, leaves the screen or touches a seam',
  (_, canvas) => {
    const { nominal, ceiling } = unitRangeOf(canvas)
    fc.assert(
      fc.property(fc.double({ min: nominal, max: ceiling, noNaN: true }), fc.boolean(), (u, banner) => {
        const { zones, banner: slot } = layoutOf(canvas, u, banner)
        const rects = Object.values(zones)
        for (const [i, a] of rects.entries()) {
          expect(a.x).toBeGreaterThanOrEqual(0)
          expect(a.y).toBeGreaterThanOrEqual(slot.y + slot.h)
          expect(a.x + a.w).toBeLessThanOrEqual(canvas.width)
          expect(a.y + a.h).toBeLessThanOrEqual(canvas.height)
          expect(a.w).toBeGreaterThan(0)
          expect(a.h).toBeGreaterThan(0)
          for (const b of rects.slice(i + 1)) expect(overlap(a, b), JSON.stringify({ u, a, b })).toBe(false)
          if (canvas.seamX !== null) expect(a.x + a.w <= canvas.seamX - SEAM_CLEAR || a.x >= canvas.seamX + SEAM_CLEAR).toBe(true)
          if (canvas.seamY !== null) expect(a.y + a.h <= canvas.seamY - SEAM_CLEAR || a.y >= canvas.seamY + SEAM_CLEAR).toBe(true)
        }
      }),
    )
  },
)

test.each(Object.entries(screens))(
  '%s: card and two rows keep their height beside a banner, and all zones fit up to the stated size',
  (_, canvas) => {
    const { nominal, all } = unitRangeOf(canvas)
    for (let u = nominal; u <= all; u++) {
      const { zones, dropped, fits } = layoutOf(canvas, u, true)
      expect([u, dropped, fits]).toEqual([u, [], true])
      expect(zones.newest!.h).toBeGreaterThanOrEqual(8.8 * u - 1)
      expect(zones.alarms!.h).toBeGreaterThanOrEqual(5 * u - 1)
    }
  },
)

test('F22: a 55 inch tile read from 4 m needs 50 px and gives up rates and risk; from 5 m it is refused, and what would do is said', () => {
  expect(legibilityOf(screens.W1, 0.63, 4)).toMatchObject({ u: 50, accepted: true, dropped: ['rates', 'risk'] })
  const refused = legibilityOf(screens.W1, 0.63, 5)
  expect(refused).toMatchObject({ u: 63, accepted: false })
  expect(refused.farthestM).toBeCloseTo(4.15, 1)
  expect(refused.pitchMm).toBeCloseTo(0.76, 2)
})
