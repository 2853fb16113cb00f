import { rmSync } from 'node:fs'
import { startProcess, temporaryDir } from '../flow/platform-process.ts'
import { type Bench, median, ms, spread } from './report.ts'
import { SERVER_CORE } from './servers.ts'

/** From the start of the process to `watchfire ready`: an empty folder (also makes the first keys), then one that knows its own. */
export async function benchStart(bench: Bench): Promise<void> {
  const [first, second, onOneCore]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < Math.max(5, bench.rounds); round++) {
    const dataDir = temporaryDir()
    for (const times of [first, second]) times.push(await startOnce(dataDir))
    onOneCore.push(await startOnce(dataDir, ['taskset', '-c', SERVER_CORE]))
    rmSync(dataDir, { recursive: true })
  }
  bench.add({
    what: 'start to `watchfire ready`, empty',
    target: '≤ 1.5 s',
    measured: `${spread(first, ms)} ms`,
    met: median(first) <= 1_500,
    detail: `second start of the same folder ${spread(second, ms)} ms; held to one core ${spread(onOneCore, ms)} ms`,
  })
}

/** One start, ended cleanly; on every core unless `through` says else. */
export async function startOnce(dataDir: string, through: string[] = []): Promise<number> {
  const platform = await startProcess({ dataDir, through })
  await platform.kill('SIGTERM')
  return platform.readyAfterMs
}
