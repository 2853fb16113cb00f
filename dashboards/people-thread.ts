import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Log } from '../core/log.ts'
import { caller } from '../core/rpc.ts'

export type Call = <T>(name: string, ...args: unknown[]) => Promise<T>
export type PeopleThread = { call: Call; close: () => Promise<void>; file: string }

/** The thread that owns people.db. `failed` is told when it has ended unasked. */
export function startPeopleThread(dataDir: string, log: Log, failed: (error: Error) => void): PeopleThread {
  const { port1, port2 } = new MessageChannel()
  const file = join(dataDir, 'people.db')
  // By way of a small file of plain JavaScript, see there; the worker's own data beside what that file needs.
  const entry = new URL('./people-worker.ts', import.meta.url).href
  const worker = new Worker(new URL('../journal/thread-start.js', import.meta.url), {
    name: 'people',
    workerData: { file, port: port2, entry, cache: getCompileCacheDir() },
    transferList: [port2],
  })
  const { call, fail } = caller(port1)
  let stopping = false
  worker.once('error', (error: Error) => {
    log.error('thread failed', { thread: 'people', error: error.message, stack: error.stack })
  })
  worker.once('exit', (code) => {
    const error = new Error(`thread people ended by itself with code ${code}`)
    fail(error)
    if (!stopping) failed(error)
  })
  return {
    file,
    call,
    close: async () => {
      stopping = true
      await call('close').catch(() => undefined)
      await worker.terminate()
      port1.close()
    },
  }
}

/** Readable by the owner of the folder only. */
export function writeAdminPassword(dataDir: string, password: string): void {
  const file = join(dataDir, 'admin-password')
  if (existsSync(file)) chmodSync(file, 0o600)
  writeFileSync(file, `${password}\n`, { mode: 0o600 })
}
