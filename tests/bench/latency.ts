import type { WatchResult, WatchSpec } from './walls.ts'
import { singleValues } from './payloads.ts'
import { type Bench, median, ms, spread, whole } from './report.ts'
import { load, makeDevice, onClientCore, startWatchfire, type Watchfire, withPeakRss } from './servers.ts'

const WALLS = 20
const CONNECTIONS = 100
const READINGS_A_SECOND = 10_000

/** Publish → alarm `change` at every wall, while readings pour in. */
export async function benchLatency(bench: Bench): Promise<void> {
  const server = await startWatchfire(CONNECTIONS)
  const results: WatchResult[] = []
  let loadedAt = 0
  let peakMb = 0
  for (let round = 0; round < bench.rounds; round++) {
    const devices = await crossingDevices(server, bench.quick ? 50 : 150, round)
    const everyMs = 40
    const crossings = ['{"combustibleLel":31.5}', '{"combustibleLel":62.5}']
    const seconds = (devices.length * everyMs * crossings.length) / 1000 + 5
    const background = withPeakRss(server.pid, () => load(backgroundLoad(server, seconds)))
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    const spec = { http: server.platform.http, session: await server.platform.token(), port: server.port }
    results.push(
      await onClientCore<WatchResult>('walls.ts', { ...spec, clients: WALLS, devices, everyMs, crossings } satisfies WatchSpec),
    )
    const { result, peakMb: peak } = await background
    loadedAt = result.perSecond
    peakMb = Math.max(peakMb, peak)
  }
  await server.stop()

  const p50 = results.map((one) => one.p50Ms)
  const p99 = results.map((one) => one.p99Ms)
  const missing = results.reduce((sum, one) => sum + one.missing, 0)
  const sum = (of: (one: WatchResult) => number) => results.reduce((total, one) => total + of(one), 0)
  bench.add({
    what: `publish → alarm change at a wall, ${whole(READINGS_A_SECOND)} readings/s, ${WALLS} walls`,
    target: 'p50 ≤ 15 ms, p99 ≤ 50 ms',
    measured: `p50 ${spread(p50, ms)} ms, p99 ${spread(p99, ms)} ms`,
    met: median(p50) <= 15 && median(p99) <= 50 && missing === 0,
    detail: [
      `${sum((one) => one.samples)} changes received, ${missing} missing, ${sum((one) => one.gaps)} gaps, ${sum((one) => one.pictures)} fresh pictures and ${sum((one) => one.disconnects)} disconnects of feeds, longest ${ms(Math.max(...results.map((one) => one.maxMs)))} ms`,
      `ack p50 ${ms(median(results.map((one) => one.ackP50Ms)))} ms`,
      `background ${whole(loadedAt)} readings/s acked`,
      `peak RSS ${whole(peakMb)} MB`,
    ].join('; '),
  })
}

async function crossingDevices({ platform, enterpriseId }: Watchfire, count: number, round: number) {
  const devices = []
  for (let i = 0; i < count; i++) devices.push(await makeDevice(platform, enterpriseId, 'gas-detector', `crossing-${round}-${i}`))
  return devices
}

export const backgroundLoad = (server: Watchfire, seconds: number, perSecond = READINGS_A_SECOND) => {
  const payloads = singleValues(1000)
  return {
    port: server.port,
    connections: Array.from({ length: CONNECTIONS }, (_, i) => ({ username: server.username(i), topic: server.topic, payloads })),
    inFlight: 0,
    perSecond: perSecond / CONNECTIONS,
    warmUpSeconds: 1,
    seconds,
  }
}
