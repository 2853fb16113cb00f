import { metrics, splitChannel, type Metric, type MetricName } from '../../core/metrics.ts'
import { qualityCode } from '../../core/quality.ts'
import { levelColours, levelOfState, noColour, shippedLimits, type MetricKey } from './limits.ts'
import type {
  AnyPanel,
  DataLink,
  GeomapPanel,
  InfluxTarget,
  PrometheusTarget,
  StatPanel,
  StateTimelinePanel,
  TablePanel,
  Thresholds,
  TimeSeriesPanel,
  ValueMapping,
} from './schema.ts'
import { historySource, metricsSource } from './sources.ts'

/** A panel before it has its place on the dashboard. */
export type Draft<P extends AnyPanel = AnyPanel> = Omit<P, 'id' | 'gridPos'> & { size: { w: number; h: number } }
type Look = { w?: number; h?: number; description?: string }

/** One set of dashboards for both readers: Chinese first, as in the control room, English beside it. */
export const both = (zh: string, en: string): string => `${zh} ${en}`
const metricOf = (key: MetricKey): Metric => metrics[splitChannel(key).metric as MetricName]
export const nameOf = (key: MetricKey): string => {
  const { channel } = splitChannel(key)
  return `${both(metricOf(key).zh, metricOf(key).en)}${channel === null ? '' : ` #${channel}`}`
}

/** The catalogue's own word behind the number: Grafana's units would turn 1,500 m into 1.5 km. */
const unitOf = (unit: string): string => (unit === '' ? 'none' : `suffix: ${unit}`)
const grey = '#8B929A'

const toDesk: DataLink = {
  title: both('值班台', 'Duty desk'),
  url: '${watchfire:raw}/desk?device=${__field.labels.device}',
  targetBlank: true,
}

const legend = {
  displayMode: 'list',
  placement: 'bottom',
  showLegend: true,
  calcs: [],
} satisfies TimeSeriesPanel['options']['legend']
const tooltip = { mode: 'multi', sort: 'desc' } satisfies TimeSeriesPanel['options']['tooltip']
const noOverrides: TimeSeriesPanel['fieldConfig']['overrides'] = []

/** Colours of quality codes; a code is quality and reason in one number. */
const qualityMappings: ValueMapping[] = (
  [
    ['good', '可用 good', noColour],
    ['uncertain', '可疑 suspect', levelColours.yellow],
    ['bad', '无效 bad', levelColours.red],
  ] as const
).map(([quality, text, color], index) => ({
  type: 'range',
  options: { from: qualityCode(quality), to: qualityCode(quality) + 31, result: { text, color, index } },
}))

type Lines = Look & {
  title: string
  targets: (InfluxTarget | PrometheusTarget)[]
  unit: string
  digits?: number
  thresholds?: Thresholds | undefined
  /** the shortest interval a point stands for, e.g. `20s` */
  interval?: string
  min?: number
  max?: number
  prometheus?: true
}

/** Lines that break where nothing came: what is unknown is not drawn through. */
export const lines = (asked: Lines): Draft<TimeSeriesPanel> => ({
  type: 'timeseries',
  title: asked.title,
  ...(asked.description !== undefined && { description: asked.description }),
  datasource: asked.prometheus ? metricsSource : historySource,
  targets: asked.targets,
  ...(asked.interval !== undefined && { interval: asked.interval }),
  fieldConfig: {
    defaults: {
      unit: asked.unit,
      ...(asked.digits !== undefined && { decimals: asked.digits }),
      ...(asked.min !== undefined && { min: asked.min }),
      ...(asked.max !== undefined && { max: asked.max }),
      ...(asked.thresholds && { thresholds: asked.thresholds }),
      ...(!asked.prometheus && { links: [toDesk] }),
      noValue: both('无数据', 'No data'),
      custom: {
        drawStyle: 'line',
        lineInterpolation: 'linear',
        lineWidth: 1,
        fillOpacity: 0,
        showPoints: 'auto',
        pointSize: 4,
        spanNulls: false,
        insertNulls: false,
        thresholdsStyle: { mode: asked.thresholds ? 'dashed+area' : 'off' },
      },
    },
    overrides: noOverrides,
  },
  options: { legend, tooltip },
  size: { w: asked.w ?? 12, h: asked.h ?? 8 },
})

