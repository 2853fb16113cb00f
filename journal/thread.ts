import { getCompileCacheDir } from 'node:module'
import { MessageChannel, type MessagePort, Worker, parentPort, workerData } from 'node:worker_threads'
import type { Log, LogLevel } from '../core/log.ts'
import { caller, serve } from '../core/rpc.ts'
import type { Journal } from './journal.ts'
import { connectJournal, serveJournal, type JournalHost, type JournalTicket } from './remote.ts'

/** A journal that threads can have their own end of. */
export type ThreadedJournal = JournalHost & { ticket(): JournalTicket }

/** A part's worker thread as the main thread sees it. */
export type Thread = {
  call: <T>(name: string, ...args: unknown[]) => Promise<T>
  /** Asks the thread to stop (it serves `stop`), then waits until it is gone. */
  stop(): Promise<void>
}

type Start = { data: unknown; ticket: JournalTicket; rpc: MessagePort; journal: MessagePort; log: MessagePort }

/**
 * Starts `file` as a worker thread that has its own end of the journal and logs through `log`.
 * `failed` is told when the thread ends unasked: its part is down. Ports in `data` are `handed` over.
 */
export async function startThread(
  name: string,
  file: URL,
  data: unknown,
  journal: ThreadedJournal,
  log: Log,
  failed: (error: Error) => void,
  handed: MessagePort[] = [],
): Promise<Thread> {
  const rpc = new MessageChannel()
  const journalLink = new MessageChannel()
  const logs = new MessageChannel()
  const start: Start = { data, ticket: journal.ticket(), rpc: rpc.port2, journal: journalLink.port2, log: logs.port2 }
  serveJournal(journalLink.port1, journal)
  logs.port1.on('message', ({ level, text, fields }: { level: LogLevel; text: string; fields?: object }) => {
    log[level](text, { thread: name, ...fields })
  })
  // By way of a small file that turns the compile cache on, which threads do not inherit.
  const entry = { ...start, entry: file.href, cache: getCompileCacheDir() }
  const worker = new Worker(new URL('./thread-start.js', import.meta.url), {
    name,
    workerData: entry,
    transferList: [rpc.port2, journalLink.port2, logs.port2, ...handed],
  })
  const calls = caller(rpc.port1)
  let stopping = false
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      calls.fail(new Error(`thread ${name} has ended`))
      for (const port of [rpc.port1, journalLink.port1, logs.port1]) port.close()
      if (!stopping) failed(new Error(`thread ${name} ended by itself with code ${code}`))
      resolve()
    })
  })
  worker.once('error', (error: Error) => {
    log.error('thread failed', { thread: name, error: error.message, stack: error.stack })
  })
  await calls.call('ready')
  return {
    call: calls.call,
    async stop() {
      stopping = true
      await calls.call('stop').catch(() => undefined)
      void worker.terminate()
      await gone
    },
  }
}

/**
 * Inside the thread: what it was started with. Call `ready` with the handlers it serves (among them `stop`) once it can
 * take calls; `startThread` waits for that.
 */
export function threadContext<Data>(): {
  data: Data
  journal: Journal
  log: Log
  ready(handlers: Record<string, (...args: never[]) => unknown>): void
} {
  if (!parentPort) throw new Error('this file runs as a worker thread')
  const start = workerData as Start
  const say = (level: LogLevel) => (text: string, fields?: object) => start.log.postMessage({ level, text, fields })
  return {
    data: start.data as Data,
    journal: connectJournal(start.journal, start.ticket),
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    ready: (handlers) => serve(start.rpc, { ready: () => true, ...handlers }),
  }
}
