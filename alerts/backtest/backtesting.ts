import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backtest, BacktestQuestion } from '../../core/backtest.ts'
import { PlatformError, Unavailable } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { isMark } from './marks.ts'
import { runBacktest } from './run.ts'
import type { PastRows } from './history-entries.ts'
import { isBeforeJournal, runOverHistory } from './over-history.ts'
import type { Source } from './source.ts'

export type BacktestingConfig = { dataDir: string; zone: string }

const WAITING = 20
const KEPT = 200

class Stopped extends PlatformError {
  override readonly code = 'stopped'
}

/** Backtests one after the other, in a thread that does nothing else; their answers are kept as files, by what was asked. */
export class Backtesting {
  #dir: string
  #zone: string
  #source: Source
  #rows: PastRows
  #log: Log
  #asked = new Map<string, Backtest>()
  #queue: string[] = []
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor({ dataDir, zone }: BacktestingConfig, source: Source, rows: PastRows, log: Log) {
    this.#dir = join(dataDir, 'backtests')
    this.#zone = zone
    this.#source = source
    this.#rows = rows
    this.#log = log
    mkdirSync(this.#dir, { recursive: true })
  }

  /**
   * The range lies in the past, so that the answer stands; a rule is tried against those in force and against what people said of
   * alarms, so the last change of either counts.
   */
  async start(question: BacktestQuestion): Promise<Backtest> {
    const changes = question.rule === null ? [] : await this.#source.readRecord(1, ['rule.set', 'rule.removed', 'action'])
    const id = idOf(question, changes.findLast((entry) => entry.kind !== 'action' || isMark(entry))?.pos ?? 0)
    const known = this.get(id)
    if (known && known.state !== 'failed' && known.state !== 'cancelled') return known
    if (this.#queue.length >= WAITING) {
      throw new Unavailable('busy', `${WAITING} backtests are waiting already: ask again when some are done`)
    }
    const asked: Backtest = { id, question, state: 'waiting', progress: 0 }
    this.#asked.set(id, asked)
    this.#queue.push(id)
    if (this.#queue.length === 1) this.#running = this.#work()
    return asked
  }

  get(id: string): Backtest | null {
    const asked = this.#asked.get(id)
    if (asked) return asked
    if (!/^b[0-9a-f]{19}$/.test(id)) return null
    try {
      return JSON.parse(readFileSync(this.#file(id), 'utf8')) as Backtest
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  /** One that runs ends at its next slice, one that waits never begins. */
  cancel(id: string): Backtest | null {
    const asked = this.get(id)
    if (asked?.state !== 'waiting' && asked?.state !== 'running') return asked
    const place = this.#queue.indexOf(id)
    if (place > 0) this.#queue.splice(place, 1)
    const cancelled: Backtest = { id, question: asked.question, state: 'cancelled' }
    this.#asked.set(id, cancelled)
    return cancelled
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #work(): Promise<void> {
    for (let id = this.#queue[0]; id !== undefined && !this.#stopped; this.#queue.shift(), id = this.#queue[0]) {
      const asked = this.#asked.get(id)
      if (asked?.state !== 'waiting') continue
      const { question } = asked
      try {
        const tell = async (progress: number) => {
          await new Promise((resolve) => setImmediate(resolve))
          if (this.#stopped) throw new Stopped('the platform is stopping')
          if (this.#asked.get(id!)?.state === 'cancelled') throw new Stopped('it was cancelled')
          this.#asked.set(id!, { id: id!, question, state: 'running', progress })
        }
        const result = (await isBeforeJournal(this.#source, question))
          ? await runOverHistory(this.#source, this.#rows, question, this.#zone, tell)
          : await runBacktest(this.#source, question, this.#zone, tell)
        const done: Backtest = { id, question, state: 'done', result }
        this.#keep(done)
        this.#asked.set(id, done)
      } catch (error) {
        if (!(error instanceof PlatformError)) this.#log.error('backtest failed', { id, stack: (error as Error).stack })
        if (this.#asked.get(id)?.state !== 'cancelled') {
          this.#asked.set(id, { id, question, state: 'failed', reason: (error as Error).message })
        }
      }
      for (const old of [...this.#asked.keys()].slice(0, -KEPT)) this.#asked.delete(old)
    }
  }

  /** Where the disk is full the answer lives until the next start. */
  #keep(done: Backtest): void {
    const file = this.#file(done.id)
    try {
      writeFileSync(`${file}.new`, JSON.stringify(done))
      renameSync(`${file}.new`, file)
      const files = readdirSync(this.#dir).map((name) => join(this.#dir, name))
      const byAge = files.map((path) => ({ path, at: statSync(path).mtimeMs })).sort((a, b) => b.at - a.at)
      for (const { path } of byAge.slice(KEPT)) rmSync(path, { force: true })
    } catch (error) {
      this.#log.warn('the answer of a backtest could not be kept', { id: done.id, reason: (error as Error).message })
    }
  }

  #file(id: string): string {
    return join(this.#dir, `${id}.json`)
  }
}

const idOf = (question: BacktestQuestion, rulesAt: number): string =>
  `b${createHash('sha256')
    .update(JSON.stringify([sorted(question), rulesAt]))
    .digest('hex')
    .slice(0, 19)}`

/** The same object whatever order its fields were sent in. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields.map(([name, field]) => [name, sorted(field)]))
}
