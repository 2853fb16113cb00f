import type { MessagePort } from 'node:worker_threads'
import type { BacktestQuestion, ShadowQuestion } from '../../core/backtest.ts'
import { caller } from '../../core/rpc.ts'
import { threadContext } from '../../journal/thread.ts'
import { Backtesting, type BacktestingConfig } from './backtesting.ts'
import { Shadows } from './shadows.ts'

/** The thread in which the past is judged again, so that the present is not kept waiting. */
const { data: config, journal, log, ready } = threadContext<BacktestingConfig & { history: MessagePort }>()
const { call } = caller(config.history)
const backtesting = new Backtesting(config, journal, (query) => call('rows', query), log)
const shadows = new Shadows(journal, config.zone, log)

ready({
  start: (question: BacktestQuestion) => backtesting.start(question),
  get: (id: string) => backtesting.get(id),
  cancel: (id: string) => backtesting.cancel(id),
  shadow: (question: ShadowQuestion) => shadows.ask(question),
  endShadow: (id: string) => shadows.end(id),
  stop: async () => {
    shadows.stop()
    await backtesting.stop()
    await journal.stop()
  },
})
