import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import type { Change, Snapshot } from '../../core/live.ts'
import { startProcess, temporaryDir, type PlatformProcess } from './platform-process.ts'

let platform: PlatformProcess
let enterpriseId: string
let device: { id: string; token: string }
let feed: Socket

type AlarmList = { alarms: Alarm[] }
type SeriesList = { series: { device: string; metric: string; points: [number, number, ...unknown[]][] }[] }

beforeAll(async () => {
  platform = await startProcess({ keep: true })
  enterpriseId = (await platform.call<{ id: string }>('POST', '/api/v1/enterprises', { name: '滨江化工', region: '370102' })).id
  device = await newDevice('GAS-01')
  feed = io(`${platform.http}/live`, { transports: ['websocket'], auth: { token: await platform.token() } })
  await new Promise<void>((resolve, reject) => {
    feed.once('connect', () => resolve())
    feed.once('connect_error', reject)
  })
  await feed.emitWithAck('subscribe', {})
  await takeSnapshot()
})

afterAll(async () => {
  feed?.disconnect()
  await platform?.kill()
  rmSync(platform.dataDir, { recursive: true, force: true })
})

async function takeSnapshot(): Promise<Snapshot> {
  const snapshot = new Promise<Snapshot>((resolve) => feed.once('snapshot', resolve))
  await feed.emitWithAck('snapshot', {})
  return snapshot
}

const newDevice = (name: string, kind = 'gas-detector') =>
  platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', { enterpriseId, kind, name })

async function publish(token: string, payload: unknown, topic = 'v1/devices/me/telemetry'): Promise<void> {
  const client = await mqtt.connectAsync(platform.mqtt, { username: token, reconnectPeriod: 0 })
  await client.publishAsync(topic, typeof payload === 'string' ? payload : JSON.stringify(payload), { qos: 1 })
  await client.endAsync()
}

const alarmsOf = async (id: string) => (await platform.call<AlarmList>('GET', `/api/v1/alarms?device=${id}`)).alarms
const readings = async (id: string, rest = '') =>
  (await platform.call<SeriesList>('GET', `/api/v1/readings?device=${id}&from=0&to=4102444800000${rest}`)).series

/** Waits for the first change the feed sends that fits; the change itself is the clock, the deadline only a guard. */
const changeOf = (fits: (alarm: Alarm) => boolean) =>
  new Promise<Alarm>((resolve, reject) => {
    const guard = setTimeout(() => reject(new Error('no such change within 10 s')), 10_000)
    const look = (change: Change) => {
      if (change.kind !== 'alarm' || !fits(change.alarm)) return
      clearTimeout(guard)
      feed.off('change', look)
      resolve(change.alarm)
    }
    feed.on('change', look)
  })

test('a token is valid at once, and what was acknowledged is there when asked for', async () => {
  await publish(device.token, { combustibleLel: 12.5, batteryPct: '97', toxicPpm: null })
  const series = await readings(device.id)
  expect(series.map(({ metric, points }) => [metric, points.map(([, value]) => value)])).toEqual(
    expect.arrayContaining([
      ['combustibleLel', [12.5]],
      ['batteryPct', [97]],
    ]),
  )
})

test('a stamped backfill keeps the times of the device, in order', async () => {
  const at = Date.now() - 60_000
  const old = await newDevice('GAS-backfill')
  await publish(old.token, [
    { ts: at, values: { combustibleLel: 1 } },
    { ts: at + 1000, values: { combustibleLel: 2 } },
  ])
  expect((await readings(old.id))[0]!.points).toEqual([
    [at, 1],
    [at + 1000, 2],
  ])
})

test('a leak rises through H and HH as one alarm, is acknowledged once, and its timeline says who', async () => {
  const leak = await newDevice('GAS-leak')
  const raised = changeOf((alarm) => alarm.deviceId === leak.id && alarm.level === 'yellow')
  await publish(leak.token, { combustibleLel: 30 })
  const yellow = await raised
  expect(yellow).toMatchObject({ state: 'active', limitName: 'H', limit: 25, value: 30, mode: 'live', ruleVersion: 1 })
  expect(yellow.limitSource).toMatch(/50493/)

  const risen = changeOf((alarm) => alarm.id === yellow.id && alarm.level === 'red')
  await publish(leak.token, { combustibleLel: 62 })
  const red = await risen
  expect(red.version).toBeGreaterThan(yellow.version)

  const stale = await platform.ask(
    'POST',
    `/api/v1/alarms/${red.id}/acknowledge`,
    { version: yellow.version },
    { authorization: `Bearer ${await platform.token()}` },
  )
  expect(stale).toMatchObject({
    status: 409,
    body: { error: { code: 'stale-version', details: { alarm: { id: red.id, version: red.version } } } },
  })

  // Two people at once: one answer is yes, the other names what has become of it.
  const both = await Promise.all(
    [1, 2].map(async () =>
      platform.ask(
        'POST',
        `/api/v1/alarms/${red.id}/acknowledge`,
        { version: red.version },
        { authorization: `Bearer ${await platform.token()}` },
      ),
    ),
  )
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  const [alarm] = await alarmsOf(leak.id)
  expect(alarm).toMatchObject({ id: red.id, state: 'acknowledged', level: 'red' })
  const { items } = await platform.call<{ items: { type: string; entry: { change?: string; by?: string } }[] }>(
    'GET',
    `/api/v1/alarms/${red.id}/timeline`,
  )
  const changes = items.filter(({ type }) => type === 'change').map(({ entry }) => entry)
  expect(changes.map(({ change }) => change)).toEqual(['raised', 'level', 'acknowledged'])
  expect(changes[2]!.by).not.toBe('platform')
})

