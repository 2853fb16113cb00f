import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { AlarmChangeEntry } from '../../core/record.ts'
import { silentLog } from '../../core/log.ts'
import { Judging } from '../../alerts/judging.ts'
import { readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder } from '../../core/reading.ts'
import { blockDraft } from '../../journal/codec.ts'
import { aDevice, defineSeries, setDevice } from './world.ts'

const dirs: string[] = []
const open: Judging[] = []
afterEach(async () => {
  for (const judging of open.splice(0)) await judging.stop()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})
const folder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-alerts-'))
  dirs.push(dir)
  return dir
}
const start = (journal: MemoryJournal, dataDir = folder(), packsDir: string | null = null) => {
  const judging = new Judging({ config: { dataDir, packsDir }, journal, log: silentLog })
  open.push(judging)
  return judging
}

async function reading(journal: MemoryJournal, value: number, series = 1): Promise<number> {
  const builder = new BlockBuilder(1)
  const now = journal.clock.now()
  builder.add(series, now, now, value, GOOD)
  return (await journal.append([blockDraft(builder.take(), 1)]))[0]!
}
const changes = async (journal: MemoryJournal): Promise<AlarmChangeEntry[]> =>
  (await journal.readRecord(1, ['alarm.changed'])).map((entry) => readRecordEntry(entry) as AlarmChangeEntry)
const until = async (fits: () => Promise<boolean>) => {
  for (let i = 0; i < 200 && !(await fits()); i++) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('a reading over the limit becomes a recorded change that names its rule, limit and source', async () => {
  const journal = new MemoryJournal()
  const judging = start(journal)
  await judging.state()
  await journal.append([recordDraft(setDevice(aDevice())), recordDraft(defineSeries(1, 'combustibleLel'))])
  const pos = await reading(journal, 30)
  await until(async () => (await changes(journal)).length > 0)
  const [change] = await changes(journal)
  expect(change).toMatchObject({
    change: 'raised',
    causePos: pos,
    alarm: { ruleId: 'gas.combustible', ruleVersion: 1, level: 'yellow', limitName: 'H', limit: 25, value: 30, causes: [pos] },
  })
  expect(change!.alarm.limitSource).toContain('GB/T 50493-2019 5.5.2')
  expect(change!.alarm.message.zh).toBe('1# 探测器 可燃气体 30 %LEL，达到H限值 25 %LEL')
  const { alarms } = await judging.alarms({ mode: 'live', open: true, limit: 10 }, journal.head())
  expect(alarms).toEqual([change!.alarm])
})
