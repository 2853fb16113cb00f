import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import type { ReadingsQuery } from '../../core/history.ts'
import { silentLog } from '../../core/log.ts'
import { qualityCode } from '../../core/quality.ts'
import type { Quarantined } from '../../core/quarantine.ts'
import { blockDraft, quarantineDraft, readRecordEntry, recordDraft } from '../../journal/codec.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { Intake } from '../../ingest/intake.ts'
import { Quarantine } from '../../ingest/quarantine.ts'
import { answerReadings } from '../../ingest/query.ts'
import { stores } from '../../ingest/stores/index.ts'
import { blockOf, series, type Row } from '../suites/store.ts'

const T = Date.UTC(2026, 5, 1)
const DAY = 86_400_000

function folder(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'watchfire-intake-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  return dataDir
}

async function open(dataDir: string, journal: MemoryJournal, days = 90) {
  const store = stores.embedded({ dataDir })
  const quarantine = new Quarantine(dataDir)
  const intake = new Intake({ store, quarantine, journal, retention: [{ name: 'raw', metrics: [], days }], log: silentLog })
  await intake.start()
  const ask = async (query: Partial<ReadingsQuery>) => {
    const through = journal.head()
    await intake.reached(through)
    const whole = {
      mode: 'live',
      device: null,
      metrics: [],
      from: 0,
      to: 2 * T,
      zone: 'UTC',
      throughPos: through,
      maxPoints: 100_000,
    }
    const { json } = await answerReadings(store, intake.index, { ...whole, ...query }, journal.clock.now())
    return JSON.parse(Buffer.from(json).toString()) as {
      series: { device: string; metric: string; points: unknown[][] }[]
      next?: string
    }
  }
  return { intake, quarantine, store, ask }
}

const rows = (block: Row[]) => blockDraft(blockOf(block, T), block.length)
const defined = recordDraft({ kind: 'series.defined', series })
const lineOf = (n: number): Row[] => Array.from({ length: n }, (_, i) => ({ series: 1, at: T + i * 1000, value: i }))
const junk = (deviceId: string | null, code: Quarantined['code'] = 'not-json'): Quarantined => ({
  receivedAt: T,
  deviceId,
  enterpriseId: 'E1',
  source: 'x',
  topic: 't',
  code,
  message: 'm',
  position: 3,
  key: null,
  bytes: 2,
  payload: 'e30=',
})

test('an answer holds everything journalled before the question, in the words of the contract', async () => {
  const journal = new MemoryJournal(new ManualClock(T))
  const { ask, intake } = await open(folder(), journal)
  await journal.append([
    defined,
    rows([
      { series: 1, at: T, value: 1.5 },
      { series: 1, at: T + 1, value: 120, quality: qualityCode('uncertain', 'over-range') },
      { series: 7, at: T, value: 9 },
    ]),
  ])
  expect(await ask({ device: 'GAS-01', quality: true })).toEqual({
    series: [
      {
        device: 'GAS-01',
        metric: 'combustibleLel',
        points: [
          [T, 1.5, 'good', null],
          [T + 1, 120, 'uncertain', 'over-range'],
        ],
      },
    ],
  })
  expect((await ask({ mode: 'test' })).series.map(({ metric }) => metric)).toEqual(['some unmapped "key"'])
  expect(await ask({ devices: [] })).toEqual({ series: [] })
  await intake.stop()
})

