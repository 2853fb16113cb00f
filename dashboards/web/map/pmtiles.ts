import { addProtocol } from 'maplibre-gl'
import { PMTiles, Protocol, TileType } from 'pmtiles'
import type { BasemapFile } from '../../../core/basemap.ts'

/** `layers`: names of the layers in vector tiles; null: the tiles are pictures. */
export type Archive = { name: string; url: string; layers: string[] | null; maxZoom: number; attribution: string | null }

let protocol: Protocol | null = null

/** Opens archives over our own server, which gives them by ranges of bytes. One that cannot be read is left out. */
export async function readPmtiles(files: readonly BasemapFile[]): Promise<Archive[]> {
  if (files.length === 0) return []
  if (!protocol) {
    protocol = new Protocol()
    addProtocol('pmtiles', protocol.tile)
  }
  const opened = files.map(async ({ name, url }): Promise<Archive[]> => {
    const address = new URL(url, location.href).href
    try {
      const archive = new PMTiles(address)
      const header = await archive.getHeader()
      const metadata = (await archive.getMetadata()) as { vector_layers?: { id: string }[]; attribution?: string }
      protocol!.add(archive)
      const layers = header.tileType === TileType.Mvt ? (metadata.vector_layers ?? []).map(({ id }) => id) : null
      return [{ name, url: `pmtiles://${address}`, layers, maxZoom: header.maxZoom, attribution: plain(metadata.attribution) }]
    } catch (error) {
      reportError(error)
      return []
    }
  })
  return (await Promise.all(opened)).flat()
}

/** Archives write links in it. */
const plain = (markup: string | undefined): string | null => markup?.replace(/<[^>]*>/g, '').trim() || null
