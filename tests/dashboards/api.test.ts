import { afterAll, beforeAll, expect, test } from 'vitest'
import { Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterAll(() => stage.stop())

test('a device added over the API is in the registry, with a token that is shown once', async () => {
  const enterprise = await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: '滨江化工', region: '330106' })
  expect(enterprise).toMatchObject({ status: 201, body: { id: 'e-1', sector: null, retiredAt: null } })
  const made = await stage.call('POST', '/api/v1/devices', { enterpriseId: 'e-1', kind: 'gas-detector', name: 'GAS-01' })
  expect(made.status).toBe(201)
  expect(made.body.token).toMatch(/^wf_[0-9A-Za-z]{32}$/)
  expect(made.body).toMatchObject({ mode: 'live', state: 'never', readings: [] })
  expect(made.body.tokenHash).toBeUndefined()
  const list = await stage.call('GET', '/api/v1/devices?enterpriseId=e-1')
  expect(list.body.devices).toEqual([expect.objectContaining({ id: made.body.id, name: 'GAS-01', expectedPeriodMs: 10_000 })])
  expect(list.text).not.toContain(made.body.token)
})

test('the live feed gives a picture, then what changes', async () => {
  const screen = await stage.live()
  expect(screen.picture).toMatchObject({ mode: 'live', alarms: [], seq: expect.any(Number) })
  await stage.raise('a-1')
  await screen.until(() => screen.changes.length > 0)
  expect(screen.changes[0]).toMatchObject({
    seq: screen.picture.seq + 1,
    kind: 'alarm',
    alarm: { id: 'a-1' },
    counters: { yellow: { open: 1, unacknowledged: 1 } },
  })
})
