import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import mqtt from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import type { Evidence } from '../../core/evidence.ts'
import { photoText } from '../../core/photo.ts'
import { startProcess, temporaryDir, type PlatformProcess } from './platform-process.ts'

const picture = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(2_000, 7)])
const sha256 = createHash('sha256').update(picture).digest('hex')
const dataDir = temporaryDir()
const file = join(dataDir, 'evidence.jsonl')
let platform: PlatformProcess
let alarm: Alarm

beforeAll(async () => {
  platform = await startProcess({ dataDir, keep: true })
  const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', {
    name: '滨江化工',
    region: '370102',
  })
  const device = { enterpriseId, kind: 'gas-detector', name: 'GAS-01' }
  const { token } = await platform.call<{ token: string }>('POST', '/api/v1/devices', device)
  const client = await mqtt.connectAsync(platform.mqtt, { username: token, reconnectPeriod: 0 })
  for (const combustibleLel of [3, 60])
    await client.publishAsync('v1/devices/me/telemetry', JSON.stringify({ combustibleLel }), { qos: 1 })
  await client.endAsync()
  for (let tries = 0; !alarm && tries < 200; tries++) {
    const { alarms } = await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?open=true')
    alarm = alarms.find(({ ruleId }) => ruleId === 'gas.combustible')!
    if (!alarm) await new Promise((wait) => setTimeout(wait, 50))
  }
  const path = `/api/v1/alarms/${encodeURIComponent(alarm.id)}`
  const headers = { authorization: `Bearer ${await platform.token()}` }
  for (let twice = 0; twice < 2; twice++) {
    const viewed = await fetch(`${platform.http}${path}/viewed`, { method: 'POST', headers })
    expect(viewed.status).toBe(204)
  }
  await platform.call('POST', `${path}/acknowledge`, { version: alarm.version })
  const sent = { method: 'POST', headers: { ...headers, 'content-type': 'image/jpeg' }, body: new Uint8Array(picture) }
  expect((await fetch(`${platform.http}/api/v1/photos?alarm=${encodeURIComponent(alarm.id)}`, sent)).status).toBe(201)
  const seen = (await platform.call<Alarm>('GET', path)).version
  const shot = photoText({ sha256, takenAt: 1_767_225_600_000, place: { latitude: 30.2, longitude: 120.1, accuracyM: 8 } })
  await platform.call('POST', `${path}/feedback`, { version: seen, comment: '法兰已紧固', evidence: `现场 ${shot}` })
  const answer = await fetch(`${platform.http}${path}/evidence`, { headers })
  expect(answer.headers.get('content-disposition')).toContain('attachment; filename="evidence-')
  writeFileSync(file, await answer.text())
}, 60_000)
afterAll(async () => {
  await platform?.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

function verify(...args: string[]) {
  const run = spawnSync(process.execPath, ['launch.js', 'operate/verify-record.ts', ...args], {
    cwd: resolve(import.meta.dirname, '../..'),
    encoding: 'utf8',
    env: { ...process.env, WATCHFIRE_DATA_DIR: dataDir },
  })
  return { status: run.status, said: run.stdout + run.stderr }
}

test('the evidence of an alarm has its rule, its readings, who saw it and who acted; a view is recorded once', () => {
  const evidence = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!) as Evidence
  expect(evidence.record.map(({ kind }) => kind)).toEqual([
    ...['rule.set', 'registry.changed', 'registry.changed', 'alarm.changed', 'alarm.viewed', 'action', 'alarm.changed'],
    ...['action', 'alarm.changed'],
  ])
  const [, , , raised, viewed, , acknowledged] = evidence.record.map(({ payload }) => JSON.parse(payload))
  expect(raised).toMatchObject({ change: 'raised', alarm: { id: alarm.id, value: 60 } })
  expect(viewed).toMatchObject({ alarmId: alarm.id, version: alarm.version, by: 'admin' })
  expect(acknowledged).toMatchObject({ change: 'acknowledged', by: 'admin' })
  expect(evidence.missing).toEqual([])
  expect(evidence.people).toEqual({ admin: 'admin' })
  expect(JSON.stringify(evidence.readings.series)).toContain(',60,')
})

test('the file is found whole by itself and against the record; the export is in the record', async () => {
  expect(verify('--evidence', file)).toMatchObject({ status: 0, said: expect.stringContaining('whole and signed') })
  expect(verify(dataDir, '--evidence', file)).toMatchObject({ status: 0, said: expect.stringContaining('the record is whole') })
  const { items } = await platform.call<{ items: { entry: { kind: string; sha256?: string } }[] }>(
    'GET',
    `/api/v1/alarms/${encodeURIComponent(alarm.id)}/timeline`,
  )
  const { said } = verify('--evidence', file)
  expect(said).toContain(items.find(({ entry }) => entry.kind === 'evidence.exported')!.entry.sha256)
})

test('a changed word, another key or a stranger to the record is said, with the position', () => {
  const [body, seal] = readFileSync(file, 'utf8').split('\n') as [string, string]
  const evidence = JSON.parse(body) as Evidence
  const acknowledged = evidence.record.at(-1)!
  const forged = { ...acknowledged, payload: acknowledged.payload.replace('"by":"admin"', '"by":"p-else"') }
  const record = evidence.record.with(-1, forged)
  writeFileSync(`${file}.forged`, `${JSON.stringify({ ...evidence, record })}\n${seal}\n`)
  const { status, said } = verify('--evidence', `${file}.forged`)
  expect(status).toBe(1)
  expect(said).toContain('the signature is not of this content')
  expect(said).toContain(`ALTERED: position ${acknowledged.pos} (alarm.changed)`)
  writeFileSync(`${file}.cut`, body)
  expect(verify('--evidence', `${file}.cut`)).toMatchObject({
    status: 2,
    said: expect.stringContaining('it has one line, not two'),
  })
  expect(verify('/nowhere')).toMatchObject({ status: 2, said: expect.stringContaining('no journal') })
})

test('a photo the record names is checked by its content: altered or gone, it is said with its hash', () => {
  const evidence = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!) as Evidence
  expect(evidence.photos).toMatchObject([{ sha256, state: 'kept', bytes: picture.length, place: { accuracyM: 8 } }])
  const kept = join(dataDir, 'photos', sha256)
  writeFileSync(kept, Buffer.concat([picture, Buffer.from([0])]))
  const altered = verify(dataDir, '--evidence', file)
  expect(altered.status).toBe(1)
  expect(altered.said.match(new RegExp(`ALTERED: photo ${sha256}`, 'g'))).toHaveLength(2)
  expect(altered.said).toContain('the record is whole, but not all photos it names are')
  rmSync(kept)
  expect(verify('--evidence', file)).toMatchObject({ status: 0, said: expect.stringContaining('it names 1 photos') })
  expect(verify(dataDir, '--evidence', file)).toMatchObject({
    status: 1,
    said: expect.stringContaining(`MISSING: photo ${sha256}`),
  })
  writeFileSync(kept, picture)
  expect(verify(dataDir, '--evidence', file).status).toBe(0)
})