test('a query is continued without gap or repetition, raw or in buckets', async () => {
  const journal = new MemoryJournal(new ManualClock(T))
  const { ask, intake } = await open(folder(), journal)
  await journal.append([defined, rows(lineOf(1000)), rows(lineOf(500).map((row) => ({ ...row, series: 2 })))])
  for (const query of [{}, { from: T, every: 7000, fn: 'max' as const }]) {
    const whole = await ask(query)
    const found: Record<string, unknown[]> = {}
    let cursor: string | undefined
    do {
      const page = await ask({ ...query, maxPoints: 97, ...(cursor !== undefined && { cursor }) })
      for (const { metric, points } of page.series) (found[metric] ??= []).push(...points)
      cursor = page.next
    } while (cursor !== undefined)
    expect(found).toEqual(Object.fromEntries(whole.series.map(({ metric, points }) => [metric, points])))
  }
  await expect(ask({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'bad-cursor' })
  await expect(ask({ every: 10 })).rejects.toMatchObject({ code: 'too-many-buckets' })
  await expect(ask({ every: 0.5 })).rejects.toMatchObject({ code: 'bad-every' })
  await intake.stop()
})

test('a question for more points than it may have is refused with a step that fits, and sparse readings are not taken for many', async () => {
  const journal = new MemoryJournal(new ManualClock(T))
  const { ask, intake } = await open(folder(), journal)
  await journal.append([defined, rows(lineOf(5000)), rows([{ series: 2, at: T, value: 1 }])])
  for (const more of [{}, { every: 1000, fn: 'max' as const }]) {
    await expect(ask({ ...more, from: T, to: T + DAY, mostPoints: 4_000 })).rejects.toMatchObject({
      code: 'too-many-points',
      details: { mostPoints: 4_000, suggestedEvery: '10s' },
    })
  }
  await expect(ask({ from: T, to: T + DAY, mostPoints: 5_100 })).resolves.toMatchObject({ series: [{}, {}] })
  await expect(ask({ from: 0, every: DAY, mostPoints: 100 })).resolves.toMatchObject({ series: [{}, {}] })
  await intake.stop()
})

test('what is not in within the time is refused as catching up', async () => {
  const journal = new MemoryJournal(new ManualClock(T))
  const { intake } = await open(folder(), journal)
  await expect(intake.reached(journal.head() + 1, 20)).rejects.toMatchObject({ code: 'catching-up' })
  await intake.stop()
})

test('after a crash at any point history and quarantine are the same as without one', async () => {
  const journal = new MemoryJournal(new ManualClock(T))
  const dataDir = folder()
  const conflicting = { ...lineOf(1)[0]!, value: 77 }
  let { intake, quarantine, store, ask } = await open(dataDir, journal)
  const crash = async () => {
    await intake.reached(journal.head())
    // The follower is stopped without the checkpoint of a clean stop.
    intake.checkpoint = () => Promise.resolve()
    await intake.stop()
    ;({ intake, quarantine, store, ask } = await open(dataDir, journal))
  }
  await journal.append([defined, rows(lineOf(300)), quarantineDraft(junk('GAS-01')), rows([conflicting])])
  await crash()
  await intake.reached(journal.head())
  await intake.checkpoint()
  expect(store.cursor()).toBe(journal.head())
  await journal.append([rows([conflicting]), quarantineDraft(junk('GAS-02', 'too-deep')), rows(lineOf(310))])
  await intake.reached(journal.head())
  quarantine.flush()
  await crash()
  expect((await ask({})).series[0]!.points).toHaveLength(310)
  const { entries, total } = quarantine.entries({ limit: 10, throughPos: 0 })
  expect(entries.map(({ deviceId, code }) => [deviceId, code])).toEqual([
    ['GAS-02', 'too-deep'],
    ['GAS-01', 'conflicting-resend'],
    ['GAS-01', 'conflicting-resend'],
    ['GAS-01', 'not-json'],
  ])
  expect(total).toBe(4)
  await intake.stop()
})

test('quarantine keeps 1,000 messages of a device and counts the rest', async () => {
  const journal = new MemoryJournal(new ManualClock(T))
  const dataDir = folder()
  let { intake, quarantine } = await open(dataDir, journal)
  await journal.append(Array.from({ length: 1200 }, () => quarantineDraft(junk('GAS-01'))))
  await journal.append([quarantineDraft(junk(null, 'bad-credential'))])
  await intake.reached(journal.head())
  await intake.stop()
  ;({ intake, quarantine } = await open(dataDir, journal))
  expect(quarantine.counts().sort((a, b) => b.count - a.count)).toEqual([
    { deviceId: 'GAS-01', code: 'not-json', count: 1200, lastAt: T },
    { deviceId: null, code: 'bad-credential', count: 1, lastAt: T },
  ])
  let cursor: string | undefined
  let kept = 0
  do {
    const page = quarantine.entries({ device: 'GAS-01', limit: 300, throughPos: 0, ...(cursor !== undefined && { cursor }) })
    kept += page.entries.length
    cursor = page.next
    expect(page.total).toBe(1200)
  } while (cursor !== undefined)
  expect(kept).toBe(1000)
  quarantine.trim(T + 1)
  quarantine.add(journal.head() + 1, junk('GAS-01', 'too-deep'))
  expect(quarantine.entries({ device: 'GAS-01', limit: 9, throughPos: 0 })).toMatchObject({
    entries: [{ code: 'too-deep' }],
    total: 1201,
  })
  await intake.stop()
})

test('quarantined messages go after thirty days, so that a device that used up its room is explained again', async () => {
  const clock = new ManualClock(T)
  const journal = new MemoryJournal(clock)
  const { intake, quarantine } = await open(folder(), journal)
  await journal.append(Array.from({ length: 2500 }, (_, i) => quarantineDraft(junk(`GAS-0${i % 3}`))))
  await intake.reached(journal.head())
  clock.advance(29 * DAY)
  await journal.append([quarantineDraft({ ...junk('GAS-07'), receivedAt: clock.now() })])
  await intake.reached(journal.head())
  expect(quarantine.figures()).toMatchObject({ watchfire_quarantine_kept: 2501 })
  clock.advance(DAY + 1)
  await expect.poll(() => quarantine.figures()['watchfire_quarantine_kept']).toBe(1)
  expect(quarantine.figures()).toMatchObject({ watchfire_quarantined_total: 2501 })
  await intake.stop()
})

test('readings older than their class allows go, and the record says how many', async () => {
  const clock = new ManualClock(T)
  const journal = new MemoryJournal(clock)
  const dataDir = folder()
  let { intake, ask } = await open(dataDir, journal, 1)
  await journal.append([defined, rows(lineOf(1000))])
  await intake.reached(journal.head())
  await intake.stop()
  clock.advance(DAY + 600_500)
  ;({ intake, ask } = await open(dataDir, journal, 1))
  expect((await ask({})).series[0]!.points).toHaveLength(399)
  await expect
    .poll(async () => (await journal.readRecord(1, ['history.trimmed'])).map(readRecordEntry))
    .toMatchObject([{ class: 'raw', before: T + 600_500, rows: 600 }])
  await intake.stop()
})

test('history that is ahead of the journal, or of another one, is not mixed with it', async () => {
  const dataDir = folder()
  const journal = new MemoryJournal(new ManualClock(T))
  const first = await open(dataDir, journal)
  await journal.append([defined, rows(lineOf(50))])
  await first.intake.reached(journal.head())
  await first.intake.stop()

  const other = new MemoryJournal(new ManualClock(T))
  await other.append([recordDraft({ kind: 'series.defined', series: [{ ...series[0]!, device: 'SOMEONE-ELSE' }] })])
  await expect(open(dataDir, other)).rejects.toMatchObject({ code: 'foreign-history' })
})
