import { spawnSync } from 'node:child_process'
import { backgroundLoad } from './latency.ts'
import { type Bench, median, ms, spread, whole } from './report.ts'
import { load, startWatchfire, type Watchfire } from './servers.ts'

const FSYNC_MS = 20
const MESSAGES_A_SECOND = 50_000
const CONNECTIONS = 100

/** Does the event loop wait for the disk? strace makes every flush last 20 ms and touches no other system call. */
export async function benchSlowDisk(bench: Bench): Promise<void> {
  if (spawnSync('strace', ['-V']).status !== 0) {
    bench.note('event loop delay on a slow disk: not measured, strace is not installed (Debian: apt-get install strace)')
    return
  }
  const both = await measure(bench, false)
  const one = await measure(bench, true)
  bench.add({
    what: `event loop delay p99 at ${whole(MESSAGES_A_SECOND)} msg/s on a disk whose flush takes ${FSYNC_MS} ms`,
    target: '≤ 10 ms',
    measured: `${spread(both.delays, ms)} ms`,
    met: median(both.delays) <= 10 && median(both.acked) >= MESSAGES_A_SECOND * 0.95,
    detail: [
      `${whole(median(both.acked))} msg/s acked, ack p50 ${ms(median(both.p50))} ms`,
      'both cores, shared with the load client',
      `held to one core ${spread(one.delays, ms)} ms`,
      'every fdatasync and fsync delayed by strace',
    ].join('; '),
  })
}

async function measure(bench: Bench, pin: boolean) {
  const slow = ['-e', 'trace=fdatasync,fsync', '-e', `inject=fdatasync,fsync:delay_exit=${FSYNC_MS * 1000}`]
  const server = await startWatchfire(CONNECTIONS, {
    pin,
    through: ['strace', '-D', '-f', '-q', '--seccomp-bpf', ...slow, '-o', '/dev/null'],
  })
  const delays: number[] = []
  const acked: number[] = []
  const p50: number[] = []
  for (let round = 0; round < bench.rounds; round++) {
    await loopDelayP99(server)
    const result = await load(backgroundLoad(server, bench.seconds, MESSAGES_A_SECOND))
    delays.push(await loopDelayP99(server))
    acked.push(result.perSecond)
    p50.push(result.ackP50Ms)
  }
  await server.stop()
  return { delays, acked, p50 }
}

/** How often Node looks; it reports the whole time between two looks. */
const LOOK_EVERY_MS = 10

/** The figure the platform publishes, in milliseconds, less the interval itself; each reading of it starts a new one. */
async function loopDelayP99({ platform }: Watchfire): Promise<number> {
  const { body } = await platform.ask('GET', '/metrics')
  const [, seconds] = /^\w*eventloop_lag_p99_seconds (\S+)$/m.exec(body) ?? []
  if (seconds === undefined) throw new Error('/metrics has no event loop lag')
  return Math.max(0, Number(seconds) * 1000 - LOOK_EVERY_MS)
}
