import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { aggregates, type ReadingsQuery } from '../../core/history.ts'
import { qualityCode } from '../../core/quality.ts'
import { readBlock } from '../../core/reading.ts'
import { localBuckets } from '../../ingest/buckets.ts'
import { answerReadings } from '../../ingest/query.ts'
import { Retention, type Trimmed } from '../../ingest/retention.ts'
import { SeriesIndex } from '../../ingest/series-index.ts'
import { decode, encode } from '../../ingest/stores/embedded/rollup.ts'
import { EmbeddedStore } from '../../ingest/stores/embedded.ts'
import { stores } from '../../ingest/stores/index.ts'
import { blockOf, found, series, type Row } from '../suites/store.ts'

const T = Date.UTC(2026, 0, 1)
const [HOUR, DAY] = [3_600_000, 86_400_000]
const BAD = qualityCode('bad', 'unit')

function folder(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'watchfire-rollup-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  return dataDir
}

async function trim(store: EmbeddedStore, now: number, kept: { days: number; minuteDays?: number; hourDays?: number }) {
  const retention = new Retention(store, [{ name: 'raw', metrics: [], ...kept }], 'Asia/Shanghai')
  const all: Trimmed[] = []
  for (let i = 0; i < 5_000; i++) {
    const trimmed = await retention.step(now)
    if (trimmed) all.push(trimmed)
  }
  return all
}

const run = fc.record({
  series: fc.constantFrom(1, 2),
  start: fc.nat(4 * 24 * 60).map((minutes) => T + minutes * 60_000),
  step: fc.constantFrom(1_000, 10_000, 59_999, 600_000, 7 * HOUR),
  n: fc.nat(400),
  bad: fc.constantFrom(0, 1, 3, 50),
})

test('sums of what was trimmed answer like the readings did: min, max, mean, last and count, at every age and after a restart', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(run, { minLength: 1, maxLength: 8 }),
      fc.nat(90),
      fc.nat(90),
      fc.boolean(),
      async (runs, fine, raw, crash) => {
        const dataDir = folder()
        let store = EmbeddedStore.open({ dataDir })
        const model = stores.memory()
        const rows: Row[] = runs.flatMap(({ series, start, step, n, bad }) =>
          Array.from({ length: n }, (_, i) => ({
            series,
            at: start + i * step,
            value: ((i * 37) % 101) / 10,
            quality: bad > 0 && i % bad === 0 ? BAD : 0,
          })),
        )
        for (const one of [store, model]) {
          one.define(series)
          for (let i = 0; i < rows.length; i += 333) await one.write(readBlock(blockOf(rows.slice(i, i + 333))), () => undefined)
        }
        await store.checkpoint(1)
        const now = T + 30 * DAY
        const kept = {
          days: (now - (T + raw * HOUR)) / DAY,
          minuteDays: (now - (T + Math.min(raw, fine) * HOUR)) / DAY,
          hourDays: 400,
        }
        await trim(store, now, kept)
        if (crash) {
          await store.close()
          store = EmbeddedStore.open({ dataDir })
        }
        await trim(store, now, kept)
        const selection = { series, from: T - DAY, to: T + 1e11 }
        for (const fn of aggregates) {
          for (const every of [HOUR, DAY]) {
            const [is, should] = await Promise.all(
              [store, model].map((one) =>
                found((sink) => one.buckets(selection, fn, localBuckets(every, 'Asia/Shanghai'), sink)),
              ),
            )
            if (fn !== 'mean') expect(is, `${fn} ${every}`).toEqual(should)
            else {
              expect(is!.map(({ points }) => points.map(([at]) => at))).toEqual(
                should!.map(({ points }) => points.map(([at]) => at)),
              )
              const values = (all: typeof is) => all!.flatMap(({ points }) => points.map(([, value]) => value))
              for (const [i, value] of values(is).entries()) expect(value).toBeCloseTo(values(should)[i]!, 8)
            }
          }
        }
        await store.close()
      },
    ),
    { numRuns: 40, interruptAfterTimeLimit: 30_000 },
  )
}, 60_000)

test('what is kept of a sum comes back as it was, whatever its numbers', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer().map((n) => n / 100),
  )
  const sum = fc.record({ good: fc.nat(), bad: fc.nat(), min: number, max: number, sum: number, last: number })
  fc.assert(
    fc.property(fc.array(sum, { maxLength: 50 }), (sums) => {
      const all = sums.map((one, i) => ({ start: T + i * 60_000, ...one }))
      expect(decode(encode(all))).toEqual(all)
    }),
  )
})

