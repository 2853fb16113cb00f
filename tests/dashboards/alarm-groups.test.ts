import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { TimelineItem } from '../../core/alarm-book.ts'
import { GroupAnswers } from '../../dashboards/group-answers.ts'
import { sampleAlarm } from '../alerts/alarm-sample.ts'
import { Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterAll(() => stage.stop())

test('open alarms are told by enterprise, zone and device, with what is acknowledged and what one cause explains', async () => {
  const enterprise = (await stage.call('POST', '/api/v1/enterprises', { name: '滨江化工', region: '330106' })).body
  const other = (await stage.call('POST', '/api/v1/enterprises', { name: '城西气体', region: '330106' })).body
  const ids = [enterprise.enterprise?.id ?? enterprise.id, other.enterprise?.id ?? other.id] as [string, string]
  await stage.call('POST', '/api/v1/users', {
    ...{ username: 'anna', password: 'correct horse battery staple', role: 'enterprise', enterpriseId: ids[0] },
  })
  const own = { enterpriseId: ids[0], zoneId: 'Z1' }
  await stage.raise('a1', { ...own, deviceId: 'G1', level: 'yellow', raisedAt: 10 })
  await stage.raise('a2', { ...own, deviceId: 'G1', level: 'red', raisedAt: 30, state: 'acknowledged' })
  await stage.raise('a3', { ...own, deviceId: 'G2', level: 'blue', raisedAt: 20, ruleId: 'device.silent' })
  await stage.raise('a4', { ...own, deviceId: 'G2', state: 'shelved', setAside: { until: 9e15, isConditionTrue: true } })
  await stage.raise('a5', {
    ...{ enterpriseId: ids[1], deviceId: 'GW', ruleId: 'cause.gateway', raisedAt: 40 },
    explains: { cause: 'gateway', source: 'GW', devices: 40 },
  })
  await stage.raise('a6', { ...own, level: 'red', state: 'returned', late: true, report: { by: 'GW-1' }, raisedAt: 50 })
  const asked = () => stage.call('GET', '/api/v1/alarms/groups')
  await vi.waitFor(async () => expect((await asked()).body.groups).toHaveLength(3))
  const { body } = await asked()
  expect(body.enterprises).toMatchObject([
    {
      enterpriseId: ids[0],
      enterprise: '滨江化工',
      level: 'red',
      groups: 2,
      alarms: 4,
      acknowledged: 1,
      firstAt: 10,
      lastAt: 50,
    },
    { enterpriseId: ids[1], level: 'yellow', groups: 1, alarms: 1, acknowledged: 0 },
  ])
  const zone = body.groups.find(({ zoneId, isLateReport }: { zoneId: string; isLateReport: boolean }) => zoneId && !isLateReport)
  expect(zone).toMatchObject({ level: 'red', alarms: 3, acknowledged: 1, firstAt: 10, lastAt: 30, ruleId: null, causes: [] })
  expect(body.groups.find(({ enterpriseId }: { enterpriseId: string }) => enterpriseId === ids[1])).toMatchObject({
    ...{ alarms: 1, ruleId: 'cause.gateway' },
    causes: [{ alarmId: 'a5', cause: 'gateway', source: 'GW', devices: 40 }],
  })
  const one = await stage.call('GET', `/api/v1/alarms/groups?key=${encodeURIComponent(zone.key)}`)
  expect(one.body.devices).toMatchObject([
    { deviceId: 'G1', level: 'red', alarms: 2, acknowledged: 1, firstAt: 10, lastAt: 30 },
    { deviceId: 'G2', level: 'blue', alarms: 1, acknowledged: 0 },
  ])
  // What somebody may not see does not exist for them.
  const seen = await stage.call('GET', '/api/v1/alarms/groups', undefined, { as: 'anna' })
  expect(seen.body.enterprises.map(({ enterpriseId }: { enterpriseId: string }) => enterpriseId)).toEqual([ids[0]])
  const strange = await stage.call('GET', `/api/v1/alarms/groups?key=${encodeURIComponent(`${ids[1]}/`)}`, undefined, {
    as: 'anna',
  })
  expect(strange.status).toBe(404)
})

test('a group acted on again with the same key is answered from the record after a restart, and nothing is done again', async () => {
  const timelines = new Map(
    ['a1', 'a2'].map((id, i): [string, TimelineItem[]] => {
      const action = {
        alarmId: id,
        action: 'acknowledge',
        version: 1,
        by: 'p1',
        comment: '同一泄漏点',
        idempotencyKey: 'k',
      } as const
      const alarm = sampleAlarm({ id, version: 2, state: 'acknowledged' })
      const change = {
        kind: 'alarm.changed',
        change: 'acknowledged',
        alarm,
        causePos: 10 + i,
        at: 5,
        by: 'p1',
        comment: null,
      } as const
      const refused = {
        kind: 'action.refused',
        actionPos: 10 + i,
        alarmId: id,
        code: 'stale-version',
        message: '',
        current: alarm,
      } as const
      return [
        id,
        [
          { pos: 10 + i, at: 5, type: 'action', entry: { kind: 'action', ...action, details: { group: 'group-1' } } },
          i === 0 ? { pos: 12, at: 5, type: 'change', entry: change } : { pos: 13, at: 5, type: 'action', entry: refused },
        ],
      ]
    }),
  )
  const answers = new GroupAnswers({ timeline: (id) => Promise.resolve(timelines.get(id) ?? []) })
  const alarms = [...timelines.keys()].map((id) => ({ id, version: 1 }))
  const asked = { by: 'p1', key: 'k', action: 'acknowledge', alarms, said: '同一泄漏点' } as const
  const act = vi.fn(() => Promise.resolve({ group: 'group-2', done: [], refused: [] }))
  const answer = await answers.take({ ...asked, alarms }, act)
  expect(answer).toMatchObject({ group: 'group-1', done: [{ id: 'a1' }], refused: [{ id: 'a2', code: 'stale-version' }] })
  await expect(answers.take({ ...asked, alarms: alarms.slice(1) }, act)).rejects.toMatchObject({ code: 'idempotency-mismatch' })
  expect(act).not.toHaveBeenCalled()
  expect(await answers.take({ ...asked, alarms, by: 'p2' }, act)).toMatchObject({ group: 'group-2' })
})