test('what cannot be read is acknowledged, kept with its byte position and shown to its owner', async () => {
  const box = await newDevice('GAS-broken')
  await publish(box.token, '{"combustibleLel":12.5,,}')
  await publish(box.token, { combustibleLel: 'high', batteryPct: 50 })
  const { entries } = await platform.call<{
    entries: { code: string; position: number | null; key: string | null; payload: string }[]
  }>('GET', `/api/v1/quarantine?device=${box.id}`)
  expect(entries.map(({ code }) => code).sort()).toEqual(['not-json', 'wrong-type'])
  const broken = entries.find(({ code }) => code === 'not-json')!
  expect(broken.position).toBe(23)
  expect(Buffer.from(broken.payload, 'base64').toString()).toBe('{"combustibleLel":12.5,,}')
  expect((await readings(box.id)).map(({ metric }) => metric)).toEqual(['batteryPct'])
})

test('a detector with a dead clock still raises its alarm, marked, beside one fault alarm', async () => {
  const dead = await newDevice('GAS-clock')
  const raised = changeOf((alarm) => alarm.deviceId === dead.id && alarm.level === 'red')
  await publish(dead.token, [
    { ts: Date.UTC(1964, 0, 1), values: { combustibleLel: 60 } },
    { ts: Date.UTC(2099, 0, 1), values: { combustibleLel: 61 } },
  ])
  expect((await raised).value).toBe(60)
  const alarms = await alarmsOf(dead.id)
  expect(alarms.map(({ level }) => level).sort()).toEqual(['blue', 'red'])
  const [series] = await readings(dead.id, '&quality=1')
  expect(series!.points.map((point) => point.slice(1))).toEqual([
    [60, 'uncertain', 'clock'],
    [61, 'uncertain', 'clock'],
  ])
})

test('a gateway speaks for its enterprise and for nobody else', async () => {
  const other = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', { name: '远山冶金', region: '370103' })
  const stranger = await platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', {
    enterpriseId: other.id,
    kind: 'gas-detector',
    name: 'STRANGER',
  })
  const gateway = await newDevice('GW-01', 'gateway')
  const child = await newDevice('GAS-behind')
  await publish(
    gateway.token,
    {
      'GAS-behind': [{ ts: Date.now(), values: { combustibleLel: 3.2 } }],
      STRANGER: [{ ts: Date.now(), values: { combustibleLel: 99 } }],
    },
    'v1/gateway/telemetry',
  )
  expect((await readings(child.id))[0]!.points[0]![1]).toBe(3.2)
  expect(await readings(stranger.id)).toEqual([])
  const { entries } = await platform.call<{ entries: { code: string }[] }>('GET', `/api/v1/quarantine?device=${gateway.id}`)
  expect(entries.map(({ code }) => code)).toEqual(['unknown-device'])
})

test('a rule set by PUT holds for the next reading, and DELETE brings the pack back', async () => {
  const tuned = await newDevice('GAS-tuned')
  type RuleList = { rules: { id: string; version: number; metric?: string; type: string }[] }
  const rule = (await platform.call<RuleList>('GET', '/api/v1/rules')).rules.find(
    ({ metric, type }) => metric === 'combustibleLel' && type === 'threshold',
  )!
  const limits = [{ name: 'H', above: 10, level: 'yellow' }]
  await platform.call('PUT', `/api/v1/rules/${rule.id}`, { ...rule, limits, version: rule.version })
  const raised = changeOf((alarm) => alarm.deviceId === tuned.id)
  await publish(tuned.token, { combustibleLel: 11 })
  expect(await raised).toMatchObject({ limit: 10, value: 11, ruleVersion: rule.version + 1 })
  const stale = await platform.ask(
    'PUT',
    `/api/v1/rules/${rule.id}`,
    { ...rule, limits, version: rule.version },
    { authorization: `Bearer ${await platform.token()}` },
  )
  expect(stale).toMatchObject({ status: 409, body: { error: { code: 'stale-version' } } })
  await platform.call('DELETE', `/api/v1/rules/${rule.id}`)
  const back = (await platform.call<RuleList>('GET', '/api/v1/rules')).rules.find(({ id }) => id === rule.id)!
  expect(back).toMatchObject({ limits: expect.arrayContaining([expect.objectContaining({ name: 'H', above: 25 })]) as unknown })
})

