import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runReplay } from '../../simulators/replay.ts'
import { startBroker, valuesOf, type Broker } from './broker.ts'

const data = (path: string) => {
  const file = join(import.meta.dirname, '../../../shared/data', path)
  if (!existsSync(file)) throw new Error(`this test replays ${file}, which is missing: put the data beside the repository`)
  return file
}
const csv = (text: string | Buffer) => {
  const file = join(mkdtempSync(join(tmpdir(), 'watchfire-')), 'rows.csv')
  writeFileSync(file, text)
  return file
}
const start = ['--start', '2026-03-01T08:00:00+08:00']
const startMs = Date.UTC(2026, 2, 1)

let broker: Broker
beforeAll(async () => void (broker = await startBroker({ login: (user) => user !== 'wf_wrong' })))
afterAll(() => broker.stop())

async function run(args: string[], url = broker.url): Promise<{ code: number; text: string }> {
  broker.received.length = 0
  const lines: string[] = []
  const code = await runReplay([...args, '--url', url], (line) => lines.push(line))
  return { code, text: lines.join('\n') }
}

test('the smoke set: 49,988 rows in, 149,964 values acknowledged, each with its time and in order', async () => {
  const map = 'temperatureC=Temperature[C],humidityRh=Humidity[%],fireAlarm=Fire Alarm'
  const { code, text } = await run([data('smoke_iot/readings.csv'), '--map', map, ...start, '--period', '1s', '--token', 'wf_s'])
  expect(text).toContain(
    'rows read         49,988\nvalues sent       149,964\n  acknowledged    149,964\n  not             0\ncells skipped     0 blank, 0 no number',
  )
  expect(code).toBe(0)
  const values = valuesOf(broker.received)
  expect(values).toHaveLength(149_964)
  expect(values.filter(({ metric, value }) => metric === 'fireAlarm' && value === 1)).toHaveLength(43_632)
  const times = values.filter(({ metric }) => metric === 'temperatureC').map(({ ts }) => ts)
  expect(times.every((ts, i) => ts === startMs + i * 1_000)).toBe(true)
})

test('the gas set: its words are counted as no number and nothing is invented for them', async () => {
  const map = 'mq2=MQ2,mq135=MQ135,class=Gas'
  const { code, text } = await run([data('gas_mq/readings.csv'), '--map', map, ...start, '--period', '2s', '--token', 'wf_g'])
  expect(text).toContain(
    'values sent       8,800\n  acknowledged    8,800\n  not             0\ncells skipped     0 blank, 4,400 no number (first on line 2)',
  )
  expect(code).toBe(0)
  expect(valuesOf(broker.received)).toHaveLength(8_800)
})

test('the hydrant set: one column a device through a gateway, blanks are no report, +08:00 times are kept', async () => {
  const devices = Array.from({ length: 12 }, (_, i) => `H${String(i + 1).padStart(2, '0')}`)
  const map = devices.map((id) => `${id}.pressureMpa=${id}`).join(',')
  const { code, text } = await run([
    data('hydrant_epanet/pressures.csv'),
    '--map',
    map,
    '--time',
    'time',
    '--token',
    'wf_gateway',
    '--tokens',
    'H12=wf_h12',
  ])
  expect(code).toBe(0)
  const blank = Number(/(\d+) blank/.exec(text)![1])
  expect(blank).toBeGreaterThan(0)
  const values = valuesOf(broker.received)
  expect(values).toHaveLength(8_064 * 12 - blank)
  expect(values.find(({ who }) => who === 'H01')).toEqual({
    who: 'H01',
    metric: 'pressureMpa',
    ts: Date.UTC(2025, 1, 28, 16),
    value: 0.415,
  })
  expect(values.filter(({ who }) => who === 'wf_h12').length).toBeGreaterThan(8_000)
  expect(values.some(({ who }) => who === 'H12')).toBe(false)
})

test('at N times speed rows leave N times as fast as they were measured', async () => {
  const rows = Array.from({ length: 11 }, (_, i) => `${i}`).join('\n')
  const began = performance.now()
  const { code } = await run([
    csv(`n\n${rows}\n`),
    '--map',
    'temperatureC=n',
    ...start,
    '--period',
    '10s',
    '--speed',
    '200',
    '--token',
    'wf_t',
  ])
  expect(code).toBe(0)
  // 100 s of measuring at 200 times speed
  expect(performance.now() - began).toBeGreaterThan(480)
  expect(valuesOf(broker.received).map(({ ts }) => (ts - startMs) / 10_000)).toEqual(Array.from({ length: 11 }, (_, i) => i))
})

