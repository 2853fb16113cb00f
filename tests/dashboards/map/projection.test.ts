import fc from 'fast-check'
import { expect, test } from 'vitest'
import { metresBetween } from '../../../core/ground.ts'
import { flight } from '../../../dashboards/web/map/flight.ts'
import { frameAt, framed, transformOf } from '../../../dashboards/web/map/frame.ts'
import {
  Around,
  fit,
  metresPerPixel,
  moved,
  project,
  scaleBar,
  unproject,
  type View,
  worldOf,
  worldPixels,
  zoomed,
  zoomOfScale,
} from '../../../dashboards/web/map/projection.ts'

const place = fc.record({
  latitude: fc.double({ min: 31, max: 32, noNaN: true }),
  longitude: fc.double({ min: 118, max: 119, noNaN: true }),
})
const two = [
  { latitude: 31, longitude: 118 },
  { latitude: 31.1, longitude: 118.2 },
]

test('all placed devices are in the picture, north is up and east is right', () => {
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 50 }), (places) => {
      const view = fit(places, 800, 600)
      for (const one of places) {
        const { x, y } = project(view, one)
        expect(x).toBeGreaterThan(0)
        expect(x).toBeLessThan(800)
        expect(y).toBeGreaterThan(0)
        expect(y).toBeLessThan(600)
        const back = unproject(view, x, y)
        expect(back.latitude).toBeCloseTo(one.latitude, 9)
        expect(back.longitude).toBeCloseTo(one.longitude, 9)
      }
      const north = project(view, { ...view.centre, latitude: view.centre.latitude + 0.01 })
      const east = project(view, { ...view.centre, longitude: view.centre.longitude + 0.01 })
      expect(north.y).toBeLessThan(300)
      expect(east.x).toBeGreaterThan(400)
    }),
  )
})

test('zooming keeps the place under the pointer, dragging carries it along', () => {
  const view = fit(two, 800, 600)
  const under = unproject(view, 200, 100)
  const near = project(zoomed(view, 3, 200, 100), under)
  expect(near.x).toBeCloseTo(200, 0)
  expect(near.y).toBeCloseTo(100, 0)
  const carried = project(moved(view, 30, -20), under)
  expect(carried.x).toBeCloseTo(230, 0)
  expect(carried.y).toBeCloseTo(80, 0)
})

test('the scale bar is a round length that is true on the ground', () => {
  const view = fit(two, 800, 600)
  const { pixels, text } = scaleBar(view, 160)
  expect(text).toMatch(/^[125]0* (m|km)$/)
  expect(pixels).toBeLessThanOrEqual(160)
  const metres = Number.parseInt(text) * (text.endsWith('km') ? 1000 : 1)
  const [a, b] = [unproject(view, 400 - pixels / 2, 300), unproject(view, 400 + pixels / 2, 300)]
  // The web's Mercator is on a slightly larger sphere than distances are measured on.
  expect(metresBetween([a.longitude, a.latitude], [b.longitude, b.latitude]) / metres).toBeCloseTo(1, 2)
  expect(metresPerPixel(zoomOfScale(1.4, 31), 31)).toBeCloseTo(1.4, 9)
})

test('a device at 0,0 by mistake does not shrink the district to a dot', () => {
  const places = Array.from({ length: 200 }, (_, i) => ({ latitude: 31 + i / 1000, longitude: 118 + i / 1000 }))
  expect(fit([...places, { latitude: 0, longitude: 0 }], 800, 600).zoom).toBeGreaterThan(fit(places, 800, 600).zoom - 0.15)
})

test('a shape written once and shifted stands where each of its points would be drawn', () => {
  fc.assert(
    fc.property(place, place, fc.double({ min: 8, max: 18, noNaN: true }), (centre, at, zoom) => {
      const view = { centre, zoom, width: 1148, height: 568 }
      const frame = frameAt({ latitude: 31.5, longitude: 118.5 })
      const [scale, , , , x, y] = /matrix\((.+)\)/.exec(transformOf(view, frame))![1]!.split(' ').map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ]
      const inFrame = framed(frame, at)
      const direct = project(view, at)
      expect(inFrame.x * scale + x).toBeCloseTo(direct.x, 1)
      expect(inFrame.y * scale + y).toBeCloseTo(direct.y, 1)
    }),
  )
})

test('a flight begins where the camera is, ends exactly where it was sent, and never leaves what both ends can see', () => {
  fc.assert(
    fc.property(
      place,
      place,
      fc.double({ min: 9, max: 17, noNaN: true }),
      fc.double({ min: 9, max: 17, noNaN: true }),
      (a, b, za, zb) => {
        const from = { centre: a, zoom: za, width: 1148, height: 568 }
        const to = { centre: b, zoom: zb, width: 1148, height: 568 }
        const path = flight(from, to)
        expect(path(0).zoom).toBeCloseTo(za, 6)
        expect(path(0).centre.longitude).toBeCloseTo(a.longitude, 6)
        expect(path(1)).toEqual(to)
        const both = fit([a, b], 1148, 568).zoom
        for (let part = 0; part <= 1; part += 0.05) {
          const { zoom, centre } = path(part)
          expect(zoom).toBeLessThanOrEqual(Math.max(za, zb) + 1e-6)
          expect(zoom).toBeGreaterThan(Math.min(za, zb, both) - 1.5)
          expect(centre.longitude).toBeGreaterThan(Math.min(a.longitude, b.longitude) - 1e-6)
          expect(centre.longitude).toBeLessThan(Math.max(a.longitude, b.longitude) + 1e-6)
        }
      },
    ),
  )
})

test('the ground around a view holds it with room to spare, and stays the same one while the view moves inside it', () => {
  const around = new Around()
  const view: View = { centre: { latitude: 36.6, longitude: 117.3 }, zoom: 14, width: 1000, height: 500 }
  const first = around.of(view)
  const { x, y } = worldOf(view.centre)
  const [w, h] = [1000 / worldPixels(14), 500 / worldPixels(14)]
  expect((first.east - first.west) / w).toBeCloseTo(3, 6)
  expect((first.south - first.north) / h).toBeCloseTo(3, 6)
  expect([(first.east + first.west) / 2, (first.north + first.south) / 2].map((n) => n.toFixed(9))).toEqual(
    [x, y].map((n) => n.toFixed(9)),
  )
  expect(around.of(moved(view, 300, 100))).toBe(first)
  expect(around.of(moved(view, 1200, 0))).not.toBe(first)
  expect(around.of({ ...view, zoom: 13 })).toMatchObject({ zoom: 13 })
  // One that is far larger than the view is given up as well.
  const wide = around.of({ ...view, zoom: 10 })
  expect(around.of({ ...view, zoom: 10.5 })).toBe(wide)
  expect(around.of({ ...view, zoom: 12 })).not.toBe(wide)
})
