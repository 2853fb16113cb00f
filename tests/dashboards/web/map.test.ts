import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cluster, type Spot } from '../../../dashboards/map/clusters.ts'
import { fit, moved, project, scaleBar, unproject, zoomed } from '../../../dashboards/map/projection.ts'
import { makeDevice } from '../../browser/district.ts'

const place = fc.record({
  latitude: fc.double({ min: 31, max: 32, noNaN: true }),
  longitude: fc.double({ min: 118, max: 119, noNaN: true }),
})

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
  const view = fit(
    [
      { latitude: 31, longitude: 118 },
      { latitude: 31.1, longitude: 118.2 },
    ],
    800,
    600,
  )
  const under = unproject(view, 200, 100)
  const near = project(zoomed(view, 3, 200, 100), under)
  expect(near.x).toBeCloseTo(200, 0)
  expect(near.y).toBeCloseTo(100, 0)
  const carried = project(moved(view, 30, -20), under)
  expect(carried.x).toBeCloseTo(230, 0)
  expect(carried.y).toBeCloseTo(80, 0)
})

test('the scale bar is a round length that is true on the ground', () => {
  const view = fit(
    [
      { latitude: 31, longitude: 118 },
      { latitude: 31.1, longitude: 118.2 },
    ],
    800,
    600,
  )
  const { pixels, text } = scaleBar(view, 160)
  expect(text).toMatch(/^[125]0* (m|km)$/)
  expect(pixels).toBeLessThanOrEqual(160)
  const metres = Number.parseInt(text) * (text.endsWith('km') ? 1000 : 1)
  expect(pixels / view.scale).toBeCloseTo(metres, 6)
})

test('a device at 0,0 by mistake does not shrink the district to a dot', () => {
  const places = Array.from({ length: 200 }, (_, i) => ({ latitude: 31 + i / 1000, longitude: 118 + i / 1000 }))
  expect(fit([...places, { latitude: 0, longitude: 0 }], 800, 600).scale).toBeGreaterThan(fit(places, 800, 600).scale * 0.9)
})

test('every device in the picture is in exactly one cluster', () => {
  const spot = fc.record({ x: fc.integer({ min: 0, max: 800 }), y: fc.integer({ min: 0, max: 600 }) })
  fc.assert(
    fc.property(fc.array(spot, { maxLength: 80 }), (at) => {
      const spots = at.map(({ x, y }, i): Spot => ({
        x,
        y,
        device: makeDevice({ id: `d${i}`, name: '', kind: 'hydrant' }),
        alarm: null,
      }))
      const found = cluster(spots, 30, 800, 600)
      expect(found.flatMap((one) => one.spots.map(({ device }) => device.id)).toSorted()).toEqual(
        spots.map(({ device }) => device.id).toSorted(),
      )
      expect(new Set(found.map(({ key }) => key)).size).toBe(found.length)
    }),
  )
})