test('a file from a spreadsheet in GB 18030 is read when its encoding is named, and refused in words when not', async () => {
  // 温度 in GB 18030
  const file = csv(Buffer.concat([Buffer.from([0xce, 0xc2, 0xb6, 0xc8]), Buffer.from(';t\r\n21.5;1\r\n')]))
  const args = [file, '--map', 'temperatureC=温度', ...start, '--period', '1s', '--token', 'wf_t', '--separator', ';']
  expect(await run([...args, '--encoding', 'gb18030'])).toMatchObject({ code: 0 })
  expect(valuesOf(broker.received).map(({ value }) => value)).toEqual([21.5])
  expect((await run(args)).text).toContain('is not utf-8; name its encoding')
})

test('what is wrong with the command or the file is said before anything is sent', async () => {
  const file = csv('time,t\nyesterday,1\n2026-03-01 08:00:00,2\n')
  const cases: [string[], RegExp, number][] = [
    [[], /name one CSV file/, 2],
    [[file], /which columns/, 2],
    [[file, '--map', 't=t', '--token', 'x'], /either --time COLUMN, or --start/, 2],
    [[file, '--map', 't=T', '--time', 'time', '--token', 'x'], /no column "T"; it has: time, t/, 2],
    [[file, '--map', 'A.t=t', '--time', 'time'], /give the token of A with --tokens, or of their gateway/, 2],
    [[file, '--map', 'A.t=t', '--time', 'time', '--tokens', 'B=x'], /the token of A/, 2],
    [[`${file}.not`, '--map', 't=t', '--time', 'time', '--token', 'x'], /no such file/, 2],
    [[file, '--map', 't=t', '--time', 'time', '--token', 'wf_wrong'], /^login-refused/, 1],
    [[file, '--map', 't=t', '--time', 'time', '--token', 'x', '--speed', '0'], /--speed 0/, 2],
    [[csv(''), '--map', 't=t', '--time', 'time', '--token', 'x'], /has no header row/, 2],
  ]
  for (const [args, words, code] of cases) {
    const outcome = await run(args)
    expect(outcome.text).toMatch(words)
    expect(outcome.code, outcome.text).toBe(code)
    expect(broker.received).toEqual([])
  }
})

test('a row whose time cannot be read is counted with its line and fails the run; the others are sent', async () => {
  const { code, text } = await run([
    csv('time,t\nyesterday,1\n2026-03-01 08:00:00,2\n'),
    '--map',
    'temperatureC=t',
    '--time',
    'time',
    '--token',
    'x',
  ])
  expect(text).toContain('rows not sent     1 with a time that cannot be read (first on line 2)')
  expect(code).toBe(1)
  expect(valuesOf(broker.received)).toEqual([{ who: 'x', metric: 'temperatureC', ts: startMs, value: 2 }])
  // Without a token it is the demo's try-out device that measured.
  await run([csv('t\n1\n'), '--map', 'temperatureC=t', ...start, '--period', '1s'])
  expect(valuesOf(broker.received)).toMatchObject([{ who: 'wf_demo_try_01' }])
})

test('a platform that goes away is waited for and everything is acknowledged in the end; one that stays away is a failure that is counted', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i}`).join('\n')
  const args = [csv(`n\n${rows}\n`), '--map', 'temperatureC=n', ...start, '--period', '1s', '--speed', '50', '--token', 'wf_t']
  const first = await startBroker()
  const port = Number(new URL(first.url).port)
  const back = (async () => {
    await expect.poll(() => first.received.length, { interval: 5 }).toBeGreaterThan(5)
    await first.stop()
    return startBroker({ port })
  })()
  const outcome = await run([...args, '--timeout', '10'], first.url)
  expect(outcome.text).toContain('values sent       40\n  acknowledged    40\n  not             0')
  expect(outcome.code).toBe(0)
  const second = await back
  const arrived = new Set([...first.received, ...second.received].flatMap((one) => valuesOf([one])).map(({ value }) => value))
  expect(arrived.size).toBe(40)
  await second.stop()

  const dying = await startBroker()
  const failed = run([...args, '--timeout', '1'], dying.url)
  await expect.poll(() => dying.received.length, { interval: 5 }).toBeGreaterThan(5)
  await dying.stop()
  const { code, text } = await failed
  const [sent, acknowledged, not] = [...text.matchAll(/(?:sent|acknowledged|not) +(\d+)/g)].map(([, n]) => Number(n))
  expect(not).toBeGreaterThan(0)
  expect(sent).toBe(acknowledged! + not!)
  expect(text).toMatch(/stopped after row \d+: no acknowledgement within 1 s/)
  expect(code).toBe(1)
})
