import { spawn, spawnSync } from 'node:child_process'
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

/** `still`: only reads the sources, so two of them share the cores. */
const steps: { name: string; command: string[]; still?: true }[] = [
  { name: 'lint', command: ['eslint', '.'], still: true },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'], still: true },
  { name: 'types: core without platform types', command: ['tsc', '-p', 'core'], still: true },
  { name: 'types: platform', command: ['tsc'], still: true },
  { name: 'types: pages', command: ['vue-tsc', '-p', 'dashboards'], still: true },
  { name: 'pages', command: ['npm', 'run', '-s', 'build'] },
  { name: 'docs: tables match the schemas', command: ['node', 'docs/tables.ts', '--check'] },
  { name: 'architecture, unit', command: ['vitest', 'run', '--project', 'unit'] },
  { name: 'flow, chaos', command: ['vitest', 'run', '--project', 'flow'] },
  { name: 'browser', command: ['vitest', 'run', '--project', 'browser'] },
  { name: 'browser: the wall in time', command: ['vitest', 'run', '--project', 'wall in time'] },
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

/** Reads the sources in a process beside others; what it prints comes in one piece at its end. */
async function readSources(name: string, [program, ...args]: string[]): Promise<Failure[]> {
  const began = performance.now()
  const run = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const end = await new Promise<string | null>((resolve) => {
    run.on('error', (error) => resolve(error.message))
    run.on('close', (code, signal) => resolve(code === 0 ? null : signal ? `ended by ${signal}` : `exit ${code}`))
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  say(`── ${name}\n${printed}── ${name}: ${end === null ? 'ok,' : 'FAILED after'} ${seconds} s`)
  return end === null ? [] : [{ file: '', text: `${program} ${args.join(' ')}: ${end}` }]
}

const only = process.argv.slice(2)
const unstable: string[] = []
const failed: { name: string; failures: Failure[] }[] = []
const chosen = steps.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
const unknown = only.filter((word) => !steps.some(({ name }) => name.includes(word)))
if (unknown.length > 0) {
  say(`no step is called ${unknown.join(', ')}; there are:\n${steps.map(({ name }) => `  ${name}`).join('\n')}`)
  process.exit(2)
}
const waiting = chosen.filter(({ still }) => still)
const lane = async () => {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const failures = await readSources(step.name, step.command)
    if (failures.length > 0) failed.push({ name: step.name, failures })
  }
}
await Promise.all([lane(), lane()])
for (const { name, command } of chosen.filter(({ still }) => !still)) {
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
