import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { caseOf } from '../../alerts/cases/case-steps.ts'
import { readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, anAlarm, Stage } from './stage.ts'

const DAY = 86_400_000
let stage: Stage
const ids: Record<string, string> = {}
const call = (method: string, path: string, body?: object, as = 'li') => stage.call(method, `/api/v1${path}`, body, { as })
const found = { category: 'fire', place: '2# 车间', description: '=消火栓被遮挡' }
const five = () => ({
  responsible: { unit: '设备部', personId: ids['shop'] },
  measures: '清除遮挡物',
  funds: { yuan: 1200, source: '安全费用' },
  deadline: stage.journal.clock.now() + 10 * DAY,
  plan: '专人看守',
})
const step = (hazard: { id: string; version: number }, name: string, body: object = {}, as = 'li') =>
  call('POST', `/hazards/${hazard.id}/${name}`, { version: hazard.version, ...body }, as)

beforeAll(async () => {
  stage = await Stage.start()
  for (const id of ['e-1', 'e-2']) {
    const row = { id, name: `厂 ${id}`, region: '370102', sector: 'chemicals', createdAt: 1, retiredAt: null }
    await stage.journal.append([
      recordDraft({ kind: 'registry.changed', by: 'admin', before: null, entity: 'enterprise', row } as never),
    ])
  }
  const people = {
    wang: ['duty'],
    li: ['duty'],
    qian: ['supervisor'],
    sun: ['viewer'],
    shop: ['enterprise', 'e-1'],
    other: ['enterprise', 'e-2'],
  }
  for (const [username, [role, enterpriseId]] of Object.entries(people)) {
    const { body } = await stage.call('POST', '/api/v1/users', {
      username,
      password: ADMIN_PASSWORD,
      role,
      ...(enterpriseId && { enterpriseId }),
    })
    ids[username] = body.id
  }
})
afterAll(() => stage.stop())

test('an alarm becomes a hazard once, both know of it, and the alarm ends while the hazard stands', async () => {
  await stage.device('gas-1')
  await stage.raise('a-1')
  const { status, body } = await call('POST', '/alarms/a-1/hazard', {
    category: 'monitoring',
    fields: { responsible: { unit: '仪表班' } },
  })
  expect([status, body.hazard]).toMatchObject([
    201,
    { source: 'alarm', alarmId: 'a-1', enterpriseId: 'e-1', state: 'found', place: 'gas-1' },
  ])
  const again = await call('POST', '/alarms/a-1/hazard', { category: 'fire' })
  expect([again.status, again.body.error]).toMatchObject([
    409,
    { code: 'already-linked', details: { hazard: { id: body.hazard.id } } },
  ])
  await stage.raise('a-1', { state: 'normal', endedAt: 5 }, 'ended')
  expect((await call('GET', '/alarms/a-1/hazards')).body.hazards).toMatchObject([
    { id: body.hazard.id, state: 'found', possible: ['register'] },
  ])
  expect((await call('GET', '/alarms/a-1/hazards', undefined, 'other')).body.hazards).toEqual([])
  const timeline = JSON.stringify((await call('GET', '/alarms/a-1/timeline')).body.items)
  expect(timeline).toContain(`转隐患 ${body.hazard.id}`)
})