test('the feed numbers its changes without a gap, and a snapshot fits the change after it', async () => {
  const snapshot = await takeSnapshot()
  expect(snapshot.mode).toBe('live')
  const numbers: number[] = []
  const note = ({ seq }: { seq: number }) => numbers.push(seq)
  feed.on('change', note)
  const raised = changeOf((alarm) => alarm.deviceId === device.id)
  await publish(device.token, { combustibleLel: 26 })
  await raised
  const beat = await new Promise<{ seq: number; serverTs: number }>((resolve) => feed.once('hb', resolve))
  feed.off('change', note)
  expect(numbers.length).toBeGreaterThan(0)
  numbers.forEach((seq, i) => expect(seq).toBe(snapshot.seq + 1 + i))
  expect(beat.seq).toBe(numbers.at(-1))
})

test('mosquitto_pub, as in the README, moves the alarms', () => {
  const { port } = new URL(platform.mqtt)
  const run = spawnSync(
    'mosquitto_pub',
    [
      '-h',
      '127.0.0.1',
      '-p',
      port,
      '-q',
      '1',
      '-u',
      device.token,
      '-t',
      'v1/devices/me/telemetry',
      '-m',
      '{"combustibleLel":60}',
    ],
    { encoding: 'utf8', timeout: 10_000 },
  )
  expect([run.status, run.stderr]).toEqual([0, ''])
})

test('health, readiness, metrics and the API description answer', async () => {
  expect((await platform.ask('GET', '/healthz')).status).toBe(200)
  expect(await platform.ask('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
  const metrics = (await platform.ask('GET', '/metrics')).body as string
  expect(metrics).toMatch(/^watchfire_\w+ /m)
  expect(metrics).not.toContain(device.id)
  expect((await platform.ask('GET', '/api/docs')).status).toBeLessThan(400)
})

test('stdout carries only where it listens and that it is ready; no token ever reaches the log', () => {
  expect(platform.stdout()).toMatch(/^(listening \S+ \S+\n)+watchfire ready\n$/)
  expect(platform.stderr()).not.toContain(device.token)
})

test('a second process on the same data folder refuses to start and names the first', async () => {
  await expect(startProcess({ dataDir: platform.dataDir })).rejects.toThrow(new RegExp(`\\b${platform.child.pid}\\b`))
})

test.each([
  { entry: 'main.ts', args: ['--port', '8081'], says: '--port: the platform takes no arguments' },
  { entry: 'demo.ts', args: ['--help'], says: "Unknown option '--help'; for example npm run demo" },
  { entry: 'demo.ts', args: ['--pace', 'fast'], says: '--pace fast is no number above 0' },
])('$entry $args is refused in words, not ignored and not with a stack', async ({ entry, args, says }) => {
  const said = await startProcess({ entry, args }).then(
    () => 'it started',
    (error: Error) => error.message,
  )
  expect(said).toContain('ended with 1 before it was ready')
  expect(said).toContain(says)
  expect(said).not.toMatch(/^\s+at /m)
})

test('after SIGTERM and a new start everything is as it was, and no alarm is raised again', async () => {
  const before = await platform.call<AlarmList>('GET', '/api/v1/alarms?open=true')
  const began = performance.now()
  const code = await platform.kill('SIGTERM')
  expect(code).toBe(0)
  expect(performance.now() - began).toBeLessThan(10_000)
  platform = await startProcess({ dataDir: platform.dataDir })
  const after = await platform.call<AlarmList>('GET', '/api/v1/alarms?open=true')
  expect(after.alarms).toEqual(before.alarms)
  expect((await readings(device.id)).find(({ metric }) => metric === 'combustibleLel')!.points.length).toBe(3)
  await publish(device.token, { combustibleLel: 5 })
})

test('a pack with an error in the middle is refused with file and line, and the old rules stay in force', async () => {
  const packs = temporaryDir()
  const good = readFileSync(join(import.meta.dirname, '../../alerts/packs/gas.yaml'), 'utf8')
  mkdirSync(packs, { recursive: true })
  writeFileSync(join(packs, 'site.yaml'), good.replace(/type: threshold/, 'type: treshold'))
  const broken = await startProcess({ env: { WATCHFIRE_PACKS_DIR: packs } })
  try {
    const { rules, faults } = await broken.call<{ rules: unknown[]; faults: { file: string; line: number; reason: string }[] }>(
      'GET',
      '/api/v1/rules',
    )
    expect(rules.length).toBeGreaterThan(5)
    expect(faults).toMatchObject([
      {
        file: expect.stringContaining('site.yaml') as string,
        line: expect.any(Number) as number,
        reason: expect.stringContaining('type must be one of threshold') as string,
      },
    ])
    expect(await broken.ask('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'degraded' } })
  } finally {
    await broken.kill()
  }
})
