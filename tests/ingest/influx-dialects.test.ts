import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Series } from '../../core/reading.ts'
import { archives, type InfluxOptions } from '../../ingest/stores/index.ts'
import type { AcceptedReading, Archive } from '../../ingest/stores/store.ts'
import { freePorts, startInflux, withoutInflux } from '../suites/influx-server.ts'

const T = Date.UTC(2026, 0, 1)
const TOKEN = 'wf-secret-token=='
const about = { enterprise: 'E1', region: '370102', kind: 'gas-detector' }
const reading = (metric: string, value: number, more: Partial<AcceptedReading> & { device?: string; id?: number } = {}) => {
  const { device = 'GAS-01', id = 1, ...rest } = more
  const series: Series = { id, mode: 'live', device, metric }
  return { series, about, measuredAt: T, receivedAt: T + 250, value, quality: 0, deviceTime: undefined, ...rest }
}
const send = (archive: Archive, ...readings: AcceptedReading[]) => archive.send(readings.map((one) => archive.line(one)))

type Seen = { path: string; headers: IncomingMessage['headers']; body: string }

/** A server that writes down what it is sent and answers as told. */
async function recorder(answer: { status: number; headers?: Record<string, string>; body?: string } = { status: 204 }) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString()
      seen.push({ path: request.url!, headers: request.headers, body })
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const open = (options: Partial<InfluxOptions> = {}) =>
    archives.influx({ url, dialect: 'v2', bucket: 'county', org: 'safety & co', token: TOKEN, ...options })
  return { seen, open, url }
}

test('the newer dialect: one request a batch to /api/v2/write, with organisation, bucket and token, zipped', async () => {
  const { seen, open } = await recorder()
  const archive = open()
  await send(
    archive,
    reading('combustibleLel', 12.5),
    reading('toxicPpm#h2s', -0, { id: 2, quality: 66, receivedAt: T + 1 }),
    reading('vendor key, 1', 3, { id: 3, deviceTime: 5 }),
  )
  await send(archive, ...Array.from({ length: 5_000 }, (_, i) => reading('combustibleLel', i, { measuredAt: T + i })))
  expect(seen).toHaveLength(2)
  expect(seen[0]!.path).toBe('/api/v2/write?org=safety%20%26%20co&bucket=county&precision=ms')
  expect(seen[0]!.headers.authorization).toBe(`Token ${TOKEN}`)
  const tags = 'device=GAS-01,enterprise=E1,kind=gas-detector,mode=live,region=370102'
  expect(seen[0]!.body.split('\n')).toEqual([
    `gas,${tags} combustibleLel=12.5,combustibleLel_q=0i,combustibleLel_r=250i ${T}`,
    `gas,${tags} toxicPpm#h2s=-0,toxicPpm#h2s_q=66i,toxicPpm#h2s_r=1i ${T}`,
    `unmapped,${tags.replace(',kind', ',key=vendor\\ key\\,\\ 1,kind')} value=3,value_q=0i,value_r=250i,value_t=5 ${T}`,
  ])
  expect(seen[1]!.headers['content-encoding']).toBe('gzip')
  expect(seen[1]!.body.split('\n')).toHaveLength(5_000)
})

test('the older dialect goes to /write?db= under user and password', async () => {
  const { seen, open } = await recorder()
  await send(open({ dialect: 'v1', token: undefined, user: 'wf', password: 'p' } as never), reading('combustibleLel', 1))
  expect(seen[0]!.path).toBe('/write?db=county&precision=ms')
  expect(seen[0]!.headers.authorization).toBe(`Basic ${Buffer.from('wf:p').toString('base64')}`)
})

test.each([
  [{ status: 401, body: '{"code":"unauthorized","message":"unauthorized access"}' }, 'archive-refuses'],
  [{ status: 403 }, 'archive-refuses'],
  [{ status: 404, body: '{"code":"not found","message":"bucket \\"county\\" not found"}' }, 'archive-refuses'],
  [{ status: 400, body: '{"code":"invalid","message":"unable to parse"}' }, 'lines-refused'],
  [{ status: 413 }, 'lines-refused'],
  [{ status: 422 }, 'lines-refused'],
  [{ status: 429, headers: { 'retry-after': '7' } }, 'archive-away'],
  [{ status: 500 }, 'archive-away'],
  [{ status: 503 }, 'archive-away'],
  [{ status: 200, body: '<html>a proxy that asks to log in</html>' }, 'archive-away'],
])('an answer %j means %s, and no message holds the token', async (answer, code) => {
  const { open } = await recorder(answer)
  const spoken = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')]
  const error = await send(open(), reading('combustibleLel', 1)).then(
    () => null,
    (error: Error & { code: string; details: Record<string, unknown> }) => error,
  )
  expect(error).toMatchObject({ code })
  if (answer.status === 429) expect(error!.details).toMatchObject({ retryAfterMs: 7_000 })
  expect(JSON.stringify([error!.message, error!.details, error!.stack])).not.toContain(TOKEN)
  for (const spy of spoken) expect(spy).not.toHaveBeenCalled()
})

