import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import type { Backtest, BacktestResult } from '../../core/backtest.ts'
import { startProcess, temporaryDir, type PlatformProcess } from './platform-process.ts'

const MINUTE = 60_000
const root = join(import.meta.dirname, '../..')
const dataDir = temporaryDir()
const beganAt = Date.now()
let platform: PlatformProcess
let gateway: string
const devices: string[] = []

type Call = { id: string; token: string }
type Row = { ts: number; values: Record<string, number> }

const start = () => startProcess({ dataDir, keep: true })

async function publish(rows: Record<string, Row[]>): Promise<void> {
  const client = await mqtt.connectAsync(platform.mqtt, { username: gateway, reconnectPeriod: 0 })
  await client.publishAsync('v1/gateway/telemetry', JSON.stringify(rows), { qos: 1 })
  await client.endAsync()
}

/** A day of one-minute readings from noon to noon, as gateways send it that were cut off: rising now and then, each at another hour. */
function day(fromMinute: number, toMinute: number): Record<string, Row[]> {
  const noon = beganAt - 1440 * MINUTE
  const rows = devices.map((_, i) =>
    Array.from({ length: toMinute - fromMinute }, (_, k) => {
      const minute = fromMinute + k
      const swell = Math.sin((minute + i * 200) / 90) ** 9
      const height = Math.max(0, swell)
      const values: Row['values'] = devices[i]!.startsWith('GAS')
        ? { combustibleLel: Number((3 + 60 * height).toFixed(1)) }
        : { pressureMpa: Number((0.32 - 0.3 * height).toFixed(3)) }
      return { ts: noon + minute * MINUTE, values }
    }),
  )
  return Object.fromEntries(devices.map((name, i) => [name, rows[i]!]))
}

beforeAll(async () => {
  platform = await start()
  const { id: enterpriseId } = await platform.call<Call>('POST', '/api/v1/enterprises', { name: '滨江化工', region: '370102' })
  const create = (kind: string, name: string) => platform.call<Call>('POST', '/api/v1/devices', { enterpriseId, kind, name })
  gateway = (await create('gateway', 'GW-01')).token
  for (let i = 0; i < 5; i++) {
    devices.push(`GAS-0${i}`)
    await create('gas-detector', `GAS-0${i}`)
  }
  for (let i = 0; i < 3; i++) {
    devices.push(`HYD-0${i}`)
    await create('hydrant', `HYD-0${i}`)
  }
  for (const [from, to] of [
    [0, 300],
    [300, 700],
    [700, 1000],
    [1000, 1400],
  ] as const) {
    await publish(day(from, to))
    // Sent again, and some of it late: neither may make an alarm that was not there.
    await publish(day(Math.max(0, from - 20), from + 20))
    const { alarms } = await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?open=true')
    for (const { id, version, state } of alarms.slice(0, 2)) {
      if (state === 'active' || state === 'returned') await platform.call('POST', `/api/v1/alarms/${id}/acknowledge`, { version })
    }
    await platform.kill('SIGKILL')
    platform = await start()
  }
}, 120_000)

