import type { Dashboard, DashboardLink, FieldConfig, FieldConfigSource, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common'
import type * as geomap from '@grafana/grafana-foundation-sdk/geomap'
import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus'
import type * as stat from '@grafana/grafana-foundation-sdk/stat'
import type * as stateTimeline from '@grafana/grafana-foundation-sdk/statetimeline'
import type * as table from '@grafana/grafana-foundation-sdk/table'
import type * as timeSeries from '@grafana/grafana-foundation-sdk/timeseries'

/*
 * Grafana's published schema as types. Only types are taken from the package: it is young (0.0.x), and its builders know no
 * InfluxDB. What is generated is therefore checked by tsc against Grafana's own schema, and nothing of it runs.
 */

/** A schema type as it stands in JSON: enums by their values, without the methods of the package's classes. */
export type Json<T> = 0 extends 1 & T
  ? unknown
  : T extends string
    ? string extends T
      ? T
      : `${T}`
    : T extends number
      ? number extends T
        ? T
        : `${T}` extends `${infer N extends number}`
          ? N
          : never
      : T extends (infer U)[]
        ? Json<U>[]
        : T extends object
          ? { [K in keyof T as K extends '_implementsDataqueryVariant' ? never : K]: Json<T[K]> }
          : T

/** A link at a value has only these of a dashboard link's properties; the published type is wrong there. */
export type DataLink = Pick<Json<DashboardLink>, 'title' | 'url' | 'targetBlank'>

/** InfluxDB is missing from the published types; these are the properties of an InfluxQL query written as text. */
export type InfluxTarget = {
  refId: string
  datasource: Json<DataSourceRef>
  rawQuery: true
  query: string
  resultFormat: 'time_series' | 'table'
  alias?: string
}
export type PrometheusTarget = Json<prometheus.Dataquery>

type Fields<Custom> = Omit<Json<FieldConfig>, 'custom' | 'links'> & { custom?: Custom; links?: DataLink[] }
type PanelOf<Type extends string, Options, Custom> = Omit<Json<Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'> & {
  type: Type
  options: Options
  fieldConfig: Omit<Json<FieldConfigSource>, 'defaults'> & { defaults: Fields<Custom> }
  targets: (InfluxTarget | PrometheusTarget)[]
}

export type TimeSeriesPanel = PanelOf<'timeseries', Json<timeSeries.Options>, Json<timeSeries.FieldConfig>>
export type StatPanel = PanelOf<'stat', Json<stat.Options>, never>
export type StateTimelinePanel = PanelOf<'state-timeline', Json<stateTimeline.Options>, Json<stateTimeline.FieldConfig>>
export type TablePanel = PanelOf<'table', Json<table.Options>, Json<table.FieldConfig>>
export type GeomapPanel = PanelOf<'geomap', Json<geomap.Options>, never>
export type AnyPanel = TimeSeriesPanel | StatPanel | StateTimelinePanel | TablePanel | GeomapPanel

export type Board = Omit<Json<Dashboard>, 'panels' | 'uid' | 'title'> & { uid: string; title: string; panels: AnyPanel[] }
export type Variable = NonNullable<Board['templating']['list']>[number]
export type Thresholds = NonNullable<Json<FieldConfig>['thresholds']>
export type ValueMapping = NonNullable<Json<FieldConfig>['mappings']>[number]
