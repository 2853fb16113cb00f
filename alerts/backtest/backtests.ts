import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Backtest, BacktestQuestion, Backtests, Shadow, ShadowQuestion } from '../../core/backtest.ts'
import { Invalid, Unavailable } from '../../core/errors.ts'
import type { History, RowsQuery } from '../../core/history.ts'
import type { Log } from '../../core/log.ts'
import { moved, serve } from '../../core/rpc.ts'
import type { Journal } from '../../journal/journal.ts'
import { startThread, type Thread, type ThreadedJournal } from '../../journal/thread.ts'
import type { BacktestingConfig } from './backtesting.ts'

type Parts = { config: BacktestingConfig; journal: ThreadedJournal; history: () => Pick<History, 'rows'>; log: Log }

/** Its thread begins with the first question: most days nobody asks one, and a thread costs memory. */
export class BacktestsThread implements Backtests {
  #parts: Parts
  #thread: Promise<Thread> | null = null
  #close: (() => void) | null = null

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
    this.#close?.()
  }

  /** The thread asks the history by way of this one, which knows it. */
  #historyLink(): { handed: MessagePort; close: () => void } {
    const { port1, port2 } = new MessageChannel()
    const rows = async (query: RowsQuery) => {
      const history = this.#parts.history()
      if (!history.rows) throw new Unavailable('unavailable', 'there is no history to read')
      const found = await history.rows(query)
      return moved(found, found.bytes)
    }
    serve(port1, { rows })
    return { handed: port2, close: () => port1.close() }
  }

  #own(): Promise<Thread> {
    const { config, journal, log } = this.#parts
    if (this.#thread) return this.#thread
    const link = this.#historyLink()
    const ended = (error: Error) => {
      // The next question begins another one; what was running is asked again.
      log.error('the backtest thread has ended', { reason: error.message })
      link.close()
      this.#thread = null
    }
    const data = { ...config, history: link.handed }
    const file = new URL('worker.ts', import.meta.url)
    this.#thread = startThread('backtests', file, data, journal, log, ended, [link.handed])
    this.#close = link.close
    return this.#thread
  }
}
