import { rmSync } from 'node:fs'
import mqtt from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import type { Shadow } from '../../core/backtest.ts'
import type { Proposal, RuleVersion } from '../../core/proposal.ts'
import type { Rule } from '../../core/rule.ts'
import { ADMIN_PASSWORD, startProcess, temporaryDir, type PlatformProcess } from './platform-process.ts'

const dataDir = temporaryDir()
let platform: PlatformProcess
let token: string

beforeAll(async () => {
  platform = await startProcess({ dataDir, keep: true })
  const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
    name: '滨江化工',
    region: '370102',
  })
  const device = { enterpriseId, kind: 'gas-detector', name: 'GAS-01' }
  token = (await platform.call<{ token: string }>('POST', '/api/v1/devices', device)).token
  for (const username of ['wang', 'li']) {
    await platform.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role: 'supervisor' })
  }
}, 60_000)
afterAll(async () => {
  await platform?.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

async function as(username: string, method: string, path: string, body?: object): Promise<{ status: number; body: never }> {
  const login = await fetch(`${platform.http}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: ADMIN_PASSWORD }),
  })
  const session = ((await login.json()) as { token: string }).token
  return platform.ask(method, path, body, { authorization: `Bearer ${session}` })
}

async function publish(combustibleLel: number): Promise<void> {
  const client = await mqtt.connectAsync(platform.mqtt, { username: token, reconnectPeriod: 0 })
  await client.publishAsync('v1/devices/me/telemetry', JSON.stringify({ combustibleLel }), { qos: 1 })
  await client.endAsync()
}

async function eventually(check: () => Promise<void>, until = Date.now() + 10_000): Promise<void> {
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

type Looked = { proposal: Proposal; shadow: Shadow }
async function shadowUntil(id: string, done: (shadow: Shadow) => boolean): Promise<Shadow> {
  for (let tries = 0; tries < 200; tries++) {
    const { shadow } = await platform.call<Looked>('GET', `/api/v1/proposals/${id}`)
    if (done(shadow)) return shadow
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the shadow did not come to what was waited for')
}
const openAlarms = async () => (await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?open=true')).alarms
const ruleNow = async () => {
  const { rules } = await platform.call<{ rules: Rule[] }>('GET', '/api/v1/rules')
  return rules.find(({ id }) => id === 'gas.combustible')!
}

test('a version proposed in shadow sees what it would raise and raises nothing, also over a kill; approved by another it raises', async () => {
  const current = await ruleNow()
  const { id: _id, version, origin: _origin, ...fields } = current
  const rule = { ...fields, limits: [{ name: 'H', above: 10, level: 'orange' }] }
  const proposed = await as('wang', 'POST', '/api/v1/rules/gas.combustible/proposals', {
    version,
    rule,
    reason: 'closed hall',
    shadow: true,
  })
  expect(proposed.status).toBe(201)
  const { id } = (proposed.body as { proposal: Proposal }).proposal
  await publish(12)
  const found = (shadow: Shadow) => shadow.state === 'running' && shadow.result.total === 1
  const shadow = await shadowUntil(id, found)
  expect(shadow).toMatchObject({ result: { difference: { against: 'rule-in-force', gone: [], same: 0 } } })
  expect(await openAlarms()).toEqual([])

  await platform.kill('SIGKILL')
  platform = await startProcess({ dataDir, keep: true })
  expect(await shadowUntil(id, found)).toMatchObject({ result: { total: 1, exact: true } })
  expect(await openAlarms()).toEqual([])
  expect((await ruleNow()).version).toBe(version)

  expect((await as('wang', 'POST', `/api/v1/proposals/${id}/approve`, {})).status).toBe(403)
  expect((await as('li', 'POST', `/api/v1/proposals/${id}/approve`, { comment: 'seen in shadow' })).status).toBe(200)
  expect(await ruleNow()).toMatchObject({ version: version + 1, origin: 'person' })
  await publish(12.5)
  await eventually(async () => expect(await openAlarms()).toHaveLength(1))
  expect((await openAlarms())[0]).toMatchObject({ ruleId: 'gas.combustible', ruleVersion: version + 1, level: 'orange' })

  // Back to the pack's with one call: its file is followed again.
  const back = { version: version + 1, to: version, reason: 'too early' }
  expect((await as('wang', 'POST', '/api/v1/rules/gas.combustible/rollback', back)).status).toBe(200)
  await eventually(async () => {
    const { versions } = await platform.call<{ versions: RuleVersion[] }>('GET', '/api/v1/rules/gas.combustible/history')
    expect(versions.map(({ rule }) => rule?.origin ?? 'removed')).toEqual(['pack', 'removed', 'person', 'pack'])
  })
  expect(await ruleNow()).toMatchObject({ origin: 'pack', limits: current['limits'] })
}, 60_000)

test('forms know what each type of rule takes, and a version is checked before anybody proposes it', async () => {
  const { types } = await platform.call<{ types: { name: string; options: { properties: object } }[] }>(
    'GET',
    '/api/v1/rule-types',
  )
  expect(Object.keys(types.find(({ name }) => name === 'threshold')!.options.properties)).toContain('onDelayMs')
  const { id: _id, version: _version, origin: _origin, ...fields } = await ruleNow()
  const check = (limits: object[]) => platform.call<object>('POST', '/api/v1/rules/gas.combustible/check', { ...fields, limits })
  expect(await check([{ name: 'H', above: 300, level: 'yellow' }])).toMatchObject({ fault: { path: '/limits/0/above' } })
  const laxer = [
    { name: 'H', above: 30, level: 'yellow' },
    { name: 'HH', above: 50, level: 'red' },
  ]
  expect(await check(laxer)).toMatchObject({ fault: null, warnings: [{ code: 'above-bound', path: '/limits/0' }] })
})
