import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDataDir } from '../operate/data-dir.ts'
import { readSettings, settingsTable } from '../settings.ts'

const dir = () => mkdtempSync(join(tmpdir(), 'watchfire-settings-'))
const read = (env: Record<string, string>, yaml = '') => {
  const file = join(dir(), 'watchfire.yaml')
  if (yaml) writeFileSync(file, yaml)
  return readSettings(env, file)
}

test('without any setting the platform listens on loopback, on the ports of the contract', () => {
  const { settings, warnings } = read({})
  expect(settings).toMatchObject({
    host: '127.0.0.1',
    httpPort: 8080,
    mqttPort: 1883,
    mqttsPort: 8883,
    mode: 'live',
    store: 'embedded',
  })
  expect(warnings).toEqual([])
})

test('the environment wins over the file', () => {
  const { settings } = read({ WATCHFIRE_HTTP_PORT: '0' }, 'httpPort: 9000\nmqttPort: off\nzone: Europe/Berlin\n')
  expect(settings).toMatchObject({ httpPort: 0, mqttPort: null, zone: 'Europe/Berlin' })
})

test.each([
  [{ WATCHFIRE_HTTP_PORT: '70000' }, /WATCHFIRE_HTTP_PORT is "70000".*for example WATCHFIRE_HTTP_PORT=8080/],
  [{ WATCHFIRE_HTTP_PORT: 'off' }, /cannot be off/],
  [{ WATCHFIRE_MODE: 'production' }, /live, drill, test or simulated/],
  [{ WATCHFIRE_ZONE: 'Mars/Olympus' }, /time zone/],
  [{ WATCHFIRE_STORE: 'files' }, /must be one of embedded/],
  [{ WATCHFIRE_STORE: 'influx' }, /needs WATCHFIRE_INFLUX_URL/],
  [{ WATCHFIRE_TLS_CERT: '/nowhere/cert.pem' }, /belong together/],
  [
    { WATCHFIRE_TLS_CERT: '/nowhere/cert.pem', WATCHFIRE_TLS_KEY: '/nowhere/key.pem' },
    /WATCHFIRE_TLS_CERT names \/nowhere\/cert.pem, which cannot be read/,
  ],
  [{ WATCHFIRE_HOST: '0.0.0.0' }, /others can reach.*WATCHFIRE_INSECURE=1/],
  [{ WATCHFIRE_WEBHOOK_URL: 'ftp://x', WATCHFIRE_WEBHOOK_SECRET: 's' }, /http or https/],
  [{ WATCHFIRE_WEBHOOK_URL: 'https://example.org' }, /always signed/],
  [{ WATCHFIRE_JOURNAL_MAX_DAYS: '-1' }, /whole number from 1 to 3650/],
] as [Record<string, string>, RegExp][])(
  'a setting that makes no sense stops the start and says which, why and an example: %o',
  (env, message) => {
    expect(() => read(env)).toThrow(message)
  },
)

test('certificate and key that are none, or not of one pair, stop the start and say which', () => {
  const folder = dir()
  const at = (name: string) => join(folder, name)
  for (const name of ['a', 'b'])
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'],
        ...['-days', '2', '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)],
      ],
      { stdio: 'ignore' },
    )
  writeFileSync(at('text'), 'no PEM')
  const tls = (cert: string, key: string) => () => read({ WATCHFIRE_TLS_CERT: at(cert), WATCHFIRE_TLS_KEY: at(key) })
  expect(tls('a.pem', 'a.key')().settings).toMatchObject({ tlsCert: at('a.pem') })
  expect(tls('text', 'a.key')).toThrow(/^WATCHFIRE_TLS_CERT names .*text, which is no certificate/)
  expect(tls('a.pem', 'text')).toThrow(/^WATCHFIRE_TLS_KEY names .*text, which is no private key/)
  expect(tls('a.pem', 'b.key')).toThrow(/^WATCHFIRE_TLS_KEY names .*b.key, which is not the key of the certificate/)
})

test('a name nobody knows stops the start in the file and is a warning in the environment', () => {
  expect(() => read({}, 'htpPort: 1\n')).toThrow(/sets htpPort, which is not a setting/)
  expect(read({ WATCHFIRE_HTPP_PORT: '1' }).warnings).toEqual(['WATCHFIRE_HTPP_PORT is not a setting and has no effect'])
})

