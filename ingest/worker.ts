import type {
  AtQuery,
  ExportQuery,
  KnownQuery,
  KnownReadings,
  QuarantineQuery,
  ReadingsQuery,
  RowsQuery,
} from '../core/history.ts'
import { threadContext } from '../journal/thread.ts'
import { readingsAt } from './as-of.ts'
import { exportPage } from './export.ts'
import { Intake } from './intake.ts'
import { knownAt } from './known-at.ts'
import { OutboxBook } from './outbox-book.ts'
import type { Backoff } from './outbox-delivery.ts'
import { Outbox } from './outbox.ts'
import { Quarantine } from './quarantine.ts'
import { answerReadings } from './query.ts'
import type { RetentionClass } from './retention.ts'
import { rowsOf } from './rows.ts'
import { archives, stores, type InfluxOptions, type StoreName } from './stores/index.ts'
import { TieredStore } from './tiered-store.ts'

const DAY_MS = 86_400_000

/** What the thread is started with. */
export type IngestThread = {
  dataDir: string
  store: StoreName
  retention: RetentionClass[]
  zone: string
  influx: (InfluxOptions & { backoff?: Backoff }) | null
}

const { data, journal, log, ready } = threadContext<IngestThread>()
const { dataDir, retention, zone, influx } = data
const local = stores[data.store]({ dataDir })
const quarantine = new Quarantine(dataDir)
const archive = influx && archives.influx(influx)
const decidedFrom = local.cursor()
const book = archive && new OutboxBook(dataDir, decidedFrom)
if (!book) OutboxBook.abandon(dataDir)
const store = archive ? new TieredStore(local, archive, book!, sending()) : local
const intake: Intake = new Intake({ store, quarantine, journal, retention, zone, log, ...(book && { book }) })
const outbox: Outbox | null =
  archive &&
  new Outbox({
    journal,
    archive,
    local,
    book: book!,
    seriesOf: (id) => intake.seriesOf(id),
    decided: (pos) => intake.reached(pos, Infinity),
    log,
    ...(influx?.backoff && { backoff: influx.backoff }),
  })
await intake.start()
await outbox?.start(decidedFrom)

/** The store asks only once everything runs. */
function sending() {
  return {
    reached: (pos: number) => outbox!.reached(pos),
    current: () => outbox?.current() ?? false,
    decided: () => intake.applied,
  }
}

ready({
  readings: async (query: ReadingsQuery) => {
    await intake.reached(query.throughPos)
    return answerReadings(store, intake.index, query, journal.clock.now())
  },
  at: async (query: AtQuery) => {
    await intake.reached(query.throughPos)
    return readingsAt(store, intake.index, query)
  },
  knownAt: async ({ mode, at, seriesBelow, throughPos }: KnownQuery): Promise<KnownReadings> => {
    await intake.reached(throughPos)
    // What an archive keeps is its own business.
    const days = influx ? Infinity : Math.max(...retention.map((one) => one.days))
    const keptSince = Math.max(0, journal.clock.now() - days * DAY_MS)
    const series = intake.index.select(mode, null, undefined, []).filter(({ id }) => id < seriesBelow)
    return { readings: await knownAt(store, series, mode, at), keptSince }
  },
  exportPage: async (query: ExportQuery) => {
    await intake.reached(query.throughPos)
    return exportPage(store, intake.index, query)
  },
  rows: (query: RowsQuery) => rowsOf(store, intake.index, query),
  latest: (mode: string) => store.latest(mode),
  quarantine: async (query: QuarantineQuery) => {
    await intake.reached(query.throughPos)
    return quarantine.entries(query)
  },
  quarantineCounts: () => quarantine.counts(),
  status: () => ({ ...intake.status(), outbox: outbox?.status() ?? null }),
  stop: async () => {
    await outbox?.stop()
    await intake.stop()
    book?.close()
  },
})
