import { gatewayBatches } from './payloads.ts'
import { type Bench, spread, whole } from './report.ts'
import { load, makeDevices, rssMb, startWatchfire, type Watchfire } from './servers.ts'
import type { LoadSpec } from './load.ts'

const DEVICES = 10_000
const GATEWAYS = 100
const READINGS_A_SECOND = 10_000

/** 10,000 devices at 10,000 readings a second: what the server holds, and whether it grows. */
export async function benchMemory(bench: Bench): Promise<void> {
  const seconds = bench.quick ? 15 : Number(process.env['BENCH_MEMORY_SECONDS'] ?? 180)
  const devices = bench.quick ? 2_000 : DEVICES
  const throughGateways = await startWatchfire(0)
  await makeDevices(throughGateways.platform, throughGateways.enterpriseId, 'gas-detector', devices, 'd')
  await measure(bench, throughGateways, await gatewayLoad(throughGateways, devices, seconds), {
    what: `memory, ${whole(devices)} devices at ${whole(READINGS_A_SECOND)} readings/s through ${GATEWAYS} gateways`,
    targetMb: 500,
  })
  const connected = await startWatchfire(devices)
  await measure(bench, connected, connectionLoad(connected, devices, seconds), {
    what: `memory, ${whole(devices)} devices at ${whole(READINGS_A_SECOND)} readings/s, ${whole(devices)} connections`,
    targetMb: 800,
  })
}

async function measure(bench: Bench, server: Watchfire, spec: LoadSpec, { what, targetMb }: { what: string; targetMb: number }) {
  const idle = rssMb(server.pid)
  const samples: number[] = []
  const watch = setInterval(() => samples.push(rssMb(server.pid)), 1_000)
  const result = await load(spec)
  clearInterval(watch)
  await server.stop()
  const peak = Math.max(...samples)
  const third = Math.floor(samples.length / 3)
  const parts = [samples.slice(third, 2 * third), samples.slice(2 * third)].map(
    (part) => part.reduce((sum, one) => sum + one, 0) / part.length,
  )
  bench.add({
    what,
    target: `≤ ${targetMb} MB, flat for an hour`,
    measured: `${spread([peak], whole)} MB at most`,
    met: peak <= targetMb,
    detail: [
      `${whole(spec.seconds)} s, not an hour; middle third ${whole(parts[0]!)} MB, last third ${whole(parts[1]!)} MB on average`,
      `${whole(idle)} MB before`,
      `${whole(result.perSecond)} messages/s acked`,
    ].join('; '),
  })
}

async function gatewayLoad(server: Watchfire, devices: number, seconds: number): Promise<LoadSpec> {
  const share = devices / GATEWAYS
  const connections = []
  for (let g = 0; g < GATEWAYS; g++) {
    // Ten devices with five quantities each a message; every device is in one message of the round.
    const payloads = []
    for (let first = 0; first < share; first += 10) {
      payloads.push(
        ...gatewayBatches(
          1,
          Array.from({ length: Math.min(10, share - first) }, (_, k) => `d-${g * share + first + k}`),
        ),
      )
    }
    connections.push({ username: await server.gatewayToken(g), topic: 'v1/gateway/telemetry', payloads })
  }
  const perSecond = READINGS_A_SECOND / 50 / GATEWAYS
  return { port: server.port, connections, inFlight: 0, perSecond, warmUpSeconds: 2, seconds }
}

function connectionLoad(server: Watchfire, devices: number, seconds: number): LoadSpec {
  const payloads = ['{"combustibleLel":3.25}', '{"combustibleLel":3.75}']
  const connections = Array.from({ length: devices }, (_, i) => ({ username: server.username(i), topic: server.topic, payloads }))
  return { port: server.port, connections, inFlight: 0, perSecond: READINGS_A_SECOND / devices, warmUpSeconds: 5, seconds }
}
