import { gatewayBatches } from './payloads.ts'
import { type Bench, spread, whole } from './report.ts'
import { load, makeDevices, rssMb, startWatchfire, type Watchfire } from './servers.ts'
import type { LoadSpec } from './load.ts'

const DEVICES = 10_000
const GATEWAYS = 100
const READINGS_A_SECOND = 10_000
const READINGS_A_MESSAGE = 50

/** 10,000 devices at 10,000 readings a second: what the server holds, and whether it grows. */
export async function benchMemory(bench: Bench): Promise<void> {
  const seconds = bench.quick ? 15 : Number(process.env['BENCH_MEMORY_SECONDS'] ?? 180)
  const devices = bench.quick ? 2_000 : DEVICES
  const at = `${whole(devices)} devices at ${whole(READINGS_A_SECOND)} readings/s`
  for (const [quantities, targetMb] of [[1, 500] as const, [5, null] as const]) {
    const server = await startWatchfire(0)
    await makeDevices(server.platform, server.enterpriseId, 'gas-detector', devices, 'd')
    await measure(bench, server, await gatewayLoad(server, devices, quantities, seconds), {
      what: `memory, ${at} through ${GATEWAYS} gateways, ${whole(devices * quantities)} series`,
      targetMb,
    })
  }
  const connected = await startWatchfire(devices)
  await measure(bench, connected, connectionLoad(connected, devices, seconds), {
    what: `memory, ${at}, ${whole(devices)} connections`,
    targetMb: 800,
  })
}

type Question = { what: string; targetMb: number | null }

async function measure(bench: Bench, server: Watchfire, spec: LoadSpec, { what, targetMb }: Question) {
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
    target: targetMb === null ? 'none: five times the series' : `≤ ${targetMb} MB, flat for an hour`,
    measured: `${spread([peak], whole)} MB at most`,
    met: targetMb === null ? null : peak <= targetMb,
    detail: [
      `${whole(spec.seconds)} s; middle third ${whole(parts[0]!)} MB, last third ${whole(parts[1]!)} MB on average`,
      `${whole(idle)} MB before`,
      `${whole(result.perSecond)} messages/s acked`,
    ].join('; '),
  })
}

/** A message holds ten devices with five quantities each, or fifty with one; every device is in one message of the round. */
async function gatewayLoad(server: Watchfire, devices: number, quantities: 1 | 5, seconds: number): Promise<LoadSpec> {
  const share = devices / GATEWAYS
  const together = READINGS_A_MESSAGE / quantities
  const connections = []
  for (let g = 0; g < GATEWAYS; g++) {
    const payloads = []
    for (let first = 0; first < share; first += together) {
      const names = Array.from({ length: Math.min(together, share - first) }, (_, k) => `d-${g * share + first + k}`)
      payloads.push(...(quantities === 5 ? gatewayBatches(1, names) : [oneQuantity(names)]))
    }
    connections.push({ username: await server.gatewayToken(g), topic: 'v1/gateway/telemetry', payloads })
  }
  const perSecond = READINGS_A_SECOND / READINGS_A_MESSAGE / GATEWAYS
  return { port: server.port, connections, inFlight: 0, perSecond, warmUpSeconds: 2, seconds }
}

const oneQuantity = (names: string[]): string =>
  JSON.stringify(Object.fromEntries(names.map((name, i) => [name, [{ values: { combustibleLel: 3 + (i % 10) / 4 } }]])))

function connectionLoad(server: Watchfire, devices: number, seconds: number): LoadSpec {
  const payloads = ['{"combustibleLel":3.25}', '{"combustibleLel":3.75}']
  const connections = Array.from({ length: devices }, (_, i) => ({ username: server.username(i), topic: server.topic, payloads }))
  return { port: server.port, connections, inFlight: 0, perSecond: READINGS_A_SECOND / devices, warmUpSeconds: 5, seconds }
}
