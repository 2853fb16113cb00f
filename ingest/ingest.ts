import { worried, worry } from '../core/part-words.ts'
import { statfs } from 'node:fs/promises'
import type {
  AtQuery,
  ExportPage,
  ExportQuery,
  History,
  KnownQuery,
  KnownReadings,
  LatestReading,
  QuarantineQuery,
  ReadingAt,
  ReadingsAnswer,
  ReadingsQuery,
  RowsQuery,
} from '../core/history.ts'
import type { ReadingRows } from '../core/reading-rows.ts'
import type { Log } from '../core/log.ts'
import type { Part, PartStatus } from '../core/part.ts'
import { startThread, type ThreadedJournal } from '../journal/thread.ts'
import type { RetentionClass } from './retention.ts'
import { DiskForecast } from './disk-forecast.ts'
import type { Backoff } from './outbox-delivery.ts'
import type { InfluxOptions, StoreName } from './stores/index.ts'
import type { IngestThread } from './worker.ts'

export type IngestConfig = {
  dataDir: string
  /** the deployment's; a query brings the zone its buckets align to */
  zone?: string
  /** days readings are kept that no class of `retention` is for */
  retentionDays: number
  retention?: RetentionClass[]
  /** days sums by the minute and by the hour are kept, where readings are gone; without them nothing is summed up */
  minuteDays?: number
  hourDays?: number
  store?: StoreName
  /** readings go on to this InfluxDB; here they stay for `embeddedDays`. The journal then needs the cursor `influx`. */
  influx?: InfluxOptions & { embeddedDays: number; backoff?: Backoff }
}

export interface Ingest extends Part, History {
  /** How it is, and how InfluxDB is where there is one. */
  statuses(): PartStatus[]
}

type Seen = { fault: string | null; figures: Record<string, number>; outbox: PartStatus | null }

const STATUS_MS = 1_000
const DISK_MS = 60_000

/** Journal → history store, in a thread of its own that also answers what is asked of the past. */
export async function startIngest({
  config,
  journal,
  log,
  failed,
}: {
  config: IngestConfig
  journal: ThreadedJournal
  log: Log
  failed: (error: Error) => void
}): Promise<Ingest> {
  const data: IngestThread = {
    dataDir: config.dataDir,
    store: config.store ?? 'embedded',
    retention: config.influx
      ? [{ name: 'embedded', metrics: [], days: config.influx.embeddedDays }]
      : [
          ...(config.retention ?? []),
          {
            name: 'raw',
            metrics: [],
            days: config.retentionDays,
            minuteDays: config.minuteDays ?? 0,
            hourDays: config.hourDays ?? 0,
          },
        ],
    zone: config.zone ?? 'UTC',
    influx: config.influx ?? null,
  }
  const thread = await startThread('ingest', new URL('./worker.ts', import.meta.url), data, journal, log, failed)
  let seen: Seen = { fault: null, figures: {}, outbox: null }
  const look = () =>
    thread.call<Seen>('status').then(
      (status) => (seen = status),
      (error: Error) => (seen = { ...seen, fault: error.message }),
    )
  const forecast = new DiskForecast()
  const lookAtDisk = () =>
    statfs(config.dataDir).then(
      ({ bavail, bsize }) => forecast.look(journal.clock.now(), bavail * bsize),
      // A disk that cannot be asked is reported by whoever writes to it.
      () => undefined,
    )
  await Promise.all([look(), lookAtDisk()])
  const lookingAtDisk = setInterval(() => void lookAtDisk(), DISK_MS)
  lookingAtDisk.unref()
  const looking = setInterval(() => void look(), STATUS_MS)
  looking.unref()

  const status = (): PartStatus => {
    const figures = { ...seen.figures, ...forecast.figures() }
    return seen.fault === null
      ? { name: 'ingest', state: 'ok', figures }
      : { name: 'ingest', state: 'degraded', ...worried(worry('history-unwritable', { reason: seen.fault })), figures }
  }

  return {
    readings: (query: ReadingsQuery) => thread.call<ReadingsAnswer>('readings', query),
    rows: (query: RowsQuery) => thread.call<ReadingRows>('rows', query),
    latest: (mode: string) => thread.call<LatestReading[]>('latest', mode),
    at: (query: AtQuery) => thread.call<ReadingAt[]>('at', query),
    knownAt: (query: KnownQuery) => thread.call<KnownReadings>('knownAt', query),
    exportPage: (query: ExportQuery) => thread.call<ExportPage>('exportPage', query),
    quarantine: (query: QuarantineQuery) => thread.call('quarantine', query),
    quarantineCounts: () => thread.call('quarantineCounts'),
    status,
    statuses: () => (seen.outbox ? [status(), seen.outbox] : [status()]),
    async stop() {
      clearInterval(looking)
      clearInterval(lookingAtDisk)
      await thread.stop()
    },
  }
}
