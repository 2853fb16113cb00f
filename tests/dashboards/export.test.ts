import { get, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ExportQuery, History } from '../../core/history.ts'
import { qualityCode } from '../../core/quality.ts'
import { readBlock, type Series } from '../../core/reading.ts'
import { readingsAt } from '../../ingest/as-of.ts'
import { exportPage } from '../../ingest/export.ts'
import { SeriesIndex } from '../../ingest/series-index.ts'
import { stores } from '../../ingest/stores/index.ts'
import { blockOf, type Row } from '../suites/store.ts'
import { ADMIN_PASSWORD, Stage } from './stage.ts'

const T = Date.UTC(2026, 0, 1)
const CODE = '330106001234567890'
const series: Series[] = [
  { id: 1, mode: 'live', device: 'gas-1', metric: 'combustibleLel' },
  { id: 2, mode: 'live', device: 'gas-1', metric: '=cmd|"x",y' },
  { id: 3, mode: 'live', device: CODE, metric: 'pressureMpa' },
  { id: 4, mode: 'live', device: 'of-others', metric: 'pressureMpa' },
]
const BAD = qualityCode('bad', 'unit')
const rows: Row[] = [
  ...Array.from({ length: 9_000 }, (_, i) => ({ series: 1, at: T + i * 1000, value: i / 10, quality: i === 4 ? BAD : 0 })),
  { series: 2, at: T + 500, value: -1 },
  { series: 3, at: T + 700, value: 0.25 },
  { series: 4, at: T + 700, value: 9 },
]
const index = new SeriesIndex()
const store = stores.memory()
let stage: Stage
let asked: ExportQuery[] = []
let slow: ((query: ExportQuery) => ReturnType<typeof exportPage>) | null = null

beforeAll(async () => {
  store.define(series)
  for (const one of series) index.add(one)
  await store.write(readBlock(blockOf(rows, T + 10_000)), () => undefined)
  const history = {
    latest: () => Promise.resolve([]),
    at: (query) => readingsAt(store, index, query),
    exportPage: (query) => {
      asked.push(query)
      return slow ? slow(query) : exportPage(store, index, query)
    },
  } as Partial<History> as History
  stage = await Stage.start({}, { history })
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-1', name: '=滨江，化工', region: '330106' })
  await stage.call('POST', '/api/v1/enterprises', { id: 'e-2', name: 'others', region: '330106' })
  await stage.device('gas-1', { name: '气体探测器"一"' })
  await stage.device(CODE, { name: '消防水压 €😀', kind: 'water-pressure' })
  await stage.device('of-others', { enterpriseId: 'e-2' })
  await stage.device('silent-1')
  await stage.call('POST', '/api/v1/users', {
    username: 'own',
    password: ADMIN_PASSWORD,
    role: 'enterprise',
    enterpriseId: 'e-1',
  })
})
afterAll(() => stage.stop())

type File = { headers: IncomingMessage['headers']; trailers: IncomingMessage['trailers']; bytes: Buffer }

async function download(query: string, as = 'admin'): Promise<File> {
  const headers = { authorization: `Bearer ${await stage.token(as)}` }
  return new Promise((resolve, reject) => {
    get(`${stage.url}/api/v1/export?from=${T}&to=${T + 1e8}&${query}`, { headers }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () => resolve({ headers: answer.headers, trailers: answer.trailers, bytes: Buffer.concat(parts) }))
      answer.on('error', reject)
    }).on('error', reject)
  })
}

test('an export is a download a spreadsheet reads: text stays text, no cell is a formula, times are those of the wall', async () => {
  const { headers, trailers, bytes } = await download('')
  expect(headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'content-disposition': expect.stringMatching(/^attachment; filename="readings-all-2026-01-01\.csv"$/),
  })
  const lines = bytes.toString('utf8').split('\r\n')
  expect(lines[0]).toBe('\ufeff设备,名称,企业,指标,指标名称,单位,测量时间,数值,质量,原因,接收时间')
  expect(lines[1]).toBe(
    `'${CODE},消防水压 €😀,'=滨江，化工,pressureMpa,压力,MPa,2026-01-01T08:00:00.700+08:00,0.25,good,,2026-01-01T08:00:10.000+08:00`,
  )
  expect(lines[6]).toContain(',combustibleLel,可燃气体,%LEL,2026-01-01T08:00:04.000+08:00,0.4,bad,unit,')
  const last = lines.findLast((line) => line.startsWith('gas-1'))
  expect(last).toContain(`gas-1,"气体探测器""一""",'=滨江，化工,"'=cmd|""x"",y",,,2026-01-01T08:00:00.500+08:00,-1,good,,`)
  expect(lines).toHaveLength(1 + rows.length + 1)
  expect(trailers['x-watchfire-rows']).toBe(String(rows.length))
})

test('in GBK it says the same, with a question mark for what GBK has no sign for', async () => {
  const { headers, bytes } = await download('encoding=gbk&lang=zh')
  expect(headers['content-type']).toBe('text/csv; charset=gbk')
  const expected = (await download('')).bytes.toString('utf8').slice(1).replaceAll('😀', '?')
  expect(new TextDecoder('gbk').decode(bytes)).toBe(expected)
})

