import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { Link } from './link.ts'
import { rounded, seedOf, wander } from './signals.ts'

const TICK_MS = 20

export type LoadOptions = {
  url: string
  /** one connection for each; a token may be used for several */
  tokens: string[]
  /** device ids behind the connections (gateway tokens); empty: each connection is a device itself */
  devices: string[]
  metric: string
  /** readings a second, all connections together */
  rate: number
  /** readings in one message */
  batch: number
  seconds: number
  /** messages without acknowledgement on one connection; at the limit the load waits and falls behind its rate, and says so */
  inFlight: number
}

export type LoadResult = {
  sent: number
  acknowledged: number
  failed: number
  /** readings that were due but could not be sent because too much was unacknowledged */
  behind: number
  seconds: number
  ackMs: { p50: number; p99: number; max: number }
}

/** Many devices, steadily: counts only what was acknowledged, and how long the acknowledgements took. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { url, tokens, devices, metric, rate, batch, seconds, inFlight } = options
  const links = await Promise.all(
    tokens.map((token, i) => Link.open({ url, token, clientId: `load-${process.pid}-${i}`, timeoutMs: 20_000 })),
  )
  const waiting = links.map(() => 0)
  const took: number[] = []
  const result: LoadResult = { sent: 0, acknowledged: 0, failed: 0, behind: 0, seconds: 0, ackMs: { p50: 0, p99: 0, max: 0 } }
  const all = new Set<Promise<void>>()
  // Every device's clock goes on by at least a millisecond a reading, so that no two readings have the same identity.
  const lastTs = new Map<string, number>()
  const seed = seedOf(1, 'load')

  const reading = (device: string) => {
    const ts = Math.max(Date.now(), (lastTs.get(device) ?? 0) + 1)
    lastTs.set(device, ts)
    return { ts, values: { [metric]: rounded(2 + wander(seedOf(seed, device), ts, 10_000), 2) } }
  }
  let nextDevice = 0
  const message = (connection: number): { topic: string; payload: string } => {
    if (devices.length === 0) {
      const items = Array.from({ length: batch }, () => reading(String(connection)))
      return { topic: 'v1/devices/me/telemetry', payload: JSON.stringify(batch === 1 ? items[0] : items) }
    }
    const byDevice: Record<string, unknown[]> = {}
    for (let i = 0; i < batch; i++) {
      const device = devices[nextDevice++ % devices.length]!
      ;(byDevice[device] ??= []).push(reading(device))
    }
    return { topic: 'v1/gateway/telemetry', payload: JSON.stringify(byDevice) }
  }

  const began = performance.now()
  let connection = 0
  while (performance.now() - began < seconds * 1_000) {
    const due = Math.floor((rate * (performance.now() - began)) / 1_000)
    while (result.sent + batch <= due) {
      const free = links.findIndex((_, i) => waiting[(connection + i) % links.length]! < inFlight)
      if (free < 0) break
      const at = (connection + free) % links.length
      connection = at + 1
      waiting[at]!++
      result.sent += batch
      const { topic, payload } = message(at)
      const sentAt = performance.now()
      const one: Promise<void> = links[at]!.publish(topic, payload, 30_000)
        .then(
          () => {
            result.acknowledged += batch
            took.push(performance.now() - sentAt)
          },
          () => void (result.failed += batch),
        )
        .finally(() => {
          waiting[at]!--
          all.delete(one)
        })
      all.add(one)
    }
    await sleep(TICK_MS)
  }
  result.behind = Math.max(0, Math.floor(rate * seconds) - result.sent - batch)
  await Promise.all(all)
  result.seconds = (performance.now() - began) / 1_000
  await Promise.all(links.map((link) => link.close()))
  took.sort((a, b) => a - b)
  const quantile = (q: number) => took[Math.min(took.length - 1, Math.floor(q * took.length))] ?? 0
  result.ackMs = { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) }
  return result
}

const HELP = `node launch.js simulators/load.ts --token TOKEN[,TOKEN…] [options]

  --token T,…       one or more tokens; connections take them in turn
  --connections C   default: as many as tokens
  --devices N       a gateway's token speaks for N devices PREFIX0001 …; 0 = each connection is a device (default 0)
  --prefix P        of those devices' ids (default LOAD-)
  --rate R          readings a second, together (default 1000)     --batch B      readings a message (default 1)
  --seconds S       default 10                                     --in-flight F  messages a connection (default 50)
  --metric M        default combustibleLel                         --url URL      default mqtt://127.0.0.1:1883
`

async function main(): Promise<number> {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const
  const options = {
    token: { type: 'string' },
    connections: { type: 'string' },
    devices: text('0'),
    prefix: text('LOAD-'),
    rate: text('1000'),
    batch: text('1'),
    seconds: text('10'),
    'in-flight': text('50'),
    metric: text('combustibleLel'),
    url: text('mqtt://127.0.0.1:1883'),
    help: { type: 'boolean', short: 'h' },
  } as const
  let values
  try {
    ;({ values } = parseArgs({ options }))
    for (const name of ['connections', 'devices', 'rate', 'batch', 'seconds', 'in-flight'] as const) {
      const given = values[name]
      if (given !== undefined && !(Number(given) >= 0)) throw new Error(`--${name} ${given} is not a number`)
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`)
    return 2
  }
  const tokens = (values.token ?? '').split(',').filter(Boolean)
  if (values.help || tokens.length === 0) {
    process.stdout.write(HELP)
    return values.help ? 0 : 2
  }
  const connections = Number(values.connections ?? tokens.length)
  const result = await runLoad({
    url: values.url,
    tokens: Array.from({ length: connections }, (_, i) => tokens[i % tokens.length]!),
    devices: Array.from({ length: Number(values.devices) }, (_, i) => `${values.prefix}${String(i + 1).padStart(4, '0')}`),
    metric: values.metric,
    rate: Number(values.rate),
    batch: Number(values.batch),
    seconds: Number(values.seconds),
    inFlight: Number(values['in-flight']),
  })
  const { sent, acknowledged, failed, behind, seconds, ackMs } = result
  process.stdout.write(
    `sent ${sent}, acknowledged ${acknowledged}, failed ${failed}, could not be sent in time ${behind}\n` +
      `${Math.round(acknowledged / seconds)} readings/s over ${seconds.toFixed(1)} s; ` +
      `acknowledgement p50 ${ackMs.p50.toFixed(1)} ms, p99 ${ackMs.p99.toFixed(1)} ms, max ${ackMs.max.toFixed(1)} ms\n`,
  )
  return failed > 0 ? 1 : 0
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main()
