import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PHOTO_BYTES, photosIn, photoText, withoutPhotos } from '../../core/photo.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
  for (const id of ['e-1', 'e-2']) {
    const region = id === 'e-1' ? '330106' : '330102'
    await stage.call('POST', '/api/v1/enterprises', { id, name: id, region, sector: 'chemical' })
    await stage.device(`gas-${id}`, { enterpriseId: id })
    await stage.raise(`a-${id}`, { enterpriseId: id, deviceId: `gas-${id}` })
  }
  const people = [
    { username: 'here', role: 'duty', regions: ['330106'] },
    { username: 'there', role: 'duty', regions: ['330102'] },
    { username: 'looks', role: 'viewer' },
  ]
  for (const person of people) await stage.call('POST', '/api/v1/users', { ...person, password: ADMIN_PASSWORD })
})
afterAll(() => stage.stop())

const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(2_000, 7)])
const sha256 = createHash('sha256').update(jpeg).digest('hex')
const request = async (path: string, as: string, body?: Buffer, type = 'image/jpeg') =>
  fetch(`${stage.url}/api/v1${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${await stage.token(as)}`, ...(body && { 'content-type': type }) },
    ...(body && { body: new Uint8Array(body) }),
  })

test('a photo is kept once under the hash of its content and read by those who see its alarm', async () => {
  const first = await request('/photos?alarm=a-e-1', 'here', jpeg)
  expect([first.status, await first.json()]).toEqual([201, { sha256 }])
  expect((await request('/photos?alarm=a-e-1', 'here', jpeg)).status).toBe(200)
  const read = await request(`/photos/${sha256}`, 'here')
  expect([
    read.headers.get('content-type'),
    read.headers.get('x-content-type-options'),
    read.headers.get('cache-control'),
  ]).toEqual(['image/jpeg', 'nosniff', 'no-store'])
  expect(Buffer.from(await read.arrayBuffer()).equals(jpeg)).toBe(true)
  expect((await request(`/photos/${sha256}`, 'there')).status).toBe(404)
  expect((await request(`/photos/${sha256}`, 'looks')).status).toBe(200)
})

test('what is no picture, too large, about an alarm one does not see, or from somebody who may not act is not kept', async () => {
  const page = Buffer.from('<script>alert(1)</script>')
  expect((await request('/photos?alarm=a-e-1', 'here', page)).status).toBe(400)
  const large = Buffer.concat([jpeg, Buffer.alloc(PHOTO_BYTES)])
  expect((await request('/photos?alarm=a-e-1', 'here', large)).status).toBe(413)
  expect((await request('/photos?alarm=a-e-1', 'there', jpeg)).status).toBe(404)
  expect((await request('/photos?alarm=a-e-1', 'looks', jpeg)).status).toBe(403)
  expect((await request('/photos?alarm=a-e-1', 'here', jpeg, 'text/html')).status).toBe(415)
})

test('evidence names photos among words, with when and where', () => {
  const place = { latitude: 32.05, longitude: -118.700001, accuracyM: 12 }
  const notes = [
    { sha256, takenAt: 5, place },
    { sha256, takenAt: 6, place: null },
  ]
  const evidence = `record 118 ${notes.map(photoText).join(' ')}`
  expect(photosIn(evidence)).toEqual(notes)
  expect(withoutPhotos(evidence)).toBe('record 118')
})