test('a server that is not there is away, for writers and for readers', async () => {
  const [port] = await freePorts(1)
  const archive = archives.influx({ url: `http://127.0.0.1:${port}`, dialect: 'v2', bucket: 'b', token: TOKEN })
  await expect(send(archive, reading('combustibleLel', 1))).rejects.toMatchObject({ code: 'archive-away' })
  const selection = { series: [reading('combustibleLel', 1).series], from: 0, to: T }
  const sink = { begin() {}, point: () => true }
  await expect(archive.readings(selection, sink)).rejects.toMatchObject({ code: 'influx-unreachable' })
  await expect(archive.buckets(selection, 'mean', {} as never, sink)).rejects.toMatchObject({ code: 'influx-unreachable' })
})

test.skipIf(withoutInflux)(
  'whatever a device calls its keys and an enterprise itself, InfluxDB gives back each reading',
  async () => {
    const server = await startInflux()
    onTestFinished(() => server.dispose())
    const archive = archives.influx({ url: server.url, dialect: 'v1', bucket: server.db })
    const character = fc.oneof(
      fc.constantFrom(...'\\"\'%,= #_/*;${}\u2028é中😀'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    )
    const name = fc
      .array(character, { minLength: 1, maxLength: 12 })
      .map((characters) => characters.join('').replace(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu, ''))
      .filter((text) => text !== '' && !text.endsWith('#'))
    const key = fc.oneof(
      name,
      name.map((channel) => `toxicPpm#${channel}`),
      fc.constantFrom('toxicPpm#a', 'toxicPpm#a_q', 'toxicPpm#a_r', 'time', 'device', '_q', '\\'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { minLength: 30, maxLength: 60 }),
        fc.uuid(),
        name,
        async (keys, device, enterprise) => {
          const readings = keys.map((metric, i) =>
            reading(metric, i, { device, id: i + 1, about: { ...about, enterprise }, measuredAt: T + (i % 3) }),
          )
          await send(archive, ...readings)
          const found: [string, number, number][] = []
          let metric = ''
          const sink = {
            begin: (series: Series) => void (metric = series.metric),
            point: (at: number, value: number) => found.push([metric, at, value]) > 0,
          }
          await archive.readings({ series: readings.map(({ series }) => series), from: T, to: T + 10 }, sink)
          expect(found).toEqual(readings.map(({ series, measuredAt, value }) => [series.metric, measuredAt, value]))
        },
      ),
      { numRuns: 15 },
    )
  },
)

const withoutVictoria = process.env['CI'] !== 'true' && spawnSync('victoria-metrics', ['-version']).error !== undefined

test.skipIf(withoutVictoria)('the newer dialect is taken by VictoriaMetrics, every number as it was', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'watchfire-victoria-'))
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const options = [`-storageDataPath=${dir}`, `-httpListenAddr=127.0.0.1:${port}`, '-retentionPeriod=100y', '-loggerLevel=ERROR']
  const child = spawn('victoria-metrics', options, { stdio: 'ignore' })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    rmSync(dir, { recursive: true, force: true })
  })
  await vi.waitFor(async () => expect((await fetch(`${url}/health`)).status).toBe(200), { timeout: 10_000, interval: 50 })
  const archive = archives.influx({ url, dialect: 'v2', bucket: 'county', org: 'o', token: TOKEN })
  const values = [12.5, 0, 1e-7, 123456.125]
  await send(archive, ...values.map((value, i) => reading('combustibleLel', value, { measuredAt: T + i * 1000 })))
  await fetch(`${url}/internal/force_flush`) // else new series are found only after ten seconds
  type Line = { metric: Record<string, string>; values: number[]; timestamps: number[] }
  const exported = async (name: string) => {
    const match = encodeURIComponent(`{__name__="${name}",device="GAS-01"}`)
    return JSON.parse(await (await fetch(`${url}/api/v1/export?match[]=${match}`)).text()) as Line
  }
  await vi.waitFor(async () => expect((await exported('gas_combustibleLel')).values).toEqual(values), 10_000)
  const { metric, timestamps } = await exported('gas_combustibleLel')
  expect(timestamps).toEqual(values.map((_, i) => T + i * 1000))
  expect(metric).toMatchObject({ enterprise: 'E1', kind: 'gas-detector', mode: 'live', region: '370102' })
})
