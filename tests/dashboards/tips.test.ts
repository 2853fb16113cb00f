import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hazard } from '../../core/hazard.ts'
import { openHazard, takeStep } from '../../core/hazard-steps.ts'
import { chinaHolidays } from '../../core/holidays.ts'
import type { Caller } from '../../dashboards/access.ts'
import type { HazardChange, Hazards } from '../../dashboards/hazard-book.ts'
import { shownHazard, shownHistory } from '../../dashboards/hazard-view.ts'
import type { Recorder } from '../../dashboards/recorder.ts'
import { Tips } from '../../dashboards/tips.ts'
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
  const sites = [['s-1', 'e-1', '北厂区']] as const
  for (const [id, enterpriseId, name] of sites) await call('POST', '/sites', { id, enterpriseId, name })
  await call('POST', '/zones', { id: 'z-1', enterpriseId: 'e-1', siteId: 's-1', name: '装卸区' })
  for (const [username, role, enterpriseId] of [
    ['li', 'supervisor'],
    ['wang', 'duty'],
    ['sun', 'viewer'],
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
  const found = { description: '北门疏散通道不畅', category: 'fire', zoneId: 'z-1' }
  expect((await register({ ...found, description: tip.text })).body.error.details).toMatchObject({ field: 'description' })
  const ownWords = { description: found.description, category: 'fire', place: '北门' }
  expect((await register(ownWords)).body.error.details).toMatchObject({ field: 'place' })
  expect((await register({ ...found, zoneId: 'z-2' })).body.error.details).toMatchObject({ field: 'zoneId' })
  expect((await register(found)).body.hazard).toMatchObject({ place: '北厂区 · 装卸区', category: 'fire' })
  expect(await state()).toBe('verified')
  const toldShop = await call('GET', `/hazards/${hazard.id}`, undefined, 'shop')
  expect(toldShop.body.hazard).toMatchObject({ source: 'inspection', description: '北门疏散通道不畅' })
  expect(toldShop.text).not.toMatch(/tip-off|货物堵住/)
  for (const other of ['shop', 'wang', 'sun'])
    expect((await call('GET', `/hazards/${hazard.id}/photo`, undefined, other)).status).toBe(403)
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

test('contact and photo are deleted so long after what was found is over, recorded first and once; the code still answers', async () => {
  const dir = temporaryDir()
  const known = new Map<string, { id: string; state: string; since: number }>()
  const hazards = {
    known: () => Promise.resolve(),
    hazard: (id: string) => known.get(id),
    create: () => {
      const hazard = { id: `hz-${known.size}`, state: 'found', since: 0, dueAt: null }
      known.set(hazard.id, hazard)
      return Promise.resolve(hazard)
    },
  }
  const tips = new Tips(dir, hazards as unknown as Hazards, 'live')
  const recorded: unknown[] = []
  let isDiskFull = true
  const recorder = {
    append: (entry: object, key: string) => {
      if (isDiskFull) return Promise.reject(new Error('no space left'))
      return Promise.resolve(recorded.push([entry, key]))
    },
  } as unknown as Recorder
  await tips.eraseAfter(180, 500 * DAY, recorder)
  const codes: string[] = []
  for (let n = 0; n < 3; n++) codes.push((await tips.give({ ...tip, photo })).code)
  const personal = () =>
    readdirSync(dir)
      .filter((name) => !name.startsWith('code-'))
      .sort()
  known.set('hz-0', { id: 'hz-0', state: 'writtenOff', since: 300 * DAY })
  known.set('hz-1', { id: 'hz-1', state: 'writtenOff', since: 330 * DAY })
  await expect(tips.eraseAfter(180, 500 * DAY, recorder)).rejects.toThrow('no space left')
  expect(personal()).toHaveLength(6)
  isDiskFull = false
  for (let hour = 0; hour < 2; hour++) await tips.eraseAfter(180, 500 * DAY, recorder)
  expect(personal()).toEqual(['contact-hz-1.txt', 'contact-hz-2.txt', 'photo-hz-1.jpg', 'photo-hz-2.jpg'])
  expect(recorded).toEqual([[{ kind: 'tip.erased', hazardId: 'hz-0', by: 'platform' }, 'tip.erased/hz-0']])
  expect((await tips.ask(codes[0]!)).state).toBe('done')
})

test('what came of a tip is, to all but the tip clerk, an inspection field by field: at every step, in every answer', async () => {
  const inspection = {
    source: 'inspection',
    enterpriseId: 'e-1',
    place: '北厂区 · 装卸区',
    description: '灭火器失压',
    category: 'fire',
  }
  const entered = (await call('POST', '/hazards', inspection, 'li')).body.hazard
  expect((await give({ ...tip, place: '后门狗洞', text: '灭火器都是空的，晚班没人管' })).status).toBe(201)
  const [raw] = (await call('GET', '/hazards?source=tip-off&state=found', undefined, 'li')).body.hazards
  // Before: not there for any of them, in no list and no sum.
  for (const as of ['shop', 'wang', 'sun']) {
    expect((await call('GET', `/hazards/${raw.id}`, undefined, as)).status).toBe(404)
    expect((await call('POST', `/hazards/${raw.id}/register`, { version: 1 }, as)).status).toBe(as === 'sun' ? 403 : 404)
  }
  for (const as of ['shop', 'sun']) expect((await call('GET', `/hazards/${entered.id}`, undefined, as)).status).toBe(404)
  const five = {
    ...{ responsible: { unit: '设备部' }, measures: '更换', funds: { yuan: 0, source: '无需' }, plan: '专人看守' },
    deadline: stage.journal.clock.now() + 9 * DAY,
  }
  const both = async (step: string, body: (isTip: boolean) => object = () => ({})) => {
    for (const [hazard, isTip] of [
      [entered, false],
      [raw, true],
    ] as const) {
      const { version } = (await call('GET', `/hazards/${hazard.id}`, undefined, 'li')).body.hazard
      expect((await call('POST', `/hazards/${hazard.id}/${step}`, { version, ...body(isTip) }, 'li')).status).toBe(200)
    }
  }
  // Everything but which of the two it is, and the exact moment of a step that both have.
  const lasting = (from: number, dueAt: number) => (dueAt === five.deadline ? dueAt : Math.round((dueAt - from) / 1000))
  const alike = ({ text }: { text: string }, id: string) => {
    const answer = JSON.parse(text.replaceAll(id, 'hz'))
    answer.hazard = { ...answer.hazard, since: 0, dueAt: lasting(answer.hazard.since, answer.hazard.dueAt) }
    const [first, ...later] = answer.history
    return {
      ...answer,
      history: [
        first,
        ...later.map((one: { at: number; dueAt: number }) => ({ ...one, at: 0, dueAt: lasting(one.at, one.dueAt) })),
      ],
    }
  }
  const compare = async () => {
    for (const as of ['shop', 'wang', 'sun']) {
      const [one, two] = await Promise.all([entered, raw].map(({ id }) => call('GET', `/hazards/${id}`, undefined, as)))
      const [a, b] = [alike(one!, entered.id), alike(two!, raw.id)]
      expect(b, as).toEqual(a)
      expect(Object.keys(b.hazard), as).toEqual(Object.keys(a.hazard))
      expect(two!.text).not.toMatch(/tip-off|platform|狗洞|晚班|空的/)
      const stale = await call('POST', `/hazards/${raw.id}/plan`, { version: 1, fields: {} }, as)
      expect(stale.text).not.toMatch(/tip-off|platform|狗洞|晚班/)
      for (const path of ['/hazards', '/hazards/overdue', '/hazards/lists/problems', '/hazards?source=tip-off'])
        expect((await call('GET', path, undefined, as)).text, path).not.toMatch(/tip-off|群众举报|platform|狗洞|晚班/)
    }
  }
  await both('register', (isTip) => (isTip ? { description: '灭火器失压', category: 'fire', zoneId: 'z-1' } : {}))
  await compare()
  // Newest first by when it was taken up, as the days that are told say.
  const order = (await call('GET', '/hazards', undefined, 'shop')).body.hazards.map(({ id }: { id: string }) => id)
  expect(order.slice(0, 2)).toEqual([raw.id, entered.id])
  await both('grade', () => ({ level: 'general' }))
  await both('plan', () => ({ fields: five }))
  await both('treat')
  await compare()
  const clerk = await call('GET', `/hazards/${raw.id}`, undefined, 'li')
  expect(clerk.body.hazard).toMatchObject({ source: 'tip-off', createdBy: 'platform' })
  expect(clerk.body.history[0]).toMatchObject({ place: '后门狗洞', description: '灭火器都是空的，晚班没人管' })
})

test('a tip taken up before words were retold is put in writing with the place its enterprise is shown', async () => {
  const time = { calendar: chinaHolidays, zone: 'Asia/Shanghai' }
  const at = stage.journal.clock.now()
  const moment = { by: 'p-1', at, comment: null }
  const given = { id: 'hz-old', mode: 'live', source: 'inspection', alarmId: null, enterpriseId: 'e-1' } as const
  const words = { category: 'fire', place: '南门狗洞', description: '灭火器失压' } as const
  const tipped = openHazard({ ...given, ...words }, { ...moment, by: 'platform' }, time)
  // Of an inspection nobody says anew what was found, and then nobody did of a tip.
  const registered = takeStep(tipped, 'register', {}, moment, time)
  const graded = takeStep(registered, 'grade', { level: 'general' }, moment, time)
  const fields = {
    ...{ responsible: { unit: '设备部', personId: null }, measures: '更换灭火器', funds: { yuan: 0, source: '自筹' } },
    ...{ plan: '专人看守', deadline: at + 9 * DAY },
  }
  const planned = takeStep(graded, 'plan', { fields }, moment, time)
  const changes = { created: tipped, register: registered, grade: graded, plan: planned } as const
  await stage.journal.append(
    Object.entries(changes).map(([change, untold]) => {
      const hazard: Hazard = { ...untold, source: 'tip-off' }
      return recordDraft({ kind: 'hazard.changed', change: change as keyof typeof changes, hazard, ...moment })
    }),
  )
  const shown = (await call('GET', '/hazards/hz-old', undefined, 'shop')).body.hazard
  expect(shown.place).toBe('滨江<化工>')
  const order = { version: shown.version, kind: 'rectify', unit: '历下区应急管理局' }
  const { status, body } = await call('POST', '/hazards/hz-old/notices', order, 'li')
  expect(status).toBe(201)
  const printed = (await call('GET', `/hazards/hz-old/notices/${body.notice.id}`, undefined, 'shop')).text
  expect(printed).toContain('地点：滨江<化工>')
  expect(printed).not.toContain('狗洞')
  expect((await call('GET', '/hazards/hz-old', undefined, 'li')).body.hazard.place).toBe('南门狗洞')
})

test('a tip taken up days later is an inspection of that day, to the hour at which it came nothing points', () => {
  const time = { calendar: chinaHolidays, zone: 'Asia/Shanghai' }
  const [monday, thursday] = [Date.parse('2026-03-02T01:23:00Z'), Date.parse('2026-03-05T06:00:00Z')]
  const found = { id: 'hz-1', mode: 'live', alarmId: null, enterpriseId: 'e-1', category: 'other' } as const
  const said = { place: '装卸区', description: '灭火器失压', category: 'fire' } as const
  const walk = (source: 'tip-off' | 'inspection', createdAt: number, by: string, words: object) => {
    const open = openHazard({ ...found, ...said, ...words, source }, { by, at: createdAt, comment: null }, time)
    const hazard = takeStep(open, 'register', said, { by: 'p-1', at: thursday, comment: null }, time)
    const history = [open, hazard].map(({ version, state, level, dueAt, description, place, evidence }, n) => ({
      ...{
        at: n === 0 ? createdAt : thursday,
        by: n === 0 ? by : 'p-1',
        change: n === 0 ? 'created' : 'register',
        comment: null,
      },
      ...{ version, state, level, dueAt, description, place, evidence },
    })) as HazardChange[]
    const beginning = { taken: { by: 'p-1', at: thursday, place: said.place }, enterprise: '滨江' }
    const caller = { role: 'enterprise', enterpriseId: 'e-1' } as Caller
    return {
      hazard: shownHazard(caller, hazard, beginning, time, thursday),
      history: shownHistory(caller, hazard, history, beginning, time),
    }
  }
  const tip = walk('tip-off', monday, 'platform', { place: '狗洞', description: '都是空的', category: 'other' })
  expect(tip).toEqual(walk('inspection', thursday - 3_600_000, 'p-1', {}))
  expect(tip.hazard.createdAt).toBe(Date.parse('2026-03-05T00:00:00+08:00'))
})

test('what is no photo is refused, a wrong code tells nothing, and who comes too often waits', async () => {
  expect((await give({ ...tip, photo: Buffer.from('GIF89a').toString('base64') })).body.error).toMatchObject({
    details: { field: 'photo' },
  })
  expect((await give({ ...tip, enterpriseId: 'e-9' })).status).toBe(404)
  expect((await stage.call('POST', '/api/v1/tips/state', { code: 'k7xm-3bqt-w2np' }, { as: '' })).status).toBe(404)
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
