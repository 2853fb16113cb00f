import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join, relative } from 'node:path'

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
  { name: 'pages', command: ['npm', 'run', '-s', 'build'] },
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

type VitestResult = {
  testResults: {
    name: string
    message?: string
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[]
  }[]
}
type Failure = { file: string; text: string }

/** What a run of vitest says went wrong; null where it left no result because it ended before its end. */
function failuresIn(file: string): Failure[] | null {
  if (!existsSync(file)) return null
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as VitestResult
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const path = relative(process.cwd(), name)
    const wrong = assertionResults.filter(({ status }) => status === 'failed')
    if (wrong.length === 0) return message ? [{ file: path, text: `${path}: ${firstLines(message)}` }] : []
    return wrong.map(({ fullName, failureMessages }) => {
      return { file: path, text: `${path}: ${fullName}: ${firstLines(failureMessages?.[0] ?? '')}` }
    })
  })
}

const firstLines = (text: string) => text.split('\n').slice(0, 3).join('\n      ')

/** Runs one command of a step; says what failed, nothing when all is well. */
function attempt(name: string, [program, ...args]: string[]): Failure[] {
  const result = join('tests', '.out', `${name.replaceAll(/\W+/g, '-')}.json`)
  const isVitest = program === 'vitest'
  rmSync(result, { force: true })
  const reporters = isVitest ? ['--reporter=default', '--reporter=json', `--outputFile.json=${result}`] : []
  const run = spawnSync(program!, [...args, ...reporters], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (run.status === 0) return []
  const failures = isVitest ? failuresIn(result) : null
  if (failures && failures.length > 0) return failures
  const end = run.error ? run.error.message : run.signal ? `ended by ${run.signal}` : `exit ${run.status}`
  return [{ file: '', text: `${program} ${args.join(' ')}: ${end}` }]
}

/**
 * A test that talks to real processes by the clock can lose a race on a machine that is busy with something else. In CI the files
 * it is in are run once more, alone; what passes only then is named at the end as unstable, and is a defect to mend.
 */
function again(name: string, command: string[], failures: Failure[]): Failure[] {
  const files = [...new Set(failures.map(({ file }) => file))]
  if (!ci || command[0] !== 'vitest' || files.length > 3 || files.includes('')) return failures
  say(`── ${name}: once more, alone: ${files.join(' ')}`)
  const left = attempt(name, [...command, ...files])
  if (left.length === 0) unstable.push(...failures.map(({ text }) => text))
  return left
}

const only = process.argv.slice(2)
const unstable: string[] = []
const failed: { name: string; failures: Failure[] }[] = []
for (const { name, command } of steps) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) continue
  const began = performance.now()
  say(`── ${name}`)
  const first = attempt(name, command)
  const failures = first.length > 0 ? again(name, command, first) : first
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  if (failures.length > 0) failed.push({ name, failures })
  say(`── ${name}: ${failures.length > 0 ? 'FAILED after' : 'ok,'} ${seconds} s`)
}
const count = only.length > 0 ? 'chosen' : steps.length
for (const text of unstable) say(`UNSTABLE, passed only at the second attempt: ${text}`)
for (const { name, failures } of failed) say(`FAILED ${name}${failures.map(({ text }) => `\n    ${text}`).join('')}`)
say(
  failed.length === 0
    ? `all ${count} steps passed${absent.length > 0 ? `, ${absent.length} suites not run (named above)` : ''}`
    : `${failed.length} of ${count} steps failed: ${failed.map(({ name }) => name).join('; ')}`,
)
process.exit(failed.length === 0 ? 0 : 1)
