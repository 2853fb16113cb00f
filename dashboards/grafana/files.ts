import { stringify } from 'yaml'
import { boards } from './boards/index.ts'
import { dashboardProviders, passwordSources, tokenSources } from './sources.ts'

const yaml = (says: string, value: unknown) =>
  `# Written by npm run grafana from dashboards/grafana/sources.ts. ${says}\n${stringify(value, { lineWidth: 0 })}`

/** Everything Grafana is given, by its path in dashboards/grafana. */
export const grafanaFiles = (): Map<string, string> =>
  new Map([
    ['provisioning/datasources-password.yaml', yaml('InfluxDB 1.x, or 2.x with a 1.x-compatible user.', passwordSources)],
    ['provisioning/datasources-token.yaml', yaml('InfluxDB 2.x or 3.x with a token that only reads.', tokenSources)],
    ['provisioning/dashboards.yaml', yaml('Where the dashboards are.', dashboardProviders)],
    ...boards.map((board): [string, string] => [`json/${board.uid}.json`, `${JSON.stringify(board, null, 2)}\n`]),
  ])
