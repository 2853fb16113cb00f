import { stringify } from 'yaml'
import { boards } from './boards/index.ts'
import { dashboardProviders, influx1Sources, influx2Sources } from './sources.ts'

const yaml = (says: string, value: unknown) =>
  `# Written by npm run grafana from dashboards/grafana/sources.ts. ${says}\n${stringify(value, { lineWidth: 0 })}`

/** Everything Grafana is given, by its path in dashboards/grafana. */
export const grafanaFiles = (): Map<string, string> =>
  new Map([
    ['provisioning/datasources-influx2.yaml', yaml('InfluxDB 2.x and 3.x.', influx2Sources)],
    ['provisioning/datasources-influx1.yaml', yaml('InfluxDB 1.x.', influx1Sources)],
    ['provisioning/dashboards.yaml', yaml('Where the dashboards are.', dashboardProviders)],
    ...boards.map((board): [string, string] => [`json/${board.uid}.json`, `${JSON.stringify(board, null, 2)}\n`]),
  ])
