import { Publisher } from './publisher.ts'
import { publishPacket } from './raw-mqtt-client.ts'

/**
 * Fills history through the front door, as gateways that send a backlog: every device's past in order, with its own times,
 * all devices side by side. `fill.ts` reads a FillSpec from stdin and prints how many readings were acknowledged, and when.
 */
export type FillSpec = {
  port: number
  gateways: { token: string; devices: string[] }[]
  from: number
  steps: number
  stepMs: number
  /** steps of one device in one message */
  stepsAMessage: number
}
export type FillResult = { acked: number; seconds: number }

export const FILLED_METRICS = ['combustibleLel', 'temperatureC', 'humidityRh', 'oxygenVol'] as const
const WINDOW = 50

function payload(device: string, first: number, steps: number, spec: FillSpec, seed: number): string {
  const rows: string[] = []
  for (let step = first; step < first + steps; step++) {
    const wave = Math.sin((step + seed) / 40)
    const values = `"combustibleLel":${(3 + wave).toFixed(1)},"temperatureC":${(21 + 4 * wave).toFixed(1)},"humidityRh":${(50 - 9 * wave).toFixed(0)},"oxygenVol":20.9`
    rows.push(`{"ts":${spec.from + step * spec.stepMs},"values":{${values}}}`)
  }
  return `{"${device}":[${rows.join(',')}]}`
}

async function send(spec: FillSpec, gateway: FillSpec['gateways'][number], index: number): Promise<number> {
  const client = await Publisher.connect(spec.port, `fill-${index}`, gateway.token)
  let waiting = 0
  let acked = 0
  let wake = () => {}
  client.onAcks = (count) => {
    waiting -= count
    acked += count
    wake()
  }
  let sent = 0
  for (let first = 0; first < spec.steps; first += spec.stepsAMessage) {
    const steps = Math.min(spec.stepsAMessage, spec.steps - first)
    for (const [i, device] of gateway.devices.entries()) {
      while (waiting >= WINDOW) await new Promise<void>((resolve) => (wake = resolve))
      client.socket.write(
        publishPacket('v1/gateway/telemetry', payload(device, first, steps, spec, index * 97 + i), { id: (sent++ % 65_535) + 1 }),
      )
      waiting++
    }
  }
  while (waiting > 0) await new Promise<void>((resolve) => (wake = resolve))
  client.close()
  return acked
}

if (process.argv[1]?.endsWith('/fill.ts')) {
  let input = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk as string
  const spec = JSON.parse(input) as FillSpec
  const began = performance.now()
  await Promise.all(spec.gateways.map((gateway, i) => send(spec, gateway, i)))
  const acked = spec.gateways.reduce((sum, { devices }) => sum + devices.length, 0) * spec.steps * FILLED_METRICS.length
  process.stdout.write(`${JSON.stringify({ acked, seconds: (performance.now() - began) / 1000 } satisfies FillResult)}\n`)
  process.exit(0)
}
