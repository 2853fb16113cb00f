import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Mode } from '../../core/mode.ts'
import { isBad } from '../../core/quality.ts'
import { boards } from '../../dashboards/grafana/boards/index.ts'
import type { AnyPanel, Board, InfluxTarget } from '../../dashboards/grafana/schema.ts'
import { judgeValue, rangeOf } from '../../gateway/check.ts'
import { InfluxArchive } from '../../ingest/stores/influx.ts'
import { Fleet } from '../../simulators/fleet.ts'
import { district } from '../../simulators/district.ts'
import { pastOf } from '../../simulators/history.ts'
import { scenarios } from '../../simulators/scenario.ts'
import { startInflux, withoutInflux, type InfluxSeries, type InfluxServer } from '../suites/influx-server.ts'

/*
 * What Grafana would ask is asked of a real InfluxDB (Debian's 1.6.7), which holds two hours of the simulated district:
 * said by the simulators, judged by the gateway's check, written by the store's own encoder.
 */
const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** A Monday noon in the district: the trucks are on the road. */
const to = Date.UTC(2026, 0, 5, 4)
const from = to - 2 * HOUR
const storyFrom = to - 10 * MINUTE

type Said = { device: string; kind: string; enterprise: string; metric: string; value: number; at: number; mode?: Mode }

/** What no simulator says, from devices of the kinds that would. */
const unsimulated: [kind: string, metric: string, value: number][] = [
  ['gas-detector', 'toxicPpm#h2s', 1.5],
  ['gas-detector', 'alarmH', 1],
  ['gas-detector', 'alarmHh', 0],
  ['heat-alarm', 'temperatureC', 24],
  ['electrical-fire', 'residualCurrentMa', 120],
  ['water-pressure', 'flowLps', 4.2],
  ['water-pressure', 'valveClosed', 0],
  ['tank-level', 'levelM', 3.1],
  ['tank-level', 'fillPct#fire', 92],
  ['water-pressure', 'pressureMpa', 0.4],
  ['water-pressure', 'pressureMpa#dynamic', 0.45],
  ['electrical-fire', 'temperatureC', 31],
  ['hydrant', 'discharging', 0],
  ['water-pressure', 'running', 1],
  ['water-pressure', 'powerLost', 0],
  ['smoke-alarm', 'preAlarm', 0],
  ['electrical-fire', 'arcFault', 0],
  ['fire-panel', 'backupFault', 0],
  ['fire-panel', 'coverOpen', 1],
  ['gas-detector', 'settingChanged', 0],
  ['gas-detector', 'calibrationOverdue', 0],
  ['vehicle', 'mileageKm', 48_213],
  ['vehicle', 'sos', 1],
  ['hydrant', 'tiltDeg', 2],
  ['gas-detector', 'fault', 1],
  ['gas-detector', 'tamper', 1],
  ['gas-detector', 'bypassed', 0],
  ['gas-detector', 'inService', 1],
]

/** One impossible value each of what the overview counts, and a silence. */
const impossible: [device: string, metric: string][] = [
  ['GAS-A01', 'combustibleLel'],
  ['GAS-B01', 'toxicPpm'],
  ['GAS-A08', 'oxygenVol'],
  ['SMK-01', 'smokeObscuration'],
  ['HYD-01', 'pressureMpa'],
]
const IMPOSSIBLE = -999
const silent = { device: 'GAS-A02', from: from + 30 * MINUTE, to: from + 60 * MINUTE }

const { devices } = district()
const rows = new Map(devices.map(({ row }) => [row.id, row]))

function* said(): Generator<Said> {
  const fleet = new Fleet({ ...district() }, 1, scenarios['leak']!)
  const of = (id: string) => ({ device: id, kind: rows.get(id)!.kind, enterprise: rows.get(id)!.enterpriseId })
  for (const channel of fleet.channels)
    for (const { unit, ts, values } of pastOf(channel, from, storyFrom))
      for (const [metric, value] of Object.entries(values)) yield { ...of(unit.id), metric, value, at: ts }
  for (const { atMs, unit, values } of fleet.reports(0, to - storyFrom, null))
    for (const [metric, value] of Object.entries(values)) yield { ...of(unit.id), metric, value, at: storyFrom + atMs }
  for (const [device, metric] of impossible) yield { ...of(device), metric, value: IMPOSSIBLE, at: storyFrom + 7 }
  for (const [kind, metric, value] of unsimulated)
    for (let at = from; at < to; at += MINUTE) yield { device: `X-${kind}`, kind, enterprise: 'X', metric, value, at }
  yield {
    device: 'LIVE-1',
    kind: 'gas-detector',
    enterprise: 'PLANT-A',
    metric: 'combustibleLel',
    value: 77,
    at: to - 1,
    mode: 'live',
  }
}

