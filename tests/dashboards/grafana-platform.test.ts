import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { boards } from '../../dashboards/grafana/boards/index.ts'
import type { PrometheusTarget } from '../../dashboards/grafana/schema.ts'
import { startProcess, type PlatformProcess } from '../flow/platform-process.ts'

/*
 * The platform runs as its own process; Debian's victoria-metrics collects its /metrics as dashboards/grafana/prometheus.yaml
 * says, only faster, and answers what Grafana would ask.
 */
const absent = process.env['CI'] !== 'true' && spawnSync('victoria-metrics', ['-version']).error !== undefined
const scrape = readFileSync(join(import.meta.dirname, '../../dashboards/grafana/prometheus.yaml'), 'utf8')
const token = 'a token that only this test knows'

const isPrometheus = (target: object): target is PrometheusTarget => 'expr' in target
const asks = boards.flatMap((board) =>
  board.panels.flatMap((panel) =>
    panel.targets.filter(isPrometheus).map((target) => ({ name: `${board.uid}: ${panel.title} ${target.refId}`, target })),
  ),
)

type Answer = {
  status: string
  error?: string
  data?: { result: { metric: Record<string, string>; values?: [number, string][]; value?: [number, string] }[] }
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

async function until<T>(what: string, tries: () => Promise<T | null>): Promise<T> {
  for (let i = 0; i < 300; i++) {
    const found = await tries().catch(() => null)
    if (found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${what} did not come`)
}

describe.skipIf(absent)('panels of Grafana on the platform’s own metrics', () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-metrics-'))
  let platform: PlatformProcess
  let collector: ChildProcess
  let url = ''
  let between: Server
  let shown: string | undefined
  const gone = (child: ChildProcess) =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((resolve) => child.once('exit', () => resolve()))

  const query = async (call: string, parameters: Record<string, string>): Promise<Answer> =>
    (await (await fetch(`${url}/api/v1/${call}?${new URLSearchParams(parameters).toString()}`)).json()) as Answer

  beforeAll(async () => {
    platform = await startProcess({
      // InfluxDB need not be there for its outbox to have figures.
      env: {
        WATCHFIRE_METRICS_TOKEN: token,
        WATCHFIRE_STORE: 'influx',
        WATCHFIRE_INFLUX_URL: 'http://127.0.0.1:1',
        WATCHFIRE_INFLUX_BUCKET: 'watchfire',
        WATCHFIRE_INFLUX_ORG: 'watchfire',
        WATCHFIRE_INFLUX_TOKEN: 'none',
      },
    })
    between = createHttpServer((request, response) => {
      shown = request.headers.authorization
      void fetch(`${platform.http}${request.url}`)
        .then(async (answer) => response.end(await answer.text()))
        .catch(() => response.writeHead(502).end())
    })
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
    const port = await freePort()
    const [config, tokenFile] = [join(dir, 'prometheus.yaml'), join(dir, 'token')]
    writeFileSync(tokenFile, token)
    const target = `127.0.0.1:${(between.address() as AddressInfo).port}`
    writeFileSync(config, scrape.replace('15s', '1s').replace('/tmp/metrics-token', tokenFile).replace('watchfire:8080', target))
    url = `http://127.0.0.1:${port}`
    collector = spawn(
      'victoria-metrics',
      [
        `-promscrape.config=${config}`,
        `-storageDataPath=${join(dir, 'data')}`,
        `-httpListenAddr=127.0.0.1:${port}`,
        '-search.latencyOffset=0s',
        '-search.disableCache',
      ],
      { stdio: 'ignore' },
    )
    await until('a third sample', async () => {
      // Something to flush, or there is no time a flush takes.
      await platform.call('POST', '/api/v1/enterprises', { name: 'E', region: '990101' })
      const { data } = await query('query', { query: 'count_over_time(watchfire_journal_head[1m])' })
      return Number(data?.result[0]?.value?.[1]) >= 3 ? true : null
    })
  })
  afterAll(async () => {
    if (collector) {
      collector.kill('SIGKILL')
      await gone(collector)
    }
    await new Promise((resolve) => between?.close(resolve))
    await platform?.kill()
    rmSync(dir, { recursive: true, force: true })
  })

  test.each(asks)('$name returns rows', async ({ target }) => {
    expect(asks.length).toBeGreaterThan(20)
    const expr = target.expr.replaceAll('$__rate_interval', '10s')
    const now = Date.now() / 1000
    const answer = target.instant
      ? await query('query', { query: expr })
      : await query('query_range', { query: expr, start: String(now - 10), end: String(now), step: '1s' })
    expect(answer.error).toBeUndefined()
    expect(answer.data?.result.length, expr).toBeGreaterThan(0)
  })

  test('every name in an expression is one that the platform publishes, with its help or type', async () => {
    const published = await (await fetch(`${platform.http}/metrics`)).text()
    const names = new Set([...published.matchAll(/^([a-z_:][a-z0-9_:]*)(?:\{| )/gim)].map(([, name]) => name!))
    const words = asks.flatMap(({ target }) =>
      [...target.expr.matchAll(/\b(?:watchfire|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name),
    )
    expect(words.length).toBeGreaterThan(20)
    expect(words.filter((name) => !names.has(name))).toEqual([])
  })

  test('the collector shows the token, which the platform asks for off loopback', () => {
    expect(shown).toBe(`Bearer ${token}`)
  })
})
