import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { aggregates, type Aggregate } from '../../core/history.ts'
import { qualityCode } from '../../core/quality.ts'
import { BlockBuilder, readBlock, type Series } from '../../core/reading.ts'
import { localBuckets } from '../../ingest/buckets.ts'
import { stores } from '../../ingest/stores/index.ts'
import type { Buckets, Selection, Sink, Store, StoreOptions } from '../../ingest/stores/store.ts'

export const series: Series[] = [
  { id: 1, mode: 'live', device: 'GAS-01', metric: 'combustibleLel' },
  { id: 2, mode: 'live', device: 'GAS-01', metric: 'toxicPpm#h2s' },
  { id: 7, mode: 'test', device: 'GAS-01', metric: 'some unmapped "key"' },
]
const T = Date.UTC(2026, 0, 1)
const [GOOD, UNCERTAIN, BAD] = [qualityCode('good'), qualityCode('uncertain', 'range'), qualityCode('bad', 'unit')]

export type Row = { series: number; at: number; value: number; quality?: number }

export function blockOf(rows: Row[], receivedAt = T + 1e9): Uint8Array {
  const builder = new BlockBuilder(rows.length || 1)
  for (const { series, at, value, quality } of rows) builder.add(series, at, receivedAt, value, quality ?? GOOD)
  return builder.take()
}

type Found = { series: Series; points: [at: number, value: number, quality: number][] }[]

/** Everything a query finds; series without points are left out, as in answers. */
export async function found(ask: (sink: Sink) => Promise<void>, most = Infinity): Promise<Found> {
  const all: Found = []
  let points = 0
  await ask({
    begin: (series) => all.push({ series, points: [] }),
    point: (at, value, quality) => points++ < most && all.at(-1)!.points.push([at, value, quality]) > 0,
  })
  return all.filter(({ points }) => points.length > 0)
}

const means = (results: Found) => results.map(({ series, points }) => [series.id, points.map(([at]) => at)])

/**
 * What every store has to do, compared with the model in ingest/stores/memory.ts. `forgets`: it is not made to survive.
 * `archived`: a server behind it keeps what is trimmed here, and a query there may see what arrives while it runs.
 */
