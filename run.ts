import { PlatformError } from './core/errors.ts'
import type { Log } from './core/log.ts'

type Running = { addresses: { name: string; url: string }[]; stop(): Promise<void> }
const STOP_MS = 10_000

/**
 * Starts something, says on stdout where it listens and that it is ready, and stops it cleanly on SIGTERM or SIGINT within
 * 10 s. A failure of a part, or an error nobody expected, ends the process: what is broken must not look alive.
 */
export async function runUntilStopped(log: Log, start: (failed: (error: Error) => void) => Promise<Running>): Promise<void> {
  const fail = (error: unknown) => {
    const { message, stack } = error as Error
    log.error('the platform ends because of an error it cannot go on with', { error: message, stack })
    process.exit(1)
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)

  let running: Running
  try {
    running = await start(fail)
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
  let stopping = false
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return
    stopping = true
    log.info('stopping', { signal })
    setTimeout(() => fail(new Error(`not stopped within ${STOP_MS} ms`)), STOP_MS).unref()
    running.stop().then(() => process.exit(0), fail)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // Last: whoever reads this may stop it in the same moment, and a stop is clean from here on.
  for (const { name, url } of running.addresses) process.stdout.write(`listening ${name} ${url}\n`)
  process.stdout.write('watchfire ready\n')
}