/** The lines of one metric, with what the catalogue and the rules that ship know of it. */
export function metricLines(
  metric: MetricKey,
  kinds: readonly string[],
  asked: Look & { targets: InfluxTarget[]; interval: string; title?: string },
) {
  const { unit, digits } = metricOf(metric)
  return lines({ title: nameOf(metric), unit: unitOf(unit), digits, thresholds: shippedLimits(metric, kinds), ...asked })
}

const timeline = (
  asked: Look & { title: string; targets: InfluxTarget[]; interval: string },
  mappings: ValueMapping[],
  colour: string,
): Draft<StateTimelinePanel> => ({
  type: 'state-timeline',
  title: asked.title,
  ...(asked.description !== undefined && { description: asked.description }),
  datasource: historySource,
  interval: asked.interval,
  targets: asked.targets,
  fieldConfig: {
    defaults: {
      mappings,
      color: { mode: 'fixed', fixedColor: colour },
      links: [toDesk],
      noValue: both('无数据', 'No data'),
      custom: { lineWidth: 0, fillOpacity: 80, spanNulls: false, insertNulls: false },
    },
    overrides: [],
  },
  options: {
    showValue: 'never',
    rowHeight: 0.8,
    mergeValues: true,
    legend,
    tooltip: { mode: 'single', sort: 'none' },
    perPage: 20,
  },
  size: { w: asked.w ?? 12, h: asked.h ?? 8 },
})

/** One row a device: usable, suspect, bad, and a hole where nothing came. */
export const qualityTimeline = (asked: Look & { title: string; targets: InfluxTarget[]; interval: string }) =>
  timeline(asked, qualityMappings, grey)

/** One row a device for a 0/1 metric. Being in service is the good one, of the others 1 is the news. */
export function flagTimeline(metric: MetricName, asked: Look & { targets: InfluxTarget[]; interval: string }) {
  const level = levelOfState(metric)
  const colour = level === null ? grey : levelColours[level]
  const news = metric === 'inService' ? 0 : 1
  const text = (value: number) =>
    value === 1 ? nameOf(metric) : metric === 'inService' ? both('停用', 'Out of service') : both('无', 'no')
  const result = (value: number) => ({ text: text(value), color: value === news ? colour : noColour, index: value })
  return timeline({ title: nameOf(metric), ...asked }, [{ type: 'value', options: { '0': result(0), '1': result(1) } }], colour)
}

type Numbers = Look & {
  title: string
  targets: (InfluxTarget | PrometheusTarget)[]
  unit?: string
  thresholds?: Thresholds
  prometheus?: true
}

export const numbers = (asked: Numbers): Draft<StatPanel> => ({
  type: 'stat',
  title: asked.title,
  ...(asked.description !== undefined && { description: asked.description }),
  datasource: asked.prometheus ? metricsSource : historySource,
  targets: asked.targets,
  fieldConfig: {
    defaults: {
      unit: asked.unit ?? 'none',
      noValue: both('无数据', 'No data'),
      thresholds: asked.thresholds ?? { mode: 'absolute', steps: [{ value: null, color: 'text' }] },
    },
    overrides: [],
  },
  options: {
    graphMode: 'none',
    colorMode: asked.thresholds ? 'background' : 'none',
    justifyMode: 'auto',
    textMode: 'value_and_name',
    wideLayout: true,
    showPercentChange: false,
    percentChangeColorMode: 'standard',
    orientation: 'auto',
    reduceOptions: { calcs: ['lastNotNull'], values: false },
  },
  size: { w: asked.w ?? 24, h: asked.h ?? 4 },
})

