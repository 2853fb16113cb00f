import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { BacktestsThread } from '../../alerts/backtest/backtests.ts'
import type { BacktestResult } from '../../core/backtest.ts'
import { silentLog } from '../../core/log.ts'
import { startIngest, type Ingest } from '../../ingest/ingest.ts'
import { recordDraft } from '../../journal/codec.ts'
import { openJournal } from '../../journal/embedded.ts'
import { aDevice, aRule, block, defineSeries, setDevice, setRule, T0, type Row } from '../alerts/world.ts'
import { temporaryDir } from './platform-process.ts'

const root = join(import.meta.dirname, '../..')
const dataDir = temporaryDir()
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))
const HOUR = 3_600
const DAY = 24 * HOUR
const STEP = 600
const devices = Array.from({ length: 20 }, (_, i) => i + 1)
const failed = (error: Error) => {
  throw error
}

/** Each device rises once, at another hour of the three days. */
const valueOf = (series: number, second: number) => {
  const hours = (second - series * 3.5 * HOUR) / HOUR
  return Number((3 + (20 + 2 * series) * Math.exp(-(hours ** 2))).toFixed(1))
}

test('where the journal no longer reaches, the history gives the same alarms, and says that its order is approximate', async () => {
  let now = T0
  const clock = { wallClock: { now: () => now }, monotonic: () => now - T0 }
  const journal = await openJournal({
    ...{ dir: dataDir, cursors: ['history'], log: silentLog, segmentBytes: 65_536, maxAgeMs: (DAY / 2) * 1_000 },
    ...clock,
  })
  const ingesting = () => startIngest({ config: { dataDir, retentionDays: 90_000 }, journal, log: silentLog, failed })
  let ingest: Ingest = await ingesting()
  const backtests = new BacktestsThread({
    config: { dataDir, zone: 'Asia/Shanghai' },
    journal,
    history: () => ingest,
    log: silentLog,
  })
  const rule = aRule({ version: 2, origin: 'person', limits: [{ name: 'H', above: 12, level: 'orange' }], offDelayMs: 600_000 })
  const run = async (from: number, to: number): Promise<BacktestResult> => {
    const incidents = [{ name: '储罐区泄漏', from: T0 + 35 * HOUR * 1_000, deviceId: 'GAS-10' }]
    const { id } = await backtests.startBacktest({ mode: 'live', from, to, rule, incidents })
    for (;;) {
      const answer = await backtests.backtest(id)
      if (answer?.state === 'failed') throw new Error(answer.reason)
      if (answer?.state === 'done') return answer.result
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const entries = [
    ...[setRule(aRule({ offDelayMs: 600_000 }))],
    ...devices.flatMap((id) => [
      setDevice(aDevice({ id: `GAS-${id}` })),
      defineSeries(id, 'combustibleLel', `GAS-${id}`),
      defineSeries(100 + id, 'batteryPct', `GAS-${id}`),
    ]),
  ]
  await journal.append(entries.map((entry) => recordDraft(entry)))
  for (let second = STEP; second <= 3 * DAY; second += STEP) {
    now = T0 + second * 1_000
    // The twelfth is cut off from four to eight in the evening of each day, as it rises, then sends what it kept at once.
    const isCutOff = (at: number) => at % DAY >= 16 * HOUR && at % DAY < 20 * HOUR
    const kept = second % DAY === 20 * HOUR ? Array.from({ length: (4 * HOUR) / STEP }, (_, k) => 16 * HOUR + k * STEP) : []
    const late = kept.map((at): Row => {
      const then = second - 20 * HOUR + at
      return [12, then, valueOf(12, then), undefined, second]
    })
    const rows = devices
      .filter((id) => id !== 12 || !isCutOff(second))
      .flatMap((id): Row[] => [
        [id, second, valueOf(id, second)],
        [100 + id, second, 90],
      ])
    await journal.append([block([...late, ...rows])])
  }

  const [from, to] = [T0 + DAY * 1_000, T0 + (3 * DAY - STEP) * 1_000]
  const exact = await run(from, to)
  expect(exact).toMatchObject({ source: 'journal', exact: true })
  expect(exact.total).toBeGreaterThan(5)

  // What ingest has safe may go from the journal.
  await ingest.stop()
  await journal.trim()
  expect(journal.tail()).toBeGreaterThan(2_000)
  ingest = await ingesting()
  const approximate = await run(from, to + 1)
  expect(approximate).toMatchObject({ source: 'history', exact: false, from })
  const told = ({ alarms }: BacktestResult) =>
    alarms.map(({ ruleId, subject, level, measuredAt, raisedAt, late }) => [ruleId, subject, level, measuredAt, raisedAt, late])
  expect(told(approximate)).toEqual(told(exact))
  expect(approximate.difference.counts).toEqual(exact.difference.counts)
  expect(approximate.perDay).toEqual(exact.perDay)
  expect(approximate.incidents).toMatchObject([{ name: '储罐区泄漏', caughtBy: { deviceId: 'GAS-10' } }])
  // Of the history only what the rule is about was read.
  expect(approximate.readings).toBeLessThan(exact.readings * 0.8)

  const file = join(dataDir, 'rule.json')
  writeFileSync(file, JSON.stringify(rule))
  const command = [join(root, 'launch.js'), 'backtest.ts', file, '--data', dataDir, '--from', String(from), '--to', String(to)]
  const printed = spawnSync(process.execPath, command, { encoding: 'utf8' })
  expect(printed.stderr).toMatch(/readings judged/)
  expect(printed.stdout).toMatch(new RegExp(`: ${exact.total} alarms from`))
  expect(printed.stdout).toContain('from the history, before the journal begins')
  await backtests.stop()
  await ingest.stop()
  await journal.stop()
}, 60_000)
