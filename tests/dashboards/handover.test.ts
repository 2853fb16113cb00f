import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlarmCase } from '../../core/case.ts'
import { toConfirm, type HandoverReport } from '../../core/handover.ts'
import { RosterBook } from '../../core/roster.ts'
import { Handovers } from '../../dashboards/handovers.ts'
import { recordDraft } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const region = '370102'
let stage: Stage
let ahead = 0
const ids: Record<string, string> = {}
const shifts: { id: string; from: number; to: number }[] = []
const now = () => stage.journal.clock.now() + ahead
/** A clock people can move: the shift ends when the test says so. */
const clock = { now: () => Date.now() + ahead }
const get = (path: string, as: string) => stage.call('GET', path, undefined, { as })
const sign = (body: object, as: string) => stage.call('POST', `/api/v1/handover/${shifts[0]!.id}/sign`, body, { as })
const alarms = () => stage.dashboards.status().alarms?.map(({ code }) => code)
const until = (at: number) => (ahead = at - stage.journal.clock.now())
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

beforeAll(async () => {
  stage = await Stage.start({}, { clock })
  const roles = {
    wang: 'duty',
    li: 'duty',
    zhao: 'duty',
    qian: 'supervisor',
    sun: 'duty',
    zhou: 'duty',
    wu: 'duty',
    zheng: 'supervisor',
  }
  for (const [username, role] of Object.entries(roles)) {
    const { body } = await stage.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role })
    ids[username] = body.id
    await stage.call('PATCH', `/api/v1/users/${body.id}`, { contact: { phone: '+8613800000000' } })
  }
  const crew = ([duty1, duty2, shiftLeader, dutyLeader]: string[]) => ({
    ...{ duty1: ids[duty1!], duty2: ids[duty2!], shiftLeader: ids[shiftLeader!], dutyLeader: ids[dutyLeader!] },
  })
  const from = now() - 2 * HOUR
  const first = { region, from, to: from + 8 * HOUR, people: crew(['wang', 'li', 'zhao', 'qian']) }
  const second = { region, from: first.to, to: first.to + 24 * HOUR, people: crew(['sun', 'zhou', 'wu', 'zheng']) }
  const { body } = await stage.call('POST', '/api/v1/roster', { shifts: [first, second] }, { as: 'qian' })
  shifts.push(...body.shifts)

  const dispatch = (acceptBy: number, dueAt: number) => ({
    ...{
      to: { person: ids['wang']! },
      note: null,
      by: ids['li']!,
      at: from,
      acceptBy,
      dueAt,
      acceptedBy: null,
      acceptedAt: null,
    },
  })
  const work = (state: AlarmCase['state'], dueAt: number): AlarmCase => ({
    ...{ state, occurrence: 1, openedAt: from, dispatch: dispatch(from + HOUR, dueAt), feedback: null, firstFeedbackAt: null },
    ...{ escalation: null, falseAlarm: null, closing: null },
  })
  await stage.device('gas-1')
  await stage.device('gas-2', { name: '二号罐区' })
  await stage.raise('a-red', { level: 'red', raisedAt: now() - HOUR, measuredAt: now() - HOUR })
  await stage.raise('a-old', {
    level: 'yellow',
    raisedAt: now() - 30 * HOUR,
    acknowledgedBy: ids['wang']!,
    state: 'acknowledged',
  })
  const aside = { until: now() + 9 * HOUR, isConditionTrue: true, by: ids['li']!, comment: '罐区检修' }
  await stage.raise('a-shelved', { level: 'orange', state: 'shelved', setAside: aside, raisedAt: now() - HOUR })
  await stage.raise('a-sent', { level: 'blue', raisedAt: now() - HOUR, case: work('accepted', from + 2 * HOUR) })
  await stage.raise('a-lapsed', { level: 'blue', raisedAt: now() - HOUR / 2, case: work('unaccepted', now() + 99 * HOUR) })
  await stage.raise('a-over', { level: 'red', state: 'normal', endedAt: now() })
  await stage.raise('a-drill', { level: 'red', mode: 'drill' })
  await stage.reading('gas-2', 'combustibleLel', 3)
  const rule = { id: 'gas.combustible', version: 2, type: 'threshold', title: { zh: '可燃气体', en: 'Combustible' }, limits: {} }
  await stage.journal.append([recordDraft({ kind: 'rule.set', rule: rule as never, by: ids['qian']!, reason: '按新国标' })])
})
afterAll(() => stage.stop())

test('a report is there from a quarter of an hour before the shift ends, and leaves out nothing that is open, shelved or overdue', async () => {
  const early = await get('/api/v1/handover', 'wang')
  expect(early.body).toMatchObject({
    shift: { id: shifts[0]!.id },
    report: null,
    late: false,
    opensAt: shifts[0]!.to - 15 * MINUTE,
  })
  const soon = await sign({ side: 'outgoing', sha256: '0'.repeat(64) }, 'wang')
  expect([soon.status, soon.body.error.code]).toEqual([409, 'wrong-state'])

  until(shifts[0]!.to - 15 * MINUTE)
  const { body } = await get(`/api/v1/handover?region=${region}001`, 'wang')
  const report = body.report as HandoverReport
  expect(report.open.map(({ id }) => id)).toEqual(['a-red', 'a-old', 'a-sent', 'a-lapsed'])
  expect(report.setAside).toMatchObject([{ id: 'a-shelved', reason: '罐区检修', by: ids['li'] }])
  expect(report.open.filter(({ stale }) => stale).map(({ id }) => id)).toEqual(['a-old'])
  expect(report.cases.map(({ alarmId, overdue }) => [alarmId, overdue])).toEqual([
    ['a-sent', 'feedback'],
    ['a-lapsed', 'unaccepted'],
  ])
  expect(report.offline).toMatchObject([{ deviceId: 'gas-2', device: '二号罐区' }])
  expect(report.rules).toMatchObject([{ ruleId: 'gas.combustible', version: 2, reason: '按新国标' }])
  expect(report).toMatchObject({ region, shift: { id: shifts[0]!.id }, next: { id: shifts[1]!.id }, figures: null })
  expect(body.sha256).toBe(sha256(JSON.stringify(report)))
  expect(body.toConfirm).toEqual(['a-red', 'a-shelved'])
})

