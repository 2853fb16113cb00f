import { modes } from '../../core/mode.ts'
import { grafanaBoards, type GrafanaBoard } from '../../core/grafana-board.ts'
import { tagValues } from './influxql.ts'
import { both, type Draft } from './panels.ts'
import type { AnyPanel, Board, Variable } from './schema.ts'
import { historySource } from './sources.ts'

const modeNames: Record<(typeof modes)[number], string> = {
  live: both('真实', 'Live'),
  drill: both('演练', 'Exercise'),
  test: both('测试', 'Test'),
  simulated: both('模拟', 'Simulated'),
}

/** Real, exercise, test and simulated are looked at one at a time. */
const mode: Variable = {
  type: 'custom',
  name: 'mode',
  label: both('数据', 'Mode'),
  query: modes.map((one) => `${modeNames[one]} : ${one}`).join(', '),
  current: { selected: true, text: modeNames.live, value: 'live' },
  options: modes.map((one) => ({ selected: one === 'live', text: modeNames[one], value: one })),
  multi: false,
  includeAll: false,
}

/** All or several of what InfluxDB knows; several become a regular expression in the query. */
const ofTag = (name: 'enterprise' | 'device', label: string, within: string[]): Variable => ({
  type: 'query',
  name,
  label,
  datasource: historySource,
  query: tagValues(name, within),
  refresh: 1,
  sort: 7,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
})
const inMode = `"mode" = '$mode'`
const enterprise = ofTag('enterprise', both('单位', 'Enterprise'), [inMode])
const deviceOf = (kinds: readonly string[]) =>
  ofTag('device', both('设备', 'Device'), [
    inMode,
    `"enterprise" =~ /^$enterprise$/`,
    ...(kinds.length > 0 ? [`"kind" =~ /^(${kinds.join('|')})$/`] : []),
  ])

/** Where the platform's own pages are. A link from the desk brings its address along; else it is typed in once. */
const watchfire: Variable = {
  type: 'textbox',
  name: 'watchfire',
  label: both('烽燧地址', 'Watchfire at'),
  query: 'http://127.0.0.1:8080',
  current: { selected: true, text: 'http://127.0.0.1:8080', value: 'http://127.0.0.1:8080' },
}

type Plan = {
  board: GrafanaBoard
  title: string
  description: string
  /** none: a dashboard of the platform itself, without choices */
  kinds: readonly string[] | null
  variables?: Variable[]
  from?: string
  panels: Draft[]
}

/** Puts the panels in rows of 24 columns, in reading order, and gives the dashboard what all of them have. */
export function board({ board, title, description, kinds, variables = [], from = 'now-6h', panels }: Plan): Board {
  let x = 0
  let y = 0
  let tallest = 0
  const placed = panels.map(({ size, ...panel }, i) => {
    if (x + size.w > 24) {
      y += tallest
      x = 0
      tallest = 0
    }
    const gridPos = { ...size, x, y }
    x += size.w
    tallest = Math.max(tallest, size.h)
    return { id: i + 1, gridPos, ...panel } as AnyPanel
  })
  const link = { icon: 'external link', tags: [], asDropdown: false, targetBlank: false, includeVars: false, keepTime: false }
  return {
    uid: grafanaBoards[board],
    title,
    description,
    tags: ['watchfire'],
    editable: false,
    // Grafana's own setting decides, which a deployment sets to its zone; a wall in Shanghai may not show a browser's.
    timezone: '',
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 42,
    time: { from, to: 'now' },
    templating: { list: kinds === null ? [watchfire] : [mode, enterprise, deviceOf(kinds), ...variables, watchfire] },
    annotations: { list: [] },
    links: [
      { ...link, type: 'link', title: both('值班台', 'Duty desk'), tooltip: '', url: '${watchfire:raw}/desk', targetBlank: true },
      {
        ...link,
        type: 'dashboards',
        title: both('其他看板', 'Other dashboards'),
        tooltip: '',
        tags: ['watchfire'],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    panels: placed,
  }
}
