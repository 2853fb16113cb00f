import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { deviceKindNames } from '../../core/device-kind.ts'
import { boardOf, grafanaBoards, grafanaLink } from '../../core/grafana-board.ts'
import { fieldOf, influxTags, measurementOf, qualityFieldOf } from '../../core/influx-schema.ts'
import { metrics } from '../../core/metrics.ts'
import { boards } from '../../dashboards/grafana/boards/index.ts'
import { grafanaFiles } from '../../dashboards/grafana/files.ts'
import { levelColours, shippedLimits } from '../../dashboards/grafana/limits.ts'
import type { Board, Json, StatPanel, TimeSeriesPanel } from '../../dashboards/grafana/schema.ts'
import { historySource, metricsSource } from '../../dashboards/grafana/sources.ts'

const dir = join(import.meta.dirname, '../../dashboards/grafana')
const panels = boards.flatMap((board) => board.panels.map((panel) => ({ name: `${board.uid}: ${panel.title}`, board, panel })))
const queries = panels.flatMap(({ name, panel }) =>
  panel.targets.flatMap((target) => ('query' in target ? [{ name, query: target.query }] : [])),
)

test('what is committed for Grafana is what the sources say; npm run grafana writes it', () => {
  const committed = globSync(['json/*.json', 'provisioning/*.yaml'], { cwd: dir })
  expect(new Map(committed.sort().map((path) => [path, readFileSync(join(dir, path), 'utf8')]))).toEqual(
    new Map([...grafanaFiles()].sort(([a], [b]) => (a < b ? -1 : 1))),
  )
})

test('the types of Grafana’s schema are checked, not taken on trust', () => {
  const list: Json<Board['timezone']> = 'Asia/Shanghai'
  // @ts-expect-error a style Grafana does not know
  const style: NonNullable<TimeSeriesPanel['fieldConfig']['defaults']['custom']>['thresholdsStyle'] = { mode: 'dotted' }
  // @ts-expect-error an enum by its number, of which this is none
  const tooltip: Board['graphTooltip'] = 7
  // @ts-expect-error a property that a panel's options do not have
  const options: Partial<StatPanel['options']> = { graphModus: 'none' }
  expect([list, style, tooltip, options]).toHaveLength(4)
})

test('every dashboard a link may name is there, and every kind of device has one', () => {
  expect(boards.map(({ uid }) => uid).sort()).toEqual(Object.values(grafanaBoards).sort())
  expect(deviceKindNames.filter((kind) => !boards.some(({ uid }) => uid === boardOf(kind)))).toEqual([])
  expect(boardOf('a kind of tomorrow')).toBe(grafanaBoards.overview)
})

test('titles and descriptions are Chinese, with English beside', () => {
  const texts = [
    ...boards.flatMap(({ title, description }) => [title, description]),
    ...boards.flatMap(({ templating }) => templating.list!.map(({ label }) => label)),
    ...panels.flatMap(({ panel: { title, description } }) => [title, ...(description === undefined ? [] : [description])]),
  ]
  expect(texts.filter((text) => !/\p{Script=Han}/u.test(text ?? '') || !/[A-Za-z]{2}/.test(text ?? ''))).toEqual([])
})

test('queries name only fields, measurements and tags that the store writes', () => {
  const fields = [...Object.keys(metrics), 'pressureMpa#dynamic', 'fillPct#fire'].flatMap((key) => [
    fieldOf(key),
    qualityFieldOf(key),
  ])
  const measurements = Object.keys(metrics).map(measurementOf)
  const known = new Set([
    ...fields,
    ...measurements,
    ...influxTags,
    'one',
    'value',
    'quality',
    '${channel:raw}',
    '${channel:raw}_q',
  ])
  for (const { name, query } of queries) {
    const unknown = [...query.matchAll(/"([^"]+)"/g)].map(([, word]) => word!).filter((word) => !known.has(word))
    expect(unknown, name).toEqual([])
  }
})