async function fill(url: string, db: string): Promise<number> {
  const archive = new InfluxArchive({ url, dialect: 'v1', bucket: db })
  const lines: string[] = []
  let id = 0
  const numbers = new Map<string, number>()
  for (const { device, kind, enterprise, metric, value, at, mode = 'simulated' } of said()) {
    if (device === silent.device && at >= silent.from && at < silent.to) continue
    const key = `${mode} ${device} ${metric}`
    if (!numbers.has(key)) numbers.set(key, ++id)
    const quality = judgeValue(rangeOf(metric, rows.get(device)?.attributes ?? {}), value)
    expect(isBad(quality)).toBe(value === IMPOSSIBLE)
    const series = { id: numbers.get(key)!, mode, device, metric }
    const about = { enterprise, kind, region: '990101' }
    lines.push(archive.line({ series, about, measuredAt: at, receivedAt: at, value, quality, deviceTime: undefined }))
  }
  for (let i = 0; i < lines.length; i += 5_000) await archive.send(lines.slice(i, i + 5_000))
  return lines.length
}

type Choice = {
  mode?: string
  enterprise?: string
  device?: string
  channel?: string
  from?: number
  to?: number
  interval?: string
}

/** What Grafana puts in place of its variables and macros. */
const asked = (query: string, panel: Partial<AnyPanel>, choice: Choice = {}) =>
  query
    .replaceAll('$timeFilter', `time >= ${choice.from ?? from}ms AND time <= ${choice.to ?? to}ms`)
    .replaceAll('$__interval', choice.interval ?? panel.interval ?? '60s')
    .replaceAll('$mode', choice.mode ?? 'simulated')
    .replaceAll('$enterprise', choice.enterprise ?? '.*')
    .replaceAll('$device', choice.device ?? '.*')
    .replaceAll('${channel:raw}', choice.channel ?? 'toxicPpm')

const isInflux = (target: object): target is InfluxTarget => 'query' in target
const asks = boards.flatMap((board: Board) =>
  board.panels.flatMap((panel) =>
    panel.targets.filter(isInflux).map((target) => ({ name: `${board.uid}: ${panel.title} ${target.refId}`, panel, target })),
  ),
)
const panelOf = (uid: string, title: string) =>
  boards.find((board) => board.uid === uid)!.panels.find((panel) => panel.title?.includes(title))!
const valuesOf = (series: InfluxSeries[]) =>
  series.flatMap(({ values }) => values.map(([, value]) => value)).filter((v) => v !== null)

