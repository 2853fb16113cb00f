import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import { jsonFault } from '../../dashboards/json-body.ts'
import { Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start(
    {},
    { telemetry: (token, payload) => Promise.resolve({ token: token.length, bytes: payload.length }) },
  )
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: '滨江化工', region: '330106' })
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-2', name: '城南仓储', region: '330106' })
  await stage.call('POST', '/api/v1/zones', { id: 'z-2', enterpriseId: 'e-2', name: '仓库' })
  await stage.call('POST', '/api/v1/devices', { id: 'gas-1', enterpriseId: 'e-1', kind: 'gas-detector', name: 'GAS-01' })
})
afterAll(() => stage.stop())

type Case = [what: string, method: string, path: string, body: unknown, status: number, error: object]
const cases: Case[] = [
  [
    'a field that is missing',
    'POST',
    '/enterprises',
    { name: 'x' },
    400,
    { message: 'region is missing; for example "330106"', details: { field: 'region', in: 'body', example: '330106' } },
  ],
  [
    'a field of the wrong form',
    'POST',
    '/enterprises',
    { name: 'x', region: '12' },
    400,
    { code: 'invalid', details: { field: 'region', in: 'body', example: '330106' } },
  ],
  [
    'a field nobody knows',
    'POST',
    '/enterprises',
    { name: 'x', region: '330106', sektor: 'y' },
    400,
    { message: 'sektor is not known here; known are id, name, region, sector, riskGrade, creditCode' },
  ],
  [
    'text where a number belongs',
    'POST',
    '/devices',
    { enterpriseId: 'e-1', kind: 'hydrant', name: 'x', latitude: '30.2' },
    400,
    { message: 'latitude must be number or null; for example 30.2101' },
  ],
  [
    'a kind there is not',
    'POST',
    '/devices',
    { enterpriseId: 'e-1', kind: 'toaster', name: 'x' },
    400,
    { message: expect.stringContaining('kind must be one of gas-detector, smoke-alarm') },
  ],
  [
    'an enterprise there is not',
    'POST',
    '/devices',
    { enterpriseId: 'e-0', kind: 'hydrant', name: 'x' },
    400,
    { details: { field: 'enterpriseId' } },
  ],
  [
    "somebody else's zone",
    'POST',
    '/devices',
    { enterpriseId: 'e-1', kind: 'hydrant', name: 'x', zoneId: 'z-2' },
    400,
    { message: 'zoneId: the zone z-2 belongs to another enterprise' },
  ],
  [
    'an id that is taken',
    'POST',
    '/devices',
    { id: 'gas-1', enterpriseId: 'e-1', kind: 'hydrant', name: 'x' },
    409,
    { code: 'id-taken' },
  ],
  [
    'a change of mode',
    'PATCH',
    '/devices/gas-1',
    { mode: 'test' },
    400,
    { message: expect.stringContaining("mode is fixed for a device's life") },
  ],
  ['no body', 'POST', '/devices', undefined, 400, { details: { field: null, in: 'body' } }],
  ['a device there is not', 'GET', '/devices/none', undefined, 404, { code: 'not-found' }],
  ['an address there is not', 'GET', '/risk', undefined, 404, { code: 'not-found' }],
  ['a call there is not yet', 'POST', '/backtests', {}, 404, { code: 'not-found' }],
  ['a bucket of no width', 'GET', '/readings?every=0s', undefined, 400, { details: { field: 'every', example: '60s' } }],
  ['a bucket in words', 'GET', '/readings?every=minute', undefined, 400, { message: expect.stringContaining('for example 60s') }],
  [
    'an aggregate there is not',
    'GET',
    '/readings?every=60s&fn=median',
    undefined,
    400,
    { message: expect.stringContaining('fn must be one of mean, min, max, last, count') },
  ],
  ['an aggregate of nothing', 'GET', '/readings?fn=mean', undefined, 400, { details: { field: 'every' } }],
  ['time running backwards', 'GET', '/readings?from=5&to=5', undefined, 400, { details: { field: 'from', from: 5, to: 5 } }],
  [
    'time in words',
    'GET',
    '/readings?from=yesterday',
    undefined,
    400,
    { message: 'from must be integer; for example 1767225600000' },
  ],
  ['one device twice', 'GET', '/readings?device=a&device=b', undefined, 400, { details: { field: 'device', in: 'querystring' } }],
  [
    'a mode there is not',
    'GET',
    '/alarms?mode=real',
    undefined,
    400,
    { message: 'mode must be one of live, drill, test, simulated' },
  ],
  ['a cursor made up', 'GET', '/devices?cursor=!!', undefined, 400, { details: { field: 'cursor' } }],
  [
    'a rule without limits',
    'PUT',
    '/rules/gas.x',
    { type: 'threshold' },
    400,
    { message: 'limits: at least one limit is needed' },
  ],
  ['a stale rule', 'PUT', '/rules/gas.x', { type: 'threshold', limits: [], version: 3 }, 409, { code: 'stale-version' }],
  [
    'a key that poisons objects',
    'PATCH',
    '/devices/gas-1',
    JSON.parse('{"attributes":{"__proto__":{"x":1}}}'),
    400,
    { details: { field: '__proto__' } },
  ],
]

