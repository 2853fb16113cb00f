import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * `npm test`: everything that proves the platform. Programs the tests talk to (a browser, MQTT clients, a tracer) come from
 * Debian; what is missing is installed when this machine lets us, else the one line to run is printed and the suites that
 * could not run are named. With CI=true a missing program is a failure.
 */
type Need = { program: string; packages: string[]; suites: string }

const needs: Need[] = [
  { program: 'chromium', packages: ['chromium', 'fonts-noto-cjk'], suites: 'browser' },
  { program: 'mosquitto_pub', packages: ['mosquitto-clients'], suites: 'flow: first reading by mosquitto_pub' },
  { program: 'strace', packages: ['strace'], suites: 'chaos: acknowledged is on disk' },
  { program: 'openssl', packages: ['openssl'], suites: 'certificates' },
  { program: 'influxd', packages: ['influxdb'], suites: 'history in InfluxDB, Grafana on it' },
  { program: 'victoria-metrics', packages: ['victoria-metrics'], suites: 'history in VictoriaMetrics, Grafana on the metrics' },
]

const steps: { name: string; command: string[] }[] = [
  { name: 'lint', command: ['eslint', '.'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'types: core without platform types', command: ['tsc', '-p', 'core'] },
  { name: 'types: platform', command: ['tsc'] },
  { name: 'types: pages', command: ['vue-tsc', '-p', 'dashboards'] },
  { name: 'pages', command: ['vite', 'build', 'dashboards', '--logLevel', 'warn'] },
  { name: 'docs: tables match the schemas', command: ['node', 'docs/tables.ts', '--check'] },
  { name: 'architecture, unit', command: ['vitest', 'run', '--project', 'unit'] },
  { name: 'flow, chaos', command: ['vitest', 'run', '--project', 'flow'] },
  { name: 'browser', command: ['vitest', 'run', '--project', 'browser'] },
]

const ci = process.env['CI'] === 'true'
const say = (text: string) => process.stdout.write(`${text}\n`)

function has(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Programs that are still missing after trying to install them. */
function provide(): Need[] {
  const missing = needs.filter(({ program }) => !has(program))
  if (missing.length === 0) return []
  const packages = missing.flatMap(({ packages }) => packages)
  const line = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
  const mayInstall = existsSync('/usr/bin/apt-get') && process.getuid?.() === 0
  if (mayInstall) {
    say(`tests need ${missing.map(({ program }) => program).join(', ')}: ${line}`)
    spawnSync('sh', ['-c', line], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  } else {
    say(`tests need programs that are not here. Install them with:\n  sudo sh -c '${line}'`)
  }
  return needs.filter(({ program }) => !has(program))
}

const absent = provide()
for (const { program, suites } of absent) say(`${ci ? 'FAILED' : 'NOT RUN'}: ${suites} (no ${program})`)
if (ci && absent.length > 0) process.exit(1)

const only = process.argv.slice(2)
let failed = 0
for (const { name, command } of steps) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) continue
  const began = performance.now()
  say(`── ${name}`)
  const [program, ...args] = command
  const run = spawnSync(program!, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  if (run.status !== 0) {
    failed++
    say(`── ${name}: FAILED after ${seconds} s${run.error ? ` (${run.error.message})` : ''}`)
  } else {
    say(`── ${name}: ok, ${seconds} s`)
  }
}
const count = only.length > 0 ? 'chosen' : steps.length
say(
  failed === 0
    ? `all ${count} steps passed${absent.length > 0 ? `, ${absent.length} suites not run (named above)` : ''}`
    : `${failed} of ${count} steps failed`,
)
process.exit(failed === 0 ? 0 : 1)
