import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../../../core/log.ts'
import type { RecordEntry } from '../../../core/record.ts'
import { MeasuresDb } from '../../../alerts/measures/measures-db.ts'
import { Measuring } from '../../../alerts/measures/measuring.ts'
import { recordDraft } from '../../../journal/codec.ts'
import { MemoryJournal } from '../../../journal/memory.ts'
import { sampleChange } from '../alarm-sample.ts'
import { aDevice, setDevice } from '../world.ts'

const dir = mkdtempSync(join(tmpdir(), 'watchfire-measuring-'))
afterAll(() => rmSync(dir, { recursive: true }))

const full = () => Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 })
const enterprise: RecordEntry = {
  ...{ kind: 'registry.changed', by: 'test', before: null, entity: 'enterprise' },
  row: { id: 'e1', name: 'E', region: '330106', sector: null, retiredAt: null },
}

async function until(seen: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !seen(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(seen()).toBe(true)
}

test('a full disk stops only the counting, says so, and afterwards everything recorded meanwhile is counted once', async () => {
  let isFull = false
  class FillingDb extends MeasuresDb {
    override noteOpenAlarm(...args: Parameters<MeasuresDb['noteOpenAlarm']>): void {
      if (isFull) throw full()
      super.noteOpenAlarm(...args)
    }
  }
  const openDb = (file: string) => {
    if (isFull) throw full()
    return new FillingDb(file)
  }
  const journal = new MemoryJournal()
  const config = { dataDir: dir, mode: 'live', zone: 'Asia/Shanghai' } as const
  const measuring = new Measuring({ config, journal, log: silentLog, openDb })
  await measuring.started
  await journal.append([enterprise, setDevice(aDevice({ enterpriseId: 'e1' }))].map((entry) => recordDraft(entry)))
  await measuring.reach(journal.head())
  isFull = true
  const raised = (id: string) => recordDraft(sampleChange('raised', { id, subject: id, enterpriseId: 'e1', level: 'red' }))
  await journal.append([raised('a1')])
  await until(() => measuring.status().state === 'degraded')
  expect(measuring.status().detail).toContain('full')
  await expect(measuring.reach(journal.head(), 50)).rejects.toThrow('catching up')
  await journal.append([raised('a2')])
  isFull = false
  await until(() => measuring.status().state === 'ok')
  await measuring.reach(journal.head(), 5_000)
  expect(measuring.projection.board.alarms.size).toBe(2)
  await until(() => measuring.projection.board.states.get('live\nenterprise:e1')?.colour === 'red')
  const told = (await journal.readRecord(1, ['risk.changed'])).map(({ key }) => key)
  expect(new Set(told).size).toBe(told.length)
  await measuring.stop()
  const again = new MeasuresDb(join(dir, 'measures.db'))
  expect(again.openAlarms().map(({ id }) => id)).toEqual(['a1', 'a2'])
  again.close()
})