afterAll(async () => {
  await platform?.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

async function run(question: object): Promise<{ id: string; result: BacktestResult }> {
  const { id } = await platform.call<Backtest>('POST', '/api/v1/backtests', { from: beganAt, to: Date.now(), ...question })
  for (;;) {
    const backtest = await platform.call<Backtest>('GET', `/api/v1/backtests/${id}`)
    if (backtest.state === 'failed') throw new Error(backtest.reason)
    if (backtest.state === 'done') return { id, result: backtest.result }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const gasLimits = (h: number, hh: number) => ({
  ...{ id: 'gas.combustible', type: 'threshold', metric: 'combustibleLel' },
  limits: [
    { name: 'H', above: h, level: 'yellow' },
    { name: 'HH', above: hh, level: 'red' },
  ],
})

test('the rules that were in force, run over a day with four kills in it, give exactly the alarms that were recorded', async () => {
  const { result } = await run({})
  const { alarms } = await platform.call<{ alarms: Alarm[] }>('GET', '/api/v1/alarms?limit=1000')
  expect(result.exact).toBe(true)
  expect(result.readings).toBeGreaterThan(5 * 1400)
  expect(result.total).toBeGreaterThan(5)
  const counts = { added: 0, gone: 0, moved: 0 }
  expect(result.difference).toEqual({ against: 'record', same: result.total, added: [], gone: [], moved: [], counts })
  expect(result.alarms.map(({ id }) => id).sort()).toEqual(alarms.map(({ id }) => id).sort())
})

test('a rule is tried beside the one in force: what it would add, and what nobody would have heard of', async () => {
  const lower = (await run({ rule: gasLimits(10, 50) })).result
  expect(lower.difference.against).toBe('rule-in-force')
  const moved = lower.difference.moved
  expect(moved.length).toBeGreaterThan(0)
  // Sooner with the lower limit, all of them.
  for (const { now, was } of moved) expect(now.measuredAt).toBeLessThan(was.measuredAt)
  const same = (await run({ rule: gasLimits(25, 50) })).result
  expect(same.difference).toMatchObject({ same: same.total, added: [], gone: [] })
  const higher = (await run({ rule: gasLimits(90, 95) })).result
  expect(higher.total).toBe(0)
  expect(higher.difference.gone.length).toBe(same.total)
})

test('the same question has the same link and the same answer, also after a restart', async () => {
  const question = { rule: gasLimits(20, 40), from: beganAt, to: Date.now() }
  const first = await run(question)
  await platform.kill('SIGTERM')
  platform = await start()
  const again = await run(question)
  expect(again).toEqual(first)
})

test('an incident tells which alarm noticed it and how early', async () => {
  const rule = gasLimits(25, 50)
  const { alarms } = (await run({ rule })).result
  const at = Math.max(...alarms.map(({ raisedAt }) => raisedAt)) + 5 * MINUTE
  const [caught, missed] = (
    await run({
      rule,
      incidents: [
        { name: '储罐区泄漏', at, deviceId: alarms[0]!.deviceId },
        { name: 'elsewhere', at, deviceId: 'nobody' },
      ],
    })
  ).result.incidents
  expect(caught!.leadMs).toBeGreaterThanOrEqual(5 * MINUTE)
  expect(missed).toMatchObject({ caughtBy: null, leadMs: null })
})

test('what cannot be tried is said before anything runs', async () => {
  const headers = { authorization: `Bearer ${await platform.token()}` }
  const ask = (body: object) => platform.ask('POST', '/api/v1/backtests', { from: beganAt, to: Date.now(), ...body }, headers)
  expect((await ask({ to: Date.now() + 3_600_000 })).body).toMatchObject({ error: { code: 'invalid', details: { field: 'to' } } })
  expect((await ask({ rule: { ...gasLimits(1, 2), metric: 'nonsense' } })).body).toMatchObject({ error: { code: 'invalid' } })
  expect((await platform.ask('GET', '/api/v1/backtests/b0000000000000000000', undefined, headers)).status).toBe(404)
})

test('npm run backtest reads the folder of a running platform and prints what the rule would have done', () => {
  const file = join(dataDir, 'rule.yaml')
  writeFileSync(
    file,
    'id: gas.combustible\ntype: threshold\nmetric: combustibleLel\nlimits:\n  - { name: H, above: 10, level: yellow }\n  - { name: HH, above: 50, level: red }\n',
  )
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'launch.js'), 'backtest.ts', '--data', dataDir, ...args], {
      encoding: 'utf8',
    })
  const range = ['--from', String(beganAt), '--to', String(Date.now())]
  const told = command(file, ...range)
  expect(told.stderr).toMatch(/readings judged/)
  expect(told.stdout).toMatch(/against the rule in force: \+\d new {2}−\d gone {2}~[1-9] moved/)
  const table = command(file, ...range, '--csv').stdout.split('\r\n')
  expect(table[0]).toBe('change,level,rule,subject,device,measuredAt,raisedAt,late')
  expect(table.length).toBeGreaterThan(5)
  expect(table.slice(1).join()).toMatch(/moved,red,"gas\.combustible",/)
  const wrong = command(join(dataDir, 'none.yaml'), ...range)
  expect(wrong.status).toBe(2)
  expect(wrong.stderr).toMatch(/none\.yaml/)
})
