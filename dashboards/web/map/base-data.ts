import type { Basemap, BasemapFile } from '../../../core/basemap.ts'

/** What a feature of the basemap is, as far as the drawing cares. In the order it is drawn. */
export const baseClasses = [
  'district',
  'green',
  'built',
  'works',
  'water',
  'waterway',
  'building',
  'minor',
  'rail',
  'middle',
  'major',
  'place',
] as const
export type BaseClass = (typeof baseClasses)[number]
export type Position = number[]
export type Geometry =
  | { type: 'Point'; coordinates: Position }
  | { type: 'LineString' | 'MultiPoint'; coordinates: Position[] }
  | { type: 'Polygon' | 'MultiLineString'; coordinates: Position[][] }
  | { type: 'MultiPolygon'; coordinates: Position[][][] }
type Properties = Record<string, unknown>
export type BaseFeature = {
  type: 'Feature'
  properties: { class: BaseClass; zh: string; en: string }
  geometry: Geometry
}
/** [west, south, east, north] */
export type Box = [number, number, number, number]
export type BaseData = Omit<Basemap, 'files' | 'attribution'> & {
  features: BaseFeature[]
  box: Box | null
  pmtiles: BasemapFile[]
  attributions: string[]
  /** files that could not be read */
  broken: string[]
}

const major = new Set(['motorway', 'trunk', 'primary', 'motorway_link', 'trunk_link', 'primary_link'])
const middle = new Set(['secondary', 'tertiary', 'secondary_link', 'tertiary_link'])
const green = new Set([
  'park',
  'garden',
  'grass',
  'forest',
  'wood',
  'meadow',
  'scrub',
  'pitch',
  'cemetery',
  'nature_reserve',
  'grassland',
])
const works = new Set(['industrial', 'railway', 'quarry', 'port', 'landfill', 'depot'])

/** By the tags OpenStreetMap gives; null: not drawn (shops and cafés say nothing here). */
export function classOf(properties: Properties, geometry: Geometry['type']): BaseClass | null {
  const tag = (name: string) => (typeof properties[name] === 'string' ? (properties[name] as string) : undefined)
  const isArea = geometry.endsWith('Polygon')
  const highway = tag('highway')
  if (highway !== undefined && !isArea && !geometry.endsWith('Point'))
    return major.has(highway) ? 'major' : middle.has(highway) ? 'middle' : 'minor'
  if (tag('railway') !== undefined && !isArea && !geometry.endsWith('Point')) return 'rail'
  if (tag('natural') === 'water' || (tag('waterway') !== undefined && isArea)) return 'water'
  if (tag('waterway') !== undefined) return 'waterway'
  if (tag('building') !== undefined && isArea) return 'building'
  if (tag('boundary') !== undefined) return 'district'
  if (tag('place') !== undefined && geometry === 'Point') return 'place'
  if (!isArea) return null
  if ([tag('leisure'), tag('landuse'), tag('natural')].some((value) => value !== undefined && green.has(value))) return 'green'
  if (works.has(tag('landuse') ?? '')) return 'works'
  return tag('landuse') !== undefined || tag('amenity') !== undefined ? 'built' : null
}

export type Collection = { attribution?: unknown; features?: { properties: Properties | null; geometry: Geometry | null }[] }

export function take(data: BaseData, collection: Collection, turnBack: ((point: Position) => Position) | null): void {
  const { attribution } = collection
  if (typeof attribution === 'string' && !data.attributions.includes(attribution)) data.attributions.push(attribution)
  for (const { properties, geometry } of collection.features ?? []) {
    if (!properties || !geometry) continue
    const found = classOf(properties, geometry.type)
    if (!found) continue
    const zh = text(properties['name:zh']) ?? text(properties['name']) ?? ''
    const en = text(properties['name:en']) ?? zh
    if (turnBack) geometry.coordinates = mapped(geometry.coordinates, turnBack) as never
    eachPosition(geometry.coordinates, (position) => (data.box = withPosition(data.box, position)))
    data.features.push({ type: 'Feature', properties: { class: found, zh, en }, geometry })
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

type Nested = Position | Nested[]
const isPosition = (nested: Nested): nested is Position => typeof nested[0] === 'number'
const mapped = (nested: Nested, change: (point: Position) => Position): Nested =>
  isPosition(nested) ? change(nested) : nested.map((one) => mapped(one, change))
export function eachPosition(nested: Nested, visit: (position: Position) => void): void {
  if (isPosition(nested)) visit(nested)
  else for (const one of nested) eachPosition(one, visit)
}

const withPosition = (box: Box | null, [lon, lat]: Position): Box =>
  box
    ? [Math.min(box[0], lon!), Math.min(box[1], lat!), Math.max(box[2], lon!), Math.max(box[3], lat!)]
    : [lon!, lat!, lon!, lat!]
