import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { parse as parseYaml } from 'yaml'
import { coordinateSystems, type CoordinateSystem } from './core/basemap.ts'
import { BadSetting } from './core/errors.ts'
import { CHANNEL_SECRET, takeChannels, type ChannelSettings } from './channel-settings.ts'
import { levels, type Level } from './core/level.ts'
import type { Mode } from './core/mode.ts'
import {
  commandLine,
  flag,
  hostName,
  httpUrl,
  integer,
  modeList,
  mode,
  oneOf,
  optional,
  password,
  port,
  roleList,
  secret,
  serverUrl,
  text,
  tileUrl,
  timeZone,
  type Reader,
} from './setting-readers.ts'

type Setting<T> = { env: string; read: Reader<T>; fallback: T; example: string; says: string }

const setting = <T>(env: string, read: Reader<T>, fallback: T, example: string, says: string): Setting<T> => ({
  env,
  read,
  fallback,
  example,
  says,
})

/** Every setting there is: its variable (environment wins over watchfire.yaml), how it is read, what it is without one. */
export const settingsTable = {
  dataDir: setting('WATCHFIRE_DATA_DIR', text, './data', '/var/lib/watchfire', 'everything embedded lives here'),
  host: setting(
    'WATCHFIRE_HOST',
    hostName,
    '127.0.0.1',
    '0.0.0.0',
    'address all listeners bind; a public one needs TLS or WATCHFIRE_INSECURE=1',
  ),
  insecure: setting('WATCHFIRE_INSECURE', flag, false, '1', 'listen on a public address without TLS'),
  httpPort: setting(
    'WATCHFIRE_HTTP_PORT',
    port,
    8080 as number | null,
    '8080',
    'pages, API, live feed, MQTT over WebSocket at /mqtt',
  ),
  mqttPort: setting('WATCHFIRE_MQTT_PORT', port, 1883 as number | null, '1883', 'MQTT over TCP'),
  mqttsPort: setting('WATCHFIRE_MQTTS_PORT', port, 8883 as number | null, '8883', 'MQTT over TLS; closed without a certificate'),
  jt808Port: setting(
    'WATCHFIRE_JT808_PORT',
    port,
    null as number | null,
    '6808',
    'JT/T 808 vehicles: not in this version, the port stays closed',
  ),
  gb26875Port: setting(
    'WATCHFIRE_GB26875_PORT',
    port,
    null as number | null,
    '5200',
    'GB/T 26875 fire panels: not in this version, the port stays closed',
  ),
  hj212Port: setting(
    'WATCHFIRE_HJ212_PORT',
    port,
    null as number | null,
    '6212',
    'HJ 212 stations: not in this version, the port stays closed',
  ),
  tlsCert: setting(
    'WATCHFIRE_TLS_CERT',
    optional(text),
    null,
    '/etc/watchfire/cert.pem',
    'certificate (PEM file); turns on HTTPS and MQTTS',
  ),
  tlsKey: setting(
    'WATCHFIRE_TLS_KEY',
    optional(text),
    null,
    '/etc/watchfire/key.pem',
    'private key (PEM file) of the certificate',
  ),
  adminPassword: setting(
    'WATCHFIRE_ADMIN_PASSWORD',
    optional(password),
    null,
    'a long sentence',
    'password of `admin` at the first start, at least 8 characters; random without it',
  ),
  mode: setting('WATCHFIRE_MODE', mode, 'live' as Mode, 'live', "the deployment's own mode"),
  store: setting(
    'WATCHFIRE_STORE',
    oneOf(['embedded', 'influx'] as const),
    'embedded' as 'embedded' | 'influx',
    'influx',
    'where history is kept: on this machine alone, or for long in InfluxDB (docs/influxdb.md)',
  ),
  influxUrl: setting(
    'WATCHFIRE_INFLUX_URL',
    optional(serverUrl),
    null,
    'http://127.0.0.1:8086',
    'InfluxDB, for WATCHFIRE_STORE=influx',
  ),
  influxBucket: setting('WATCHFIRE_INFLUX_BUCKET', optional(text), null, 'watchfire', 'its bucket; in 1.x the database'),
  influxOrg: setting('WATCHFIRE_INFLUX_ORG', optional(text), null, 'county', 'its organisation (2.x)'),
  influxToken: setting('WATCHFIRE_INFLUX_TOKEN', optional(text), null, 'a token that may read and write', 'its token (2.x, 3.x)'),
  influxUser: setting('WATCHFIRE_INFLUX_USER', optional(text), null, 'watchfire', 'its user (1.x with authentication)'),
  influxPassword: setting('WATCHFIRE_INFLUX_PASSWORD', optional(text), null, 'a long sentence', "that user's password"),
  influxDialect: setting(
    'WATCHFIRE_INFLUX_DIALECT',
    oneOf(['v2', 'v1'] as const),
    'v2' as 'v1' | 'v2',
    'v1',
    'how it is written to: v2 is /api/v2/write (2.x, 3.x, VictoriaMetrics), v1 is /write?db= (1.x)',
  ),
  embeddedDays: setting(
    'WATCHFIRE_EMBEDDED_DAYS',
    integer(1, 36_500, '30'),
    30,
    '30',
    'with WATCHFIRE_STORE=influx: how long readings also stay on this machine',
  ),
  logLevel: setting(
    'WATCHFIRE_LOG_LEVEL',
    oneOf(['debug', 'info', 'warn', 'error'] as const),
    'info' as 'debug' | 'info' | 'warn' | 'error',
    'info',
    'what is logged on stderr',
  ),
  zone: setting('WATCHFIRE_ZONE', timeZone, 'Asia/Shanghai', 'Asia/Shanghai', 'time zone of pages and of day boundaries'),
  jurisdiction: setting('WATCHFIRE_JURISDICTION', text, '烽燧', '滨江县应急管理局', 'the name in the status bar of the wall'),
  packsDir: setting(
    'WATCHFIRE_PACKS_DIR',
    optional(text),
    null,
    '/etc/watchfire/packs',
    'a folder of rule packs beside the ones that ship; same ids replace ours',
  ),
  mapDir: setting(
    'WATCHFIRE_MAP_DIR',
    optional(text),
    null,
    '/var/lib/watchfire-map',
    'a folder of GeoJSON and PMTiles files that maps are drawn on; without it a fictional district',
  ),
  mapSystem: setting(
    'WATCHFIRE_MAP_SYSTEM',
    oneOf(coordinateSystems),
    'wgs84' as CoordinateSystem,
    'gcj02',
    'coordinate system of that folder; gcj02 is turned back to WGS-84 before anything is drawn',
  ),
  mapAttribution: setting(
    'WATCHFIRE_MAP_ATTRIBUTION',
    optional(text),
    null,
    '© OpenStreetMap contributors, ODbL 1.0',
    'shown on the map beside what the files say themselves',
  ),
  mapApproval: setting(
    'WATCHFIRE_MAP_APPROVAL',
    optional(text),
    null,
    'GS(2024)0650',
    'map approval number 审图号, shown on the map',
  ),
  mapTilesUrl: setting(
    'WATCHFIRE_MAP_TILES_URL',
    optional(tileUrl),
    null,
    'https://t0.tianditu.gov.cn/DataServer?T=vec_w&x={x}&y={y}&l={z}&tk={key}',
    'online pictures (天地图, WMTS) over the folder, in Web Mercator and WGS-84 or CGCS2000; fetched by the server, never by browsers',
  ),
  mapTilesKey: setting('WATCHFIRE_MAP_TILES_KEY', optional(text), null, 'a key', 'takes the place of {key} in that address'),
  webhookUrl: setting(
    'WATCHFIRE_WEBHOOK_URL',
    optional(httpUrl),
    null,
    'https://example.org/hook',
    'alarm changes are posted here, signed',
  ),
  webhookSecret: setting(
    'WATCHFIRE_WEBHOOK_SECRET',
    optional(secret),
    null,
    'a long random string',
    'at least 16 characters: key of the HMAC-SHA256 signature of what is posted',
  ),
  webhookAllowLoopback: setting(
    'WATCHFIRE_WEBHOOK_ALLOW_LOOPBACK',
    flag,
    false,
    '1',
    'allow a webhook on this machine or its local network',
  ),
  publicUrl: setting(
    'WATCHFIRE_PUBLIC_URL',
    optional(httpUrl),
    null as string | null,
    'https://watchfire.example.org',
    'where people open the pages; links in messages lead there',
  ),
  webhookModes: setting(
    'WATCHFIRE_WEBHOOK_MODES',
    optional(modeList),
    null,
    'live,drill',
    "modes whose alarms are posted; without it only the deployment's own",
  ),
  webhookMinLevel: setting(
    'WATCHFIRE_WEBHOOK_MIN_LEVEL',
    oneOf(levels),
    'yellow' as Level,
    'orange',
    'alarms below this level are not posted',
  ),
  metricsToken: setting(
    'WATCHFIRE_METRICS_TOKEN',
    optional(text),
    null,
    'a long random string',
    '/metrics asks for it off loopback',
  ),
  grafanaUrl: setting(
    'WATCHFIRE_GRAFANA_URL',
    optional(httpUrl),
    null,
    'https://grafana.example.org',
    'where people open Grafana: alarms on the duty desk link to its dashboards',
  ),
  voiceCommand: setting(
    'WATCHFIRE_VOICE_COMMAND',
    optional(commandLine),
    null,
    'espeak-ng -v cmn -w {file} {text}',
    'a program on this machine that speaks for walls: {text} or stdin is said, {file} or stdout is the WAV, {lang} is zh or en',
  ),
  rulesTwoPersons: setting(
    'WATCHFIRE_RULES_TWO_PERSONS',
    flag,
    false,
    '1',
    'a rule changes only when a second person approves a proposal; PUT and DELETE of rules are refused',
  ),
  secondFactorRoles: setting(
    'WATCHFIRE_SECOND_FACTOR_ROLES',
    roleList,
    [],
    'admin,supervisor',
    'roles whose logins need a code of an authenticator besides the password; who has none sets it up first',
  ),
  personalDataDays: setting(
    'WATCHFIRE_PERSONAL_DATA_DAYS',
    integer(1, 36_500, '180'),
    180,
    '180',
    'so long after a user was shut out their name, contact and secrets are deleted; the id stays in the record',
  ),
  journalMaxMb: setting(
    'WATCHFIRE_JOURNAL_MAX_MB',
    integer(64, 10_000_000, '20480'),
    20_480,
    '20480',
    'most disk the journal of readings takes (MiB)',
  ),
  journalMaxDays: setting(
    'WATCHFIRE_JOURNAL_MAX_DAYS',
    integer(1, 3650, '7'),
    7,
    '7',
    'how long the journal keeps readings (history keeps them longer)',
  ),
  historyDays: setting('WATCHFIRE_HISTORY_DAYS', integer(1, 36_500, '400'), 400, '400', 'how long history keeps raw readings'),
  historyMinuteDays: setting(
    'WATCHFIRE_HISTORY_MINUTE_DAYS',
    integer(0, 36_500, '1100'),
    1_100,
    '1100',
    'how long after that sums by the minute are kept, counted from now; 0: none',
  ),
  historyHourDays: setting(
    'WATCHFIRE_HISTORY_HOUR_DAYS',
    integer(0, 36_500, '3650'),
    3_650,
    '3650',
    'how long after that sums by the hour are kept, counted from now; 0: none',
  ),
  maxPacketKb: setting('WATCHFIRE_MAX_PACKET_KB', integer(1, 262_144, '256'), 256, '256', 'largest MQTT packet (KiB)'),
  maxMessagesPerSecond: setting(
    'WATCHFIRE_MAX_MESSAGES_PER_SECOND',
    integer(1, 10_000_000, '10000'),
    10_000,
    '10000',
    "a device's rate; above it its socket is paused",
  ),
  maxConnectionsPerEnterprise: setting(
    'WATCHFIRE_MAX_CONNECTIONS_PER_ENTERPRISE',
    integer(1, 1_000_000, '20000'),
    20_000,
    '20000',
    'connections one enterprise may hold',
  ),
  flushLedger: setting(
    'WATCHFIRE_FLUSH_LEDGER',
    flag,
    false,
    '1',
    'write down how far the disk has been flushed (for the power-cut test)',
  ),
} satisfies Record<string, Setting<unknown>>

