import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import { Unavailable } from '../../core/errors.ts'
import { silentLog } from '../../core/log.ts'
import type { RegistryRow } from '../../core/registry.ts'
import type { Series } from '../../core/reading.ts'
import { Intake } from '../../ingest/intake.ts'
import { OutboxBook } from '../../ingest/outbox-book.ts'
import { Outbox } from '../../ingest/outbox.ts'
import { Quarantine } from '../../ingest/quarantine.ts'
import { stores } from '../../ingest/stores/index.ts'
import {
  ArchiveAway,
  LinesRefused,
  type AcceptedReading,
  type Archive,
  type Selection,
  type Sink,
} from '../../ingest/stores/store.ts'
import { TieredStore } from '../../ingest/tiered-store.ts'
import { blockDraft, recordDraft } from '../../journal/codec.ts'
import { openJournal } from '../../journal/embedded.ts'
import type { Journal } from '../../journal/journal.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { blockOf, type Row } from '../suites/store.ts'

const T = Date.UTC(2026, 5, 1)
const DAY = 86_400_000
const series: Series[] = [
  { id: 1, mode: 'live', device: 'GAS-01', metric: 'combustibleLel' },
  { id: 2, mode: 'live', device: 'GAS-02', metric: 'combustibleLel' },
]

/** A server in memory: remembers what it was sent, and refuses or is away when told to. */
class FakeArchive implements Archive {
  rows = new Map<string, AcceptedReading>()
  requests: number[] = []
  away = false
  refuses: (line: string) => boolean = () => false
  #byLine = new Map<string, AcceptedReading>()

  line(reading: AcceptedReading): string {
    const line = `${reading.series.id}@${reading.measuredAt}=${reading.value}`
    this.#byLine.set(line, reading)
    return line
  }

  send(lines: string[]): Promise<void> {
    this.requests.push(lines.length)
    if (this.away) return Promise.reject(new ArchiveAway('InfluxDB does not answer (ECONNREFUSED)'))
    if (lines.some(this.refuses)) return Promise.reject(new LinesRefused('field type conflict'))
    for (const line of lines) {
      const reading = this.#byLine.get(line)!
      this.rows.set(`${reading.series.id}@${reading.measuredAt}`, reading)
    }
    return Promise.resolve()
  }

  readings({ series, from, to }: Selection, sink: Sink): Promise<void> {
    if (this.away) return Promise.reject(new Unavailable('influx-unreachable', 'InfluxDB does not answer (ECONNREFUSED)'))
    for (const one of series) {
      sink.begin(one)
      for (const { series: of, measuredAt: at, value, quality, receivedAt } of this.rows.values())
        if (of.id === one.id && at >= from && at < to) sink.point(at, value, quality, receivedAt)
    }
    return Promise.resolve()
  }

  buckets = () => Promise.resolve()
  values = () => [...this.rows].map(([place, { value }]) => `${place}=${value}`).sort()
}

function folder(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'watchfire-outbox-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  return dataDir
}

/** Intake and outbox as the ingest thread runs them. */
async function open(dataDir: string, journal: Journal, archive: FakeArchive, embeddedDays = 30) {
  const local = stores.embedded({ dataDir })
  const quarantine = new Quarantine(dataDir)
  const decidedFrom = local.cursor()
  const book = new OutboxBook(dataDir, decidedFrom)
  const sending = {
    reached: (pos: number) => outbox.reached(pos, 1_000),
    current: () => outbox.current(),
    decided: () => intake.applied,
  }
  const store = new TieredStore(local, archive, book, sending)
  const retention = [{ name: 'embedded', metrics: [], days: embeddedDays }]
  const intake: Intake = new Intake({ store, quarantine, journal, retention, book, log: silentLog })
  const outbox: Outbox = new Outbox({
    journal,
    archive,
    local,
    book,
    seriesOf: (id) => intake.seriesOf(id),
    decided: (pos) => intake.reached(pos, Infinity),
    log: silentLog,
    backoff: { firstMs: 5, mostMs: 20, holdMs: 20 },
  })
  await intake.start()
  await outbox.start(decidedFrom)
  const stop = async () => {
    await outbox.stop()
    await intake.stop()
    book.close()
  }
  return { store, intake, outbox, book, quarantine, stop, arrived: () => outbox.reached(journal.head(), 5_000) }
}

const rows = (block: Row[], receivedAt = T) => blockDraft(blockOf(block, receivedAt), block.length)
const defined = recordDraft({ kind: 'series.defined', series })
const changed = (change: RegistryRow) => recordDraft({ kind: 'registry.changed', by: 'platform', before: null, ...change })
const line = (n: number, at = T, id = 1): Row[] =>
  Array.from({ length: n }, (_, i) => ({ series: id, at: at + i * 1000, value: i }))

