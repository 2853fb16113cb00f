import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Alarm } from '../../core/alarm.ts'
import { silentLog } from '../../core/log.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder } from '../../core/reading.ts'
import type { AlarmChangeEntry } from '../../core/record.ts'
import { startAlerts, type Alerts } from '../../alerts/alerts.ts'
import { blockDraft, readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { openJournal, type EmbeddedJournal } from '../../journal/embedded.ts'
import { aDevice, defineSeries, setDevice } from './world.ts'

const dirs: string[] = []
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})
const folder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-alerts-'))
  dirs.push(dir)
  return dir
}

async function start(dir: string) {
  const failures: Error[] = []
  const journal = await openJournal({ dir, cursors: ['alerts', 'push'], log: silentLog })
  stops.push(() => journal.stop())
  const config = { dataDir: dir, mode: 'live', packsDir: null, webhook: null } as const
  const alerts = await startAlerts({ config, journal, log: silentLog, failed: (error) => failures.push(error) })
  stops.push(() => alerts.stop())
  const state = await alerts.state()
  return { journal, alerts, state, failures }
}

async function readings(journal: EmbeddedJournal, rows: [series: number, value: number][]): Promise<void> {
  const builder = new BlockBuilder(rows.length)
  for (const [series, value] of rows) builder.add(series, journal.clock.now(), journal.clock.now(), value, GOOD)
  await journal.append([blockDraft(builder.take(), rows.length)])
}

const changes = async (journal: EmbeddedJournal) =>
  (await journal.readRecord(1, ['alarm.changed'])).map((entry) => readRecordEntry(entry) as AlarmChangeEntry)

async function openAlarms(alerts: Alerts, count: number): Promise<Alarm[]> {
  for (let i = 0; i < 300; i++) {
    const { alarms } = await alerts.alarms({ mode: 'live', open: true, limit: 1000 })
    if (alarms.length >= count) return alarms
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`there were not ${count} alarms within 3 s`)
}

test('in its own thread, on the embedded journal: raised, acknowledged, asked for, stopped, and there again after a start', async () => {
  const dir = folder()
  const first = await start(dir)
  expect(first.state.openAlarms).toEqual([])
  expect((await first.alerts.rules()).rules.length).toBeGreaterThan(30)
  await first.journal.append([recordDraft(setDevice(aDevice())), recordDraft(defineSeries(1, 'combustibleLel'))])
  await readings(first.journal, [[1, 60]])
  const [alarm] = (await openAlarms(first.alerts, 1)) as [Alarm]
  const action = { kind: 'action', alarmId: alarm.id, action: 'acknowledge', version: alarm.version, by: 'p1' } as const
  await first.journal.append([recordDraft({ ...action, comment: null, idempotencyKey: null })])
  while ((await changes(first.journal)).length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  // Recorded before the question, so the answer shows it.
  expect((await first.alerts.alarm(alarm.id))?.state).toBe('acknowledged')
  expect(await first.alerts.checkRule({ id: 'x', type: 'magic' })).toMatchObject({ path: '/type' })
  expect(first.alerts.status()).toMatchObject({ name: 'alerts', state: 'ok' })
  for (const stop of stops.splice(0).reverse()) await stop()
  const second = await start(dir)
  expect(second.state.openAlarms).toMatchObject([{ id: alarm.id, state: 'acknowledged', version: 2 }])
  expect(second.state.rows).toHaveLength(1)
  expect(second.state.series).toEqual([{ id: 1, mode: 'live', device: 'GAS-01', metric: 'combustibleLel' }])
  expect(await changes(second.journal)).toHaveLength(2)
  expect([...first.failures, ...second.failures]).toEqual([])
})

test('a window goes on after a restart: what it covers is suppressed, and comes back when it is refused', async () => {
  const dir = folder()
  const first = await start(dir)
  const from = first.journal.clock.now()
  const points = [{ device: 'GAS-01', metric: null }]
  const window = { id: 'w1', kind: 'calibration' as const, enterpriseId: 'E1', points, rules: [], reason: 'span gas', from }
  await first.journal.append([recordDraft(setDevice(aDevice())), recordDraft(defineSeries(1, 'combustibleLel'))])
  await first.journal.append([
    recordDraft({ kind: 'window.declared', window: { ...window, until: from + 3_600_000, byEnterprise: true }, by: 'p1' }),
    recordDraft({ kind: 'window.confirmed', windowId: 'w1', by: 'p2' }),
  ])
  await readings(first.journal, [[1, 60]])
  expect(await openAlarms(first.alerts, 1)).toMatchObject([{ state: 'suppressed', level: 'red', setAside: { windows: ['w1'] } }])
  for (const stop of stops.splice(0).reverse()) await stop()
  const second = await start(dir)
  expect(second.state.windows).toMatchObject([{ id: 'w1', declaredBy: 'p1', confirmedBy: 'p2' }])
  await second.journal.append([recordDraft({ kind: 'window.refused', windowId: 'w1', by: 'p3', reason: 'not today' })])
  while ((await changes(second.journal)).length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(await openAlarms(second.alerts, 1)).toMatchObject([{ state: 'active', occurrences: 2 }])
  expect([...first.failures, ...second.failures]).toEqual([])
})

test('what a kill leaves on disk starts again without losing or doubling an alarm', async () => {
  const dir = folder()
  const { journal, alerts } = await start(dir)
  for (let i = 1; i <= 50; i++) {
    const id = `G${i}`
    await journal.append([recordDraft(setDevice(aDevice({ id }))), recordDraft(defineSeries(i, 'combustibleLel', id))])
  }
  for (let round = 1; round <= 10; round++) {
    await readings(
      journal,
      Array.from({ length: 5 }, (_, i) => [(round - 1) * 5 + i + 1, 60]),
    )
  }
  const copy = folder()
  cpSync(dir, copy, { recursive: true, filter: (name) => !name.endsWith('.sock') })
  await openAlarms(alerts, 50)
  const again = await start(copy)
  const alarms = await openAlarms(again.alerts, 50)
  expect(new Set(alarms.map(({ deviceId }) => deviceId)).size).toBe(50)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const told = await changes(again.journal)
  expect(told).toHaveLength(50)
  const before = new Map((await changes(journal)).map(({ alarm }) => [alarm.id, alarm]))
  for (const { alarm } of told) expect(alarm).toEqual(before.get(alarm.id))
})