describe.skipIf(withoutInflux)('panels of Grafana on InfluxDB', () => {
  let influx: InfluxServer
  beforeAll(async () => {
    influx = await startInflux()
    expect(await fill(influx.url, influx.db)).toBeGreaterThan(10_000)
  })
  afterAll(() => influx?.dispose())

  const answer = (panel: AnyPanel, target: object, choice?: Choice) => {
    if (!isInflux(target)) throw new Error('not a query of InfluxDB')
    return influx.query(asked(target.query, panel, choice))
  }

  test.each(asks)('$name returns rows', async ({ panel, target }) => {
    expect(asks.length).toBeGreaterThan(50)
    expect(valuesOf(await answer(panel, target)).length).toBeGreaterThan(0)
  })

  test.each(asks)('$name shows nothing of another mode', async ({ panel, target }) => {
    const found = valuesOf(await answer(panel, target, { mode: 'drill' })).filter((value) => value !== 0)
    expect(found).toEqual([])
  })

  test('readings of another mode are not among the simulated ones, and are found under their own', async () => {
    const panel = panelOf('watchfire-gas', '可燃气体')
    expect(valuesOf(await answer(panel, panel.targets[0]!))).not.toContain(77)
    expect(valuesOf(await answer(panel, panel.targets[0]!, { mode: 'live' }))).toEqual([77])
  })

  test('several chosen devices are shown and no others, also where a name holds a dot', async () => {
    const panel = panelOf('watchfire-gas', '可燃气体')
    const chosen = await answer(panel, panel.targets[0]!, { device: '(GAS-A01|GAS-A02)' })
    expect(chosen.map(({ tags }) => tags?.['device']).sort()).toEqual(['GAS-A01', 'GAS-A02'])
    expect(await answer(panel, panel.targets[0]!, { device: 'GAS\\.A01' })).toEqual([])
  })

  test('a bad reading is drawn in no line and no table, and is counted once', async () => {
    for (const { panel, target } of asks.filter(({ target }) => !/_q"\) |_q" >= /.test(target.query))) {
      expect(valuesOf(await answer(panel, target)), target.query).not.toContain(IMPOSSIBLE)
    }
    const counting = panelOf('watchfire-overview', 'Bad readings')
    expect(counting.targets).toHaveLength(impossible.length)
    for (const [i, [device]] of impossible.entries()) {
      const found = await answer(counting, counting.targets[i]!)
      expect(found.map(({ tags }) => tags?.['device'])).toEqual([device])
      expect(valuesOf(found).filter((count) => count !== 0)).toEqual([1])
    }
  })

  test('the quality of the interval in which a reading was bad is bad', async () => {
    const panel = panelOf('watchfire-gas', 'Data quality')
    const [series] = await answer(panel, panel.targets[0]!, { device: 'GAS-A01' })
    const bad = series!.values.filter(([, code]) => code !== null && isBad(code as number))
    expect(bad.map(([at]) => at)).toEqual([storyFrom])
  })

  test('a device that was silent for half an hour has a gap of half an hour', async () => {
    const panel = panelOf('watchfire-gas', '可燃气体')
    const [series] = await answer(panel, panel.targets[0]!, { device: silent.device, interval: '120s', to: storyFrom - 1 })
    const empty = series!.values.filter(([, value]) => value === null).map(([at]) => at as number)
    expect(empty).toEqual(Array.from({ length: 15 }, (_, i) => silent.from + i * 2 * MINUTE))
  })

  test('zooming out to one point keeps the peak of the leak', async () => {
    const panel = panelOf('watchfire-gas', '可燃气体')
    const fine = valuesOf(await answer(panel, panel.targets[0]!, { device: 'GAS-A0.' })) as number[]
    const coarse = valuesOf(await answer(panel, panel.targets[0]!, { device: 'GAS-A0.', interval: '24h' })) as number[]
    expect(Math.max(...fine)).toBeGreaterThan(25)
    expect(Math.max(...coarse)).toBe(Math.max(...fine))
  })

  test('a last position has latitude, longitude, speed and heading of one fix', async () => {
    const panel = panelOf('watchfire-vehicles', '位置')
    const found = await answer(panel, panel.targets[0]!)
    expect(found).toHaveLength(10)
    for (const { columns, values } of found) {
      expect(columns).toEqual(['time', 'latitude', 'longitude', 'speedKmh', 'headingDeg'])
      expect(values).toHaveLength(1)
      expect(values[0]!.every((value) => typeof value === 'number')).toBe(true)
    }
  })

  test('every channel of a toxic gas detector has a panel of its own', async () => {
    const board = boards.find(({ uid }) => uid === 'watchfire-gas')!
    const variable = board.templating.list!.find(({ name }) => name === 'channel')!
    const names = (await influx.query(variable.query as string)).flatMap(({ values }) => values.map(([name]) => String(name)))
    const [, pattern] = /^\/(.*)\/$/.exec(variable.regex!)!
    const channels = names.map((name) => new RegExp(pattern!).exec(name)?.[1]).filter((name) => name !== undefined)
    expect(channels.sort()).toEqual(['toxicPpm', 'toxicPpm#h2s'])
    const panel = board.panels.find(({ repeat }) => repeat === 'channel')!
    expect(valuesOf(await answer(panel, panel.targets[0]!, { channel: 'toxicPpm#h2s', device: 'X-gas-detector' }))).toContain(1.5)
  })

  test('enterprises and devices to choose from are those of the mode and of the kind of dashboard', async () => {
    for (const board of boards.filter(({ uid }) => uid !== 'watchfire-platform')) {
      for (const name of ['enterprise', 'device']) {
        const variable = board.templating.list!.find((one) => one.name === name)!
        const found = (await influx.query(asked(variable.query as string, {}))).flatMap(({ values }) =>
          values.map(([, value]) => String(value)),
        )
        expect(found.length, `${board.uid} ${name}`).toBeGreaterThan(0)
        expect(found).not.toContain('LIVE-1')
        if (board.uid === 'watchfire-vehicles' && name === 'device')
          expect(new Set(found)).toEqual(
            new Set([...devices.filter(({ row }) => row.kind === 'vehicle').map(({ row }) => row.id), 'X-vehicle']),
          )
      }
    }
  })
})
