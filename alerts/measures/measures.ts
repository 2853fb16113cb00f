import { worried, worry } from '../../core/part-words.ts'
import { Unavailable } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Measures } from '../../core/measures.ts'
import type { Part, PartStatus } from '../../core/part.ts'
import type { Journal } from '../../journal/journal.ts'
import { startThread, type Thread, type ThreadedJournal } from '../../journal/thread.ts'
import type { MeasuringConfig } from './measuring.ts'

export interface MeasuresPart extends Part, Measures {}

type Parts = {
  config: MeasuringConfig
  journal: ThreadedJournal
  log: Log
  failed: (error: Error) => void
  /** nothing that is acknowledged or decided waits for this part, so it may begin when the others have started */
  after?: Promise<unknown>
}

const STATUS_EVERY_MS = 1_000

/**
 * The journal → live risk index, daily rates, alarm-system report, in a thread of its own. Changes of risk are recorded; here is
 * the door for everything else that is asked.
 */
export function startMeasures({ config, journal, log, failed, after = Promise.resolve() }: Parts): MeasuresPart {
  let isStopping = false
  let hasBegun = false
  let status: PartStatus = { name: 'measures', state: 'ok', figures: {} }
  const starting: Promise<Thread | null> = after.then(() => {
    if (isStopping) return null
    hasBegun = true
    return startThread('measures', new URL('worker.ts', import.meta.url), config, journal, log, failed)
  })
  starting.catch((error: Error) => failed(error))
  const call = async <Answer>(name: string, ...args: unknown[]): Promise<Answer> => {
    const thread = await starting
    if (!thread) throw new Unavailable('unavailable', 'the platform is stopping')
    return thread.call<Answer>(name, ...args)
  }
  const ask = <Answer>(name: string, query: unknown) => call<Answer>(name, query, (journal as Journal).head())
  const timer = setInterval(() => {
    call<PartStatus>('status').then(
      (now) => (status = now),
      // The thread has ended; startThread has told `failed` why.
      () => (status = { ...status, state: 'down', ...worried(worry('measures-ended')) }),
    )
  }, STATUS_EVERY_MS).unref()
  return {
    risks: (mode) => ask('risks', mode),
    risk: (mode, id) => ask('risk', { mode, id }),
    riskHistory: (query) => ask('riskHistory', query),
    riskWeights: () => ask('riskWeights', null),
    checkRiskWeights: (weights) => call('checkRiskWeights', weights),
    kpi: (query) => ask('kpi', query),
    kpiDefinitions: () => ask('kpiDefinitions', null),
    alarmPerformance: (query) => ask('alarmPerformance', query),
    status: () => status,
    async stop() {
      isStopping = true
      clearInterval(timer)
      if (hasBegun) await (await starting)?.stop()
    },
  }
}
