import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import { runReplay } from '../../simulators/replay.ts'
import { startProcess, type PlatformProcess } from './platform-process.ts'

const START = Date.UTC(2026, 2, 1)

let platform: PlatformProcess
let enterpriseId: string

beforeAll(async () => {
  platform = await startProcess()
  enterpriseId = (await platform.call<{ id: string }>('POST', '/api/v1/enterprises', { name: '回放企业', region: '990101' })).id
})
afterAll(() => platform?.kill())

const newDevice = (kind: string, name: string) =>
  platform.call<{ id: string; token: string }>('POST', '/api/v1/devices', { enterpriseId, kind, name })

/** The data rows of a set as cells; these sets have no quotes. */
function rowsOf(path: string): { file: string; header: string[]; rows: string[][] } {
  const file = join(import.meta.dirname, '../../../shared/data', path)
  if (!existsSync(file)) throw new Error(`this test replays ${file}, which is missing: put the data beside the repository`)
  const [header, ...rows] = readFileSync(file, 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','))
  return { file, header: header!, rows }
}

async function run(...args: string[]): Promise<string> {
  const lines: string[] = []
  const code = await runReplay([...args, '--url', platform.mqtt], (line) => lines.push(line))
  expect(code, lines.join('\n')).toBe(0)
  return lines.join('\n')
}

/** What the platform has stored, once it has caught up. */
async function stored(device: string, metric: string): Promise<[number, number][]> {
  const headers = { authorization: `Bearer ${await platform.token()}` }
  const path = `/api/v1/readings?device=${device}&metric=${encodeURIComponent(metric)}&from=0&to=4102444800000`
  for (let tries = 0; tries < 20; tries++) {
    const { status, body } = await platform.ask('GET', path, undefined, headers)
    if (status === 200) return (body as { series: { points: [number, number][] }[] }).series[0]?.points ?? []
    expect({ status, body }).toMatchObject({ status: 503, body: { error: { code: 'catching-up' } } })
    await sleep(250)
  }
  throw new Error('the platform did not catch up')
}

type Change = { type: string; entry: { change: string; at: number } }

test('the smoke set: every row is stored with its time and value, and its alarm column raises and clears at its rows', async () => {
  const { file, rows } = rowsOf('smoke_iot/readings.csv')
  const alarm = await newDevice('smoke-alarm', '回放感烟')
  const map = 'temperatureC=Temperature[C],humidityRh=Humidity[%],fireAlarm=Fire Alarm'
  const text = await run(file, '--map', map, '--start', new Date(START).toISOString(), '--period', '1s', '--token', alarm.token)
  expect(text).toContain('values sent       149,964\n  acknowledged    149,964\n  not             0')

  for (const [metric, column] of [
    ['temperatureC', 1],
    ['humidityRh', 2],
    ['fireAlarm', 4],
  ] as const) {
    expect(await stored(alarm.id, metric)).toEqual(rows.map((row, i) => [START + i * 1_000, Number(row[column])]))
  }

  const expected = rows.flatMap((row, i) => {
    const before = rows[i - 1]?.[4] ?? '0'
    return row[4] === before ? [] : [[row[4] === '1' ? 'on' : 'off', START + i * 1_000]]
  })
  expect(expected.length).toBeGreaterThan(2)
  const seen = async () => {
    const { alarms } = await platform.call<{ alarms: Alarm[] }>('GET', `/api/v1/alarms?device=${alarm.id}`)
    const fire = alarms.filter(({ metric }) => metric === 'fireAlarm')
    const timelines = await Promise.all(
      fire.map(({ id }) => platform.call<{ items: Change[] }>('GET', `/api/v1/alarms/${id}/timeline`)),
    )
    const side: Record<string, string> = { raised: 'on', again: 'on', returned: 'off', ended: 'off' }
    return timelines
      .flatMap(({ items }) => items.filter(({ type }) => type === 'change').map(({ entry }) => [side[entry.change], entry.at]))
      .toSorted((a, b) => Number(a[1]) - Number(b[1]))
  }
  await expect.poll(async () => (await seen()).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(expected.length)
  expect(await seen()).toEqual(expected)
})

test('the gas set is stored row for row under keys outside the catalogue', async () => {
  const { file, rows } = rowsOf('gas_mq/readings.csv')
  const detector = await newDevice('gas-detector', '回放气体')
  await run(
    file,
    '--map',
    'mq2=MQ2,mq8=MQ8',
    '--start',
    new Date(START).toISOString(),
    '--period',
    '2s',
    '--token',
    detector.token,
  )
  expect(await stored(detector.id, 'mq8')).toEqual(rows.map((row, i) => [START + i * 2_000, Number(row[6])]))
  expect(await stored(detector.id, 'mq2')).toHaveLength(rows.length)
})

test('the hydrant set: twelve hydrants behind one gateway; a blank cell is no report', async () => {
  const { file, header, rows } = rowsOf('hydrant_epanet/pressures.csv')
  const gateway = await newDevice('gateway', '回放网关')
  const columns = header.filter((name) => /^H\d\d$/.test(name))
  const ids = new Map<string, string>()
  for (const name of columns) ids.set(name, (await newDevice('hydrant', name)).id)
  const map = columns.map((name) => `${name}.pressureMpa=${name}`).join(',')
  await run(file, '--map', map, '--time', 'time', '--token', gateway.token)
  for (const name of columns) {
    const column = header.indexOf(name)
    const reported = rows.filter((row) => row[column]).map((row) => [Date.parse(row[0]!), Number(row[column])])
    expect(await stored(ids.get(name)!, 'pressureMpa')).toEqual(reported)
  }
})
