import type { IngestConfig } from './ingest/ingest.ts'
import type { Settings } from './settings.ts'

/** What ingest needs to send readings on to InfluxDB; undefined when history is kept on this machine alone. */
export function influxOf(settings: Settings): IngestConfig['influx'] {
  const { store, influxUrl: url, influxBucket: bucket, influxDialect: dialect, embeddedDays } = settings
  if (store !== 'influx' || url === null || bucket === null) return undefined
  const { influxOrg: org, influxToken: token, influxUser: user, influxPassword: password } = settings
  return {
    url,
    bucket,
    dialect,
    embeddedDays,
    ...(org !== null && { org }),
    ...(token !== null && { token }),
    ...(user !== null && { user }),
    ...(password !== null && { password }),
  }
}
