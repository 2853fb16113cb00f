import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { aggregates } from '../../core/history.ts'
import { readBlock } from '../../core/reading.ts'
import { readingsAt } from '../../ingest/as-of.ts'
import { localBuckets } from '../../ingest/buckets.ts'
import { exportPage } from '../../ingest/export.ts'
import { SeriesIndex } from '../../ingest/series-index.ts'
import { stores } from '../../ingest/stores/index.ts'
import { EmbeddedStore } from '../../ingest/stores/embedded.ts'
import type { Archive, Selection } from '../../ingest/stores/store.ts'
import { TieredStore } from '../../ingest/tiered-store.ts'
import { blockOf, found, series, type Row } from '../suites/store.ts'

const T = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000

test('sums made before there was an archive answer together with the archive and with what is on this machine', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'watchfire-tiered-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const [local, model, server] = [EmbeddedStore.open({ dataDir }), stores.memory(), stores.memory()]
  const rows: Row[] = Array.from({ length: 3_000 }, (_, i) => ({ series: 1, at: T + i * 10_000, value: (i * 37) % 101 }))
  const raw = T + 3 * HOUR
  for (const [one, own] of [
    [local, rows],
    [model, rows],
    [server, rows.filter(({ at }) => at >= raw)],
  ] as const) {
    one.define(series)
    await one.write(readBlock(blockOf(own)), () => undefined)
  }
  await local.checkpoint(1)
  for (const _ of { [Symbol.iterator]: () => local.sums.trim(series, raw, localBuckets(60_000, 'UTC')) }) continue

  const book = { localSince: -Infinity, oldThrough: 0, set: (to: object) => void Object.assign(book, to), save() {} }
  const sending = { reached: () => Promise.resolve(), current: () => true, decided: () => 0 }
  const tiered = new TieredStore(local, server as unknown as Archive, book, sending)
  for await (const _ of { [Symbol.asyncIterator]: () => tiered.trim(series, T + 5 * HOUR) }) continue
  expect(tiered.summed(series[0]!)).toMatchObject({ raw })
  for (const selection of [
    { from: T, to: T + 9 * HOUR },
    { from: T, to: T + 4 * HOUR },
    { from: T + HOUR, to: T + 2 * HOUR },
    { from: T + 4 * HOUR, to: T + 9 * HOUR },
  ].map((range): Selection => ({ series, ...range })))
    for (const fn of aggregates)
      for (const every of [60_000, HOUR, 2 * HOUR, 24 * HOUR]) {
        const cut = localBuckets(every, 'UTC')
        const [is, should] = await Promise.all(
          [tiered, model].map(async (one) => (await found((sink) => one.buckets(selection, fn, cut, sink)))[0]!.points),
        )
        expect(is!.map(([at]) => at)).toEqual(should!.map(([at]) => at))
        for (const [i, [, value]] of is!.entries()) expect(value, `${fn} ${every}`).toBeCloseTo(should![i]![1], 8)
      }
  expect(tiered.extent(series[0]!, T, T + 9 * HOUR, 1e6)).toMatchObject({ first: T + 5 * HOUR })
  const index = new SeriesIndex()
  for (const one of series) index.add(one)
  const [mode, devices, at] = ['live', ['GAS-01'], T + HOUR + 30_000]
  const query = { mode, devices, metrics: ['combustibleLel'], at, since: T, throughPos: 0 }
  const values = rows.filter((row) => row.at >= T + HOUR && row.at < T + HOUR + 60_000).map(({ value }) => value)
  const summed = { from: T + HOUR, to: T + HOUR + 60_000, min: Math.min(...values), max: Math.max(...values) }
  expect(await readingsAt(tiered, index, query)).toMatchObject([{ reading: null, summed }])
  const [labels, format, encoding] = [{ name: '', enterprise: '' }, 'ndjson', 'utf-8'] as const
  const file = { mode, device: 'GAS-01', labels, metrics: [], from: T, to: T + 9 * HOUR, format, encoding, zone: 'UTC' }
  expect(await exportPage(tiered, index, { ...file, maxRows: 10, throughPos: 0 })).toMatchObject({ readingsFrom: raw })
  await tiered.close()
})