test('only what was accepted is sent: the first value stands, over a crash and an outage', async () => {
  const [dataDir, journal, archive] = [folder(), new MemoryJournal(new ManualClock(T)), new FakeArchive()]
  archive.away = true
  let run = await open(dataDir, journal, archive)
  await journal.append([defined, rows(line(3)), rows([{ series: 1, at: T, value: 77 }]), rows(line(4))])
  await run.intake.reached(journal.head())
  await vi.waitFor(() => expect(run.outbox.status()).toMatchObject({ state: 'degraded', name: 'influx' }))
  expect(run.outbox.status().figures['watchfire_outbox_lag_rows']).toBe(journal.head() - 1)
  // A crash after a checkpoint: which rows were refused is known from then on only to the book.
  await run.intake.checkpoint()
  await run.stop()
  run = await open(dataDir, journal, archive)
  archive.away = false
  await run.arrived()
  const accepted = ['1@' + T + '=0', `1@${T + 1000}=1`, `1@${T + 2000}=2`, `1@${T + 3000}=3`]
  expect(archive.values()).toEqual(accepted)
  expect(run.outbox.status()).toMatchObject({ state: 'ok', figures: { watchfire_outbox_sent_total: 4 } })
  await run.stop()
})

test('a line the server never takes is found, quarantined with its words, and the others arrive', async () => {
  const [journal, archive] = [new MemoryJournal(new ManualClock(T)), new FakeArchive()]
  const bad = new Set([`1@${T + 17_000}=17`, `1@${T + 99_000}=99`])
  archive.refuses = (one) => bad.has(one)
  const run = await open(folder(), journal, archive)
  await journal.append([defined, rows(line(200))])
  await run.arrived()
  expect(archive.rows.size).toBe(198)
  expect(archive.requests.length).toBeLessThan(40)
  await run.intake.reached(journal.head())
  const { entries } = run.quarantine.entries({ limit: 10, throughPos: 0 })
  expect(entries.map(({ code, deviceId, message }) => [code, deviceId, message])).toEqual(
    Array(2).fill(['not-archived', 'GAS-01', 'InfluxDB does not take this reading: field type conflict']),
  )
  await run.stop()
})

test('readings bear the enterprise and region of their place in the journal, not of today', async () => {
  const [journal, archive] = [new MemoryJournal(new ManualClock(T)), new FakeArchive()]
  archive.away = true
  const run = await open(folder(), journal, archive)
  const enterprise = (id: string, region: string) =>
    changed({ entity: 'enterprise', row: { id, name: id, region, sector: null, retiredAt: null } })
  const device = (enterpriseId: string) => changed({ entity: 'device', row: { ...deviceRow, enterpriseId } })
  await journal.append([enterprise('E1', '310115'), enterprise('E2', '370102'), device('E1'), defined])
  await journal.append([rows([{ series: 1, at: T, value: 1 }]), device('E2'), rows([{ series: 1, at: T + 1, value: 2 }])])
  await journal.append([enterprise('E2', '370103'), rows([{ series: 1, at: T + 2, value: 3 }])])
  archive.away = false
  await run.arrived()
  expect([...archive.rows.values()].map(({ about: { enterprise, region } }) => [enterprise, region])).toEqual([
    ['E1', '310115'],
    ['E2', '370102'],
    ['E2', '370103'],
  ])
  await run.stop()
})

test('what was stored before there was an archive is sent to it, once and as it was accepted', async () => {
  const [dataDir, journal, archive] = [folder(), new MemoryJournal(new ManualClock(T)), new FakeArchive()]
  const alone = new Intake({
    store: stores.embedded({ dataDir }),
    quarantine: new Quarantine(dataDir),
    journal,
    retention: [],
    log: silentLog,
  })
  await alone.start()
  await journal.append([defined, rows(line(7_000)), rows(line(300, T, 2)), rows([{ series: 2, at: T, value: 9 }])])
  await alone.reached(journal.head())
  await alone.stop()
  const run = await open(dataDir, journal, archive)
  await journal.append([rows(line(1, T - 1000, 2))])
  await run.arrived()
  expect(archive.rows.size).toBe(7_301)
  expect(archive.rows.get(`2@${T}`)).toMatchObject({ value: 0, receivedAt: T })
  await run.stop()
})

test('an outage longer than the journal: the journal keeps to its size, and the rest comes from the embedded store', async () => {
  const [dataDir, archive] = [folder(), new FakeArchive()]
  const journal = await openJournal({
    dir: dataDir,
    cursors: ['history', 'influx'],
    yielding: ['influx'],
    maxBytes: 200_000,
    segmentBytes: 50_000,
    log: silentLog,
  })
  archive.away = true
  let run = await open(dataDir, journal, archive)
  const now = journal.clock.now()
  await journal.append([defined])
  const batch = (i: number) => rows(line(500, now - 3_600_000 + i * 500_000), journal.clock.now())
  for (let i = 0; i < 60; i++) await journal.append([batch(i)])
  await run.intake.reached(journal.head())
  await run.intake.checkpoint()
  await vi.waitFor(async () => {
    await journal.trim()
    expect(journal.status().figures['watchfire_journal_bytes']).toBeLessThanOrEqual(250_000)
  })
  expect(journal.tail()).toBeGreaterThan(10_000)
  // Also over a restart in the middle of it.
  await run.stop()
  run = await open(dataDir, journal, archive)
  await vi.waitFor(() => expect(run.outbox.status().detail).toMatch(/sent from the embedded store/))
  archive.away = false
  await journal.append([batch(60)])
  await run.arrived()
  expect(archive.rows.size).toBe(61 * 500)
  expect(run.outbox.status().state).toBe('ok')
  await run.stop()
  await journal.stop()
})

