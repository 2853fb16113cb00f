import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ActionEntry } from '../../core/record.ts'
import { LONGEST_ALONE_MS } from '../../core/shelving.ts'
import { Actions } from '../../dashboards/actions.ts'
import { Recorder } from '../../dashboards/recorder.ts'
import { Verdicts } from '../../dashboards/verdicts.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

let stage: Stage
beforeEach(async () => {
  stage = await Stage.start()
  await stage.raise('a-1')
  for (const username of ['li', 'wang']) {
    await stage.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role: 'duty' })
  }
})
afterEach(() => stage.stop())

const acknowledge = (as: string, version = 1, headers: Record<string, string> = {}) =>
  stage.call('POST', '/api/v1/alarms/a-1/acknowledge', { version }, { as, headers })

test('of two operators who acknowledge what both see, one does and the other is shown who was first', async () => {
  const answers = await Promise.all([acknowledge('li'), acknowledge('wang')])
  const [done, late] = answers.toSorted((a, b) => a.status - b.status)
  expect(done).toMatchObject({ status: 200, body: { alarm: { state: 'acknowledged', version: 2 } } })
  expect(late).toMatchObject({
    status: 409,
    body: {
      error: {
        code: 'stale-version',
        details: { alarm: { version: 2, acknowledgedBy: done!.body.alarm.acknowledgedBy } },
      },
    },
  })
})

test('an action waits for the verdict, and says so when there is none', async () => {
  const verdicts = new Verdicts(50)
  const recorder = new Recorder(stage.journal, 1)
  stage.engineAnswers = false
  const alarmBook = { timeline: () => Promise.resolve([]) } as never
  const actions = new Actions({ alarmBook, recorder, verdicts })
  const wish = { alarmId: 'a-1', action: 'acknowledge' as const, version: 1, by: 'p-1', comment: null, idempotencyKey: null }
  await expect(actions.take(wish)).rejects.toMatchObject({ code: 'no-verdict' })
})

test('the same Idempotency-Key gets the first answer, and acts once', async () => {
  const key = { 'idempotency-key': 'k-1' }
  const first = await acknowledge('li', 1, key)
  const again = await acknowledge('li', 1, key)
  expect(again).toMatchObject({ status: 200, body: first.body })
  expect(await stage.journal.readRecord(1, ['action'])).toHaveLength(1)
  expect((await acknowledge('wang', 1, key)).status).toBe(409)
  expect(await acknowledge('li', 2, key)).toMatchObject({ status: 422, body: { error: { code: 'idempotency-mismatch' } } })
})

test('an end that has come nearer than one shift is the same wish asked for again', async () => {
  await stage.token('li')
  const body = { version: 1, comment: 'permit 12', untilMs: stage.journal.clock.now() + LONGEST_ALONE_MS + 800 }
  const headers = { 'idempotency-key': 'k-9' }
  const ask = () => stage.call('POST', '/api/v1/alarms/a-1/out-of-service', body, { as: 'li', headers })
  const first = await ask()
  await new Promise((done) => setTimeout(done, 900))
  expect(await ask()).toMatchObject({ status: first.status, body: first.body })
  const details = (await stage.journal.readRecord(1, ['action'])).map((entry) => (readRecordEntry(entry) as ActionEntry).details)
  expect(details).toEqual([{ twoPersons: true }])
})

test('an Idempotency-Key is remembered over a restart, because the record remembers it', async () => {
  const first = await acknowledge('li', 1, { 'idempotency-key': 'k-1' })
  const second = await acknowledge('wang', 1, { 'idempotency-key': 'k-2' })
  const fresh = new Actions({
    alarmBook: { timeline: (id: string) => Promise.resolve(stage.timelines.get(id) ?? []) } as never,
    recorder: new Recorder(stage.journal, 1),
    verdicts: new Verdicts(50),
  })
  const person = async (as: string) => (await stage.call('GET', '/api/v1/session', undefined, { as })).body.user.id as string
  const wish = { alarmId: 'a-1', action: 'acknowledge' as const, version: 1, comment: null }
  expect(await fresh.take({ ...wish, by: await person('li'), idempotencyKey: 'k-1' })).toEqual(first.body)
  expect(second.status).toBe(409)
  await expect(fresh.take({ ...wish, by: await person('wang'), idempotencyKey: 'k-2' })).rejects.toMatchObject({
    code: 'stale-version',
  })
  expect(await stage.journal.readRecord(1, ['action'])).toHaveLength(2)
})

