import type { BacktestQuestion } from '../../core/backtest.ts'
import { threadContext } from '../../journal/thread.ts'
import { Backtesting, type BacktestingConfig } from './backtesting.ts'

/** The thread in which the past is judged again, so that the present is not kept waiting. */
const { data: config, journal, log, ready } = threadContext<BacktestingConfig>()
const backtesting = new Backtesting(config, journal, log)

ready({
  start: (question: BacktestQuestion) => backtesting.start(question),
  get: (id: string) => backtesting.get(id),
  stop: async () => {
    await backtesting.stop()
    await journal.stop()
  },
})