test('a reading sent again after the embedded store has forgotten it does not take the place of the first', async () => {
  const clock = new ManualClock(T)
  const [dataDir, journal, archive] = [folder(), new MemoryJournal(clock), new FakeArchive()]
  let run = await open(dataDir, journal, archive, 1)
  await journal.append([defined, rows(line(1000))])
  await run.arrived()
  await run.stop()
  clock.advance(2 * DAY)
  run = await open(dataDir, journal, archive, 1)
  await journal.append([rows([{ series: 1, at: clock.now(), value: 1 }], clock.now())])
  await run.arrived()
  clock.advance(3_600_001)
  await vi.waitFor(() => expect(run.book.localSince).toBe(clock.now() - DAY))
  const again = [
    { series: 1, at: T, value: 500 },
    { series: 1, at: T + 1000, value: 1 },
    { series: 1, at: T - 5, value: 5 },
  ]
  await journal.append([rows(again, clock.now())])
  await run.arrived()
  expect(archive.rows.get(`1@${T}`)).toMatchObject({ value: 0, receivedAt: T })
  expect(archive.rows.get(`1@${T + 1000}`)).toMatchObject({ receivedAt: T })
  expect(archive.rows.get(`1@${T - 5}`)).toMatchObject({ value: 5, receivedAt: clock.now() })
  await run.intake.reached(journal.head())
  const { entries } = run.quarantine.entries({ limit: 10, throughPos: 0 })
  expect(entries.map(({ code, message }) => [code, message])).toEqual([
    ['conflicting-resend', `combustibleLel measured at ${T} is 0 already, so 500 was not stored`],
  ])
  await run.stop()
})

test('what only the archive has is asked there: unavailable while that is away, never empty; what is recent is answered', async () => {
  const clock = new ManualClock(T)
  const [dataDir, journal, archive] = [folder(), new MemoryJournal(clock), new FakeArchive()]
  const run = await open(dataDir, journal, archive, 1)
  await journal.append([defined, rows(line(1000))])
  await run.arrived()
  clock.advance(1.5 * DAY)
  await vi.waitFor(() => expect(run.book.localSince).toBe(clock.now() - DAY))
  await journal.append([rows(line(10, clock.now()), clock.now())])
  await run.arrived()
  const count = async (from: number, to: number) => {
    const times: number[] = []
    await run.store.readings({ series, from, to }, { begin() {}, point: (at) => times.push(at) > 0 })
    return times.length
  }
  expect(await count(0, 2 * T)).toBe(1010)
  archive.away = true
  await expect(count(0, 2 * T)).rejects.toMatchObject({ code: 'influx-unreachable' })
  await expect(count(0, T + 1)).rejects.toMatchObject({ code: 'influx-unreachable' })
  expect(await count(clock.now() - DAY, 2 * T)).toBe(10)
  await run.stop()
})

test('nothing leaves the embedded store while the archive is behind', async () => {
  const clock = new ManualClock(T)
  const [dataDir, journal, archive] = [folder(), new MemoryJournal(clock), new FakeArchive()]
  let run = await open(dataDir, journal, archive, 1)
  archive.away = true
  await journal.append([defined, rows(line(100))])
  await run.intake.reached(journal.head())
  await run.stop()
  clock.advance(3 * DAY)
  run = await open(dataDir, journal, archive, 1)
  await journal.append([rows([{ series: 1, at: clock.now(), value: 1 }], clock.now())])
  await run.intake.reached(journal.head())
  clock.advance(3_600_001)
  await journal.append([rows([{ series: 1, at: clock.now(), value: 1 }], clock.now())])
  await run.intake.reached(journal.head())
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(run.book.localSince).toBe(-Infinity)
  const points: number[] = []
  await run.store.readings({ series, from: 0, to: T + DAY }, { begin() {}, point: (at) => points.push(at) > 0 })
  expect(points).toHaveLength(100)
  await run.stop()
})

const deviceRow = {
  id: 'GAS-01',
  enterpriseId: 'E1',
  kind: 'gas-detector' as const,
  name: 'g',
  mode: 'live' as const,
  zoneId: null,
  latitude: null,
  longitude: null,
  attributes: {},
  terminalPhone: null,
  unitAddress: null,
  serial: null,
  tokenHash: '0'.repeat(64),
  demo: false,
  createdAt: T,
  retiredAt: null,
}
