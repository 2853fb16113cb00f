/**
 * What a map is drawn on. `cgcs2000` differs from WGS-84 by less than a metre and is drawn as it is; `gcj02` (the shifted system of
 * maps published in China) is turned back before anything is drawn.
 */
export const coordinateSystems = ['wgs84', 'cgcs2000', 'gcj02'] as const
export type CoordinateSystem = (typeof coordinateSystems)[number]

export type Basemap = {
  files: BasemapFile[]
  system: CoordinateSystem
  /** whose data it is, when the files do not say it themselves */
  attribution: string | null
  /** map approval number 审图号 of a published map */
  approval: string | null
  /** the district that ships with the project: nobody set a folder */
  fictional: boolean
  /** files of the folder that are not drawn, and why */
  leftOut: { name: string; why: 'too-large' | 'shifted-tiles' }[]
  /** an online source above the files; its pictures come through this server, so no browser needs the internet or the key */
  tiles: { url: string } | null
}

export type BasemapFile = { name: string; url: string; format: 'geojson' | 'pmtiles'; bytes: number }