test('an empty line of the file is an error where there must be a value, and the default where there need be none', () => {
  for (const [name, { fallback, read: reader }] of Object.entries(settingsTable)) {
    for (const line of [`${name}:\n`, `${name}: null\n`, `${name}: ''\n`, `${name}: '  '\n`]) {
      if (reader.mayBeEmpty) expect(read({}, line).settings[name as 'mode']).toEqual(fallback)
      else expect(() => read({}, line), line).toThrow(new RegExp(`^${name} is empty.*for example ${name}: `))
    }
  }
  expect(() => read({ WATCHFIRE_DATA_DIR: ' ' })).toThrow(/^WATCHFIRE_DATA_DIR is empty.*WATCHFIRE_DATA_DIR=\/var/)
})

test('a value of the file that YAML reads as something else is refused, not turned into text', () => {
  for (const [name, { read: reader }] of Object.entries(settingsTable)) {
    expect(() => read({}, `${name}: [1]\n`)).toThrow(/is a list or a group of lines/)
    expect(() => read({}, `${name}:\n  a: 1\n`)).toThrow(/is a list or a group of lines/)
    if (!reader.takes?.includes('boolean')) expect(() => read({}, `${name}: true\n`), name).toThrow(/read as a boolean/)
    if (!reader.takes?.includes('number')) expect(() => read({}, `${name}: 01234567\n`), name).toThrow(/read as a number/)
  }
  expect(() => read({}, 'adminPassword: 01234567\n')).not.toThrow(/1234567/)
  expect(read({}, 'adminPassword: "01234567"\ninsecure: true\n').settings).toMatchObject({
    adminPassword: '01234567',
    insecure: true,
  })
})

test.each([
  'http://me:hunter2@',
  'htp://me:hunter2@example.org/x',
  'https://me:hunter2@example.org/x',
  'https://hunter2@a.example',
])('what is said about the webhook address %s does not repeat its password', (url) => {
  const said = (() => {
    try {
      read({ WATCHFIRE_WEBHOOK_URL: url, WATCHFIRE_WEBHOOK_SECRET: 'x'.repeat(16) })
      return ''
    } catch (error) {
      return (error as Error).message
    }
  })()
  expect(said).toMatch(/^WATCHFIRE_WEBHOOK_URL (is not an http|has a user or a password).*https:\/\/example.org\/hook$/)
  expect(said).not.toContain('hunter2')
})

test('a short webhook secret stops the start and is not repeated', () => {
  const short = { WATCHFIRE_WEBHOOK_URL: 'https://a.example', WATCHFIRE_WEBHOOK_SECRET: 'fifteen-letters' }
  expect(() => read(short)).toThrow(/^WATCHFIRE_WEBHOOK_SECRET is too short.*16 characters/)
  expect(() => read(short)).not.toThrow(/fifteen-letters/)
})

test('a file that is not YAML is named', () => {
  expect(() => read({}, 'httpPort: [1\n')).toThrow(/watchfire\.yaml: /)
  expect(() => read({}, '- 1\n')).toThrow(/name: value/)
})

test('demo data and real data never share a folder, and a newer format is not touched', () => {
  const real = dir()
  openDataDir(real, false)
  openDataDir(real, false)
  expect(() => openDataDir(real, true)).toThrow(/holds real data/)
  const demo = dir()
  openDataDir(demo, true)
  expect(() => openDataDir(demo, false)).toThrow(/holds demo data/)
  writeFileSync(join(real, 'format.json'), '{"format":99,"demo":false}')
  expect(() => openDataDir(real, false)).toThrow(/format 99/)
  writeFileSync(join(real, 'format.json'), '{')
  expect(() => openDataDir(real, false)).toThrow(/cannot be read/)
})

test('a data folder that cannot be one is named, with its setting', () => {
  const file = join(dir(), 'a-file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'below')]) {
    expect(() => openDataDir(path, false)).toThrow(/a-file.* cannot be used as the data folder.*WATCHFIRE_DATA_DIR/)
  }
})