export function storeSuite(
  name: string,
  open: (options: StoreOptions) => Store,
  { forgets = false, archived = false, runs = 60 } = {},
): void {
  const folder = () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'watchfire-store-'))
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
    return dataDir
  }

  /** A store together with the model and a journal to replay from after a crash. */
  class Pair {
    readonly dataDir = folder()
    readonly model = stores.memory()
    readonly conflicts = { model: new Set<string>(), store: new Set<string>() }
    store = open({ dataDir: this.dataDir })
    #journal: Uint8Array[] = []

    constructor() {
      this.model.define(series)
      this.store.define(series)
    }

    async write(rows: Row[]) {
      const bytes = blockOf(rows)
      this.#journal.push(bytes)
      await this.#apply(this.#journal.length - 1)
      const pos = this.#journal.length - 1
      this.model.write(readBlock(bytes), (row, standing) => this.conflicts.model.add(`${pos} ${row} ${standing}`))
    }

    /** Sends what was written once more, from the newest block on. */
    async resend(most: number) {
      for (const bytes of this.#journal.slice(-most).reverse()) {
        const { count, series, measuredAt, value, quality } = readBlock(bytes)
        await this.write(
          Array.from({ length: count }, (_, i) => ({
            series: series[i]!,
            at: measuredAt[i]!,
            value: value[i]!,
            quality: quality[i]!,
          })),
        )
      }
    }

    checkpoint = () => this.store.checkpoint(this.#journal.length)

    async crash() {
      await this.store.close()
      this.store = open({ dataDir: this.dataDir })
      this.store.define(series)
      for (let pos = this.store.cursor(); pos < this.#journal.length; pos++) await this.#apply(pos)
    }

    async agreeOn(selection: Selection, every: Buckets) {
      expect(await found((sink) => this.store.readings(selection, sink))).toEqual(
        await found((sink) => this.model.readings(selection, sink)),
      )
      for (const fn of aggregates) {
        const [is, should] = await Promise.all([
          found((sink) => this.store.buckets(selection, fn, every, sink)),
          found((sink) => this.model.buckets(selection, fn, every, sink)),
        ])
        if (fn !== 'mean') expect(is, fn).toEqual(should)
        else {
          // Chunks are summed before they are added up, so the last digits may differ.
          expect(means(is)).toEqual(means(should))
          const values = (results: Found) => results.flatMap(({ points }) => points.map(([, value]) => value))
          const expected = values(should)
          for (const [i, value] of values(is).entries()) expect(value).toBeCloseTo(expected[i]!, 6)
        }
      }
      for (const mode of ['live', 'test']) {
        const bySeries = (a: { series: number }, b: { series: number }) => a.series - b.series
        expect([...(await this.store.latest(mode))].sort(bySeries)).toEqual(this.model.latest(mode).sort(bySeries))
      }
      expect(this.conflicts.store).toEqual(this.conflicts.model)
    }

    async #apply(pos: number) {
      await this.store.write(readBlock(this.#journal[pos]!), (row, standing) =>
        this.conflicts.store.add(`${pos} ${row} ${standing}`),
      )
    }
  }

  const time = fc.oneof(
    { weight: 3, arbitrary: fc.nat(600).map((n) => T + n * 1000) },
    { weight: 1, arbitrary: fc.nat(400).map((n) => T + n * 7_200_000) },
  )
  /** A run of readings as a device sends them: steady, backwards or in disorder, and sometimes again with other values. */
  const run = fc
    .record({
      series: fc.constantFrom(1, 1, 2, 7),
      start: time,
      step: fc.constantFrom(1, 500, 1000, 1000, 60_000, 3_600_000, 50 * 3_600_000),
      n: fc.oneof(fc.nat(4), fc.nat(300)),
      order: fc.constantFrom('in order', 'in order', 'backwards', 'disorder'),
      value: fc.constantFrom(0, 1, 2),
      bad: fc.nat(20),
    })
    .map(({ series, start, step, n, order, value, bad }) => {
      const rows = Array.from({ length: n }, (_, i): Row => {
        const quality = bad > 0 && i % bad === 3 ? BAD : i % 7 === 6 ? UNCERTAIN : GOOD
        return { series, at: start + i * step, value: value + ((i * 37) % 11) / 10, quality }
      })
      if (order === 'backwards') rows.reverse()
      if (order === 'disorder') rows.sort((a, b) => ((a.at * 7919) % 104729) - ((b.at * 7919) % 104729))
      return rows
    })
  const step = fc.oneof(
    { weight: 6, arbitrary: run.map((rows) => ({ kind: 'write' as const, rows })) },
    { weight: 2, arbitrary: fc.constant({ kind: 'checkpoint' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'resend' as const }) },
    { weight: forgets ? 0 : 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
    {
      weight: 2,
      arbitrary: fc
        .record({ from: time, length: fc.constantFrom(0, 1, 1000, 90_000, 86_400_000, 30 * 86_400_000) })
        .map((query) => ({ kind: 'ask' as const, ...query })),
    },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 400_000 }).map((length) => ({ kind: 'ask recent' as const, length })) },
  )

  test(`${name}: whatever is written late, twice, in disorder or in conflict, and whenever it crashes, it answers like the model`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async (steps) => {
        const pair = new Pair()
        const everything = { series, from: T - 1, to: T + 1e12 }
        for (const one of steps) {
          if (one.kind === 'write') await pair.write(one.rows)
          else if (one.kind === 'checkpoint') await pair.checkpoint()
          else if (one.kind === 'crash') await pair.crash()
          else if (one.kind === 'resend') await pair.resend(2)
          else if (one.kind === 'ask recent') {
            const newest = pair.model.latest('live')[0]?.measuredAt ?? T
            await pair.agreeOn({ series, from: newest - one.length, to: newest + 1 }, localBuckets(300_000, 'UTC'))
          } else await pair.agreeOn({ series, from: one.from, to: one.from + one.length }, localBuckets(10_000, 'Asia/Shanghai'))
        }
        await pair.agreeOn(everything, localBuckets(3_600_000, 'Europe/Berlin'))
        await pair.checkpoint()
        if (!forgets) await pair.crash()
        await pair.resend(Infinity)
        await pair.agreeOn(everything, localBuckets(86_400_000, 'Asia/Shanghai'))
        await pair.store.close()
      }),
      { numRuns: runs, interruptAfterTimeLimit: 40_000 },
    )
  }, 60_000)

  test(`${name}: the first value stands, the same again changes nothing, another one is refused`, async () => {
    const pair = new Pair()
    await pair.write([{ series: 1, at: T, value: 3 }])
    await pair.write([
      { series: 1, at: T, value: 3 },
      { series: 1, at: T, value: 4 },
      { series: 2, at: T, value: 4 },
    ])
    expect([...pair.conflicts.store]).toEqual(['1 1 3'])
    const all = await found((sink) => pair.store.readings({ series, from: T, to: T + 1 }, sink))
    expect(all.map(({ series, points }) => [series.id, points])).toEqual([
      [1, [[T, 3, GOOD]]],
      [2, [[T, 4, GOOD]]],
    ])
    await pair.store.close()
  })

  test(`${name}: a backlog older than everything in memory, sent three times, is stored once`, async () => {
    const pair = new Pair()
    await pair.write(Array.from({ length: 1000 }, (_, i) => ({ series: 1, at: T + 1e9 + i * 1000, value: i })))
    await pair.checkpoint()
    const backlog = Array.from({ length: 300 }, (_, i) => ({ series: 1, at: T + i * 1000, value: i }))
    await pair.write(backlog)
    await pair.write(backlog)
    await pair.checkpoint()
    await pair.write(backlog.map((row) => ({ ...row, value: row.value + 1 })))
    expect(pair.conflicts.store.size).toBe(300)
    await pair.agreeOn({ series, from: 0, to: 2 * T }, localBuckets(60_000, 'UTC'))
    await pair.store.close()
  })

  test(`${name}: recent readings asked for after a restart, with late ones among them, are neither lost nor doubled`, async () => {
    for (const late of [[], [{ series: 1, at: T + 959_500, value: 5 }]]) {
      const pair = new Pair()
      const recent = () => pair.agreeOn({ series, from: T + 700_000, to: T + 1e9 }, localBuckets(300_000, 'UTC'))
      await pair.write(Array.from({ length: 1000 }, (_, i) => ({ series: 1, at: T + i * 1000, value: i })))
      await pair.checkpoint()
      if (!forgets) await pair.crash()
      await pair.write(late)
      await recent()
      await pair.write(late)
      await pair.write(Array.from({ length: 300 }, (_, i) => ({ series: 1, at: T + 1e6 + i * 1000, value: i })))
      await pair.resend(Infinity)
      await recent()
      await pair.checkpoint()
      if (!forgets) await pair.crash()
      await pair.agreeOn({ series, from: 0, to: 2 * T }, localBuckets(60_000, 'UTC'))
      await pair.store.close()
    }
  })

  test(`${name}: a range holds its first millisecond and not its last, and goes on where an answer ended`, async () => {
    const pair = new Pair()
    await pair.write(Array.from({ length: 1000 }, (_, i) => ({ series: 1 + (i % 2), at: T + i * 1000, value: i })))
    await pair.checkpoint()
    const times = async (selection: Omit<Selection, 'series'>, most?: number) =>
      (await found((sink) => pair.store.readings({ series, ...selection }, sink), most)).map(({ points }) =>
        points.map(([at]) => at),
      )
    expect(await times({ from: T + 2000, to: T + 4000 })).toEqual([[T + 2000], [T + 3000]])
    expect(await times({ from: T + 2000, to: T + 2000 })).toEqual([])
    expect(await times({ from: T, to: T + 1e9 }, 3)).toEqual([[T, T + 2000, T + 4000]])
    expect(await times({ from: T, to: T + 7000, firstFrom: T + 4000 })).toEqual([
      [T + 4000, T + 6000],
      [T + 1000, T + 3000, T + 5000],
    ])
    await pair.store.close()
  })

  test(`${name}: means of huge values stay finite, minus zero and doubles of every size come back as they were`, async () => {
    const store = open({ dataDir: folder() })
    store.define(series)
    const values = [-0, 0, 1e308, 1.7e308, 5e-324, -1e-7, 0.1 + 0.2, 123456789.125, 2 ** 53, -(2 ** 60), Math.fround(12.3), 1 / 3]
    await store.write(readBlock(blockOf(values.map((value, i) => ({ series: 1, at: T + i, value })))), () => {})
    for (let i = 0; i < 200; i++) {
      await store.write(readBlock(blockOf([{ series: 1, at: T + 100 + i, value: 1.5e308 }])), () => {})
    }
    await store.checkpoint(1)
    const [all] = await found((sink) => store.readings({ series, from: T, to: T + 100 }, sink))
    expect(all!.points.map(([, value]) => value)).toEqual(values)
    const day = localBuckets(86_400_000, 'UTC')
    const [mean] = await found((sink) => store.buckets({ series, from: T + 100, to: T + 1000 }, 'mean', day, sink))
    expect(mean!.points[0]![1] / 1.5e308).toBeCloseTo(1, 12)
    await store.close()
  })

  const trimmed = archived
    ? 'what was trimmed here is still answered by the archive'
    : 'what was trimmed is gone, what was measured later and the newest reading of a silent series are not'
  test(`${name}: ${trimmed}`, async () => {
    const pair = new Pair()
    await pair.write(Array.from({ length: 1000 }, (_, i) => ({ series: 1, at: T + i * 1000, value: i })))
    await pair.write(Array.from({ length: 500 }, (_, i) => ({ series: 2, at: T - 500_000 + i, value: i })))
    await pair.write([{ series: 1, at: T - 1, value: 1 }])
    await pair.checkpoint()
    const before = T + 300_500
    let rows = 0
    const trim = async () => {
      for await (const removed of stepsOf(pair.store.trim(series.slice(0, 2), before))) rows += removed
      if (!archived) for (const _ of stepsOf(pair.model.trim(series.slice(0, 2), before))) continue
    }
    await trim()
    expect(rows).toBeGreaterThan(500)
    await pair.agreeOn({ series, from: 0, to: T + 1e9 }, localBuckets(60_000, 'UTC'))
    if (!forgets) {
      await pair.checkpoint()
      await pair.crash()
      await trim()
      await pair.agreeOn({ series, from: 0, to: T + 1e9 }, localBuckets(60_000, 'UTC'))
    }
    await pair.store.close()
  })

  test(`${name}: a query sees one moment, whatever is written and checkpointed while it runs`, async () => {
    const store = open({ dataDir: folder() })
    store.define(series)
    let at = T
    const more = (n: number) =>
      store.write(readBlock(blockOf(Array.from({ length: n }, () => ({ series: 1, at: (at += 1000), value: 1 })))), () => {})
    await more(50_000)
    await store.checkpoint(1)
    await more(5_000)
    const count = (fn: Aggregate | null) =>
      fn === null
        ? found((sink) => store.readings({ series, from: 0, to: 2 * T }, sink)).then(([one]) => one!.points.length)
        : found((sink) => store.buckets({ series, from: 0, to: 2 * T }, fn, localBuckets(7_000, 'UTC'), sink)).then(([one]) =>
            one!.points.reduce((sum, [, n]) => sum + n, 0),
          )
    const asked = [count(null), count('count')]
    await more(3_000)
    const checkpointed = store.checkpoint(2)
    asked.push(count(null), count('count'))
    await checkpointed
    await more(3_000)
    const answers = await Promise.all(asked)
    if (!archived) expect(answers).toEqual([55_000, 55_000, 58_000, 58_000])
    for (const [i, answer] of answers.entries()) {
      expect(answer).toBeGreaterThanOrEqual(i < 2 ? 55_000 : 58_000)
      expect(answer).toBeLessThanOrEqual(61_000)
    }
    await store.close()
  })
}

const stepsOf = <T>(steps: Iterator<T> | AsyncIterator<T>): Iterable<T> & AsyncIterable<T> => steps as never
