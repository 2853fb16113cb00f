import { connectAsync } from 'mqtt'
import { onTestFinished, expect, test } from 'vitest'
import { Quarantine } from '../../gateway/quarantine.ts'
import { Sender } from '../../gateway/sender.ts'
import type { Draft } from '../../journal/journal.ts'
import { device, eventually, testbed, tokenOf, type Testbed } from './testbed.ts'

const telemetry = 'v1/devices/me/telemetry'

async function client(bed: Testbed, id: string) {
  const one = await connectAsync(`mqtt://127.0.0.1:${bed.port}`, { username: tokenOf(id), reconnectPeriod: 0 })
  onTestFinished(() => one.endAsync(true))
  return {
    one,
    say: (payload: unknown, topic = telemetry) =>
      one.publishAsync(topic, typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload), {
        qos: 1,
      }),
  }
}

test('good keys of a message are stored and each bad one is quarantined with its payload once', async () => {
  const bed = await testbed()
  const { say } = await client(bed, 'GAS-01')
  const payload = '{"combustibleLel":3,"humidityRh":"wet","temperatureC":{"v":1}}'
  await say(payload)
  expect(bed.stored()).toMatchObject([{ metric: 'combustibleLel', value: 3 }])
  const entries = bed.quarantined()
  expect(entries).toMatchObject([
    {
      deviceId: 'GAS-01',
      enterpriseId: 'plant',
      code: 'wrong-type',
      key: 'humidityRh',
      position: 33,
      topic: telemetry,
      bytes: payload.length,
    },
    { deviceId: 'GAS-01', code: 'wrong-type', key: 'temperatureC', position: 54, payload: null },
  ])
  expect(Buffer.from(entries[0]!.payload!, 'base64').toString()).toBe(payload)
  expect(JSON.stringify(entries)).not.toContain(tokenOf('GAS-01'))
})

test('readings without a time never share a millisecond within their series', async () => {
  const bed = await testbed()
  const { say } = await client(bed, 'GAS-01')
  await say([{ combustibleLel: 1 }, { combustibleLel: 2 }, { combustibleLel: 3, batteryPct: 50 }])
  const times = bed
    .stored()
    .filter(({ metric }) => metric === 'combustibleLel')
    .map(({ measuredAt, receivedAt }) => measuredAt - receivedAt)
  expect(times).toEqual([0, 1, 2])
  expect(bed.stored().find(({ metric }) => metric === 'batteryPct')).toMatchObject({ quality: 'good' })
})

test('a time of 1964, of 2099 or none that can be read is kept aside, and the reading is judged with ours', async () => {
  const bed = await testbed()
  const { say } = await client(bed, 'GAS-01')
  await say([
    { ts: Date.UTC(1964, 0, 1), values: { combustibleLel: 60 } },
    { ts: Date.UTC(2099, 0, 1), values: { combustibleLel: 61 } },
    { ts: 'noon', values: { combustibleLel: 162 } },
    { ts: Date.UTC(2020, 0, 1), values: { combustibleLel: 63 } },
  ])
  const stored = bed.stored()
  expect(stored).toMatchObject([
    { value: 60, quality: 'uncertain', reason: 'clock', deviceTime: Date.UTC(1964, 0, 1) },
    { value: 61, quality: 'uncertain', reason: 'clock', deviceTime: Date.UTC(2099, 0, 1) },
    { value: 162, quality: 'uncertain', reason: 'over-range' },
    { value: 63, quality: 'good', measuredAt: Date.UTC(2020, 0, 1) },
  ])
  expect(stored[0]!.measuredAt).toBe(stored[0]!.receivedAt)
  expect(stored[3]).not.toHaveProperty('deviceTime')
  expect(bed.quarantined()).toMatchObject([{ code: 'bad-timestamp', key: 'ts' }])
})

test('a device may make up 64 series, counted with those from before the start', async () => {
  const bed = await testbed()
  const { say } = await client(bed, 'GAS-01')
  await say(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`vendor${i}`, i])))
  await say({
    'toxicPpm#a': 1,
    'toxicPpm#b': 1,
    'toxicPpm#c': 1,
    'toxicPpm#d': 1,
    'toxicPpm#e': 1,
    combustibleLel: 1,
    vendor59: 1,
  })
  expect(bed.stored()).toHaveLength(66)
  expect(bed.quarantined()).toMatchObject([{ code: 'too-many-keys', key: 'toxicPpm#e' }])
})

test('every series is in the record before its first reading is', async () => {
  const bed = await testbed()
  const { say } = await client(bed, 'GAS-01')
  await Promise.all(Array.from({ length: 40 }, (_, i) => say({ [`vendor${i % 10}`]: i, combustibleLel: i })))
  const kinds = bed.journal.read(1, Infinity).entries.map(({ kind }) => kind)
  expect(kinds.indexOf('series.defined')).toBeLessThan(kinds.indexOf('block'))
  expect(bed.stored()).toHaveLength(80)
})

test('a gateway speaks for the devices of its enterprise, by id or by name, and is told of names nobody has', async () => {
  const bed = await testbed([
    device('GW', { kind: 'gateway' }),
    device('GAS-02', { name: '储罐区 2' }),
    device('FAR', { enterpriseId: 'other' }),
  ])
  const { one, say } = await client(bed, 'GW')
  await say(
    {
      'GAS-02': [{ ts: 1767225600000, values: { combustibleLel: 1 } }],
      '储罐区 2': [{ combustibleLel: 2 }],
      FAR: [{ combustibleLel: 99 }],
    },
    'v1/gateway/telemetry',
  )
  expect(bed.stored().map(({ device: id, value }) => [id, value])).toEqual([
    ['GAS-02', 1],
    ['GAS-02', 2],
  ])
  expect(bed.quarantined()).toMatchObject([{ code: 'unknown-device', deviceId: 'GW', key: 'FAR' }])
  expect(bed.gateway.isConnected('GAS-02')).toBe(true)
  await one.endAsync()
  await eventually(() => expect(bed.gateway.isConnected('GAS-02')).toBe(false))
  await eventually(() =>
    expect(bed.connections().map(({ deviceId, connected }) => [deviceId, connected])).toEqual([
      ['GW', true],
      ['GAS-02', true],
      ['GAS-02', false],
      ['GW', false],
    ]),
  )
})