test('a self-check goes its way: empty fields are named, who treated it does not verify, versions are checked, all is in the record', async () => {
  expect((await call('POST', '/hazards', { ...found, source: 'inspection' }, 'shop')).status).toBe(403)
  expect((await call('POST', '/hazards', { ...found, source: 'self-check', enterpriseId: 'e-2' }, 'shop')).status).toBe(404)
  let { hazard } = (await call('POST', '/hazards', { ...found, source: 'self-check' }, 'shop')).body
  expect((await step(hazard, 'register', {}, 'shop')).status).toBe(403)
  hazard = (await step(hazard, 'register')).body.hazard
  hazard = (await step(hazard, 'grade', { level: 'general' })).body.hazard
  expect(hazard).toMatchObject({ hasNoOwner: true, missing: ['responsible', 'measures', 'funds', 'deadline', 'plan'] })
  hazard = (await step(hazard, 'plan', { fields: { ...five(), funds: null } }, 'shop')).body.hazard
  const early = await step(hazard, 'treat', {}, 'shop')
  expect([early.status, early.body.error]).toMatchObject([409, { code: 'fields-missing', details: { missing: ['funds'] } }])
  const stranger = { fields: { responsible: { personId: ids['other'] } } }
  expect((await step(hazard, 'plan', stranger)).body.error.details).toMatchObject({ field: 'responsible.personId' })
  hazard = (await step(hazard, 'plan', { fields: { funds: { yuan: 0, source: '无需' } } }, 'shop')).body.hazard
  hazard = (await step(hazard, 'treat', {}, 'wang')).body.hazard
  // The deadline that runs is not the enterprise's to move.
  expect((await step(hazard, 'plan', { fields: { deadline: five().deadline + DAY }, comment: '延期' }, 'shop')).status).toBe(403)
  const [one, two] = await Promise.all([step(hazard, 'report', {}, 'shop'), step(hazard, 'report', {}, 'wang')])
  expect([one.status, two.status].sort()).toEqual([200, 409])
  hazard = (one.status === 200 ? one : two).body.hazard
  expect((await step(hazard, 'verify', {}, 'wang')).body.error.code).toBe('same-person')
  hazard = (await step(hazard, 'verify', {}, 'li')).body.hazard
  hazard = (await step(hazard, 'write-off', {}, 'li')).body.hazard
  expect(hazard).toMatchObject({ state: 'writtenOff', verifiedBy: ids['li'], dueAt: null, possible: [] })
  const { body } = await call('GET', `/hazards/${hazard.id}`)
  expect(body.history.map(({ change, by }: { change: string; by: string }) => [change, by === ids['li']])).toEqual([
    ...[
      ['created', false],
      ['register', true],
      ['grade', true],
      ['plan', false],
      ['plan', false],
      ['treat', false],
    ],
    ...[
      ['report', false],
      ['verify', true],
      ['write-off', true],
    ],
  ])
  const recorded = await stage.journal.readRecord(1, ['hazard.changed'])
  const versions = recorded
    .map((entry) => readRecordEntry(entry))
    .filter((said) => said.kind === 'hazard.changed' && said.hazard.id === hazard.id)
  expect(versions).toHaveLength(9)
  expect(JSON.stringify(versions)).not.toMatch(/wang|shop/)
})

test('three false alarms of a point within seven days are one hazard, over a restart too; put right, they are not counted again', async () => {
  const source = async (on = stage) =>
    (await on.call('GET', '/api/v1/hazards?source=false-alarms', undefined, { as: 'admin' })).body.hazards
  await stage.device('gas-9')
  const subject = 'gas-9/combustibleLel'
  const mark = (alarmId: string, at: number) => ({ alarmId, at, reason: 'interference', text: null, by: 'li' }) as const
  const false_ = async (n: number, now = stage.journal.clock.now()) => {
    const last = Array.from({ length: n }, (_, i) => mark('a-9', now - i * 1_000))
    stage.falseAlarms.set(subject, { subject, inSevenDays: n, needsRectification: n >= 3, last })
    const falseAlarm = { reason: 'interference', text: null, by: 'li', confirmedBy: null, at: now } as const
    const marked = { ...caseOf(anAlarm('a-9'), now), state: 'falseAlarm', falseAlarm } as const
    await stage.raise('a-9', { deviceId: 'gas-9', subject, version: n + 1, case: marked }, 'false-alarm')
  }
  await stage.raise('a-9', { deviceId: 'gas-9', subject })
  await false_(2)
  expect(await source()).toEqual([])
  await false_(3)
  await vi.waitFor(async () => expect(await source()).toHaveLength(1))
  // Marks that are newer than the hazard make no second one while it stands.
  await false_(4, stage.journal.clock.now() + 60_000)
  await new Promise((wait) => setTimeout(wait, 50))
  expect(await source()).toHaveLength(1)
  await false_(0)
  const [hazard] = await source()
  expect(hazard).toMatchObject({ alarmId: 'a-9', point: { deviceId: 'gas-9', subject }, place: 'gas-9', enterpriseId: 'e-1' })
  expect(hazard.description).toContain('通讯干扰')
  const dismissed = await step(hazard, 'dismiss', { comment: '已更换探头' }, 'qian')
  expect(dismissed.status).toBe(200)
  const again = new Stage()
  for (const [key, one] of stage.falseAlarms) again.falseAlarms.set(key, one)
  for (const [key, one] of stage.alarms) again.alarms.set(key, one)
  Object.assign(again, { journal: stage.journal })
  // Marked false for the third time just before the stop: looked for at the start.
  const other = 'gas-8/combustibleLel'
  again.alarms.set('a-8', { ...again.alarms.get('a-9')!, id: 'a-8', deviceId: 'gas-8', subject: other })
  const marks = [0, 1, 2].map((i) => mark('a-8', stage.journal.clock.now() - i))
  again.falseAlarms.set(other, { subject: other, inSevenDays: 3, needsRectification: true, last: marks })
  await again.open({}, { journal: stage.journal })
  await vi.waitFor(async () => expect(await source(again)).toHaveLength(2))
  const late = (await source(again)).find(({ alarmId }: { alarmId: string }) => alarmId === 'a-8')
  expect((await step(late, 'dismiss', { comment: '已标定' }, 'qian')).status).toBe(200)
  await again.stop()
})

