import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { Unavailable } from '../../core/errors.ts'
import type { History, KnownQuery } from '../../core/history.ts'
import type { Log } from '../../core/log.ts'
import { serve } from '../../core/rpc.ts'
import { startThread, type Thread, type ThreadedJournal } from '../../journal/thread.ts'
import type { ChangeQuestion, Replays, WallQuestion } from './question.ts'

type Parts = { journal: ThreadedJournal; history: () => Pick<History, 'knownAt'>; log: Log }

/** More do not wait: each may take seconds, and whoever is refused knows at once. */
const WAITING_AT_MOST = 4
const WRITTEN_MS = 3_000
const IDLE_MS = 10 * 60_000

type Waiter = { at: number; resolve: () => void }

/** Its thread begins with the first question and ends when nobody has asked for a while: it holds the past in memory. */
export class ReplayThread implements Replays {
  #parts: Parts
  #thread: Promise<Thread> | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #asked = 0
  #pos = 0
  #clock = 0
  #waiting: Waiter[] = []
  #idle: NodeJS.Timeout | null = null
  #stopped = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async wallAt(question: Omit<WallQuestion, 'throughPos'>): Promise<Uint8Array> {
    const { bytes } = await this.#ask<{ bytes: Uint8Array }>('wallAt', question)
    return bytes
  }

  changeNear(question: Omit<ChangeQuestion, 'throughPos'>): Promise<number | null> {
    return this.#ask('changeNear', question)
  }

  reached(pos: number, clock: number): void {
    this.#pos = pos
    this.#clock = clock
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter(({ at }) => at < clock)
    this.#waiting = this.#waiting.filter(({ at }) => at >= clock)
    for (const { resolve } of due) resolve()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#idle) clearTimeout(this.#idle)
    const thread = await this.#thread?.catch(() => null)
    this.#thread = null
    await thread?.stop()
  }

  async #ask<T>(name: string, question: { at: number }): Promise<T> {
    if (this.#asked >= WAITING_AT_MOST)
      throw new Unavailable('busy', 'others are looking at the past just now: try again in a few seconds')
    this.#asked++
    const mine = this.#turn.then(async () => {
      await this.#written(question.at)
      const thread = await this.#own()
      return thread.call<T>(name, { ...question, throughPos: this.#pos })
    })
    this.#turn = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      this.#asked--
      this.#endLater()
    }
  }

  /** Of the last moment something may still be on its way to the disk. */
  async #written(at: number): Promise<void> {
    if (at < this.#clock) return
    const waiter = Promise.withResolvers<void>()
    const one = { at, resolve: waiter.resolve }
    this.#waiting.push(one)
    const timer = setTimeout(
      () => waiter.reject(new Unavailable('catching-up', 'that moment is not all on disk yet: ask again')),
      WRITTEN_MS,
    )
    try {
      await waiter.promise
    } finally {
      clearTimeout(timer)
      this.#waiting = this.#waiting.filter((other) => other !== one)
    }
  }

  #endLater(): void {
    if (this.#idle) clearTimeout(this.#idle)
    if (this.#stopped) return
    this.#idle = setTimeout(() => {
      if (this.#asked > 0) return
      const thread = this.#thread
      this.#thread = null
      void thread?.then((one) => one.stop())
    }, IDLE_MS)
    this.#idle.unref()
  }

  #own(): Promise<Thread> {
    if (this.#stopped) throw new Unavailable('stopped', 'the platform is stopping')
    if (this.#thread) return this.#thread
    const { journal, log } = this.#parts
    const link = this.#historyLink()
    const ended = (error: Error) => {
      // The next question begins another one.
      log.error('the replay thread has ended', { reason: error.message })
      link.close()
      this.#thread = null
    }
    const data = { dir: journal.ticket().dir, history: link.handed }
    const file = new URL('worker.ts', import.meta.url)
    const thread = startThread('replay', file, data, journal, log, ended, [link.handed])
    // One that could not begin is tried again with the next question.
    thread.catch(() => this.#thread === thread && (this.#thread = null))
    return (this.#thread = thread)
  }

  /** The thread asks the history by way of this one, which knows it. */
  #historyLink(): { handed: MessagePort; close: () => void } {
    const { port1, port2 } = new MessageChannel()
    const knownAt = (query: KnownQuery) => {
      const history = this.#parts.history()
      if (!history.knownAt) throw new Unavailable('unavailable', 'there is no history to read')
      return history.knownAt(query)
    }
    serve(port1, { knownAt })
    port1.unref()
    return { handed: port2, close: () => port1.close() }
  }
}
