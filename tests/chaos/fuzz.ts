import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { publishPacket, RawClient } from '../bench/raw-mqtt-client.ts'
import { rssMb } from '../bench/servers.ts'
import { startProcess } from '../flow/platform-process.ts'

const usage = `npm run fuzz -- [--seconds 90] [--sockets 2000] [--seed 1]
  a stranger without credentials attacks the running platform from a process of its own: random bytes, cut packets, huge
  lengths, half logins, WebSocket and HTTP junk, slow requests. Meanwhile one client publishes at QoS 1, and another logs in
  anew for every message. Ends with 1 when either is not served, or when memory passes 300 MB.
`
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '90' },
    sockets: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
})
const say = (text: string) => void process.stdout.write(`${text}\n`)
if (values.help) {
  say(usage)
  process.exit(0)
}
const MOST_MB = 300
const EVERY_MS = 50
const telemetry = 'v1/devices/me/telemetry'
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const platform = await startProcess({ env: { WATCHFIRE_LOG_LEVEL: 'error' } })
const { id: enterpriseId } = await platform.call<{ id: string }>('POST', '/api/v1/enterprises', { name: 'e', region: '370102' })
const body = { enterpriseId, kind: 'gas-detector', name: 'GAS-01' }
const { token: username } = await platform.call<{ token: string }>('POST', '/api/v1/devices', body)
const pid = platform.child.pid!
await pause(2_000)
const before = rssMb(pid)
say(`seed ${values.seed}, ${values.seconds} s, ${values.sockets} sockets; ${before} MB before`)

let peak = before
const watch = setInterval(() => (peak = Math.max(peak, rssMb(pid))), 100)
const seconds = Number(values.seconds)
const fuzzer = spawn(
  process.execPath,
  [
    join(import.meta.dirname, 'fuzzer.ts'),
    String(platform.mqttPort),
    URL.parse(platform.http)!.port,
    values.seconds,
    values.sockets,
    values.seed,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
let told = ''
fuzzer.stdout.on('data', (chunk: Buffer) => (told += chunk))
const over = new Promise((resolve) => fuzzer.once('exit', resolve))
const end = performance.now() + seconds * 1_000

const staying = { sent: 0, acked: 0, slowestMs: 0, broken: 0 }
async function publishAllTheTime(): Promise<void> {
  const client = await RawClient.login(platform.mqttPort, { username, clientId: 'staying' })
  while (performance.now() < end && !client.closed) {
    const began = performance.now()
    const id = (staying.sent++ % 60_000) + 1
    client.received.length = 0
    client.send(publishPacket(telemetry, `{"combustibleLel":${id % 5}}`, { id }))
    if (await client.until(() => client.received.length > 0, 15_000)) staying.acked++
    staying.slowestMs = Math.max(staying.slowestMs, performance.now() - began)
    await pause(EVERY_MS)
  }
  if (performance.now() < end) staying.broken++
  client.close()
}

const coming = { tries: 0, acked: 0, slowestMs: 0 }
async function comeAgainAndAgain(): Promise<void> {
  while (performance.now() < end) {
    const began = performance.now()
    // As firmware does: until it is in.
    for (let acked = false; !acked && performance.now() - began < 30_000;) {
      coming.tries++
      const client = await RawClient.login(platform.mqttPort, { username, clientId: 'coming' }).catch(() => null)
      client?.send(publishPacket(telemetry, '{"temperatureC":20}', { id: 1 }))
      acked = (await client?.packet(0x40, 5_000)) !== undefined
      client?.close()
      if (acked) coming.acked++
    }
    coming.slowestMs = Math.max(coming.slowestMs, performance.now() - began)
    await pause(500)
  }
}
await Promise.all([publishAllTheTime(), comeAgainAndAgain(), over])
clearInterval(watch)
await pause(2_000)
const after = rssMb(pid)
const ready = await platform.ask('GET', '/readyz').catch(() => ({ status: 0, body: {} }))
const { body: metrics } = await platform.ask('GET', '/metrics').catch(() => ({ body: '' }))
const figure = (name: string) => new RegExp(`^${name}(?:{.*})? (\\S+)$`, 'm').exec(metrics)?.[1] ?? '?'
const { opened, refused, done } = JSON.parse(told || '{}') as { opened: number; refused: number; done: Record<string, number> }
await platform.kill('SIGTERM')

say(`fuzzer: ${opened} connections, ${refused} of them broken off`)
for (const [name, count] of Object.entries(done ?? {})) say(`  ${String(count).padStart(7)}  ${name}`)
say(
  `turned away: MQTT ${figure('watchfire_gateway_sockets_turned_away_total')}, HTTP ${figure('watchfire_http_turned_away_total')}; ` +
    `protocol errors ${figure('watchfire_gateway_protocol_errors_total')}, refused logins ${figure('watchfire_gateway_refused_logins_total')}`,
)
say(`staying client: ${staying.acked} of ${staying.sent} acknowledged, slowest ${Math.round(staying.slowestMs)} ms`)
say(`coming client: ${coming.acked} logins served, ${coming.tries} tries, slowest ${Math.round(coming.slowestMs)} ms`)
say(`memory: ${before} MB before, ${peak} MB at most, ${after} MB after; readyz ${ready.status}`)
const served = staying.acked === staying.sent && staying.acked > 0 && staying.broken === 0 && coming.acked > 0
say(
  served && peak <= MOST_MB
    ? 'served throughout'
    : `NOT MET: ${served ? `memory passed ${MOST_MB} MB` : 'a client was not served'}`,
)
process.exit(served && peak <= MOST_MB ? 0 : 1)
