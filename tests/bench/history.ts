import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDir } from '../flow/platform-process.ts'
import { FILLED_METRICS, type FillResult, type FillSpec } from './fill.ts'
import { backgroundLoad } from './latency.ts'
import type { QueryResult, QuerySpec } from './queries.ts'
import { type Bench, median, ms, spread, whole } from './report.ts'
import { load, makeDevices, onClientCore, startWatchfire, type Watchfire } from './servers.ts'
import { startOnce } from './start.ts'

const DEVICES = 2_500
const GATEWAYS = 20
const STEP_MS = 60_000
const HOUR = 3_600_000
const BACKGROUND_CONNECTIONS = 100
const goals = { 'last hour of one': 2, '24 h downsampled': 3, 'all devices last 5 min': 15 }

/** 20 million rows in 10,000 series, sent through the gateway; then questions over HTTP while readings pour in; then a start. */
export async function benchHistory(bench: Bench): Promise<void> {
  const steps = bench.quick ? 100 : 2_000
  const dataDir = temporaryDir()
  const server = await startWatchfire(BACKGROUND_CONNECTIONS, { dataDir, pin: false })
  const { fill, deviceIds, to } = await fillUp(server, steps)
  await settled(server)
  bench.note(
    `history: ${whole(fill.acked)} readings sent as a backlog through ${GATEWAYS} gateways in ${whole(fill.seconds)} s (${whole(fill.acked / fill.seconds)}/s)`,
  )

  const seconds = bench.quick ? 12 : 60
  const background = load(backgroundLoad(server, seconds))
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const spec = {
    http: server.platform.http,
    session: await server.platform.token(),
    groups: questions(deviceIds, to, bench.quick ? 50 : 300),
  }
  const results: QueryResult[] = []
  for (let round = 0; round < (bench.quick ? 1 : 3); round++)
    results.push(await onClientCore<QueryResult>('queries.ts', spec satisfies QuerySpec))
  const { perSecond } = await background
  for (const [name, goal] of Object.entries(goals)) {
    const own = results.map(({ groups }) => groups.find((group) => group.name === name)!)
    const p95 = own.map((group) => group.p95Ms)
    bench.add({
      what: `over HTTP at ${whole(perSecond)} readings/s, ${whole(fill.acked)} rows in ${whole(DEVICES * FILLED_METRICS.length)} series: ${name}`,
      target: `p95 ≤ ${goal} ms`,
      measured: `p95 ${spread(p95, ms)} ms`,
      met: median(p95) <= goal,
      detail: `p50 ${ms(median(own.map((group) => group.p50Ms)))} ms; answers of ${whole(own[0]!.bytes / 1000)} kB${name.startsWith('all') ? ', one value a series (every=5m&fn=last)' : ''}`,
    })
  }
  await server.platform.kill('SIGTERM')

  const bytes = sizeOf(dataDir, /^history/)
  const rows = fill.acked + perSecond * seconds
  bench.add({
    what: 'bytes on disk per history row, receipt delta and quality included',
    target: '≤ 10',
    measured: (bytes / rows).toFixed(1),
    met: bytes / rows <= 10,
    detail: `history files ${whole(bytes / 1e6)} MB for ${whole(rows)} rows after a clean stop; journal ${whole(sizeOf(join(dataDir, 'journal'), /./) / 1e6)} MB beside`,
  })
  const starts: number[] = []
  for (let i = 0; i < 3; i++) starts.push(await startOnce(dataDir))
  bench.add({
    what: `start to \`watchfire ready\` with ${whole(rows)} rows`,
    target: '≤ 3 s',
    measured: `${spread(starts, ms)} ms`,
    met: median(starts) <= 3_000,
    detail: 'after a clean stop',
  })
  rmSync(dataDir, { recursive: true, force: true })
}

async function fillUp(server: Watchfire, steps: number): Promise<{ fill: FillResult; deviceIds: string[]; to: number }> {
  await makeDevices(server.platform, server.enterpriseId, 'gas-detector', DEVICES, 'filled')
  const share = DEVICES / GATEWAYS
  const gateways: FillSpec['gateways'] = []
  for (let g = 0; g < GATEWAYS; g++) {
    gateways.push({
      token: await server.gatewayToken(g),
      devices: Array.from({ length: share }, (_, i) => `filled-${g * share + i}`),
    })
  }
  // The newest step lies a few minutes back however long the filling takes to get there.
  const to = Date.now()
  const spec: FillSpec = { port: server.port, gateways, from: to - steps * STEP_MS, steps, stepMs: STEP_MS, stepsAMessage: 12 }
  const fill = await onClientCore<FillResult>('fill.ts', spec)
  type Page = { devices: { id: string; name: string }[]; next?: string }
  const deviceIds: string[] = []
  for (let next = ''; ;) {
    const page = await server.platform.call<Page>('GET', `/api/v1/devices${next}`)
    deviceIds.push(...page.devices.filter(({ name }) => name.startsWith('filled-')).map(({ id }) => id))
    if (!page.next) break
    next = `?cursor=${encodeURIComponent(page.next)}`
  }
  return { fill, deviceIds, to }
}

/** Everything acknowledged can be read. */
async function settled({ platform }: Watchfire): Promise<void> {
  const headers = { authorization: `Bearer ${await platform.token()}` }
  while ((await platform.ask('GET', '/api/v1/readings?from=0&to=1', undefined, headers)).status === 503) continue
}

function questions(deviceIds: string[], to: number, count: number): QuerySpec['groups'] {
  const some = Array.from({ length: count }, (_, i) => deviceIds[(i * 7919) % deviceIds.length]!)
  const metric = 'metric=combustibleLel'
  return [
    { name: 'last hour of one', paths: some.map((id) => `/api/v1/readings?device=${id}&${metric}&from=${to - HOUR}&to=${to}`) },
    {
      name: '24 h downsampled',
      paths: some.map((id) => `/api/v1/readings?device=${id}&${metric}&from=${to - 24 * HOUR}&to=${to}&every=15m&fn=mean`),
    },
    {
      name: 'all devices last 5 min',
      paths: some.slice(0, Math.ceil(count / 5)).map(() => `/api/v1/readings?from=${to - HOUR / 12}&to=${to}&every=5m&fn=last`),
    },
  ]
}

function sizeOf(dir: string, name: RegExp): number {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .reduce((sum, entry) => sum + statSync(join(dir, entry.name)).size, 0)
}
