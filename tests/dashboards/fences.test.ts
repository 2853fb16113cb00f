import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Fence } from '../../core/fence.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
  for (const [username, role] of Object.entries({ wang: 'supervisor', zhao: 'duty' })) {
    await stage.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role })
  }
})
afterAll(() => stage.stop())

const circle = { type: 'circle', center: [120.16, 30.21], radiusM: 300 }
const school = { name: '实验小学周边', kind: 'no-go', shape: circle, tags: ['school'] }
const list = async (query = '') => (await stage.call('GET', `/api/v1/fences${query}`)).body.fences as Fence[]

test('a fence is drawn, changed by who saw its version, retired, and every version stays with its author', async () => {
  const drawn = await stage.call('POST', '/api/v1/fences', { id: 'school', ...school }, { as: 'wang' })
  expect(drawn.status).toBe(201)
  expect(drawn.body).toEqual({ ...school, id: 'school', version: 1, grade: null, limitKmh: null, mode: 'live', retiredAt: null })
  expect((await stage.call('POST', '/api/v1/fences', { id: 'school', ...school })).body.error.code).toBe('id-taken')

  const change = { version: 1, shape: { ...circle, radiusM: 500 } }
  const changed = await stage.call('PUT', '/api/v1/fences/school', change, { as: 'admin' })
  expect(changed.body).toEqual({ ...drawn.body, version: 2, shape: { ...circle, radiusM: 500 } })
  const stale = await stage.call('PUT', '/api/v1/fences/school', change, { as: 'wang' })
  expect(stale).toMatchObject({ status: 409, body: { error: { code: 'stale-version', details: { fence: { version: 2 } } } } })
  expect((await stage.call('POST', '/api/v1/fences/school/retire', { version: 1 })).status).toBe(409)

  expect(await list('?tag=school')).toEqual([changed.body])
  const retired = await stage.call('POST', '/api/v1/fences/school/retire', { version: 2 })
  expect(retired.body).toMatchObject({ version: 3, retiredAt: expect.any(Number) as number })
  expect((await stage.call('PUT', '/api/v1/fences/school', { version: 3, name: 'x' })).body.error.code).toBe('already-retired')
  expect(await list()).toEqual([])
  expect(await list('?retired=true&kind=no-go')).toEqual([retired.body])

  const { versions, people } = (await stage.call('GET', '/api/v1/fences/school/history')).body
  expect(versions.map((one: { version: number; by: string }) => [one.version, people[one.by]])).toEqual([
    [3, 'admin'],
    [2, 'admin'],
    [1, 'wang'],
  ])
  expect((await stage.call('GET', '/api/v1/fences/none/history')).status).toBe(404)
})

test('fences of one mode are not those of another', async () => {
  await stage.call('POST', '/api/v1/fences', { ...school, id: 'drill', mode: 'drill' })
  expect((await list()).map(({ id }) => id)).not.toContain('drill')
  expect((await list('?mode=drill')).map(({ id }) => id)).toEqual(['drill'])
})

test('a shape that covers nothing, or is none, is refused with its field; watching is not drawing', async () => {
  const at = (lon: number, lat: number) => [lon, lat]
  const line = { type: 'polygon', points: [at(120, 30), at(120.1, 30.1), at(120.2, 30.2)] }
  const dot = { type: 'corridor', points: [at(120, 30), at(120, 30)], widthM: 20 }
  for (const shape of [line, dot]) {
    const { status, body } = await stage.call('POST', '/api/v1/fences', { ...school, shape })
    expect([status, body.error.details?.field]).toEqual([400, 'shape'])
  }
  const swapped = { ...circle, center: [30.21, 120.16] }
  for (const shape of [swapped, { type: 'circle', center: [1, 2] }, { type: 'star' }]) {
    expect((await stage.call('POST', '/api/v1/fences', { ...school, shape })).status).toBe(400)
  }
  expect((await stage.call('POST', '/api/v1/fences', school, { as: 'zhao' })).status).toBe(403)
  expect((await stage.call('GET', '/api/v1/fences', undefined, { as: 'zhao' })).status).toBe(200)
})
