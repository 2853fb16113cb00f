import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start({ grafanaUrl: 'https://grafana.example.org' })
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: 'e-1', region: '330106' })
  for (const [username, role, enterpriseId] of [
    ['duty', 'duty', undefined],
    ['enterprise', 'enterprise', 'e-1'],
  ] as const)
    await stage.call('POST', '/api/v1/users', { username, password: ADMIN_PASSWORD, role, enterpriseId })
})
afterAll(() => stage.stop())

test('where Grafana is, is told to staff, and neither to strangers nor to people of one enterprise', async () => {
  const told = async (as: string) => (await stage.call('GET', '/api/v1/session', undefined, { as })).body.grafanaUrl
  expect(await told('duty')).toBe('https://grafana.example.org')
  expect(await told('enterprise')).toBeNull()
  expect((await stage.ask('GET', '/api/v1/session')).body.grafanaUrl).toBeNull()
})
