import { createHmac } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import type { TimelineItem } from '../../core/alarm-book.ts'
import type { Rule } from '../../core/rule.ts'
import { startSmtp } from '../alerts/fake-smtp.ts'
import { says, startReceiver } from '../alerts/misbehaving-receiver.ts'
import { startProcess, temporaryDir, type PlatformProcess } from './platform-process.ts'

const dataDir = temporaryDir()
const secret = 'secret-of-the-account'
let platform: PlatformProcess
let smtp: Awaited<ReturnType<typeof startSmtp>>
const receivers = new Map<string, Awaited<ReturnType<typeof startReceiver>>>()
const people: Record<string, string> = {}
let deviceToken: string

const provider = (url: string) => ({
  url,
  headers: { 'x-sign': '{signature}' },
  json: { phone: '{phone}', template: '{template}', variables: '{variablesJson}', out_id: '{messageId}' },
  secret,
  template: 'ALARM',
  templates: { 'follow-up': 'FOLLOW_UP' },
  variables: { level: { from: 'level', max: 8 }, what: { from: 'what', max: 40 }, by: { from: 'by', max: 12 } },
  sign: [{ as: 'signature', hash: 'sha256', key: '{secret}', of: '{body}' }],
  success: 'body.code == "OK"',
  callback: {
    take: { sent: 'headers["x-time"]' },
    sign: [{ as: 'signature', hash: 'sha256', key: '{secret}', of: '{sent}.{body}' }],
    given: 'headers["x-sign"]',
    sentAt: 'headers["x-time"]',
    messageId: 'item.out_id',
    delivered: 'item.success == true',
    acknowledged: 'item.dtmf == "1"',
  },
  allowLoopback: true,
})

beforeAll(async () => {
  smtp = await startSmtp()
  for (const name of ['sms', 'voice']) receivers.set(name, await startReceiver(says({ code: 'OK' })))
  receivers.set('group', await startReceiver(says({ errcode: 0 })))
  const url = (name: string) => receivers.get(name)!.url
  const channels = {
    'duty-mail': {
      type: 'mail',
      host: '127.0.0.1',
      port: smtp.port,
      security: 'none',
      from: 'w@example.org',
      allowLoopback: true,
    },
    'duty-sms': { type: 'sms', ...provider(url('sms')) },
    'duty-voice': { type: 'voice', ...provider(url('voice')) },
    'duty-group': {
      type: 'dingtalk',
      url: url('group'),
      accessToken: 'token-of-group',
      secret: 'SEC-of-the-group',
      allowLoopback: true,
    },
  }
  writeFileSync(join(dataDir, 'watchfire.yaml'), JSON.stringify({ channels }))
  platform = await start()
  const enterprise = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', { name: '滨江化工', region: '370102' })
  const device = { enterpriseId: enterprise.id, kind: 'gas-detector', name: 'GAS-01', attributes: { substance: 'ch4' } }
  deviceToken = (await platform.call<{ token: string }>('POST', '/api/v1/devices', device)).token
  const { rules } = await platform.call<{ rules: Rule[] }>('GET', '/api/v1/rules')
  const { id: _, origin: _origin, ...rule } = rules.find(({ id }) => id === 'gas.combustible')!
  await platform.call('PUT', '/api/v1/rules/gas.combustible', { ...rule, onDelayMs: 0, offDelayMs: 0 })
  for (const [i, role] of ['duty1', 'duty2', 'shiftLeader', 'dutyLeader'].entries()) {
    const user = { username: role, password: 'correct horse battery', role: 'duty' }
    const { id } = await platform.call<{ id: string }>('POST', '/api/v1/users', user)
    people[role] = id
    const contact = { name: `张${role}`, phone: `1380013800${i}`, mail: `${role.toLowerCase()}@example.org` }
    await platform.call('PATCH', `/api/v1/users/${id}`, { contact })
  }
  const now = Date.now()
  const shift = { region: '370102', from: now - 3_600_000, to: now + 8 * 3_600_000, people }
  await platform.call('POST', '/api/v1/roster', { shifts: [shift] })
}, 120_000)
afterAll(async () => {
  await platform?.kill()
  await smtp?.stop()
  for (const one of receivers.values()) await one.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const start = () => startProcess({ dataDir, keep: true, env: { WATCHFIRE_PUBLIC_URL: 'https://duty.example.org' } })
/** As if the power went, and back. */
async function cut(): Promise<void> {
  await platform.kill('SIGKILL')
  platform = await start()
}
async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((wait) => setTimeout(wait, 50))
  }
  throw new Error(`${what} did not come: ${platform.stderr().slice(-3_000)}`)
}

