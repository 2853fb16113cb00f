/** The two data sources by the ids the dashboards name them with. */
export const historySource = { type: 'influxdb', uid: 'watchfire-history' } as const
export const metricsSource = { type: 'prometheus', uid: 'watchfire-metrics' } as const

type Source = Record<string, unknown>

/** `$NAME` is filled in from Grafana's own environment when it starts, so that no file holds a secret. */
const influx = (access: Source): Source => ({
  name: 'Watchfire 历史 History',
  ...historySource,
  access: 'proxy',
  url: '$WATCHFIRE_INFLUX_URL',
  isDefault: true,
  editable: false,
  ...access,
})

const prometheus: Source = {
  name: 'Watchfire 平台 Platform',
  ...metricsSource,
  access: 'proxy',
  url: '$WATCHFIRE_METRICS_URL',
  editable: false,
  jsonData: { httpMethod: 'POST', timeInterval: '15s' },
}

/**
 * With a user and a password: 1.x, or a 1.x-compatible user of 2.x, which can be made to read one bucket and no more. Whoever
 * may look at a dashboard may send any statement through its data source, `DROP MEASUREMENT` too: it must only read.
 */
export const passwordSources = {
  apiVersion: 1,
  datasources: [
    influx({
      user: '$WATCHFIRE_INFLUX_USER',
      jsonData: { version: 'InfluxQL', dbName: '$WATCHFIRE_INFLUX_BUCKET', httpMode: 'POST', timeInterval: '10s' },
      secureJsonData: { password: '$WATCHFIRE_INFLUX_PASSWORD' },
    }),
    prometheus,
  ],
}

/** With a token that reads the bucket (2.x, 3.x); InfluxQL reaches the bucket by its name. */
export const tokenSources = {
  apiVersion: 1,
  datasources: [
    influx({
      jsonData: {
        version: 'InfluxQL',
        dbName: '$WATCHFIRE_INFLUX_BUCKET',
        httpMode: 'POST',
        httpHeaderName1: 'Authorization',
        timeInterval: '10s',
      },
      secureJsonData: { httpHeaderValue1: 'Token $WATCHFIRE_INFLUX_TOKEN' },
    }),
    prometheus,
  ],
}

/** Where Grafana finds the dashboards; they are changed here and written again, not edited there. */
export const dashboardProviders = {
  apiVersion: 1,
  providers: [
    {
      name: 'watchfire',
      orgId: 1,
      type: 'file',
      folder: '烽燧 Watchfire',
      folderUid: 'watchfire',
      disableDeletion: true,
      allowUiUpdates: false,
      updateIntervalSeconds: 60,
      options: { path: '/etc/watchfire/dashboards' },
    },
  ],
}
