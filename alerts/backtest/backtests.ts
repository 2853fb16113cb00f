import type { Backtest, BacktestQuestion, Backtests, Shadow, ShadowQuestion } from '../../core/backtest.ts'
import { Invalid } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Journal } from '../../journal/journal.ts'
import { startThread, type Thread, type ThreadedJournal } from '../../journal/thread.ts'
import type { BacktestingConfig } from './backtesting.ts'

type Parts = { config: BacktestingConfig; journal: ThreadedJournal; log: Log }

/** Its thread begins with the first question: most days nobody asks one, and a thread costs memory. */
export class BacktestsThread implements Backtests {
  #parts: Parts
  #thread: Promise<Thread> | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async startBacktest(question: BacktestQuestion): Promise<Backtest> {
    const { journal } = this.#parts
    const now = (journal as Journal).clock.now()
    if (question.from >= question.to) throw new Invalid('invalid', 'from must lie before to', { field: 'from' })
    if (question.to > now)
      throw new Invalid('invalid', 'to lies in the future: a backtest is about what has happened', { field: 'to' })
    return (await this.#own()).call('start', question)
  }

  async backtest(id: string): Promise<Backtest | null> {
    return (await this.#own()).call('get', id)
  }

  async cancelBacktest(id: string): Promise<Backtest | null> {
    return (await this.#own()).call('cancel', id)
  }

  async shadow(question: ShadowQuestion): Promise<Shadow> {
    return (await this.#own()).call('shadow', question)
  }

  /** Where no thread runs, nothing runs in shadow. */
  async endShadow(id: string): Promise<void> {
    if (this.#thread) await (await this.#thread).call('endShadow', id)
  }

  async stop(): Promise<void> {
    const thread = await this.#thread?.catch(() => null)
    await thread?.stop()
  }

  #own(): Promise<Thread> {
    const { config, journal, log } = this.#parts
    const ended = (error: Error) => {
      // The next question begins another one; what was running is asked again.
      log.error('the backtest thread has ended', { reason: error.message })
      this.#thread = null
    }
    this.#thread ??= startThread('backtests', new URL('worker.ts', import.meta.url), config, journal, log, ended)
    return this.#thread
  }
}