type Provided = { phone: string; template: string; variables: string; out_id: string }
const posted = (name: string) => receivers.get(name)!.received.map(({ body }) => JSON.parse(body) as Provided)
const mails = () => smtp.mails.map(({ data, to }) => ({ to, id: /^message-id:\s*<([^@>]+)/im.exec(data)?.[1] ?? '', data }))
/** Quoted-printable as people read it. */
const unquoted = (data: string) =>
  data
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/(?:=[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString())
const groupTexts = () =>
  receivers.get('group')!.received.map(({ body }) => (JSON.parse(body) as { text: { content: string } }).text.content)
const distinct = (ids: string[]) => [...new Set(ids)]
const open = async () =>
  (await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?level=red')).alarms.find(
    ({ ruleId }) => ruleId === 'gas.combustible',
  )

test('from a reading to mail, text message and robot, and a key on the phone takes it over, with the power cut between every step', async () => {
  const { shipped, state } = await platform.call<{
    shipped: Record<string, unknown> & { steps: Record<string, object[]> }
    state: object
  }>('GET', '/api/v1/ladders')
  expect(state).toMatchObject({ enabled: false, reasons: ['outside-steps-off'], text: { zh: '上级升级未启用' } })
  const { region: _, version: _version, ...ladder } = shipped
  const red = [
    { id: 'r0', afterMs: 0, to: { duty: 'duty1' }, channels: ['app', 'im', 'sms', 'mail'] },
    { id: 'r2', afterMs: 2_000, to: { duty: 'duty1' }, channels: ['voice'] },
    { id: 'r2-report', afterMs: 2_000, to: { duty: 'duty1' }, channels: ['mail'], report: true },
    { id: 'r600', afterMs: 600_000, to: { superior: 'duty1' }, channels: ['voice'] },
  ]
  const wanted = { ...ladder, region: '370102', steps: { ...shipped.steps, red } }
  const headers = { authorization: `Bearer ${await platform.token()}` }
  const second = { username: 'second', password: 'correct horse battery' }
  const { id: secondId } = await platform.call<{ id: string }>('POST', '/api/v1/users', { ...second, role: 'supervisor' })
  const { body: session } = await platform.ask('POST', '/api/v1/session', second)
  const bySecond = { authorization: `Bearer ${(session as { token: string }).token}` }
  const propose = (more: object) =>
    platform.ask('POST', '/api/v1/ladders/proposals', { ...wanted, version: 0, reason: '本地值班人手', ...more }, headers)
  expect(await propose({ leaves: true })).toMatchObject({ status: 409, body: { error: { code: 'dry-run-needed' } } })
  const { id: dryRun } = await platform.call<{ id: string }>('POST', '/api/v1/ladders/dry-run', { ...wanted, leaves: true })
  const proposed = await propose({ leaves: true, dryRun })
  expect(proposed).toMatchObject({ status: 201, body: { proposal: { dryRun, state: 'open', by: 'admin' } } })
  const { id: proposalId } = (proposed.body as { proposal: { id: string } }).proposal
  const approve = (as: Record<string, string>) => platform.ask('POST', `/api/v1/ladders/proposals/${proposalId}/approve`, {}, as)
  expect(await approve(headers)).toMatchObject({ status: 403, body: { error: { code: 'two-persons' } } })
  const inForce = async () => (await platform.call<{ ladders: object[] }>('GET', '/api/v1/ladders')).ladders
  expect(await inForce()).toEqual([])
  expect(await approve(bySecond)).toMatchObject({
    status: 200,
    body: { proposal: { state: 'approved', decision: { by: secondId } } },
  })
  expect(await inForce()).toMatchObject([{ region: '370102', version: 1, leaves: true }])

  const published = await platform.ask('POST', `/api/v1/${deviceToken}/telemetry`, { combustibleLel: 60 })
  expect(published.status).toBeLessThan(300)
  await cut()
  const alarm = await until('the alarm', open)
  await until('the mail', () => mails()[0])
  await until('the text message', () => posted('sms')[0])
  await until('the robot', () => groupTexts()[0])
  await cut()
  const call = await until('the call', () => posted('voice')[0])
  const written = await until('the report', () => mails().find(({ id }) => id.includes('.r2-report.')))
  expect(unquoted(written.data)).toContain('二、通知情况')
  expect(mails()[0]).toMatchObject({ to: expect.stringContaining('duty1@example.org') as string })
  expect(posted('sms')[0]).toMatchObject({ phone: '13800138000', template: 'ALARM' })
  expect(groupTexts()[0]).toContain('GAS-01')
  expect((await open())!.state).toBe('active')

  const ask = (key: string, more: object) => {
    const wish = { version: alarm.version, to: 'dutyLeader', reason: '火势扩大到罐区', ...more }
    const path = `/api/v1/alarms/${encodeURIComponent(alarm.id)}/call`
    return platform
      .token()
      .then((token) => platform.ask('POST', path, wish, { authorization: `Bearer ${token}`, 'idempotency-key': key }))
  }
  const asked = await ask('k1', {})
  expect(asked).toMatchObject({ status: 202, body: { steps: [{ to: { duty: 'dutyLeader' } }] } })
  await cut()
  const leader = await until('the call by hand', () => posted('voice').find(({ phone }) => phone === '13800138003'))
  expect(await ask('k1', {})).toMatchObject({ status: 202, body: { steps: (asked.body as { steps: object[] }).steps } })
  expect(await ask('k1', { to: 'duty2' })).toMatchObject({ status: 422, body: { error: { code: 'idempotency-mismatch' } } })
  expect(await ask('k2', { version: alarm.version + 1 })).toMatchObject({
    status: 409,
    body: { error: { code: 'stale-version' } },
  })
  const body = JSON.stringify({ out_id: call.out_id, dtmf: '1' })
  const time = String(Date.now())
  const sign = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  const callback = (method: string) =>
    fetch(`${platform.http}/api/v1/callbacks/duty-voice`, {
      method,
      headers: { 'content-type': 'application/json', 'x-time': time, 'x-sign': sign },
      ...(method === 'POST' && { body }),
    })
  expect((await callback('GET')).status).toBe(404)
  expect((await open())!.state).toBe('active')
  expect((await callback('POST')).status).toBe(200)
  await cut()
  const taken = await until('the acknowledgement', async () => {
    const found = await open()
    return found?.acknowledgedBy ? found : undefined
  })
  expect(taken).toMatchObject({ id: alarm.id, acknowledgedBy: people['duty1'] })
  expect((await callback('POST')).status).toBe(200)
  const followUp = (texts: string[]) => texts.find((text) => text.includes('已由张duty1确认'))
  await until('the follow-up to the group', () => followUp(groupTexts()))
  await until('the follow-up as text message', () => posted('sms').find(({ template }) => template === 'FOLLOW_UP'))
  await until('the follow-up by mail', () => mails()[distinct(mails().map(({ id }) => id)).length > 2 ? 2 : 99])
  await cut()
  await new Promise((wait) => setTimeout(wait, 3_000))

  expect(distinct(posted('voice').map(({ out_id }) => out_id))).toEqual([call.out_id, leader.out_id])
  const texts = posted('sms').map(({ out_id, template }) => `${template} ${out_id}`)
  expect(distinct(texts)).toHaveLength(3)
  expect(texts.at(-1)).toContain('FOLLOW_UP')
  expect(texts.findLastIndex((one) => one.startsWith('ALARM'))).toBeLessThan(
    texts.findIndex((one) => one.startsWith('FOLLOW_UP')),
  )
  expect(distinct(mails().map(({ id }) => id))).toHaveLength(3)
  expect(distinct(groupTexts())).toHaveLength(2)
  const { items } = await platform.call<{ items: TimelineItem[] }>('GET', `/api/v1/alarms/${alarm.id}/timeline`)
  const pushes = items.flatMap(({ entry }) =>
    entry.kind.startsWith('push.') ? [`${entry.kind} ${(entry as { channel: string }).channel}`] : [],
  )
  expect(pushes).toEqual(
    expect.arrayContaining(['push.due duty-mail', 'push.sent duty-mail', 'push.receipt duty-voice', 'push.sent app']),
  )
  const report = await platform.call<{ now: { text: { zh: string } }; drafted: { outcome: string; text: { zh: string } }[] }>(
    'GET',
    `/api/v1/alarms/${encodeURIComponent(alarm.id)}/report`,
  )
  expect(report.drafted).toMatchObject([{ outcome: 'called' }])
  expect(report.drafted[0]!.text.zh).not.toContain('张')
  expect(report.now.text.zh).toMatch(/带班领导（人工）：.*duty-voice 张dutyLeader/)
  expect(report.now.text.zh).toContain('人工呼叫 · admin · 火势扩大到罐区')
  const acts = items.flatMap(({ entry }) => (entry.kind === 'action' ? [entry.by] : []))
  expect(acts).toEqual([people['duty1']])
}, 180_000)
