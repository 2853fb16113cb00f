import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metresBetween, type Point } from '../../../core/ground.ts'
import { downwindRing, hullRing } from '../../../dashboards/web/map/areas.ts'
import { classOf, eachPosition, take, type BaseData } from '../../../dashboards/web/map/base-data.ts'
import { toWgs84 } from '../../../dashboards/web/map/gcj02.ts'
import { worldOf } from '../../../dashboards/web/map/projection.ts'
import { makeDevice } from '../../browser/district.ts'

const empty = (): BaseData => ({
  system: 'wgs84',
  approval: null,
  fictional: true,
  leftOut: [],
  tiles: null,
  features: [],
  box: null,
  pmtiles: [],
  attributions: [],
  broken: [],
})

test('a position of a published map is turned back to within a metre, and one outside China stays', () => {
  // Tiananmen in both systems: 39.907333, 116.391083 on the ground is 39.908737, 116.397327 on a published map.
  const [longitude, latitude] = toWgs84([116.397327, 39.908737]) as [number, number]
  expect(metresBetween([longitude, latitude], [116.391083, 39.907333])).toBeLessThan(30)
  expect(metresBetween([longitude, latitude], [116.397327, 39.908737])).toBeGreaterThan(300)
  expect(toWgs84([2.3522, 48.8566])).toEqual([2.3522, 48.8566])
})

test('everything of a GCJ-02 folder is turned back before it is drawn', () => {
  const data = empty()
  const ring = [
    [116.3, 39.9],
    [116.4, 39.9],
    [116.4, 40],
    [116.3, 39.9],
  ]
  const feature = { properties: { natural: 'water', name: '湖' }, geometry: { type: 'Polygon' as const, coordinates: [ring] } }
  take(data, { attribution: '某图', features: [structuredClone(feature)] }, toWgs84)
  const found: number[][] = []
  eachPosition(data.features[0]!.geometry.coordinates, (position) => found.push(position))
  expect(found).toEqual(ring.map(toWgs84))
  expect(data.box![0]).toBeCloseTo(Math.min(...found.map(([x]) => x!)), 9)
  expect(data.attributions).toEqual(['某图'])
})

test('the district that ships is drawn: roads, water, ground and names, and it says that it is fictional', () => {
  const data = empty()
  take(
    data,
    JSON.parse(readFileSync(join(import.meta.dirname, '../../../dashboards/district/district.geojson'), 'utf8')) as never,
    null,
  )
  const classes = new Set(data.features.map(({ properties }) => properties.class))
  for (const one of ['district', 'water', 'major', 'middle', 'minor', 'rail', 'works', 'green', 'building'] as const)
    expect(classes).toContain(one)
  expect(data.attributions.join()).toContain('虚构')
  expect(data.features.some(({ properties }) => properties.zh === '中央大道' && properties.en === 'Central Ave')).toBe(true)
})

test('tags decide what a feature is; what says nothing about the ground is not drawn', () => {
  expect(classOf({ highway: 'primary' }, 'LineString')).toBe('major')
  expect(classOf({ highway: 'residential' }, 'LineString')).toBe('minor')
  expect(classOf({ waterway: 'river' }, 'LineString')).toBe('waterway')
  expect(classOf({ natural: 'water' }, 'MultiPolygon')).toBe('water')
  expect(classOf({ landuse: 'industrial' }, 'Polygon')).toBe('works')
  expect(classOf({ amenity: 'cafe', name: '咖啡' }, 'Point')).toBe(null)
})

test('downwind is where the wind goes, not where it comes from', () => {
  const from: Point = [117.3, 36.6]
  const [, ...arc] = downwindRing(from, 0, 1_000)
  for (const point of arc) {
    expect(point[1]).toBeLessThan(from[1])
    expect(metresBetween(from, point)).toBeCloseTo(1_000, -1)
  }
})

test('the ground of a zone nobody drew holds its devices with room around them', () => {
  const placed = [
    [117.3, 36.6],
    [117.302, 36.6],
    [117.301, 36.602],
  ].map(([longitude, latitude], i) => {
    const place = { longitude: longitude!, latitude: latitude! }
    return { device: makeDevice({ id: `d${i}`, name: '', kind: 'hydrant' }), place, ...worldOf(place), headingDeg: null }
  })
  const ring = hullRing(placed)
  for (const { place } of placed) {
    const near = Math.min(...ring.map((point) => metresBetween(point, [place.longitude, place.latitude])))
    expect(near).toBeCloseTo(35, 0)
  }
})
