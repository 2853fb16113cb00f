import fc from 'fast-check'
import { expect, test } from 'vitest'
import { levels, severity } from '../../../core/level.ts'
import { clusterAt } from '../../../dashboards/web/map/clusters.ts'
import { PlacedDevices, type Placed } from '../../../dashboards/web/map/placed.ts'
import { worldOf, worldPixels } from '../../../dashboards/web/map/projection.ts'
import { apart } from '../../../dashboards/web/map/risk-areas.ts'
import { worstByDevice } from '../../../dashboards/web/alarm-order.ts'
import { makeAlarm, makeDevice } from '../../browser/district.ts'

const placed = (id: string, latitude: number, longitude: number): Placed => {
  const place = { latitude, longitude }
  return { device: makeDevice({ id, name: id, kind: 'hydrant' }), place, ...worldOf(place), headingDeg: null }
}
const at = fc.record({
  latitude: fc.double({ min: 31, max: 31.2, noNaN: true }),
  longitude: fc.double({ min: 118, max: 118.2, noNaN: true }),
  level: fc.option(fc.constantFrom(...levels), { nil: null }),
})

test('every device is in exactly one cluster, each with the worst level in it, and no glyph stands on another', () => {
  fc.assert(
    fc.property(fc.array(at, { maxLength: 120 }), fc.double({ min: 9, max: 17, noNaN: true }), (spots, zoom) => {
      const devices = spots.map(({ latitude, longitude }, i) => placed(`d${i}`, latitude, longitude))
      const alarms = spots.flatMap(({ level }, i) => (level ? [makeAlarm(0, { deviceId: `d${i}`, level })] : []))
      const found = clusterAt(devices, worstByDevice(alarms), zoom, 44)
      expect(found.flatMap(({ members }) => members.map(({ device }) => device.id)).toSorted()).toEqual(
        devices.map(({ device }) => device.id).toSorted(),
      )
      expect(new Set(found.map(({ key }) => key)).size).toBe(found.length)
      for (const { members, worst, alarms: inAlarm, x, y } of found) {
        const here = alarms.filter(({ deviceId }) => members.some(({ device }) => device.id === deviceId))
        expect(inAlarm).toBe(here.length)
        expect(worst?.level).toBe(here.toSorted((a, b) => severity[b.level] - severity[a.level])[0]?.level)
        // It stands where its worst alarm is.
        const there = members.find(({ device }) => device.id === worst?.deviceId)
        if (there) expect([x, y]).toEqual([there.x, there.y])
      }
      const least = (44 * 0.72) / worldPixels(zoom)
      for (const [i, one] of found.entries())
        for (const other of found.slice(i + 1))
          expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThanOrEqual(least * 0.999)
    }),
    { numRuns: 60 },
  )
})

test('a vehicle is where it last said, anything else where it was installed, and what has no position is counted', () => {
  const devices = new Map([
    ['V', makeDevice({ id: 'V', name: 'V', kind: 'vehicle', latitude: 31, longitude: 118 })],
    ['G', makeDevice({ id: 'G', name: 'G', kind: 'gas-detector', latitude: 31.5, longitude: 118.5 })],
    ['X', makeDevice({ id: 'X', name: 'X', kind: 'hydrant' })],
  ])
  const said = (latitude: number, headingDeg: number) =>
    new Map([
      [
        'V',
        new Map([
          ['latitude', ['V', 'latitude', latitude, 0, 0, 0] as const],
          ['longitude', ['V', 'longitude', 118.1, 0, 0, 0] as const],
          ['headingDeg', ['V', 'headingDeg', headingDeg, 0, 0, 0] as const],
        ]),
      ],
    ]) as never
  const map = new PlacedDevices()
  expect(map.update(devices, said(31.1, 90))).toBe(true)
  expect(map.all.get('V')).toMatchObject({ place: { latitude: 31.1, longitude: 118.1 }, headingDeg: 90 })
  expect(map.all.get('G')).toMatchObject({ place: { latitude: 31.5, longitude: 118.5 }, headingDeg: null })
  expect(map.unplaced.map(({ id }) => id)).toEqual(['X'])
  const still = map.all.get('G')
  expect(map.update(devices, said(31.1, 90))).toBe(false)
  expect(map.update(devices, said(31.2, 90))).toBe(true)
  expect(map.all.get('G')).toBe(still)
  expect(map.update(new Map(), new Map())).toBe(true)
  expect([map.all.size, map.unplaced.length]).toEqual([0, 0])
})

test('a label stands where it covers neither an earlier one nor a glyph; it covers a glyph rather than be missing, and no other label', () => {
  const label = (...xs: number[]) => ({ w: 10, h: 10, places: xs.map((x) => ({ x, y: 0 })) })
  const at = (...labels: ReturnType<typeof label>[]) => apart(labels, [{ x: 25, y: 5, w: 4, h: 4 }]).map(({ x }) => x)
  expect(at(label(0), label(5), label(10), label(12))).toEqual([0, 10])
  expect(at(label(0), label(5, 20, 40), label(38, 60))).toEqual([0, 40, 60])
  expect(at(label(20, 22), label(24, 18))).toEqual([20])
})
