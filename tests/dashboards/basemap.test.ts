import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Basemap } from '../../core/basemap.ts'
import { defaultMap, tileAddress } from '../../dashboards/basemap.ts'
import { readSettings } from '../../settings.ts'
import { Stage } from './stage.ts'

const shipped = join(import.meta.dirname, '../../dashboards/district/district.geojson')

test('without a folder the map is the fictional district, whole or by ranges of bytes, for whoever has logged in', async () => {
  const stage = await Stage.start()
  const map = (await stage.call('GET', '/api/v1/map')).body as Basemap
  expect(map).toMatchObject({ fictional: true, system: 'wgs84', tiles: null, leftOut: [] })
  expect(map.files.map(({ url, format }) => [url, format])).toEqual([['/basemap/files/district.geojson', 'geojson']])
  const bytes = readFileSync(shipped)
  expect(map.files[0]!.bytes).toBe(bytes.length)
  const whole = await stage.call('GET', map.files[0]!.url)
  expect([whole.status, Buffer.byteLength(whole.text)]).toEqual([200, bytes.length])
  const headers = { authorization: `Bearer ${await stage.token('admin')}`, range: 'bytes=10-29' }
  const part = await fetch(stage.url + map.files[0]!.url, { headers })
  expect([part.status, await part.text()]).toEqual([206, bytes.subarray(10, 30).toString()])
  expect(part.headers.get('content-range')).toBe(`bytes 10-29/${bytes.length}`)
  expect((await fetch(stage.url + map.files[0]!.url)).status).toBe(401)
  for (const name of ['..%2F..%2Fserver.ts', 'none.geojson', 'package.json'])
    expect((await stage.call('GET', `/basemap/files/${name}`)).status).toBe(404)
  await stage.stop()
})

test('a folder is read anew each time; tiles of a shifted system are left out and named', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-map-'))
  const stage = await Stage.start({ map: { ...defaultMap, dir, system: 'gcj02', approval: 'GS(2024)0650' } })
  const read = async () => (await stage.call('GET', '/api/v1/map')).body as Basemap
  expect((await read()).files).toEqual([])
  writeFileSync(join(dir, '道路.geojson'), '{"type":"FeatureCollection","features":[]}')
  writeFileSync(join(dir, 'county.pmtiles'), 'x')
  writeFileSync(join(dir, 'notes.txt'), 'x')
  const map = await read()
  expect(map).toMatchObject({ fictional: false, system: 'gcj02', approval: 'GS(2024)0650' })
  expect(map.files.map(({ name }) => name)).toEqual(['道路.geojson'])
  expect(map.leftOut).toEqual([{ name: 'county.pmtiles', why: 'shifted-tiles' }])
  expect((await stage.call('GET', map.files[0]!.url)).status).toBe(200)
  expect((await stage.call('GET', '/basemap/files/county.pmtiles')).status).toBe(404)
  await stage.stop()
})

test('pictures of an online source come through this server; its key reaches no browser, and a failing source is said to be one', async () => {
  const asked: string[] = []
  const png = Buffer.from('89504e470d0a1a0a', 'hex')
  const source = createServer((request, response) => {
    asked.push(request.url!)
    if (request.url!.includes('/13/')) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>quota')
    response.writeHead(200, { 'content-type': 'image/png' }).end(png)
  })
  await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve))
  const tilesUrl = `http://127.0.0.1:${(source.address() as AddressInfo).port}/{z}/{x}/{y}?tk={key}`
  const stage = await Stage.start({ map: { ...defaultMap, tilesUrl, tilesKey: 'a&b' } })
  const map = await stage.call('GET', '/api/v1/map')
  expect(map.text).not.toContain('a&b')
  expect(map.body.tiles).toEqual({ url: '/basemap/tiles/{z}/{x}/{y}' })
  const tile = await stage.call('GET', '/basemap/tiles/12/3376/1612')
  expect([tile.status, tile.headers.get('content-type')]).toEqual([200, 'image/png'])
  expect(asked).toEqual(['/12/3376/1612?tk=a%26b'])
  const failed = await stage.call('GET', '/basemap/tiles/13/1/1')
  expect(failed.status).toBe(503)
  expect(failed.text).not.toContain('a%26b')
  expect((await stage.call('GET', '/basemap/tiles/99/1/1')).status).toBe(400)
  expect((await fetch(`${stage.url}/basemap/tiles/12/1/1`)).status).toBe(401)
  source.closeAllConnections()
  source.close()
  await stage.stop()
})

test('an address of tiles names its numbers, and one with a key needs the key', () => {
  const read = (env: Record<string, string>) => readSettings(env, '/nonexistent.yaml').settings
  const url = 'https://t0.example.org/DataServer?T=vec_w&x={x}&y={y}&l={z}&tk={key}'
  expect(read({ WATCHFIRE_MAP_TILES_URL: url, WATCHFIRE_MAP_TILES_KEY: 'k' }).mapTilesUrl).toBe(url)
  expect(tileAddress(url, 'k', { z: 3, x: 1, y: 2 })).toBe('https://t0.example.org/DataServer?T=vec_w&x=1&y=2&l=3&tk=k')
  expect(() => read({ WATCHFIRE_MAP_TILES_URL: url })).toThrow(/WATCHFIRE_MAP_TILES_KEY/)
  expect(() => read({ WATCHFIRE_MAP_TILES_URL: 'https://example.org/{z}/{x}' })).toThrow(/\{y\}/)
  expect(() => read({ WATCHFIRE_MAP_DIR: '/no/such/folder' })).toThrow(/WATCHFIRE_MAP_DIR/)
  expect(() => read({ WATCHFIRE_MAP_SYSTEM: 'bd09' })).toThrow(/wgs84, cgcs2000, gcj02/)
})