/** The newest usable reading of each device with its age: an old one is seen to be old. */
export function newestTable(
  metric: MetricKey,
  kinds: readonly string[],
  asked: Look & { targets: InfluxTarget[] },
): Draft<TablePanel> {
  const { unit, digits } = metricOf(metric)
  const thresholds = shippedLimits(metric, kinds)
  const column = (name: string, properties: { id: string; value: unknown }[]) => ({
    matcher: { id: 'byName', options: name },
    properties,
  })
  return {
    type: 'table',
    title: `${nameOf(metric)}: ${both('最近可用值', 'last usable reading')}`,
    description:
      asked.description ??
      both('无效数据不列；“多久以前”就是数据的年龄。', 'Bad readings are left out; the age says how old the value is.'),
    datasource: historySource,
    targets: asked.targets,
    fieldConfig: {
      defaults: { noValue: both('无数据', 'No data'), custom: { align: 'auto' as const, inspect: false } },
      overrides: [
        column('Time', [
          { id: 'displayName', value: both('多久以前', 'Age') },
          { id: 'unit', value: 'dateTimeFromNow' },
        ]),
        column('device', [
          { id: 'displayName', value: both('设备', 'Device') },
          { id: 'links', value: [{ ...toDesk, url: '${watchfire:raw}/desk?device=${__value.raw}' }] },
        ]),
        column('value', [
          { id: 'displayName', value: nameOf(metric) },
          { id: 'unit', value: unitOf(unit) },
          { id: 'decimals', value: digits },
          ...(thresholds
            ? [
                { id: 'thresholds', value: thresholds },
                { id: 'custom.cellOptions', value: { type: 'color-background' } },
              ]
            : []),
        ]),
        column('quality', [
          { id: 'displayName', value: both('质量', 'Quality') },
          { id: 'mappings', value: qualityMappings },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]),
      ],
    },
    options: { frameIndex: 0, showHeader: true, cellHeight: 'sm', sortBy: [{ displayName: nameOf(metric), desc: true }] },
    size: { w: asked.w ?? 12, h: asked.h ?? 8 },
  }
}

const coordinates = { mode: 'coords', latitude: 'latitude', longitude: 'longitude' } as const

/** Where the vehicles are, over where they came from. The base map is Grafana's default one, which the deployment chooses. */
export const map = (asked: Look & { title: string; positions: InfluxTarget; track: InfluxTarget }): Draft<GeomapPanel> => ({
  type: 'geomap',
  title: asked.title,
  ...(asked.description !== undefined && { description: asked.description }),
  datasource: historySource,
  interval: '60s',
  targets: [asked.positions, asked.track],
  fieldConfig: { defaults: { noValue: both('无数据', 'No data') }, overrides: [] },
  options: {
    view: { id: 'fit', allLayers: true, padding: 10, maxZoom: 16, shared: false },
    controls: { showZoom: true, mouseWheelZoom: true, showAttribution: true, showScale: true, showDebug: false },
    basemap: { type: 'default', name: both('底图', 'Base map'), config: {} },
    layers: [
      {
        type: 'markers',
        name: both('行驶轨迹', 'Track'),
        filterData: { id: 'byRefId', options: asked.track.refId },
        location: coordinates,
        tooltip: true,
        config: { showLegend: false, style: { size: { fixed: 2, min: 2, max: 4 }, opacity: 0.5, color: { fixed: grey } } },
      },
      {
        type: 'markers',
        name: both('车辆', 'Vehicles'),
        filterData: { id: 'byRefId', options: asked.positions.refId },
        location: coordinates,
        tooltip: true,
        config: {
          showLegend: false,
          style: {
            size: { fixed: 8, min: 6, max: 12 },
            opacity: 1,
            color: { fixed: levelColours.blue },
            symbol: { mode: 'fixed', fixed: 'img/icons/marker/triangle.svg' },
            rotation: { field: 'headingDeg', mode: 'mod', min: -360, max: 360, fixed: 0 },
            text: { mode: 'field', field: 'device', fixed: '' },
            textConfig: { fontSize: 12, offsetX: 0, offsetY: 14, textAlign: 'center', textBaseline: 'middle' },
          },
        },
      },
    ],
    tooltip: { mode: 'details' },
  },
  size: { w: asked.w ?? 24, h: asked.h ?? 14 },
})