test("a change made by data at the action's position is not taken for its verdict", async () => {
  const verdicts = new Verdicts(50)
  const alarm = await stage.raise('a-9')
  verdicts.take({ kind: 'alarm.changed', change: 'raised', alarm, causePos: 7, at: 0, by: 'platform', comment: null })
  await expect(verdicts.of(7)).rejects.toMatchObject({ code: 'no-verdict' })
})

test('actions that make no sense are refused in words', async () => {
  const act = (action: string, body: unknown) => stage.call('POST', `/api/v1/alarms/a-1/${action}`, body)
  expect(await act('shelve', { version: 1, reason: 'calibrating' })).toMatchObject({ status: 400 })
  expect(await act('shelve', { version: 1, minutes: 5 })).toMatchObject({ status: 400 })
  expect(await act('silence', { version: 1 })).toMatchObject({
    status: 404,
    body: { error: { message: expect.stringContaining('acknowledge, reset, comment') } },
  })
  expect(await act('comment', { version: 1, comment: ' ' })).toMatchObject({
    status: 400,
    body: { error: { details: { field: 'comment' } } },
  })
  expect(await act('acknowledge', {})).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('version is missing; for example 3') } },
  })
  expect(await stage.call('POST', '/api/v1/alarms/a-none/acknowledge', { version: 1 })).toMatchObject({ status: 404 })
})

test('the timeline names the people the record only numbers', async () => {
  const { alarm } = (await acknowledge('li')).body
  await new Promise((resolve) => setImmediate(resolve))
  const { body } = await stage.call('GET', '/api/v1/alarms/a-1/timeline')
  expect(body.items.map(({ type }: { type: string }) => type)).toEqual(['change', 'action', 'change'])
  expect(body.people).toEqual({ [alarm.acknowledgedBy]: 'li' })
})

test('who answers for a place is told to those who act, with numbers, and both that and the call are recorded', async () => {
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: '滨江化工', region: '330106001' })
  const add = async (username: string, contact: object) => {
    const made = { username, password: ADMIN_PASSWORD, role: 'enterprise', enterpriseId: 'e-1' }
    const { id } = (await stage.call('POST', '/api/v1/users', made)).body as { id: string }
    await stage.call('PATCH', `/api/v1/users/${id}`, { contact })
    return id
  }
  const room = await add('room', { name: '值班室', phone: '0571-8000001', position: 'duty-room' })
  const head = await add('head', { name: '张总', phone: '13800000001', position: 'head' })
  const { body } = await stage.call('GET', '/api/v1/alarms/a-1/contacts', undefined, { as: 'li' })
  expect(body.contacts).toMatchObject([
    { personId: head, name: '张总', position: 'head', phone: '13800000001' },
    { personId: room, position: 'duty-room' },
  ])
  const call = { personId: head, result: 'reached', note: '正在撤人' }
  const headers = { 'idempotency-key': 'k1' }
  for (const once of [1, 2])
    expect((await stage.call('POST', '/api/v1/alarms/a-1/calls', call, { as: 'li', headers })).status, String(once)).toBe(204)
  const nobody = { personId: 'admin', result: 'busy' }
  expect((await stage.call('POST', '/api/v1/alarms/a-1/calls', nobody, { as: 'li' })).status).toBe(400)
  const said = await stage.journal.readRecord(1, ['alarm.called', 'personal-data.accessed'])
  const entries = said.map(readRecordEntry)
  expect(entries.filter(({ kind }) => kind === 'alarm.called')).toMatchObject([{ ...call, alarmId: 'a-1' }])
  expect(entries.filter(({ kind }) => kind === 'personal-data.accessed')).toMatchObject([{ personIds: [head, room] }])
})

test('an alarm shown on the walls goes to screens that said they are walls, and may see it; one that is over does not', async () => {
  const wall = await stage.live()
  const desk = await stage.live()
  const shown: string[] = []
  wall.socket.on('show', ({ alarmId }: { alarmId: string }) => shown.push(alarmId))
  desk.socket.on('show', () => shown.push('desk'))
  const show = (as = 'li') => stage.call('POST', '/api/v1/alarms/a-1/show', undefined, { as })
  expect((await show()).body).toEqual({ walls: 0 })
  wall.socket.emit('wall', { wall: 'w1', name: '大厅', seq: 1, frames: 60, heapMb: 90, sound: 'ready', picture: 'live' })
  await wall.socket.emitWithAck('snapshot', {})
  expect((await show()).body).toEqual({ walls: 1 })
  await wall.until(() => shown.length > 0)
  expect(shown).toEqual(['a-1'])
  await stage.raise('a-1', { state: 'normal', endedAt: 1 }, 'ended')
  expect((await show()).body.error).toMatchObject({ code: 'wrong-state' })
})
