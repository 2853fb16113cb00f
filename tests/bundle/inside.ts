import { execFile, spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What somebody does with an unpacked bundle, by nothing but what is in it. Run by bundle-test.ts; needs only Node itself. */
const [installed, home] = process.argv.slice(2) as [string, string]
const program = join(installed, 'watchfire')
const password = 'correct horse battery staple'
const env = {
  PATH: '/nonexistent',
  WATCHFIRE_DATA_DIR: join(home, 'data'),
  WATCHFIRE_HTTP_PORT: '0',
  WATCHFIRE_MQTT_PORT: '0',
  WATCHFIRE_ADMIN_PASSWORD: password,
}
const say = (text: string) => process.stdout.write(`  ${text}\n`)
const run = async (...args: string[]) => (await promisify(execFile)(program, args, { env, cwd: home })).stdout.trim()
function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`)
  say(what)
}

const outside = await new Promise<string>((resolve) => {
  connect({ host: '192.0.2.1', port: 80 })
    .once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''))
    .once('connect', () => resolve('connected'))
})
check(
  outside === 'ENETUNREACH',
  `there is no way out (${outside}), and ${readFileSync('/proc/net/route', 'utf8').trim().split('\n').length - 1} routes`,
)
let writable = true
try {
  accessSync(installed, constants.W_OK)
} catch {
  writable = false
}
say(
  `user ${process.getuid?.()}, may write to what is installed: ${writable ? 'yes' : 'no'}, Node ${process.versions.node} of the bundle`,
)

const began = performance.now()
const platform = spawn(program, ['start'], { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] })
let said = ''
let logged = ''
platform.stderr.on('data', (chunk: Buffer) => (logged += chunk))
const ended = new Promise<number | null>((resolve) => platform.once('exit', resolve))
await new Promise<void>((resolve, reject) => {
  platform.stdout.on('data', (chunk: Buffer) => {
    said += chunk
    if (said.includes('watchfire ready\n')) resolve()
  })
  void ended.then((code) => reject(new Error(`it ended with ${code} before it was ready:\n${logged}`)))
})
say(`ready after ${Math.round(performance.now() - began)} ms`)
const address = (name: string) => new RegExp(`^listening ${name} (\\S+)$`, 'm').exec(said)![1]!

try {
  const { token: session } = await call<{ token: string }>('POST', '/session', { username: 'admin', password })
  const enterprise = await call<{ id: string }>('POST', '/enterprises', { name: '离线厂', region: '370102' }, session)
  const body = { enterpriseId: enterprise.id, kind: 'gas-detector', name: 'GAS-01' }
  const device = await call<{ id: string; token: string }>('POST', '/devices', body, session)
  await run('send', '{"combustibleLel":60}', '--token', device.token, '--url', address('mqtt'))
  const query = `device=${device.id}&metric=combustibleLel&from=0&to=4102444800000`
  const { series } = await call<{ series: { points: [number, number][] }[] }>('GET', `/readings?${query}`, undefined, session)
  check(series[0]?.points[0]?.[1] === 60, 'a reading published over the loopback is in history')
  const { alarms } = await call<{ alarms: { level: string }[] }>('GET', '/alarms', undefined, session)
  check(
    alarms.some(({ level }) => level === 'red'),
    'it raised a red alarm',
  )
  const page = await fetch(`${address('http')}/login`)
  check(page.status === 200 && (await page.text()).includes('<script'), 'the login page is served')
  const ready = await fetch(`${address('http')}/readyz`)
  check(ready.status === 200, `/readyz: ${((await ready.json()) as { status: string }).status}`)
  say((await run('backup', join(home, 'backup'))).replaceAll(home, ''))
  say((await run('backup', '--verify', join(home, 'backup'))).replaceAll(home, ''))
  say((await run('doctor', '--lang', 'en')).split('\n')[0]!.replaceAll(home, ''))
} finally {
  platform.kill('SIGTERM')
}
check((await ended) === 0, 'SIGTERM ends it with 0')

async function call<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
  const answer = await fetch(`${address('http')}/api/v1${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}