type Table = typeof settingsTable
export type Settings = { -readonly [K in keyof Table]: Table[K]['fallback'] extends infer T ? T : never } & {
  /** the one section with lines of its own (docs/channels.md) */
  channels?: ChannelSettings
}

/**
 * Settings from `watchfire.yaml` (if the file exists) and the environment, which wins. Raises `BadSetting` naming the
 * setting, what is wrong and an example. `warnings` are for names nobody knows, which are mostly typing errors.
 */
export function readSettings(env: NodeJS.ProcessEnv, yamlFile: string): { settings: Settings; warnings: string[] } {
  const table = settingsTable as Record<string, Setting<unknown>>
  const { channels, ...fromFile } = takeChannels(readYaml(yamlFile), env)
  const names = new Map(Object.entries(table).map(([name, { env }]) => [env, name]))
  const unknown = Object.keys(fromFile).find((name) => !Object.hasOwn(table, name))
  if (unknown !== undefined) {
    throw new BadSetting(`${yamlFile} sets ${unknown}, which is not a setting; known are ${Object.keys(table).join(', ')}`, {
      setting: unknown,
    })
  }
  const settings: Record<string, unknown> = {}
  for (const [name, one] of Object.entries(table)) {
    const given = env[one.env]
    if (given !== undefined) settings[name] = readOne(one, given, one.env, `${one.env}=${one.example}`)
    else if (Object.hasOwn(fromFile, name)) settings[name] = fromYaml(one, fromFile[name], name)
    else settings[name] = one.fallback
  }
  const checked = settings as Settings
  checkTogether(checked)
  const warnings = Object.keys(env)
    .filter((variable) => variable.startsWith('WATCHFIRE_') && !variable.startsWith(CHANNEL_SECRET) && !names.has(variable))
    .map((variable) => `${variable} is not a setting and has no effect`)
  return { settings: { ...checked, dataDir: resolve(checked.dataDir), ...(channels && { channels }) }, warnings }
}