test('devices behind a gateway come and go by its word', async () => {
  const bed = await testbed([device('GW', { kind: 'gateway' }), device('GAS-02')])
  const { say } = await client(bed, 'GW')
  await say({ device: 'GAS-02' }, 'v1/gateway/connect')
  expect(bed.gateway.isConnected('GAS-02')).toBe(true)
  await say({ device: 'GAS-02' }, 'v1/gateway/disconnect')
  expect(bed.gateway.isConnected('GAS-02')).toBe(false)
})

test('attributes are recorded when they change, under the name of the device, and never touch what an administrator set', async () => {
  const admin = device('GAS-01', { attributes: { range: 50 } })
  const bed = await testbed([admin])
  const { say } = await client(bed, 'GAS-01')
  const attributes = 'v1/devices/me/attributes'
  await say({ firmware: '1.0', range: 9_999 }, attributes)
  await say({ firmware: '1.0' }, attributes)
  await say({ firmware: '1.1', nested: {} }, attributes)
  expect(bed.record().filter(({ kind }) => kind === 'device.attributes')).toEqual([
    { kind: 'device.attributes', deviceId: 'GAS-01', attributes: { firmware: '1.0', range: 9_999 } },
    { kind: 'device.attributes', deviceId: 'GAS-01', attributes: { firmware: '1.1' } },
  ])
  expect(bed.directory.registry.devices.get('GAS-01')).toBe(admin)
  expect(bed.quarantined()).toMatchObject([{ code: 'wrong-type', key: 'nested' }])
  for (let i = 0; i < 30; i++) await say({ firmware: `2.${i}` }, attributes)
  expect(bed.record().filter(({ kind }) => kind === 'device.attributes')).toHaveLength(20)
  expect(bed.quarantined().at(-1)).toMatchObject({ code: 'too-many-keys', key: 'firmware' })
})

test('a changed range holds for the next message', async () => {
  const bed = await testbed()
  const { say } = await client(bed, 'GAS-01')
  await say({ combustibleLel: 60 })
  bed.apply(device('GAS-01', { attributes: { range: 50 } }))
  await say({ combustibleLel: 60 })
  expect(bed.stored().map(({ reason }) => reason)).toEqual(['none', 'over-range'])
})

test('after a thousand kept payloads a device is only counted, and the count is written down', async () => {
  const bed = await testbed()
  const { say } = await client(bed, 'GAS-01')
  await Promise.all(Array.from({ length: 1_500 }, () => say('{')))
  const counted = () => bed.quarantined().reduce((sum, { message }) => sum + Number(/^(\d+) more/.exec(message)?.[1] ?? 0), 0)
  await eventually(() => expect(counted()).toBe(500))
  expect(bed.quarantined().filter(({ payload }) => payload !== null)).toHaveLength(1_000)
})

test('a message with a fault in every byte makes no more entries than a person can read, and the rest is counted', async () => {
  const bed = await testbed([device('GW', { kind: 'gateway' })])
  const { say } = await client(bed, 'GW')
  await say(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`N${i}`, []])), 'v1/gateway/telemetry')
  const counted = () => bed.quarantined().reduce((sum, { message }) => sum + Number(/^(\d+) more/.exec(message)?.[1] ?? 0), 0)
  await eventually(() => expect(counted()).toBe(10_000 - 128))
  expect(bed.quarantined().length).toBeLessThan(140)
})

test('a device that used up its thousand payloads has room again when those have been forgotten', () => {
  const drafts: Draft[] = []
  const quarantine = new Quarantine({ full: false, add: (draft) => void drafts.push(draft) })
  const sender = new Sender(device('GAS-01'), 10_000, 0)
  const at = (receivedAt: number) =>
    quarantine.put(
      sender,
      { code: 'not-json', message: 'm', position: 0, key: null },
      { source: 's', topic: 't', bytes: Buffer.from('{'), start: 0, end: 1, receivedAt },
      0,
    )
  const start = Date.UTC(2026, 0, 1)
  for (let i = 0; i < 1_500; i++) at(start + i)
  expect(drafts).toHaveLength(1_000)
  at(start + 30 * 86_400_000)
  expect(drafts).toHaveLength(1_001)
})

test('HTTP telemetry is answered when it is on disk, with what was stored and what was not', async () => {
  const bed = await testbed()
  const body = Buffer.from('{"combustibleLel":1,"humidityRh":"wet"}')
  bed.journal.held = true
  let answered = false
  const answer = bed.gateway.telemetry(tokenOf('GAS-01'), body, '::ffff:127.0.0.1').finally(() => (answered = true))
  await eventually(() => expect(bed.journal.waiting).toBe(1))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(answered).toBe(false)
  bed.journal.release()
  expect(await answer).toMatchObject({ stored: 1, quarantined: [{ code: 'wrong-type', key: 'humidityRh' }] })
  await expect(bed.gateway.telemetry('wrong', body, '127.0.0.1')).rejects.toMatchObject({ code: 'bad-credential' })
})