test.each(['csv', 'ndjson'])(
  'a %s export cut off anywhere goes on after its last whole row, and nothing is twice or missing',
  async (format) => {
    const whole = (await download(`format=${format}&lang=en`)).bytes.toString('utf8')
    const lines = whole.match(/[^\n]*\n/g)!
    for (const kept of [2, 3, 4_097, 5_000, 8_193, rows.length - 1]) {
      const head = lines.slice(0, kept).join('')
      const last = lines[kept - 1]!.trim()
      let after: string
      if (format === 'ndjson') {
        const { device, measuredAt, metric } = JSON.parse(last) as { device: string; measuredAt: number; metric: string }
        after = `${device},${measuredAt},${metric}`
      } else {
        const [, time] = /,(\d{4}-\d\d-\d\dT[^,]+),/.exec(last)!
        const device = last.split(',')[0]!
        after = `${device},${time},${last.includes('cmd') ? series[1]!.metric : last.includes('pressureMpa') ? 'pressureMpa' : 'combustibleLel'}`
      }
      const rest = (await download(`format=${format}&lang=en&after=${encodeURIComponent(after)}`)).bytes.toString('utf8')
      expect(head + rest === whole, `${kept} lines kept`).toBe(true)
    }
    const wrong = await stage.call('GET', `/api/v1/export?from=${T}&after=gas-1,${T},nonsense`)
    expect(wrong).toMatchObject({ status: 400, body: { error: { code: 'bad-after' } } })
  },
)

test('a slow reader holds nothing: what it has not taken is not asked of history, and its progress can be asked', async () => {
  asked = []
  const page = new Uint8Array(500_000).fill(48)
  let pages = 0
  slow = ({ from }) =>
    Promise.resolve({ bytes: page.slice(), rows: 4_096, last: ++pages < 400 ? { metric: 'x', at: from + pages } : null })
  const headers = { authorization: `Bearer ${await stage.token('admin')}` }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${stage.url}/api/v1/export?device=gas-1&from=${T}&to=${T + 400}&id=mine`, { headers }, resolve).on('error', reject)
  })
  answer.pause()
  let before = -1
  await expect
    .poll(
      () => {
        const still = asked.length === before
        before = asked.length
        return still
      },
      { interval: 200 },
    )
    .toBe(true)
  // What the sockets of both sides hold, a quarter of the whole at the most.
  expect(asked.length).toBeLessThan(100)
  const progress = await stage.call('GET', '/api/v1/export/progress?id=mine')
  expect(progress.body).toMatchObject({ state: 'running', rows: asked.length * 4_096 })
  expect(progress.body.part).toBeGreaterThan(0)
  expect(progress.body.part).toBeLessThan(0.5)
  answer.destroy()
  await expect.poll(async () => (await stage.call('GET', '/api/v1/export/progress?id=mine')).body.state).toBe('broken')
  slow = null
})

test('an enterprise exports and looks back at its own devices only', async () => {
  const { bytes } = await download('format=ndjson', 'own')
  expect(bytes.toString()).not.toContain('of-others')
  for (const path of ['/export?device=of-others', '/export?enterpriseId=e-2', `/readings/at?at=${T}&device=of-others`])
    expect(await stage.call('GET', `/api/v1${path}`, undefined, { as: 'own' })).toMatchObject({ status: 404 })
  const at = await stage.call('GET', `/api/v1/readings/at?at=${T + 9e6}`, undefined, { as: 'own' })
  expect(at.body.readings.map(({ device }: { device: string }) => device)).not.toContain('of-others')
})

test('what every device read at a moment, how old that was, and where nothing was known', async () => {
  const at = async (time: number) => (await stage.call('GET', `/api/v1/readings/at?enterpriseId=e-1&at=${time}`)).body
  const early = await at(T + 4_600)
  const of = (answer: typeof early, metric: string) => answer.readings.find((one: { metric: string }) => one.metric === metric)
  expect(of(early, 'combustibleLel')).toMatchObject({
    state: 'unknown',
    why: 'bad',
    value: null,
    lastValue: 0.4,
    ageMs: 600,
    reason: 'unit',
    arrivedLater: true,
  })
  const later = await at(T + 20_000)
  expect(of(later, 'combustibleLel')).toMatchObject({ state: 'known', value: 2, ageMs: 0, unit: '%LEL', arrivedLater: false })
  expect(of(later, 'pressureMpa')).toMatchObject({ state: 'known', value: 0.25, ageMs: 19_300 })
  const muchLater = await at(T + 9e6)
  expect(of(muchLater, 'pressureMpa')).toMatchObject({ state: 'unknown', why: 'too-old', value: null, lastValue: 0.25 })
  expect(of(await at(T - 1), 'pressureMpa')).toMatchObject({ state: 'unknown', why: 'no-reading', value: null })
  expect(muchLater).toMatchObject({ known: 1, unknown: 2 })
})
