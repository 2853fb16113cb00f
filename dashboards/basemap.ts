import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Basemap, CoordinateSystem } from '../core/basemap.ts'

export type MapConfig = {
  /** GeoJSON and PMTiles files; null: the fictional district that ships */
  dir: string | null
  system: CoordinateSystem
  attribution: string | null
  approval: string | null
  /** address of an online source with {z} {x} {y} and perhaps {key} */
  tilesUrl: string | null
  tilesKey: string | null
}

export const defaultMap: MapConfig = {
  dir: null,
  system: 'wgs84',
  attribution: null,
  approval: null,
  tilesUrl: null,
  tilesKey: null,
}

const shipped = resolve(import.meta.dirname, 'district')
export const folderOf = (config: MapConfig): string => config.dir ?? shipped

/** A browser reads a GeoJSON file whole; what is larger belongs into PMTiles, which it reads in pieces. */
const GEOJSON_BYTES = 24 * 1024 * 1024
const plainName = /^[^/\\]+\.(geojson|pmtiles)$/

/** What is in the folder now: files may be put there while the platform runs. */
export async function readBasemap(config: MapConfig): Promise<Basemap> {
  const dir = folderOf(config)
  const found: Basemap = {
    files: [],
    system: config.system,
    attribution: config.attribution,
    approval: config.approval,
    fictional: config.dir === null,
    leftOut: [],
    tiles: config.tilesUrl === null ? null : { url: '/basemap/tiles/{z}/{x}/{y}' },
  }
  for (const name of (await readdir(dir)).filter((file) => plainName.test(file)).sort()) {
    const { size } = await stat(join(dir, name))
    const format = name.endsWith('.pmtiles') ? 'pmtiles' : 'geojson'
    if (format === 'geojson' && size > GEOJSON_BYTES) found.leftOut.push({ name, why: 'too-large' })
    // A picture cut into tiles cannot be shifted back at its edges.
    else if (format === 'pmtiles' && config.system === 'gcj02') found.leftOut.push({ name, why: 'shifted-tiles' })
    else found.files.push({ name, url: `/basemap/files/${encodeURIComponent(name)}`, format, bytes: size })
  }
  return found
}

export const tileAddress = (url: string, key: string | null, at: { z: number; x: number; y: number }): string =>
  url.replace(/\{(z|x|y|key)\}/g, (_, name: 'z' | 'x' | 'y' | 'key') =>
    name === 'key' ? encodeURIComponent(key ?? '') : String(at[name]),
  )