test.each(cases)('%s is refused in the one shape, in words', async (_what, method, path, body, status, error) => {
  const answer = await stage.call(method, `/api/v1${path}`, body)
  expect(answer).toMatchObject({ status, body: { error } })
  expect(Object.keys(answer.body)).toEqual(['error'])
  expect(answer.headers.get('content-type')).toContain('application/json')
})

test('JSON that stops being JSON is refused with the place where it does', async () => {
  const send = async (text: string, type = 'application/json') => {
    const authorization = `Bearer ${await stage.token('admin')}`
    return stage.ask('POST', '/api/v1/enterprises', text, { authorization, 'content-type': type })
  }
  expect(await send('{"name": NaN}')).toMatchObject({
    status: 400,
    body: { error: { code: 'not-json', details: { position: 9 } } },
  })
  expect((await send('{"name":"x",}')).body.error.message).toBe(
    'the body is not JSON: at character 12, a key in double quotes is expected',
  )
  expect((await send('{"name":"x"')).body.error.message).toBe(
    'the body is not JSON: at character 11, the text ends where a comma or the closing bracket is expected',
  )
  expect(await send('name=x', 'text/plain')).toMatchObject({ status: 415, body: { error: { code: 'not-json' } } })
  expect(await send(`{"name":"${'x'.repeat(2_000_000)}"}`)).toMatchObject({ status: 413, body: { error: { code: 'too-large' } } })
  expect(await send(`${'['.repeat(100_000)}`)).toMatchObject({ status: 400 })
})

