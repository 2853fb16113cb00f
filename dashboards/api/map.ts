import { Type } from 'typebox'
import { Unavailable } from '../../core/errors.ts'
import { defaultMap, folderOf, readBasemap, tileAddress } from '../basemap.ts'
import { callerOf, type Api, type Context } from '../context.ts'

const TILE_MS = 5_000
const TILE_BYTES = 2 * 1024 * 1024
const DAY_S = 86_400
const Whole = Type.Integer({ minimum: 0, maximum: 2 ** 24 })
const TileSchema = Type.Object({ z: Type.Integer({ minimum: 0, maximum: 22 }), x: Whole, y: Whole })

export function mapCalls(api: Api, context: Context): void {
  const map = context.config.map ?? defaultMap
  api.get(
    '/map',
    { schema: { tags: ['map'], summary: 'What maps are drawn on: files, coordinate system, attribution, approval number' } },
    async (request) => {
      callerOf(context, request, 'read')
      return readBasemap(map)
    },
  )
}

/** Files of the basemap, by ranges of bytes where the browser asks so, and the pictures of an online source. */
export function serveBasemap(app: Api, context: Context): void {
  const map = context.config.map ?? defaultMap
  const hide = { hide: true }

  app.get('/basemap/files/:name', { schema: hide }, async (request, reply) => {
    callerOf(context, request, 'read')
    const { name } = request.params as { name: string }
    const known = (await readBasemap(map)).files.some((file) => file.name === name)
    if (!known) return reply.code(404).send({ error: { code: 'not-found', message: 'there is no such file of the basemap' } })
    void reply.header('cache-control', 'private, no-cache')
    return reply.sendFile(name, folderOf(map), { cacheControl: false, acceptRanges: true })
  })

  const { tilesUrl } = map
  if (tilesUrl === null) return
  app.get('/basemap/tiles/:z/:x/:y', { schema: { ...hide, params: TileSchema } }, async (request, reply) => {
    callerOf(context, request, 'read')
    const { type, bytes } = await tile(tileAddress(tilesUrl, map.tilesKey, request.params)).catch((error: Error) => {
      throw new Unavailable('unavailable', 'the online map source gave no picture', { reason: error.name })
    })
    return reply.header('cache-control', `private, max-age=${DAY_S}`).type(type).send(bytes)
  })
}

/** The address holds the key, so it is never part of what is said or logged. */
async function tile(address: string): Promise<{ type: string; bytes: Buffer }> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(TILE_MS), redirect: 'error' })
  const type = answer.headers.get('content-type') ?? ''
  if (!answer.ok || !/^image\/(png|jpeg|webp)\b/.test(type)) throw new Error('no picture')
  const bytes = Buffer.from(await answer.arrayBuffer())
  if (bytes.length > TILE_BYTES) throw new Error('too large')
  return { type, bytes }
}
