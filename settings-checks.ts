import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { BadSetting } from './core/errors.ts'
import type { Settings } from './settings-table.ts'

const loopback = /^(127\.|::1$|localhost$)/

/** Only this machine can reach an address like this. */
export const isLoopbackHost = (host: string): boolean => loopback.test(host)

/** Two files of whatever content would otherwise be found out by the first listener, in OpenSSL's words. */
function checkPair(cert: string, key: string): void {
  const wrong = (options: { cert?: Buffer; key?: Buffer }): string | null => {
    try {
      createSecureContext(options)
      return null
    } catch (error) {
      return (error as Error).message
    }
  }
  const bytes = { cert: readFileSync(cert), key: readFileSync(key) }
  const what = (reason: string) => `(${reason}); give a PEM file`
  const ofCert = wrong({ cert: bytes.cert })
  if (ofCert !== null)
    throw new BadSetting(`WATCHFIRE_TLS_CERT names ${cert}, which is no certificate ${what(ofCert)}`, {
      setting: 'WATCHFIRE_TLS_CERT',
    })
  const ofKey = wrong({ key: bytes.key })
  if (ofKey !== null)
    throw new BadSetting(`WATCHFIRE_TLS_KEY names ${key}, which is no private key without a pass phrase ${what(ofKey)}`, {
      setting: 'WATCHFIRE_TLS_KEY',
    })
  if (wrong(bytes) !== null)
    throw new BadSetting(
      `WATCHFIRE_TLS_KEY names ${key}, which is not the key of the certificate ${cert}: give the two of one pair`,
      {
        setting: 'WATCHFIRE_TLS_KEY',
      },
    )
}

/** What each setting for itself cannot tell: that two belong together, that a file is what it should be. */
export function checkTogether(settings: Settings): void {
  if ((settings.tlsCert === null) !== (settings.tlsKey === null)) {
    throw new BadSetting('WATCHFIRE_TLS_CERT and WATCHFIRE_TLS_KEY belong together: set both or neither')
  }
  for (const [name, file] of [
    ['WATCHFIRE_TLS_CERT', settings.tlsCert],
    ['WATCHFIRE_TLS_KEY', settings.tlsKey],
  ] as const) {
    if (file === null) continue
    try {
      readFileSync(file)
    } catch (error) {
      throw new BadSetting(
        `${name} names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}); give a PEM file`,
        { setting: name },
      )
    }
  }
  if (settings.tlsCert !== null && settings.tlsKey !== null) checkPair(settings.tlsCert, settings.tlsKey)
  if (!isLoopbackHost(settings.host) && settings.tlsCert === null && !settings.insecure) {
    throw new BadSetting(
      `WATCHFIRE_HOST is ${settings.host}, which others can reach, but there is no TLS: set WATCHFIRE_TLS_CERT and WATCHFIRE_TLS_KEY, or accept it with WATCHFIRE_INSECURE=1`,
      { setting: 'WATCHFIRE_HOST' },
    )
  }
  if ((settings.webhookUrl === null) !== (settings.webhookSecret === null)) {
    throw new BadSetting('WATCHFIRE_WEBHOOK_URL and WATCHFIRE_WEBHOOK_SECRET belong together: what is posted is always signed')
  }
  if (settings.mapTilesUrl?.includes('{key}') && settings.mapTilesKey === null) {
    throw new BadSetting('WATCHFIRE_MAP_TILES_URL has {key} in it, which needs WATCHFIRE_MAP_TILES_KEY', {
      setting: 'WATCHFIRE_MAP_TILES_KEY',
    })
  }
  if (settings.mapDir !== null && !statSync(settings.mapDir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new BadSetting(
      `WATCHFIRE_MAP_DIR names ${settings.mapDir}, which is no folder; for example WATCHFIRE_MAP_DIR=/var/lib/watchfire-map`,
      { setting: 'WATCHFIRE_MAP_DIR' },
    )
  }
  if (settings.store === 'influx' && (settings.influxUrl === null || settings.influxBucket === null)) {
    const missing = settings.influxUrl === null ? 'WATCHFIRE_INFLUX_URL' : 'WATCHFIRE_INFLUX_BUCKET'
    throw new BadSetting(
      `WATCHFIRE_STORE is influx, which needs ${missing}; for example WATCHFIRE_INFLUX_URL=http://127.0.0.1:8086 WATCHFIRE_INFLUX_BUCKET=watchfire`,
      { setting: missing },
    )
  }
  if (settings.httpPort === null)
    throw new BadSetting(
      'WATCHFIRE_HTTP_PORT cannot be off: without it nobody sees an alarm; for example 8080, or 0 for a free one',
    )
}