test('who is on the shift signs what they read; unsigned by both a quarter of an hour after its end is an alarm', async () => {
  const { body: read } = await get('/api/v1/handover', 'wang')
  const elsewhere = await sign({ side: 'outgoing', sha256: read.sha256 }, 'sun')
  expect([elsewhere.status, elsewhere.body.error.details.reason]).toEqual([403, 'not-on-shift'])
  const unread = await sign({ side: 'outgoing', sha256: 'f'.repeat(64) }, 'wang')
  expect([unread.status, unread.body.error.code]).toEqual([409, 'stale-version'])
  expect((await sign({ side: 'incoming', sha256: read.sha256 }, 'sun')).body.error.code).toBe('wrong-state')

  const signed = await sign({ side: 'outgoing', sha256: read.sha256, notes: '二号罐区明早继续' }, 'wang')
  expect(signed.status).toBe(200)
  expect(signed.body).toMatchObject({ outgoing: { by: ids['wang'], notes: '二号罐区明早继续' }, incoming: null, late: false })
  expect((await sign({ side: 'outgoing', sha256: read.sha256 }, 'li')).body.error.code).toBe('wrong-state')

  until(shifts[0]!.to + 15 * MINUTE - 2_000)
  expect(alarms()).toEqual([])
  until(shifts[0]!.to + 15 * MINUTE + 1)
  expect(alarms()).toEqual([`handover-${region}`])
  expect((await get('/api/v1/handover', 'sun')).body).toMatchObject({ shift: { id: shifts[0]!.id }, late: true })
  const screen = await stage.live()
  await screen.until(() => JSON.stringify([...screen.snapshots, ...screen.changes]).includes('handover-unsigned'))
})

test('who comes on takes over every red and orange one by one, is somebody else, and what was signed stays as it was', async () => {
  await stage.raise('a-new', { level: 'red', raisedAt: now(), message: { zh: '新来的', en: 'New' } })
  const { body: before } = await get('/api/v1/handover', 'sun')
  expect(before.since).toMatchObject([{ id: 'a-new' }])
  const { sha256: hash } = before
  const partly = await sign({ side: 'incoming', sha256: hash, confirmed: ['a-red'] }, 'sun')
  expect([partly.status, partly.body.error.details]).toMatchObject([400, { field: 'confirmed', missing: ['a-shelved'] }])
  const same = await sign({ side: 'incoming', sha256: hash, confirmed: before.toConfirm }, 'wang')
  expect([same.status, same.body.error.code]).toEqual([403, 'two-persons'])
  const other = await sign({ side: 'incoming', sha256: hash, confirmed: before.toConfirm }, 'li')
  expect(other.body.error.details.reason).toBe('not-on-shift')
  const done = await sign({ side: 'incoming', sha256: hash, confirmed: before.toConfirm, notes: '已逐条核对' }, 'sun')
  expect(done.body).toMatchObject({
    incoming: { by: ids['sun'], confirmed: ['a-red', 'a-shelved'], notes: '已逐条核对' },
    late: false,
  })
  expect(alarms()).toEqual([])

  await stage.raise('a-red', { state: 'normal', endedAt: now() }, 'ended')
  const bytes = await get(`/api/v1/handover/${shifts[0]!.id}/report`, 'zheng')
  expect(sha256(bytes.text)).toBe(hash)
  const report = JSON.parse(bytes.text) as HandoverReport
  expect([report.notes, toConfirm(report)]).toEqual(['二号罐区明早继续', ['a-red', 'a-shelved']])
  expect((await get(`/api/v1/handover/${shifts[0]!.id}`, 'zheng')).body.report).toEqual(report)
  const { body: archive } = await get(`/api/v1/handover/archive?region=${region}`, 'zheng')
  expect(archive.handovers).toMatchObject([{ shift: { id: shifts[0]!.id }, signedSha256: hash, incoming: { by: ids['sun'] } }])
  const recorded = await stage.journal.readRecord(1, ['handover.signed'])
  expect(recorded).toHaveLength(2)
  expect(recorded.map(({ payload }) => Buffer.from(payload).toString()).join()).not.toMatch(/1380000|"wang"|"sun"/)
})

test('a shift that nobody could have handed over is no alarm: entered after its end, or over before handovers were there; times are local', () => {
  const to = Date.parse('2026-01-01T10:00:00Z')
  const people = { duty1: 'a', duty2: 'b', shiftLeader: 'c', dutyLeader: 'd' }
  const book = new RosterBook()
  book.apply({ id: 's1', version: 1, region, from: to - 8 * HOUR, to, people, substitutions: [], cancelledAt: null })
  const told = (from: number, wasKnown: boolean) =>
    new Handovers(stage.journal, null as never, book, { zone: 'Asia/Shanghai', from, wasKnown: () => wasKnown })
      .alarms(to + HOUR)
      .map(({ text }) => text.zh)
  expect(told(to - HOUR, true)).toEqual([`${region} 2026-01-01 18:00 结束的班次未完成交接签字`])
  expect(told(to - HOUR, false)).toEqual([])
  expect(told(to + MINUTE, true)).toEqual([])
})
