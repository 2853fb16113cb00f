import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { startIngest } from '../../ingest/ingest.ts'
import { blockDraft, quarantineDraft, recordDraft } from '../../journal/codec.ts'
import { openJournal } from '../../journal/embedded.ts'
import { blockOf, series } from '../suites/store.ts'

test('in its own thread history follows the journal on disk, answers what was acknowledged and goes on after a restart', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'watchfire-ingest-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const failed = (error: Error) => {
    throw error
  }
  const start = async () => {
    const journal = await openJournal({ dir: dataDir, cursors: ['history'], log: silentLog })
    const ingest = await startIngest({ config: { dataDir, retentionDays: 90 }, journal, log: silentLog, failed })
    const count = async () => {
      const range = { from: 0, to: 2 * Date.now(), zone: 'Asia/Shanghai', throughPos: journal.head(), maxPoints: 100_000 }
      const { points } = await ingest.readings({ mode: 'live', device: 'GAS-01', metrics: ['combustibleLel'], ...range })
      return points
    }
    return { journal, ingest, count }
  }
  let { journal, ingest, count } = await start()
  const now = journal.clock.now()
  await journal.append([recordDraft({ kind: 'series.defined', series })])
  for (let i = 0; i < 200; i++) {
    const rows = Array.from({ length: 10 }, (_, k) => ({ series: 1, at: now - 100_000 + i * 100 + k, value: k / 10 }))
    await journal.append([blockDraft(blockOf(rows, now), rows.length)])
    if (i % 50 === 0) expect(await count()).toBe((i + 1) * 10)
  }
  await journal.append([
    quarantineDraft({
      receivedAt: now,
      deviceId: 'GAS-01',
      enterpriseId: null,
      source: 'x',
      topic: null,
      code: 'not-json',
      message: 'm',
      position: 0,
      key: null,
      bytes: 1,
      payload: null,
    }),
  ])
  expect(await count()).toBe(2000)
  await ingest.stop()
  await journal.stop()
  ;({ journal, ingest, count } = await start())
  expect(await count()).toBe(2000)
  expect(await ingest.latest('live')).toMatchObject([{ device: 'GAS-01', metric: 'combustibleLel', value: 0.9 }])
  expect(await ingest.quarantineCounts()).toMatchObject([{ deviceId: 'GAS-01', code: 'not-json', count: 1 }])
  expect((await ingest.quarantine({ limit: 10, throughPos: journal.head() })).entries).toHaveLength(1)
  expect(ingest.status()).toMatchObject({ name: 'ingest', state: 'ok' })
  const range = { from: 0, to: now, zone: 'UTC', throughPos: 0, maxPoints: 10 }
  await expect(ingest.readings({ mode: 'live', device: null, metrics: [], every: -1, ...range })).rejects.toMatchObject({
    code: 'bad-every',
  })
  await ingest.stop()
  await journal.stop()
})
