import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Escalation, MyPush } from '../../core/escalation.ts'
import { minuteOf } from '../../core/local-time.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

const HOUR = 3_600_000
const region = '370102'
let stage: Stage
const pushes = new Map<string, MyPush[]>()
/** What was sent to whom, in place of the part that pushes. */
const asking: Partial<Escalation> = {
  reach: () => undefined,
  escalationFacts: () => Promise.resolve({ hasChannels: true, leavesSomewhere: true, ladders: [], climbing: 0 } as never),
  myPushes: (id) => Promise.resolve(pushes.get(id) ?? []),
}
const ids: Record<string, string> = {}
const crew = () => ({ duty1: ids['wang']!, duty2: ids['li']!, shiftLeader: ids['zhao']!, dutyLeader: ids['qian']! })
const now = () => stage.journal.clock.now()
const shift = (from: number, to: number, people: object = crew()) => ({ region, from, to, people })
const post = (path: string, body: object, as = 'qian') => stage.call('POST', path, body, { as })

beforeAll(async () => {
  stage = await Stage.start({}, { escalation: asking as Escalation })
  for (const [username, role] of Object.entries({ wang: 'duty', li: 'duty', zhao: 'duty', sun: 'viewer', qian: 'supervisor' })) {
    const { body } = await stage.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role })
    ids[username] = body.id
  }
  for (const who of ['wang', 'li', 'qian'])
    await stage.call('PATCH', `/api/v1/users/${ids[who]}`, { contact: { name: `${who}.`, phone: '+8613800000000' } })
})
afterAll(() => stage.stop())

test('who cannot be telephoned, may not act or is nobody is not put on duty, and the field is named', async () => {
  const from = now()
  const unreachable = await post('/api/v1/roster', { shifts: [shift(from, from + HOUR)] })
  expect([unreachable.status, unreachable.body.error]).toMatchObject([
    400,
    { code: 'unreachable', details: { field: 'people.shiftLeader' } },
  ])
  await stage.call('PATCH', `/api/v1/users/${ids['zhao']}`, { contact: { phone: '0531 8888 0000' } })
  const viewer = await post('/api/v1/roster', { shifts: [shift(from, from + HOUR, { ...crew(), duty2: ids['sun'] })] })
  expect([viewer.status, viewer.body.error.details]).toMatchObject([400, { field: 'people.duty2' }])
  expect((await post('/api/v1/roster', { shifts: [shift(from, from)] })).body.error.details).toMatchObject({ field: 'to' })
  expect((await post('/api/v1/roster', { shifts: [shift(from, from + HOUR)] }, 'wang')).status).toBe(403)
})

test('shifts come all or none; who is on duty now is told by name, who stands in takes over, and a gap is an alarm of the platform', async () => {
  expect((await stage.call('GET', '/api/v1/duty/now')).body).toEqual({ duty: null, hasRoster: false, people: {} })
  const from = now() - HOUR
  const both = { shifts: [shift(from, from + 9 * HOUR), shift(from + 8 * HOUR, from + 17 * HOUR)] }
  expect((await post('/api/v1/roster', both)).body.error.code).toBe('overlapping-shift')
  expect((await stage.call('GET', '/api/v1/roster')).body.shifts).toEqual([])
  const { body: added } = await post('/api/v1/roster', { shifts: [shift(from, from + 8 * HOUR)] })
  const [one] = added.shifts
  expect((await stage.call('GET', '/api/v1/duty/now?region=370102001')).body).toMatchObject({
    duty: { region, people: crew() },
    people: { [ids['wang']!]: 'wang.', [ids['zhao']!]: 'zhao' },
  })
  const alarms = () => stage.dashboards.status().alarms?.map(({ code }) => code)
  expect(alarms()).toEqual([`gap-${region}`])
  const [gap] = stage.dashboards.status().alarms!
  expect(gap!.text.zh).toBe(`${region} 自 ${minuteOf(from + 8 * HOUR, 'Asia/Shanghai')} 起无人值班`)
  await post('/api/v1/roster', { shifts: [shift(from + 8 * HOUR, from + 20 * HOUR)] })
  expect(alarms()).toEqual([])

  const stand = { version: 1, role: 'duty1', personId: ids['qian'], reason: '病假' }
  expect((await post(`/api/v1/roster/${one.id}/substitute`, stand)).body.shift).toMatchObject({ version: 2 })
  expect((await post(`/api/v1/roster/${one.id}/substitute`, stand)).body.error.code).toBe('stale-version')
  const { body: duty } = await stage.call('GET', '/api/v1/duty/now')
  expect(duty.duty.people.duty1).toBe(ids['qian'])

  await post(`/api/v1/roster/${one.id}/cancel`, { version: 2, reason: '排错' })
  expect((await stage.call('GET', '/api/v1/duty/now')).body).toMatchObject({ duty: null, hasRoster: true })
  expect(alarms()).toEqual([`gap-${region}`])
  const recorded = JSON.stringify(
    await stage.journal
      .readRecord(1, ['roster.set', 'user.changed'])
      .then((all) => all.map(({ payload }) => Buffer.from(payload).toString())),
  )
  expect(recorded).not.toMatch(/1380000|8888|wang/)
})