function readOne({ read }: Setting<unknown>, value: string, name: string, example: string): unknown {
  if (value.trim() === '' && !read.mayBeEmpty)
    throw new BadSetting(`${name} is empty: leave it out or give a value; for example ${example}`, { setting: name })
  return read(value.trim() === '' ? '' : value, name)
}

/** What YAML made of the line: nothing, text, or something that only looks like text. The value itself is not repeated. */
function fromYaml(one: Setting<unknown>, value: unknown, name: string): unknown {
  const example = `${name}: ${JSON.stringify(one.example)}`
  if (value === null && one.read.mayBeEmpty) return one.fallback
  if (typeof value === 'object' && value !== null)
    throw new BadSetting(`${name} is a list or a group of lines, and it takes one value; for example ${example}`, {
      setting: name,
    })
  const kind = typeof value as 'string' | 'number' | 'boolean'
  if (value !== null && kind !== 'string' && !one.read.takes?.includes(kind))
    throw new BadSetting(`${name} is read as a ${kind}, and it takes text: put it in quotes; for example ${example}`, {
      setting: name,
    })
  return readOne(one, value === null ? '' : String(value), name, example)
}

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

function checkTogether(settings: Settings): void {
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

function readYaml(file: string): Record<string, unknown> {
  let source: string
  try {
    source = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new BadSetting(`${file} cannot be read: ${(error as Error).message}`)
  }
  try {
    const value: unknown = parseYaml(source, { schema: 'core', maxAliasCount: 0 })
    if (value === null || value === undefined) return {}
    if (typeof value !== 'object' || Array.isArray(value)) throw new Error('it must be a list of `name: value` lines')
    return value as Record<string, unknown>
  } catch (error) {
    throw new BadSetting(`${file}: ${(error as Error).message.split('\n')[0]}`)
  }
}
