import type { Basemap } from '../../../core/basemap.ts'
import { api } from '../api.ts'
import { take, type BaseData, type Collection } from './base-data.ts'

/** Fetches the folder's GeoJSON. A file that cannot be read is named, the others are drawn. */
export async function loadBase(): Promise<BaseData> {
  const { files, attribution, ...rest } = await api<Basemap>('GET', '/map')
  const data: BaseData = {
    ...rest,
    features: [],
    box: null,
    pmtiles: [],
    attributions: attribution ? [attribution] : [],
    broken: [],
  }
  const turnBack = rest.system === 'gcj02' ? (await import('./gcj02.ts')).toWgs84 : null
  for (const file of files) {
    if (file.format === 'pmtiles') {
      data.pmtiles.push(file)
      continue
    }
    try {
      const response = await fetch(file.url, { credentials: 'same-origin' })
      if (!response.ok) throw new Error(`status ${response.status}`)
      take(data, (await response.json()) as Collection, turnBack)
    } catch {
      data.broken.push(file.name)
    }
  }
  return data
}