test('written notices: numbered without a gap however many are issued at once, printed once as the original, superseded with their deadline', async () => {
  const grade = async () => {
    const { hazard } = (await call('POST', '/hazards', { ...found, source: 'inspection', enterpriseId: 'e-1' })).body
    const registered = (await step(hazard, 'register')).body.hazard
    const graded = (await step(registered, 'grade', { level: 'general' })).body.hazard
    return (await step(graded, 'plan', { fields: five() })).body.hazard
  }
  const order = { kind: 'rectify', unit: '历下区应急管理局', clause: '《中华人民共和国消防法》第十六条' }
  const issue = (hazard: { id: string; version: number }, body: object = {}, as = 'qian') =>
    call('POST', `/hazards/${hazard.id}/notices`, { version: hazard.version, ...order, ...body }, as)
  const standing = await Promise.all([grade(), grade(), grade(), grade()])
  expect((await issue(standing[0]!, {}, 'li')).status).toBe(403)
  expect((await issue(standing[0]!, {}, 'shop')).status).toBe(403)
  // Refused ones in between take no number; two operators with the same hazard get one notice.
  const wishes = [issue(standing[0]!), issue(standing[0]!), issue(standing[1]!, { kind: 'supervise' }), issue(standing[1]!)]
  const answers = await Promise.all([...wishes, issue(standing[2]!, {}, 'admin'), issue(standing[3]!)])
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 409, 409])
  const issued = answers.filter(({ status }) => status === 201).map(({ body }) => body)
  expect(issued.map(({ notice }) => notice.number.n).sort()).toEqual([1, 2, 3, 4])
  const year = new Date(stage.journal.clock.now() + 8 * 3_600_000).getUTCFullYear()
  expect(issued[0].notice).toMatchObject({ number: { region: '370102', year }, state: 'standing', issuedBy: ids['qian'] })

  let { hazard, notice } = issued[0]
  const path = () => `/hazards/${hazard.id}/notices/${notice.id}`
  const { text } = (await call('GET', path(), undefined, 'shop')).body
  expect(text).toMatchObject({ number: `（370102）责改〔${year}〕${notice.number.n}号`, addressee: '厂 e-1', unit: order.unit })
  const words = JSON.stringify(text)
  for (const said of ['=消火栓被遮挡', '2# 车间', order.clause, '清除遮挡物', '设备部', '第一百零二条', '行政复议', '留置送达'])
    expect(words).toContain(said)
  expect(text.signatures).toHaveLength(2)
  // Whose it is takes copies; the original leaves once, from those who act.
  const print = async (as: string) => (await call('POST', `${path()}/print`, undefined, as)).body.copy
  expect([await print('shop'), await print('li'), await print('li'), await print('qian')]).toEqual([1, 0, 2, 3])

  const signed = { how: 'signed', at: stage.journal.clock.now(), capacity: 'manager' }
  const serve = (body: object) => call('POST', `${path()}/serve`, { version: hazard.version, ...signed, ...body })
  expect((await serve({ how: 'left' })).body.error.code).toBe('reason-missing')
  for (const at of [signed.at + DAY, hazard.notices[0].issuedAt - 120_000])
    expect((await serve({ at })).body.error.details).toMatchObject({ field: 'at' })
  hazard = (await serve({ personId: ids['shop'] })).body.hazard
  expect(hazard.notices[0].served).toMatchObject({ how: 'signed', capacity: 'manager', personId: ids['shop'], by: ids['li'] })
  expect((await serve({})).status).toBe(409)

  // What was written is not the enterprise's to move; whoever moves it makes the notice superseded.
  const later = { fields: { deadline: five().deadline + 5 * DAY }, comment: '延期' }
  expect((await step(hazard, 'plan', later, 'shop')).status).toBe(403)
  hazard = (await step(hazard, 'treat', {}, 'wang')).body.hazard
  expect(hazard.dueAt).toBe(notice.deadline)
  hazard = (await step(hazard, 'plan', later)).body.hazard
  expect(hazard.notices[0]).toMatchObject({ state: 'superseded', ended: { reason: '时限已变更', by: ids['li'] } })
  expect(hazard.dueAt).toBe(later.fields.deadline)
  expect((await call('GET', path())).body.text).toEqual(text)
  const second = (await issue(hazard)).body
  expect(second.notice.number.n).toBe(5)
  notice = second.notice
  expect(JSON.stringify((await call('GET', path())).body.text)).toContain(`替代《责令限期整改指令书》${text.number}`)
  const withdrawn = await call('POST', `${path()}/withdraw`, { version: second.hazard.version, comment: '名称有误' }, 'qian')
  hazard = withdrawn.body.hazard
  expect(hazard.notices[1]).toMatchObject({ number: { n: 5 }, state: 'withdrawn', ended: { reason: '名称有误' } })
  expect((await issue(hazard)).body.notice.number.n).toBe(6)

  // Put right, and looked at by another: the review says of which order, and how it came out.
  const ask = async () => (await call('GET', `/hazards/${hazard.id}/notices`, undefined, 'qian')).body
  hazard = (await step((await call('GET', `/hazards/${hazard.id}`)).body.hazard, 'report', {}, 'wang')).body.hazard
  expect((await ask()).possible).toEqual([])
  hazard = (await step(hazard, 'reject', { comment: '通道仍堆物' }, 'qian')).body.hazard
  expect((await ask()).possible).toEqual(['review'])
  const review = (await issue(hazard, { kind: 'review' })).body
  notice = review.notice
  const reviewed = JSON.stringify((await call('GET', path())).body.text)
  for (const one of ['整改复查意见书', '通道仍堆物', `责改〔${year}〕6号`, '不符合要求', '继续整改'])
    expect(reviewed).toContain(one)
  hazard = (await step(review.hazard, 'report', {}, 'wang')).body.hazard
  hazard = (await step(hazard, 'verify', {}, 'qian')).body.hazard
  expect((await ask()).possible).toEqual(['review'])
  notice = (await issue(hazard, { kind: 'review' })).body.notice
  expect(notice).toMatchObject({ number: { n: 2 }, deadline: null })
  expect(JSON.stringify((await call('GET', path())).body.text)).toContain('已整改完毕，符合要求')
  // Of the people in it the record has ids only.
  const recorded = (await stage.journal.readRecord(1, ['notice.issued'])).map(({ payload }) => Buffer.from(payload).toString())
  expect(recorded.join()).not.toMatch(/qian|"wang"|shop/)
  expect(recorded).toHaveLength(8)
  // After a restart the next number is the next one, and a copy stays a copy.
  const again = new Stage()
  Object.assign(again, { journal: stage.journal })
  await again.open({}, { journal: stage.journal })
  const [other] = issued.slice(1)
  const reprint = await again.call('POST', `/api/v1/hazards/${other.hazard.id}/notices/${other.notice.id}/print`, undefined)
  const asked = await again.call('GET', `/api/v1/hazards/${hazard.id}/notices`)
  expect([reprint.body.copy, asked.body.notices.map(({ copies }: { copies: number }) => copies)]).toEqual([0, [3, 0, 0, 0, 0]])
  await again.stop()
})

