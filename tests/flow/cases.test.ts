import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import type { Hazard } from '../../core/hazard.ts'
import type { Rule } from '../../core/rule.ts'
import type { TimelineItem } from '../../core/alarm-book.ts'
import { ADMIN_PASSWORD, startProcess, temporaryDir, type PlatformProcess } from './platform-process.ts'

const dataDir = temporaryDir()
let platform: PlatformProcess
const tokens = new Map<string, string>()
const ids = new Map<string, string>()
const devices = new Map<string, string>()

beforeAll(async () => {
  platform = await startProcess({ dataDir, keep: true })
  const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
    name: '滨江化工',
    region: '370102',
  })
  for (const name of ['GAS-01', 'GAS-02', 'GAS-03']) {
    const device = { enterpriseId, kind: 'gas-detector', name, attributes: { substance: 'ch4' } }
    devices.set(name, (await platform.call<{ token: string }>('POST', '/api/v1/devices', device)).token)
  }
  const { rules } = await platform.call<{ rules: Rule[] }>('GET', '/api/v1/rules')
  const { id: _id, origin: _origin, ...rule } = rules.find(({ id }) => id === 'gas.combustible')!
  const quick = { ...rule, onDelayMs: 0, offDelayMs: 0, latching: false }
  await platform.call('PUT', '/api/v1/rules/gas.combustible', quick)
  for (const username of ['wang', 'li', 'zhao']) {
    const user = { username, password: ADMIN_PASSWORD, role: 'duty' }
    ids.set(username, (await platform.call<{ id: string }>('POST', '/api/v1/users', user)).id)
  }
}, 60_000)
afterAll(async () => {
  await platform?.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

type Answered = {
  status: number
  body: { alarm: Alarm; alarms: Alarm[]; group: string; requested: Alarm[]; acknowledged: Alarm[]; error: Refused }
}
type Refused = { code: string; message: string; details: Record<string, unknown> & { alarm: Alarm } }

async function as(username: string, method: string, path: string, body?: object, key?: string): Promise<Answered> {
  if (!tokens.has(username)) {
    const login = await platform.ask('POST', '/api/v1/session', { username, password: ADMIN_PASSWORD })
    tokens.set(username, (login.body as { token: string }).token)
  }
  const headers = { authorization: `Bearer ${tokens.get(username)}`, ...(key && { 'idempotency-key': key }) }
  return platform.ask(method, `/api/v1${path}`, body, headers) as Promise<Answered>
}
const act = (username: string, { id, version }: Alarm, action: string, body: object = {}, key?: string) =>
  as(username, 'POST', `/alarms/${id}/${action}`, { version, ...body }, key)

const publish = (device: string, combustibleLel: number) =>
  platform.ask('POST', `/api/v1/${devices.get(device)}/telemetry`, { combustibleLel })

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('what was waited for did not come')
}
const openOf = (device: string) =>
  until(async () => {
    const { alarms } = (await as('li', 'GET', '/alarms?open=true')).body
    return alarms.find(({ ruleId, message }) => ruleId === 'gas.combustible' && message.zh.includes(device))
  })
/** A value that raises, and the alarm of it. */
async function raise(device: string, value: number): Promise<Alarm> {
  await publish(device, value)
  return openOf(device)
}
const now = async (id: string) => (await as('li', 'GET', `/alarms/${id}`)).body as unknown as Alarm
/** Below the limit, until the off-delay has gone by; down in steps, because three falls of more than 30 %LEL in a second are a fault. */
async function clear(device: string, id: string): Promise<Alarm> {
  await publish(device, 24)
  return until(async () => {
    await publish(device, 0)
    const alarm = await now(id)
    return ['active', 'acknowledged'].includes(alarm.state) ? undefined : alarm
  })
}

test('a dispatched alarm goes from hand to hand until it is closed, also over a kill, and the timeline has every step', async () => {
  let alarm = await raise('GAS-01', 30)
  expect((await act('li', alarm, 'dispatch', { person: 'nobody', minutes: 60 })).body.error.details['field']).toBe('person')
  expect((await act('li', alarm, 'dispatch', { person: 'wang' })).body.error.details).toMatchObject({ min: 1, max: 43_200 })
  const sent = await act('li', alarm, 'dispatch', { person: 'wang', minutes: 60, note: '带检测仪' }, 'k-1')
  expect(sent.body.alarm.case).toMatchObject({ state: 'dispatched', dispatch: { to: { person: ids.get('wang') } } })
  expect(await act('li', alarm, 'dispatch', { person: 'wang', minutes: 60, note: '带检测仪' }, 'k-1')).toEqual(sent)
  expect((await act('li', alarm, 'dispatch', { person: 'zhao', minutes: 60 })).body.error).toMatchObject({
    code: 'stale-version',
    details: { alarm: { version: sent.body.alarm.version } },
  })
  alarm = sent.body.alarm
  expect((await act('zhao', alarm, 'accept')).body.error).toMatchObject({ code: 'wrong-state', details: { why: 'not-yours' } })
  alarm = (await act('wang', alarm, 'accept')).body.alarm

  await platform.kill('SIGKILL')
  platform = await startProcess({ dataDir, keep: true })
  alarm = (await act('wang', await now(alarm.id), 'acknowledge')).body.alarm
  alarm = (await act('wang', alarm, 'feedback', { comment: '法兰渗漏，已紧固' })).body.alarm
  const closing = { cause: '垫片老化', measures: '更换垫片', result: '复测 0 %LEL' }
  expect((await act('li', alarm, 'close', closing)).body.error.details['why']).toBe('still-active')
  alarm = await clear('GAS-01', alarm.id)
  expect((await as('li', 'GET', '/cases')).body.alarms.map(({ id }) => id)).toEqual([alarm.id])
  alarm = (await act('li', alarm, 'close', closing)).body.alarm
  expect(alarm.case).toMatchObject({ state: 'closed', closing: { by: ids.get('li'), ...closing } })
  expect((await as('li', 'GET', '/cases')).body.alarms).toEqual([])
  const { items, people } = (await as('li', 'GET', `/alarms/${alarm.id}/timeline`)).body as unknown as {
    items: TimelineItem[]
    people: Record<string, string>
  }
  const changes = items.flatMap(({ entry }) => (entry.kind === 'alarm.changed' ? [entry.change] : []))
  expect(changes).toEqual(['raised', 'dispatched', 'accepted', 'acknowledged', 'fed-back', 'ended', 'closed'])
  expect(Object.values(people).sort()).toEqual(['li', 'wang', 'zhao'])
}, 60_000)

test('a red is called false when a second person agrees to that very version; three in seven days and the point needs work', async () => {
  for (const n of [1, 2, 3]) {
    // Not a jump: from what is usual a sensor gets there in one period.
    const alarm = await raise('GAS-02', 52)
    expect(alarm.level).toBe('red')
    expect((await act('li', alarm, 'false-alarm', {})).status).toBe(400)
    const { body } = await act('li', alarm, 'false-alarm', { reason: '传感器故障', comment: '探头进水' })
    expect(body.alarm).toMatchObject({ state: 'active', request: { action: 'false-alarm', by: ids.get('li') } })
    const own = await act('li', body.alarm, 'confirm')
    expect([own.status, own.body.error.code]).toEqual([403, 'two-persons'])
    expect((await act('wang', alarm, 'confirm')).status).toBe(409)
    const done = await act('wang', body.alarm, 'confirm')
    expect(done.body.alarm).toMatchObject({
      state: 'acknowledged',
      case: { state: 'falseAlarm', falseAlarm: { reason: 'sensor-fault', by: ids.get('li'), confirmedBy: ids.get('wang') } },
    })
    expect(await now(alarm.id)).toMatchObject({ falseAlarms: { inSevenDays: n, needsRectification: n === 3 } })
    const cleared = await clear('GAS-02', alarm.id)
    if (cleared.state === 'latched') await act('li', cleared, 'reset')
  }
  // The third one is a hazard of its own, with what was said of all three.
  const ledger = async () =>
    ((await as('li', 'GET', '/hazards?source=false-alarms')).body as unknown as { hazards: Hazard[] }).hazards
  const [hazard] = await until(async () => ((await ledger()).length > 0 ? ledger() : undefined))
  expect(hazard).toMatchObject({ state: 'found', category: 'monitoring', place: 'GAS-02', createdBy: 'platform' })
  expect(hazard!.description.match(/传感器故障 探头进水/g)).toHaveLength(3)
  expect(await ledger()).toHaveLength(1)
}, 60_000)

test('shelving is bounded by level, a red is out of service by two persons only, and a wrong time is told the right ones', async () => {
  const yellow = await raise('GAS-03', 30)
  const text = { reasonCode: 'known-work', comment: '检修作业中' }
  for (const wrong of [{}, { minutes: 0 }, { minutes: 481 }, { minutes: -1 }, { untilMs: Date.now() + 9 * 3_600_000 }]) {
    const { status, body } = await act('li', yellow, 'shelve', { ...text, ...wrong })
    expect([wrong, status, body.error.details]).toMatchObject([wrong, 400, { min: 1, max: 480, default: 30 }])
  }
  for (const wrong of [null, 'unlimited', 1e20]) {
    expect((await act('li', yellow, 'shelve', { ...text, minutes: wrong })).status).toBe(400)
  }
  expect((await act('li', yellow, 'shelve', { minutes: 30, comment: '检修作业中' })).body.error.details['field']).toBe(
    'reasonCode',
  )
  expect((await act('li', yellow, 'shelve', { ...text, minutes: 30, comment: '检修' })).body.error.details['field']).toBe(
    'comment',
  )
  const long = (await act('li', yellow, 'out-of-service', { minutes: 721, comment: '停用检修票 117' })).body.alarm
  expect(long).toMatchObject({ state: 'active', request: { action: 'out-of-service', minutes: 721 } })
  const freed = (await act('wang', long, 'decline')).body.alarm
  const shelved = await act('li', freed, 'shelve', { ...text, minutes: 30 })
  expect(shelved.body.alarm).toMatchObject({ state: 'shelved' })
  const back = (await act('li', shelved.body.alarm, 'unshelve')).body.alarm
  const escalated = await act('wang', back, 'escalate', { to: 'red', comment: '下风向有学校' })
  const red = escalated.body.alarm
  expect(red).toMatchObject({ level: 'red', state: 'active' })
  const shelf = await act('li', red, 'shelve', { ...text, minutes: 30 })
  expect([shelf.status, shelf.body.error.code]).toEqual([409, 'wrong-state'])
  const asked = (await act('li', red, 'out-of-service', { minutes: 120, comment: '停用检修票 118' })).body.alarm
  expect(asked).toMatchObject({ state: 'active', request: { action: 'out-of-service' } })
  const [first, second] = await Promise.all([act('wang', asked, 'confirm'), act('zhao', asked, 'confirm')])
  expect([first.status, second.status].sort()).toEqual([200, 409])
  expect(await now(red.id)).toMatchObject({ state: 'outOfService' })
  const active = (await act('li', await now(red.id), 'return-to-service')).body.alarm
  expect(active.state).toBe('active')
}, 60_000)

test('reds are acknowledged together by two persons who saw the same versions; what is new stays out', async () => {
  const gas3 = await openOf('GAS-03')
  const gas1 = await raise('GAS-01', 60)
  const listed = [gas3, gas1].map(({ id, version }) => ({ id, version }))
  const group = (body: object, key?: string) => as('li', 'POST', '/alarms/acknowledge', body, key)
  expect((await group({ alarms: listed })).body.error.details['field']).toBe('reason')
  const old = [{ ...listed[0]!, version: 1 }, listed[1]!]
  expect((await group({ alarms: old, reason: '同一泄漏点' })).body.error.code).toBe('stale-version')
  const first = (await group({ alarms: listed, reason: '同一泄漏点' }, 'g-1')).body
  const { requested, acknowledged, group: id } = first
  expect((await group({ alarms: listed, reason: '同一泄漏点' }, 'g-1')).body).toEqual(first)
  expect((await group({ alarms: listed, reason: '不是同一处' }, 'g-1')).body.error.code).toBe('idempotency-mismatch')
  expect([requested.length, acknowledged.length]).toEqual([2, 0])
  const gas2 = await raise('GAS-02', 60)
  const seen = requested.map((one) => ({ id: one.id, version: one.version }))
  const decide = (username: string, alarms: object[]) =>
    as(username, 'POST', `/alarms/acknowledge/${id}/confirm`, { alarms }, 'g-2')
  expect((await decide('li', seen)).status).toBe(403)
  expect((await decide('wang', seen.slice(1))).status).toBe(409)
  expect((await decide('wang', seen)).status).toBe(200)
  const done = await decide('wang', seen)
  expect(done.body.alarms.map(({ state, acknowledgedBy }) => [state, acknowledgedBy])).toEqual([
    ['acknowledged', ids.get('li')],
    ['acknowledged', ids.get('li')],
  ])
  expect(await now(gas2.id)).toMatchObject({ state: 'active' })
  const undo = await act('li', done.body.alarms[0]!, 'undo-acknowledge')
  expect(undo.body.error.details['why']).toBe('red')
}, 60_000)