test('no value is asked for without its quality, and never one that is bad', () => {
  expect(queries.length).toBeGreaterThan(50)
  for (const { name, query } of queries) {
    const asksForQuality = /^SELECT (?:max|count)\("[^"]+_q"\)/.test(query)
    expect(asksForQuality || /_q" < 64/.test(query), `${name}: ${query}`).toBe(true)
  }
})

test('no line is drawn across a gap', () => {
  const customs = panels.map(({ panel }) => panel.fieldConfig.defaults.custom as { spanNulls?: unknown } | undefined)
  expect(customs.filter((custom) => custom && 'spanNulls' in custom).length).toBeGreaterThan(20)
  expect(customs.filter((custom) => custom?.spanNulls !== undefined && custom.spanNulls !== false)).toEqual([])
})

test('units and limits are those of the catalogue and of the packs that ship', () => {
  const gas = panels.find(({ board, panel }) => board.uid === grafanaBoards.gas && panel.title?.includes('可燃气体'))!.panel
  expect(gas.fieldConfig.defaults).toMatchObject({ unit: 'suffix: %LEL', decimals: metrics.combustibleLel.digits })
  expect(gas.fieldConfig.defaults.thresholds!.steps.map(({ value }) => value)).toEqual([null, 25, 50])
  const oxygen = shippedLimits('oxygenVol', ['gas-detector'])!.steps
  expect(oxygen.map(({ value }) => value)).toEqual([null, 19.5, 23.5])
  expect(oxygen.map(({ color }) => color === 'transparent')).toEqual([false, true, false])
  // Below the lowest limit its colour holds, between two low ones that of the upper, above the lowest high one its own.
  const hydrant = shippedLimits('pressureMpa', ['hydrant'])!.steps
  expect(hydrant.map(({ value }) => value)).toEqual([null, 0.1, 0.14, 0.8, 1])
  expect(hydrant.map(({ color }) => Object.entries(levelColours).find(([, one]) => one === color)?.[0])).toEqual([
    'orange',
    'yellow',
    undefined,
    'yellow',
    'orange',
  ])
  expect(shippedLimits('pressureMpa', ['hydrant', 'water-pressure'])).toBeUndefined()
  // Which limit holds for a toxic gas depends on the gas, and a wrong band would be worse than none.
  expect(shippedLimits('toxicPpm', ['gas-detector'])).toBeUndefined()
})

test('panels lie side by side without touching, inside 24 columns', () => {
  for (const { uid, panels } of boards) {
    const taken = new Set<string>()
    for (const { gridPos, title } of panels) {
      const { x, y, w, h } = gridPos!
      expect(x + w, `${uid} ${title}`).toBeLessThanOrEqual(24)
      for (let column = x; column < x + w; column++)
        for (let row = y; row < y + h; row++) {
          expect(taken.has(`${column} ${row}`), `${uid} ${title}`).toBe(false)
          taken.add(`${column} ${row}`)
        }
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  }
})

test('InfluxDB, by password or token, and the platform are provisioned under the ids the dashboards name, without a secret in a file', () => {
  for (const file of ['datasources-password.yaml', 'datasources-token.yaml']) {
    const { datasources } = parse(readFileSync(join(dir, 'provisioning', file), 'utf8')) as {
      datasources: {
        uid: string
        type: string
        url: string
        secureJsonData?: Record<string, string>
        jsonData: { dbName?: string }
      }[]
    }
    expect(datasources.map(({ uid, type }) => ({ uid, type }))).toEqual([historySource, metricsSource])
    for (const { url, secureJsonData, jsonData } of datasources) {
      const secrets = [url, ...Object.values(secureJsonData ?? {}), ...(jsonData.dbName === undefined ? [] : [jsonData.dbName])]
      expect(secrets.filter((value) => !/^(Token )?\$WATCHFIRE_[A-Z_]+$/.test(value))).toEqual([])
    }
  }
  const used = new Set(panels.flatMap(({ panel }) => panel.targets.map(({ datasource }) => datasource?.uid)))
  expect([...used].sort()).toEqual([historySource.uid, metricsSource.uid].sort())
})

test('a link names dashboard, device, mode and time, whatever is in an id, and has one slash before the path', () => {
  const view = {
    board: boardOf('gas-detector'),
    mode: 'live',
    enterprise: 'A&B',
    device: '气体 1',
    from: 1.5,
    to: 3,
    watchfire: 'https://w.example',
  }
  for (const grafana of ['https://g.example/grafana', 'https://g.example/grafana/']) {
    const url = new URL(grafanaLink(grafana, view))
    expect(url.origin + url.pathname).toBe('https://g.example/grafana/d/watchfire-gas')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      'var-mode': 'live',
      'var-enterprise': 'A&B',
      'var-device': '气体 1',
      'var-watchfire': 'https://w.example',
      from: '1',
      to: '3',
    })
  }
  const names = new Set(boards.flatMap(({ templating }) => templating.list!.map(({ name }) => name)))
  expect(['mode', 'enterprise', 'device', 'watchfire'].filter((name) => !names.has(name))).toEqual([])
})

test('every dashboard leads back to the desk', () => {
  for (const { links } of boards) expect(links!.map(({ url }) => url)).toContain('${watchfire:raw}/desk')
})
