import type { QuarantineQuery, ReadingsQuery } from '../core/history.ts'
import { threadContext } from '../journal/thread.ts'
import { Intake } from './intake.ts'
import { Quarantine } from './quarantine.ts'
import { answerReadings } from './query.ts'
import type { RetentionClass } from './retention.ts'
import { stores, type StoreName } from './stores/index.ts'

/** What the thread is started with. */
export type IngestThread = { dataDir: string; store: StoreName; retention: RetentionClass[] }

const { data, journal, log, ready } = threadContext<IngestThread>()
const store = stores[data.store]({ dataDir: data.dataDir })
const quarantine = new Quarantine(data.dataDir)
const intake = new Intake({ store, quarantine, journal, retention: data.retention, log })
await intake.start()

ready({
  readings: async (query: ReadingsQuery) => {
    await intake.reached(query.throughPos)
    return answerReadings(store, intake.index, query, journal.clock.now())
  },
  latest: (mode: string) => store.latest(mode),
  quarantine: async (query: QuarantineQuery) => {
    await intake.reached(query.throughPos)
    return quarantine.entries(query)
  },
  quarantineCounts: () => quarantine.counts(),
  status: () => intake.status(),
  stop: () => intake.stop(),
})
