import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'
import { baseColours, isArea, lineWidths, type MapTheme } from './base-colours.ts'
import { baseClasses, type BaseClass, type BaseData } from './base-data.ts'
import type { Archive } from './pmtiles.ts'
import { worldPerMetre } from './projection.ts'

type Expression = never
const expression = (...parts: unknown[]) => parts as Expression

/** Metres on the ground at any zoom, but never thinner than so many pixels. */
function widthOf(one: BaseClass, latitude: number): Expression {
  const { metres, least } = lineWidths[one]!
  const at = (zoom: number) => Math.max(least, metres * worldPerMetre(latitude) * 512 * 2 ** zoom)
  const stops = [10, 12, 13, 14, 15, 16, 17, 18, 20].flatMap((zoom) => [zoom, at(zoom)])
  return expression('interpolate', ['exponential', 2], ['zoom'], ...stops)
}

/** What vector tiles call a class: layers of the Protomaps and OpenMapTiles schemas. */
const tileLayers: Record<string, BaseClass> = {
  landcover: 'green',
  park: 'green',
  landuse: 'built',
  water: 'water',
  waterway: 'waterway',
  building: 'building',
  buildings: 'building',
  transportation: 'middle',
  roads: 'middle',
  boundary: 'district',
  boundaries: 'district',
  place: 'place',
  places: 'place',
}
const majorKinds = ['motorway', 'trunk', 'primary', 'highway', 'major_road']

/** A grey style of our own: no font server, no sprite, nothing from another host. */
export function styleOf(
  data: BaseData,
  archives: readonly Archive[],
  { theme, english, textPx, online }: { theme: MapTheme; english: boolean; textPx: number; online: boolean },
): StyleSpecification {
  const colours = baseColours[theme]
  const latitude = data.box ? (data.box[1] + data.box[3]) / 2 : 30
  const layers: LayerSpecification[] = [{ id: 'ground', type: 'background', paint: { 'background-color': colours.ground } }]
  const sources: StyleSpecification['sources'] = {}

  const drawClass = (id: string, source: string, one: BaseClass, extra: object) => {
    if (isArea(one)) {
      layers.push({
        id,
        source,
        type: 'fill',
        paint: { 'fill-color': colours[one], 'fill-antialias': true },
        ...extra,
      } as LayerSpecification)
      return
    }
    const width = widthOf(one, latitude)
    const layout = { 'line-join': 'round', 'line-cap': 'round' }
    const dash = one === 'district' ? { 'line-dasharray': [4, 2.5] } : {}
    layers.push({
      id,
      source,
      type: 'line',
      layout,
      paint: { 'line-color': colours[one], 'line-width': width, ...dash },
      ...extra,
    } as never)
  }
  const label = (id: string, source: string, size: number, line: boolean, text: Expression, extra: object) =>
    layers.push({
      id,
      source,
      type: 'symbol',
      layout: {
        'text-field': text,
        'text-size': size,
        'text-font': ['sans-serif'],
        'text-padding': textPx * 0.6,
        ...(line ? { 'symbol-placement': 'line', 'symbol-spacing': 420 } : { 'text-max-width': 8 }),
      },
      paint: { 'text-color': colours.text, 'text-halo-color': colours.halo, 'text-halo-width': 1.6 },
      ...extra,
    } as never)

  for (const [n, archive] of archives.entries()) {
    const source = `tiles-${n}`
    sources[source] =
      archive.layers === null ? { type: 'raster', url: archive.url, tileSize: 256 } : { type: 'vector', url: archive.url }
    if (archive.layers === null) layers.push(greyed(source, theme))
    for (const name of Object.keys(tileLayers).filter((one) => archive.layers?.includes(one))) {
      const one = tileLayers[name]!
      const id = `${source}-${name}`
      const from = { 'source-layer': name }
      if (one === 'place') {
        const words = english
          ? ['coalesce', ['get', 'name:en'], ['get', 'name']]
          : ['coalesce', ['get', 'name:zh'], ['get', 'name']]
        label(id, source, textPx, false, words as never, from)
        continue
      }
      drawClass(id, source, one, { ...from, ...(isArea(one) ? { filter: ['==', ['geometry-type'], 'Polygon'] } : {}) })
      if (one === 'middle') {
        const kind = ['in', ['coalesce', ['get', 'kind'], ['get', 'class'], ''], ['literal', majorKinds]]
        drawClass(`${id}-major`, source, 'major', { ...from, filter: kind })
      }
    }
  }

  sources['base'] = { type: 'geojson', data: { type: 'FeatureCollection', features: data.features } as never, tolerance: 0.5 }
  for (const one of baseClasses.filter((name) => name !== 'place')) {
    const only = { filter: ['==', ['get', 'class'], one] }
    const small = one === 'building' ? { minzoom: 13 } : {}
    // Light roads on light ground need an edge; on dark ground they are the lighter thing themselves.
    if (theme === 'light' && (one === 'middle' || one === 'major' || one === 'minor')) {
      const stops = {
        'line-color': colours.edge,
        'line-width': ['interpolate', ['exponential', 2], ['zoom'], 11, 1.6, 15, 8, 18, 44],
      }
      if (one !== 'minor')
        layers.push({
          id: `${one}-edge`,
          source: 'base',
          type: 'line',
          layout: { 'line-cap': 'round' },
          paint: stops,
          ...only,
        } as never)
    }
    drawClass(one, 'base', one, { ...only, ...small })
  }

  if (online) {
    const tiles = [new URL('/basemap/tiles/', location.href).href + '{z}/{x}/{y}']
    sources['online'] = { type: 'raster', tiles, tileSize: 256, maxzoom: 18 }
    layers.push(greyed('online', theme))
    return { version: 8, sources, layers }
  }
  const words = expression('get', english ? 'en' : 'zh')
  const named = (...classes: BaseClass[]) => ({
    filter: ['all', ['in', ['get', 'class'], ['literal', classes]], ['!=', words, '']],
  })
  label('road-names', 'base', textPx * 0.93, true, words, {
    ...named('major', 'middle', 'minor', 'waterway', 'rail'),
    minzoom: 13,
  })
  label('area-names', 'base', textPx, false, words, { ...named('works', 'water', 'green', 'built', 'place'), minzoom: 12.5 })
  label('building-names', 'base', textPx * 0.93, false, words, { ...named('building'), minzoom: 16.5 })
  return { version: 8, sources, layers }
}

/** A coloured picture from elsewhere must not compete with alarms. */
const greyed = (source: string, theme: MapTheme): LayerSpecification => ({
  id: `${source}-picture`,
  source,
  type: 'raster',
  paint: {
    'raster-saturation': -1,
    'raster-fade-duration': 0,
    ...(theme === 'light' ? { 'raster-opacity': 0.85 } : { 'raster-brightness-max': theme === 'night' ? 0.22 : 0.4 }),
  },
})
