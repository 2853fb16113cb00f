import type { Log } from '../../core/log.ts'
import type { Measures } from '../../core/measures.ts'
import type { Part, PartStatus } from '../../core/part.ts'
import type { Journal } from '../../journal/journal.ts'
import { startThread, type ThreadedJournal } from '../../journal/thread.ts'
import type { MeasuringConfig } from './measuring.ts'

export interface MeasuresPart extends Part, Measures {}

type Parts = { config: MeasuringConfig; journal: ThreadedJournal; log: Log; failed: (error: Error) => void }

const STATUS_EVERY_MS = 1_000

/**
 * The journal → live risk index, daily rates, alarm-system report, in a thread of its own. Changes of risk are recorded; here is
 * the door for everything else that is asked.
 */
export async function startMeasures({ config, journal, log, failed }: Parts): Promise<MeasuresPart> {
  const thread = await startThread('measures', new URL('worker.ts', import.meta.url), config, journal, log, failed)
  let status = await thread.call<PartStatus>('status')
  const timer = setInterval(() => {
    thread.call<PartStatus>('status').then(
      (now) => (status = now),
      // The thread has ended; startThread has told `failed` why.
      () => (status = { ...status, state: 'down', detail: 'the measures thread has ended' }),
    )
  }, STATUS_EVERY_MS).unref()
  const ask = <Answer>(name: string, query: unknown) => thread.call<Answer>(name, query, (journal as Journal).head())
  return {
    risks: (mode) => ask('risks', mode),
    risk: (mode, id) => ask('risk', { mode, id }),
    riskHistory: (query) => ask('riskHistory', query),
    riskWeights: () => ask('riskWeights', null),
    checkRiskWeights: (weights) => thread.call('checkRiskWeights', weights),
    kpi: (query) => ask('kpi', query),
    kpiDefinitions: () => ask('kpiDefinitions', null),
    alarmPerformance: (query) => ask('alarmPerformance', query),
    status: () => status,
    async stop() {
      clearInterval(timer)
      await thread.stop()
    },
  }
}