test('what the fault finder refuses is what JSON.parse refuses, for any text', () => {
  const pieces = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', '-0.5e3', '01', 'true', 'nul', ' ', '"\\u12', '\n')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
      ),
      (text) => {
        let good = true
        try {
          JSON.parse(text)
        } catch {
          good = false
        }
        const { position, expected } = jsonFault(text)
        // For good JSON it walks to the end, where nothing more is expected.
        expect(position === text.length && expected.endsWith('nothing more is expected')).toBe(good)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('telemetry over HTTP goes to the gateway as the bytes it came as', async () => {
  const token = 'wf_00000000000000000000000000000000'
  const body = '{"combustibleLel":12.5'
  expect(await stage.ask('POST', `/api/v1/${token}/telemetry`, body, { 'content-type': 'application/json' })).toMatchObject({
    status: 200,
    body: { token: 35, bytes: 22 },
  })
  expect(await stage.ask('POST', '/api/v1/telemetry', body, { authorization: `Bearer ${token}` })).toMatchObject({
    status: 200,
    body: { bytes: 22 },
  })
  expect(await stage.ask('POST', '/api/v1/telemetry', body)).toMatchObject({ status: 401 })
  expect(await stage.ask('POST', `/api/v1/${token}/telemetry`, 'x'.repeat(300_000))).toMatchObject({ status: 413 })
})

test("readings ask for everything acknowledged before the call, in the deployment's zone and mode", async () => {
  const answer = await stage.call('GET', '/api/v1/readings?device=gas-1&metric=a&metric=b&from=0&to=100&every=5m&quality=1')
  expect(answer).toMatchObject({ status: 200, text: '{"series":[]}' })
  expect(stage.asked.readings.at(-1)).toEqual({
    mostPoints: 1_000_000,
    mode: 'live',
    device: 'gas-1',
    metrics: ['a', 'b'],
    from: 0,
    to: 100,
    every: 300_000,
    fn: 'mean',
    quality: true,
    zone: 'Asia/Shanghai',
    throughPos: stage.journal.head(),
    maxPoints: 100_000,
  })
})

test('lists are paged by a cursor, each row once', async () => {
  for (let i = 0; i < 25; i++) await stage.device(`pipe-${i}`, { kind: 'hydrant' })
  await stage.call('POST', '/api/v1/sites', { enterpriseId: 'e-1', name: 'waits until all are applied' })
  const seen: string[] = []
  let cursor = ''
  do {
    const { body } = await stage.call('GET', `/api/v1/devices?kind=hydrant&limit=10${cursor}`)
    seen.push(...body.devices.map(({ id }: { id: string }) => id))
    cursor = body.next ? `&cursor=${body.next}` : ''
  } while (cursor)
  expect(seen).toHaveLength(25)
  expect(new Set(seen).size).toBe(25)
})

test('a rule keeps what it says to people when only a limit changes, and its versions follow one another', async () => {
  const put = (body: object) =>
    stage.call('PUT', '/api/v1/rules/gas.y', { type: 'threshold', metric: 'combustibleLel', limits: [], ...body })
  const first = await put({ title: { zh: '可燃', en: 'Gas' }, source: 'GB/T 50493' })
  expect(first.body.rule).toMatchObject({ version: 1, origin: 'person', enabled: true })
  expect((await put({ version: 1 })).body.rule).toMatchObject({
    version: 2,
    title: { zh: '可燃', en: 'Gas' },
    source: 'GB/T 50493',
  })
  expect((await put({ version: 1 })).status).toBe(409)
  expect((await stage.call('GET', '/api/v1/rules')).body.rules).toEqual([expect.objectContaining({ id: 'gas.y', version: 2 })])
  expect((await stage.call('DELETE', '/api/v1/rules/gas.y')).status).toBe(200)
  expect((await stage.call('GET', '/api/v1/rules')).body.rules).toEqual([])
})

test('a device is not retired nor made another kind over what people are not done with; named, or two persons have taken it out', async () => {
  const setAside = { until: Date.now() + 60_000, isConditionTrue: true, by: 'li' }
  const unseen = { acknowledgedBy: null, latching: false }
  const unreset = { acknowledgedBy: 'li', latching: true }
  const open: Partial<Alarm>[] = [
    ...(['active', 'returned'] as const).map((state) => ({ ...unseen, state })),
    ...(['acknowledged', 'latched', 'suppressed'] as const).map((state) => ({ ...unreset, state })),
  ]
  const byOne = { state: 'outOfService', setAside } as const
  const byTwo = { state: 'outOfService', setAside: { ...setAside, confirmedBy: 'wang' } } as const
  const cases = {
    red: { refused: open, possible: [byTwo, { ...byOne, ...unreset }] },
    orange: {
      refused: [...open, { ...byOne, ...unseen }, { ...byOne, ...unreset }],
      possible: [
        { ...byTwo, ...unseen },
        { ...byTwo, ...unreset },
        { state: 'acknowledged', acknowledgedBy: 'li', latching: false },
      ],
    },
  } satisfies Record<string, { refused: Partial<Alarm>[]; possible: Partial<Alarm>[] }>

  for (const level of ['red', 'orange'] as const) {
    for (const standing of cases[level].possible as Partial<Alarm>[]) {
      const { id } = (await stage.call('POST', '/api/v1/devices', { enterpriseId: 'e-1', kind: 'hydrant', name: 'H' })).body
      const alarm = { deviceId: id, enterpriseId: 'e-1', subject: `${id}/waterPressure`, metric: 'waterPressure', level }
      for (const refusal of cases[level].refused as Partial<Alarm>[]) {
        await stage.raise(`a-${id}`, { ...alarm, ...refusal })
        for (const [method, path, body] of [
          ['POST', `/api/v1/devices/${id}/retire`, undefined],
          ['PATCH', `/api/v1/devices/${id}`, { kind: 'weather' }],
          ['PATCH', `/api/v1/devices/${id}`, { attributes: { substance: 'h2s' } }],
        ] as const) {
          const refused = await stage.call(method, path, body)
          expect(refused, `${path} ${level} ${JSON.stringify(refusal)}`).toMatchObject({
            status: 409,
            body: { error: { code: 'open-alarms', details: { alarms: [{ id: `a-${id}`, state: refusal.state }] } } },
          })
          expect(refused.body.error.message).toContain('acknowledge and reset them')
        }
      }
      expect((await stage.call('PATCH', `/api/v1/devices/${id}`, { name: 'H 2', latitude: 30.1 })).status).toBe(200)
      await stage.raise(`a-${id}`, { ...alarm, ...standing })
      const retired = await stage.call('POST', `/api/v1/devices/${id}/retire`)
      expect(retired.body.retiredAt, `${level} ${JSON.stringify(standing)}`).toBeGreaterThan(0)
    }
  }
})

test('an enterprise is not retired over devices in use, because nobody would judge them any more', async () => {
  const { id } = (await stage.call('POST', '/api/v1/enterprises', { name: '停产厂', region: '330106' })).body
  const made = (await stage.call('POST', '/api/v1/devices', { enterpriseId: id, kind: 'gas-detector', name: 'G' })).body
  const refused = await stage.call('POST', `/api/v1/enterprises/${id}/retire`)
  expect(refused).toMatchObject({ status: 409, body: { error: { code: 'in-use', details: { devices: 1 } } } })
  expect(stage.directory.registry.enterprises.get(id)?.retiredAt).toBeNull()
  await stage.call('POST', `/api/v1/devices/${made.id}/retire`)
  expect((await stage.call('POST', `/api/v1/enterprises/${id}/retire`)).body.retiredAt).toBeGreaterThan(0)
})

test('a token is good at once, dies when renewed or replaced, and is never kept', async () => {
  const made = (await stage.call('POST', '/api/v1/devices', { enterpriseId: 'e-1', kind: 'hydrant', name: 'H' })).body
  const { sha256 } = await import('../../dashboards/short-id.ts')
  const holder = (token: string) => stage.directory.registry.deviceByTokenHash(sha256(token))?.id
  expect(holder(made.token)).toBe(made.id)
  const renewed = (await stage.call('POST', `/api/v1/devices/${made.id}/token`)).body
  expect([holder(made.token), holder(renewed.token)]).toEqual([undefined, made.id])
  const replaced = (await stage.call('POST', `/api/v1/devices/${made.id}/replace`, { serial: 'SN-2' })).body
  expect([holder(renewed.token), holder(replaced.token)]).toEqual([undefined, made.id])
  expect((await stage.call('GET', `/api/v1/devices/${made.id}`)).body.serial).toBe('SN-2')
  expect((await stage.call('POST', `/api/v1/devices/${made.id}/retire`)).body.retiredAt).toBeGreaterThan(0)
  expect(holder(replaced.token)).toBeUndefined()
  expect((await stage.call('POST', `/api/v1/devices/${made.id}/token`)).status).toBe(409)
  const record = stage.journal
    .read(1)
    .entries.map((entry) => Buffer.from(entry.payload).toString())
    .join()
  for (const { token } of [made, renewed, replaced]) expect(record).not.toContain(token)
})