test('what is decided over an enterprise is a supervisor’s, and the lists, the overdue and a restart show what stands', async () => {
  let { hazard } = (await call('POST', '/hazards', { ...found, source: 'inspection', enterpriseId: 'e-1' })).body
  hazard = (await step(hazard, 'register')).body.hazard
  hazard = (await step(hazard, 'grade', { level: 'major' })).body.hazard
  expect((await step(hazard, 'confirm')).status).toBe(403)
  hazard = (await step(hazard, 'confirm', {}, 'qian')).body.hazard
  hazard = (await step(hazard, 'list')).body.hazard
  expect((await step(hazard, 'assign')).body.error.details).toEqual({ missing: ['responsible'] })

  const state = (await call('GET', '/hazards?open=true&level=major')).body
  expect(state.hazards).toMatchObject([{ id: hazard.id, state: 'listed', hasNoOwner: true, isOverdue: false }])
  expect((await call('GET', '/hazards?noOwner=true&limit=1')).body).toMatchObject({ hazards: [{ id: hazard.id }] })
  const first = (await call('GET', '/hazards?limit=2')).body
  const second = (await call('GET', `/hazards?limit=2&cursor=${first.next}`)).body
  expect([...first.hazards, ...second.hazards].map(({ id }) => id)).toHaveLength(4)
  expect((await call('GET', '/hazards', undefined, 'other')).body.hazards).toEqual([])

  const csv = await call('GET', '/hazards/lists/problems?level=major&lang=zh')
  const [head, row] = csv.text.split('\r\n')
  expect(head).toContain('编号,企业,地点')
  expect(row).toBe(`${hazard.id},厂 e-1,2# 车间,督导检查,重大事故隐患,消防,'=消火栓被遮挡,${row!.split(',')[7]},,,清单`)

  await stage.dashboards.stop()
  const again = await Stage.start({}, {
    journal: stage.journal,
    clock: { ...stage.journal.clock, now: () => hazard.dueAt + 12 * DAY },
  } as never)
  const late = (await again.call('GET', '/api/v1/hazards/overdue')).body
  expect(late.hazards.map(({ id }: { id: string }) => id)).toContain(hazard.id)
  expect(
    late.hazards.find(({ id }: { id: string }) => id === hazard.id).overdueSteps.map(({ step }: { step: string }) => step),
  ).toEqual(['notice', 'talk'])
  expect(late.enterprises).toMatchObject([{ enterpriseId: 'e-1', open: 6, overdue: 6, share: 1 }])
  await again.stop()
})
