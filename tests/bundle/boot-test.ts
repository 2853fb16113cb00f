import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * `node tests/bundle/boot-test.ts ARCHIVE`, as root on a machine with systemd: boots a systemd in a container without a
 * route, with the bundle installed as docs/operations.md says, and uses the service it starts. Ends with 0 when all of it
 * worked.
 */
const archive = resolve(process.argv[2] ?? '')
const work = mkdtempSync(join(tmpdir(), 'watchfire-boot-'))
const say = (text: string) => process.stdout.write(`${text}\n`)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const unshare = ['--mount', '--pid', '--fork', '--uts', '--ipc', '--net', '--cgroup', '--kill-child']

const container = spawn('unshare', [...unshare, join(import.meta.dirname, 'boot.sh'), work, archive], { stdio: 'inherit' })
const children = () => readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8').trim()

/** A shell command inside; empty when it failed. */
function inside(command: string): string {
  const { status, stdout } = spawnSync('nsenter', ['-t', children(), '-a', '-r', '-w', '/bin/bash', '-c', command], {
    encoding: 'utf8',
  })
  return status === 0 ? stdout.trim() : ''
}

async function eventually(what: string, command: string): Promise<string> {
  for (const end = performance.now() + 60_000; performance.now() < end; await pause(250)) {
    const answer = inside(command)
    if (answer !== '') return answer
  }
  const log = inside('journalctl --no-pager -n 40') || readFileSync(join(work, 'install.log'), 'utf8')
  throw new Error(`not so within 60 s: ${what}\n${log}`)
}

const api = (path: string, options = '') =>
  `curl -sf http://127.0.0.1:8080/api/v1${path} -H "authorization: Bearer $(cat /tmp/session)" -H 'content-type: application/json' ${options}`
const field = (name: string) => `sed -n 's/.*"${name}":"\\([^"]*\\)".*/\\1/p'`
const asPlatform =
  'cd /etc/watchfire && setpriv --reuid watchfire --regid watchfire --clear-groups env WATCHFIRE_DATA_DIR=/var/lib/watchfire watchfire'

try {
  await eventually('ready after the boot', 'curl -sf http://127.0.0.1:8080/readyz')
  say(`started at boot by ${inside('/lib/systemd/systemd --version | head -1')}, ${inside('ip route | wc -l')} routes`)
  say(
    inside(`grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/$(systemctl show -p MainPID --value watchfire)/status`).replaceAll(
      /\s+/g,
      ' ',
    ),
  )
  const login = `{\\"username\\":\\"admin\\",\\"password\\":\\"$(cat /var/lib/watchfire/admin-password)\\"}`
  inside(
    `curl -sf http://127.0.0.1:8080/api/v1/session -H 'content-type: application/json' -d "${login}" | ${field('token')} > /tmp/session`,
  )
  const enterprise = inside(`${api('/enterprises', `-d '{"name":"x","region":"370102"}'`)} | ${field('id')}`)
  const device = inside(api('/devices', `-d '{"enterpriseId":"${enterprise}","kind":"gas-detector","name":"g"}'`))
  const { id, token } = JSON.parse(device) as { id: string; token: string }
  say(inside(`watchfire send '{"combustibleLel":60}' --token ${token}`))
  const reading = `${api(`'/readings?device=${id}&metric=combustibleLel&from=0&to=4102444800000'`)} | grep '\\[[0-9]*,60\\]'`
  await eventually('the reading is in history', reading)
  inside('kill -9 $(systemctl show -p MainPID --value watchfire)')
  await eventually(
    'started again after kill -9',
    `[ $(systemctl show -p NRestarts --value watchfire) = 1 ] && curl -sf http://127.0.0.1:8080/readyz`,
  )
  await eventually('the reading is still in history', reading)
  say('after kill -9 it came back with the reading')
  inside('systemctl start watchfire-backup')
  say(await eventually('the backup is whole', `${asPlatform} backup --verify /var/backups/watchfire/*`))
  say(await eventually('the timer waits for the next one', 'systemctl list-timers --no-pager | grep watchfire-backup'))
  say((await eventually('the doctor is content', `${asPlatform} doctor --lang en`)).split('\n')[0]!)
  inside('systemctl stop watchfire')
  say(
    await eventually(
      'it stops cleanly',
      'systemctl show -p Result -p ExecMainStatus watchfire | grep -x -e Result=success -e ExecMainStatus=0',
    ),
  )
  say(
    await eventually(
      'the unit is well-formed',
      'systemd-analyze verify watchfire.service && systemd-analyze security --no-pager watchfire.service | tail -1',
    ),
  )
  say('the service works')
} catch (error) {
  say(`FAILED: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  container.kill('SIGKILL')
  await pause(500)
  rmSync(work, { recursive: true, force: true })
}