test('each removal is told with its class and what is left; in the end nothing is', async () => {
  const store = EmbeddedStore.open({ dataDir: folder() })
  store.define(series)
  const rows = Array.from({ length: 1_440 }, (_, i) => ({ series: 1, at: T + i * 10_000, value: i }))
  await store.write(readBlock(blockOf([...rows, { series: 1, at: T + 20 * DAY, value: 1 }])), () => undefined)
  await store.checkpoint(1)
  const kept = { days: 1, minuteDays: 3, hourDays: 10 }
  const told = async (days: number) =>
    (await trim(store, T + days * DAY, kept)).map(({ rows, resolution, into }) => [rows, resolution, into])
  expect(await told(2)).toEqual([[1_440, 'reading', 'minute']])
  expect(store.summed(series[0]!)).toMatchObject({ raw: T + 6 * HOUR })
  expect(await told(5)).toEqual([[240, 'minute', 'hour']])
  const minute = localBuckets(60_000, 'Asia/Shanghai')
  const points = async () =>
    (await found((sink) => store.buckets({ series, from: T, to: T + DAY }, 'count', minute, sink)))[0]?.points
  expect(await points()).toEqual([0, 1, 2, 3].map((hour) => [T + hour * HOUR, 360, 0]))
  expect(await told(12)).toEqual([[4, 'hour', null]])
  expect(await points()).toBeUndefined()
  await store.close()
})

test('a reading sent again after its sum was made is not counted twice, and one of a silent time is', async () => {
  const store = EmbeddedStore.open({ dataDir: folder() })
  store.define(series)
  const rows = Array.from({ length: 360 }, (_, i) => ({ series: 1, at: T + i * 10_000, value: i }))
  const write = (some: Row[]) => store.write(readBlock(blockOf(some)), () => undefined)
  await write([...rows, { series: 1, at: T + 9 * DAY, value: 1 }])
  const kept = { days: 1, minuteDays: 100 }
  await trim(store, T + 3 * DAY, kept)
  await write([...rows.slice(0, 50), { series: 1, at: T + 5 * HOUR, value: 7 }])
  await store.checkpoint(1)
  await trim(store, T + 4 * DAY, kept)
  const hour = localBuckets(HOUR, 'Asia/Shanghai')
  const [counts] = await found((sink) => store.buckets({ series, from: T, to: T + DAY }, 'count', hour, sink))
  expect(counts!.points).toEqual([
    [T, 360, 0],
    [T + 5 * HOUR, 1, 0],
  ])
  await store.close()
})

test('a question about a time whose readings are gone is answered from sums and says so, page by page', async () => {
  const store = EmbeddedStore.open({ dataDir: folder() })
  store.define(series)
  const index = new SeriesIndex()
  for (const one of series) index.add(one)
  const rows = Array.from({ length: 3_600 }, (_, i) => ({ series: 1 + (i % 2), at: T + i * 10_000, value: 5 }))
  await store.write(readBlock(blockOf(rows)), () => undefined)
  await store.checkpoint(1)
  const now = T + DAY + 6 * HOUR
  await trim(store, now, { days: 1, minuteDays: 9 })
  const ask = async (more: Partial<ReadingsQuery>) => {
    const query = {
      mode: 'live',
      device: 'GAS-01',
      metrics: [],
      from: T,
      to: T + DAY,
      zone: 'UTC',
      throughPos: 0,
      maxPoints: 1e5,
      ...more,
    }
    const { json } = await answerReadings(store, index, query, now)
    type Answer = { series: { metric: string; points: [number, number][] }[]; next?: string; resolution?: unknown }
    return JSON.parse(Buffer.from(json).toString()) as Answer
  }
  const whole = await ask({})
  expect(whole.resolution).toEqual([{ before: T + 6 * HOUR, everyMs: 60_000 }])
  expect(whole.series.map(({ points }) => points.length)).toEqual([360 + 720, 360 + 720])
  expect(whole.series[0]!.points.slice(359, 361)).toEqual([
    [T + 359 * 60_000, 5],
    [T + 6 * HOUR, 5],
  ])
  expect((await ask({ from: T + 6 * HOUR })).resolution).toBeUndefined()
  const pages: Record<string, unknown[]> = {}
  for (let cursor: string | undefined; ;) {
    const page = await ask({ maxPoints: 101, ...(cursor !== undefined && { cursor }) })
    for (const { metric, points } of page.series) (pages[metric] ??= []).push(...points)
    if (page.next === undefined) break
    cursor = page.next
  }
  expect(pages).toEqual(Object.fromEntries(whole.series.map(({ metric, points }) => [metric, points])))
  await store.close()
})
