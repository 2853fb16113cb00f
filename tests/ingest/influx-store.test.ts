import { afterAll, beforeAll, describe } from 'vitest'
import { ManualClock } from '../../core/clock.ts'
import type { Aggregate } from '../../core/history.ts'
import { silentLog } from '../../core/log.ts'
import { BlockBuilder, type ReadingBlock, type Series } from '../../core/reading.ts'
import { OutboxBook } from '../../ingest/outbox-book.ts'
import { Outbox } from '../../ingest/outbox.ts'
import { archives, stores } from '../../ingest/stores/index.ts'
import type { Buckets, Conflict, Selection, Sink, Store, StoreOptions } from '../../ingest/stores/store.ts'
import { TieredStore } from '../../ingest/tiered-store.ts'
import { blockDraft } from '../../journal/codec.ts'
import { MemoryJournal } from '../../journal/memory.ts'
import { startInflux, withoutInflux, type InfluxServer } from '../suites/influx-server.ts'
import { storeSuite } from '../suites/store.ts'

const T = Date.UTC(2026, 0, 1)
let server: InfluxServer
beforeAll(async () => {
  if (!withoutInflux) server = await startInflux()
})
afterAll(() => server?.dispose())

/** What outlives a crash of the store: the journal, and the server's database. */
type Rest = { journal: MemoryJournal; positions: number[]; db: string; ready: Promise<void> }
const rests = new Map<string, Rest>()
let databases = 0

/** The store of the platform with its outbox; questions wait until all that was written has arrived at the server. */
class Archived implements Store {
  #rest: Rest
  #local: Store
  #book: OutboxBook
  #outbox: Outbox
  #tiered: TieredStore
  #series = new Map<number, Series>()
  #blocks: number
  #applied = 0
  #started: Promise<void>

  /** Questions about what was measured before `since` go to the server. */
  constructor({ dataDir }: StoreOptions, since: number) {
    let rest = rests.get(dataDir)
    if (!rest) {
      const db = `suite${databases++}`
      rest = { journal: new MemoryJournal(new ManualClock(T)), positions: [], db, ready: server.createDatabase(db) }
      rests.set(dataDir, rest)
    }
    this.#rest = rest
    this.#local = stores.embedded({ dataDir })
    for (const series of this.#local.all()) this.#series.set(series.id, series)
    this.#blocks = this.#local.cursor()
    const decidedFrom = rest.positions[this.#blocks] ?? rest.journal.head()
    this.#applied = decidedFrom
    const book = (this.#book = new OutboxBook(dataDir, decidedFrom))
    const archive = archives.influx({ url: server.url, dialect: 'v1', bucket: rest.db })
    this.#outbox = new Outbox({
      journal: rest.journal,
      archive,
      local: this.#local,
      book,
      seriesOf: (id) => this.#series.get(id),
      decided: async (pos) => {
        while (this.#applied < pos) await new Promise((resolve) => setTimeout(resolve, 1))
      },
      log: silentLog,
    })
    const boundary = {
      localSince: since,
      oldThrough: 0,
      set: ({ localSince = since }) => void (boundary.localSince = Math.max(boundary.localSince, localSince)),
      save() {},
    }
    const sending = { reached: () => Promise.resolve(), current: () => true, decided: () => 0 }
    this.#tiered = new TieredStore(this.#local, archive, boundary, sending)
    this.#started = rest.ready.then(() => this.#outbox.start(decidedFrom))
  }

  cursor = () => this.#local.cursor()
  all = () => this.#local.all()
  latest = (mode: string) => this.#tiered.latest(mode)
  trim = (series: readonly Series[], before: number) => this.#tiered.trim(series, before)
  figures = () => this.#tiered.figures()

  define(series: readonly Series[]): void {
    this.#tiered.define(series)
    for (const one of series) this.#series.set(one.id, one)
  }

  async write(block: ReadingBlock, conflict: Conflict): Promise<void> {
    const { journal, positions } = this.#rest
    const index = this.#blocks++
    if (index === positions.length) {
      positions.push(journal.head())
      await journal.append([blockDraft(bytesOf(block), block.count)])
    }
    const pos = positions[index]!
    const refuse = (row: number) => this.#book.refuse(pos + row)
    await this.#tiered.write(
      block,
      (row, standing) => {
        refuse(row)
        conflict(row, standing)
      },
      refuse,
    )
    this.#applied = pos + block.count
  }

  async checkpoint(cursor: number): Promise<void> {
    this.#book.save()
    await this.#tiered.checkpoint(cursor)
  }

  async readings(selection: Selection, sink: Sink): Promise<void> {
    await this.#arrived()
    await this.#tiered.readings(selection, sink)
  }

  async buckets(selection: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void> {
    await this.#arrived()
    await this.#tiered.buckets(selection, fn, buckets, sink)
  }

  async close(): Promise<void> {
    await this.#started
    await this.#outbox.stop()
    this.#book.close()
    await this.#local.close()
  }

  async #arrived(): Promise<void> {
    const through = this.#applied
    await this.#started
    await this.#outbox.reached(through, 20_000)
  }
}

function bytesOf({ count, series, measuredAt, receivedAt, value, quality }: ReadingBlock): Uint8Array {
  const builder = new BlockBuilder(count || 1)
  for (let i = 0; i < count; i++) builder.add(series[i]!, measuredAt[i]!, receivedAt[i]!, value[i]!, quality[i]!)
  return builder.take()
}

describe.skipIf(withoutInflux)('on InfluxDB', () => {
  storeSuite('influx', (options) => new Archived(options, 1e15), { archived: true, runs: 8 })
  storeSuite('influx for what is old, embedded for what is new', (options) => new Archived(options, T + 300_000), {
    archived: true,
    runs: 8,
  })
})
