import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordDraft } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, Stage, temporaryDir } from './stage.ts'

const DAY = 86_400_000
const dataDir = temporaryDir()
let stage: Stage
const give = (body: object, headers = {}) => stage.call('POST', '/api/v1/tips', body, { as: '', headers })
const call = (method: string, path: string, body?: object, as = 'admin') => stage.call(method, `/api/v1${path}`, body, { as })
/** the smallest a JPEG can be, with where it was taken */
const photo = Buffer.from([
  ...[0xff, 0xd8, 0xff, 0xe1, 0, 5, 71, 80, 83],
  ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 42, 0xff, 0xd9],
])
const tip = { enterpriseId: 'e-1', place: '北门', text: '安全出口被货物堵住', contact: '微信 whistle77' }

beforeAll(async () => {
  stage = await Stage.start({ dataDir })
  const row = { id: 'e-1', name: '滨江<化工>', region: '370102', sector: 'chemicals', createdAt: 1, retiredAt: null }
  await stage.journal.append([
    recordDraft({ kind: 'registry.changed', by: 'admin', before: null, entity: 'enterprise', row } as never),
  ])
  for (const [username, role, enterpriseId] of [
    ['li', 'duty'],
    ['shop', 'enterprise', 'e-1'],
  ] as const)
    await call('POST', '/users', { username, password: ADMIN_PASSWORD, role, ...(enterpriseId && { enterpriseId }) })
})
afterAll(() => stage.stop())

test('a stranger gives a tip and asks what became of it; nothing in the record or in the files says who it was', async () => {
  const given = await give({ ...tip, photo: photo.toString('base64') }, { 'user-agent': 'Whistle/7' })
  expect(given.status).toBe(201)
  expect(given.body.dueAt).toBeGreaterThan(stage.journal.clock.now() + 6 * DAY)
  const { code } = given.body
  const state = async () => (await stage.call('POST', '/api/v1/tips/state', { code }, { as: '' })).body.state
  expect(await state()).toBe('received')

  const [hazard] = (await call('GET', '/hazards?source=tip-off', undefined, 'li')).body.hazards
  expect(hazard).toMatchObject({ source: 'tip-off', state: 'found', enterpriseId: 'e-1', createdBy: 'platform' })
  // The enterprise is told nothing of a tip, then what the regulator found, in the regulator's words.
  expect((await call('GET', '/hazards', undefined, 'shop')).body.hazards).toEqual([])
  expect((await call('GET', '/hazards/overdue', undefined, 'shop')).body).toEqual({ hazards: [], enterprises: [] })
  const register = (body: object) => call('POST', `/hazards/${hazard.id}/register`, { version: 1, ...body }, 'li')
  expect((await register({})).body.error.details).toMatchObject({ field: 'description' })
  await register({ description: '北门疏散通道不畅' })
  expect(await state()).toBe('verified')
  const toldShop = await call('GET', `/hazards/${hazard.id}`, undefined, 'shop')
  expect(toldShop.body.hazard).toMatchObject({ source: 'inspection', description: '北门疏散通道不畅' })
  expect(toldShop.text).not.toMatch(/tip-off|货物堵住/)
  expect((await call('GET', `/hazards/${hazard.id}/photo`, undefined, 'shop')).status).toBe(403)
  expect((await call('GET', `/hazards/${hazard.id}/photo`, undefined, 'li')).status).toBe(200)

  // Only an administrator reads how to reach them, and that is recorded.
  expect((await call('GET', `/hazards/${hazard.id}/contact`, undefined, 'li')).status).toBe(403)
  expect(await stage.journal.readRecord(1, ['tip.contact-read'])).toEqual([])
  expect((await call('GET', `/hazards/${hazard.id}/contact`)).body).toEqual({ contact: tip.contact })
  expect(await stage.journal.readRecord(1, ['tip.contact-read'])).toHaveLength(1)

  const record = (await stage.journal.readRecord(1, ['hazard.changed'])).map(({ payload }) => Buffer.from(payload).toString())
  expect(record[0]).not.toMatch(/whistle77|Whistle|127\.0\.0\.1|"from"/)
  const dir = join(dataDir, 'tips')
  const files = readdirSync(dir)
  expect(files.map((name) => name.split('-')[0]).sort()).toEqual(['code', 'contact', 'photo'])
  expect(files.join()).not.toContain(code)
  const kept = files.map((name) => readFileSync(join(dir, name)).toString('latin1')).join('\n')
  expect(kept).not.toMatch(/GPS|127\.0\.0\.1|Whistle\/7/)
})

test('what is no photo is refused, a wrong code tells nothing, and who comes too often waits', async () => {
  expect((await give({ ...tip, photo: Buffer.from('GIF89a').toString('base64') })).body.error).toMatchObject({
    details: { field: 'photo' },
  })
  expect((await give({ ...tip, enterpriseId: 'e-9' })).status).toBe(404)
  expect((await stage.call('POST', '/api/v1/tips/state', { code: 'k7xm-3bqt-w2np' }, { as: '' })).status).toBe(404)
  expect((await give(tip)).status).toBe(201)
  expect((await give(tip)).status).toBe(201)
  const tooMany = await give(tip)
  expect([tooMany.status, Number(tooMany.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
})

test('a poster carries the address of the page and the name of the enterprise', async () => {
  const poster = await call('GET', `/enterprises/e-1/tip-qr?place=${encodeURIComponent('北门')}`)
  expect(poster.headers.get('content-type')).toContain('image/svg+xml')
  expect(poster.text).toContain('滨江&lt;化工&gt;')
  expect(poster.text).toContain(`${stage.url}/tip?e=e-1&amp;p=%E5%8C%97%E9%97%A8`)
  expect((await call('GET', `/enterprises/e-1/tip-qr?place=${encodeURIComponent('北'.repeat(20))}`)).status).toBe(400)
})