test('a roll call is shown to who is asked, with time left, and to the leaders with who has answered; to nobody else', async () => {
  const { body: made } = await post('/api/v1/roster', { shifts: [shift(now() - 1_000, now() + HOUR)] })
  const { duty } = (await stage.call('GET', '/api/v1/duty/now')).body
  const at = now()
  const asked = (channel: string, answered: boolean, shiftId: string = duty.shiftId, asks = true): MyPush => ({
    ...{ id: channel, message: 'roll-call', alarmId: null, channel, at, receipt: 'accepted', answered },
    rollCall: { shiftId, asks, open: true },
  })
  const { duty1, duty2, shiftLeader, dutyLeader } = duty.people as Record<string, string>
  // One answer by any way counts; of another shift none does, nor the message that somebody is missing.
  pushes.set(duty2!, [asked('app', false), asked('sms', true)])
  pushes.set(shiftLeader!, [asked('app', true, 'another'), asked('voice', true, duty.shiftId, false), asked('sms', false)])
  const nameOf = (id: string) => Object.keys(ids).find((name) => ids[name] === id)!
  const rollCall = async (id: string) =>
    (await stage.call('GET', '/api/v1/duty/roll-call', undefined, { as: nameOf(id) })).body.calls
  const common = { shiftId: duty.shiftId, region, answerBy: at + 120_000, open: true }
  expect(await rollCall(duty2!)).toEqual([{ ...common, mine: true }])
  const [seen] = await rollCall(shiftLeader!)
  expect(seen).toMatchObject({ ...common, mine: false })
  expect(seen.people.map((one: { personId: string; answered: boolean }) => [one.personId, one.answered])).toEqual([
    [duty2, true],
    [shiftLeader, false],
  ])
  expect((await rollCall(dutyLeader!))[0].people).toHaveLength(2)
  const outside = Object.values(ids).find((id) => ![duty1, duty2, shiftLeader, dutyLeader, ids['sun']].includes(id))
  if (outside) expect(await rollCall(outside)).toEqual([])
  expect((await stage.call('GET', '/api/v1/duty/roll-call', undefined, { as: 'sun' })).status).toBe(403)
  await post(`/api/v1/roster/${made.shifts[0].id}/cancel`, { version: 1, reason: '排错' })
})

test('ladders and what is proposed for them are for those who act, with the divisions they answer for', async () => {
  const { id: enterpriseId } = (await stage.call('POST', '/api/v1/enterprises', { name: '滨江化工', region })).body
  const user = { username: 'plant', password: ADMIN_PASSWORD, role: 'enterprise', enterpriseId }
  expect((await stage.call('POST', '/api/v1/users', user)).status).toBe(201)
  const asked = async (as: string) =>
    Promise.all(
      ['', '/proposals'].map(async (path) => (await stage.call('GET', `/api/v1/ladders${path}`, undefined, { as })).status),
    )
  expect(await asked('plant')).toEqual([403, 403])
  expect(await asked('sun')).toEqual([403, 403])
  expect(await asked('wang')).toEqual([200, 200])
  expect((await stage.call('GET', '/api/v1/ladders', undefined, { as: 'wang' })).body.divisions).toEqual([region])
})

test('after a restart the roster is what it was', async () => {
  const before = (await stage.call('GET', '/api/v1/roster')).body.shifts
  expect(before).toHaveLength(1)
  await stage.dashboards.stop()
  const again = await Stage.start({}, { journal: stage.journal } as never).catch(() => null)
  if (!again) throw new Error('the dashboards did not start again')
  expect((await again.call('GET', '/api/v1/roster')).body.shifts).toEqual(before)
  await again.stop()
})
