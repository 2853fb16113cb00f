import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/**
 * `npm run bundle-test [-- ARCHIVE]`: makes the archive unless it is given one, unpacks it in an empty folder and lets
 * inside.ts use it in a network namespace of its own, which has the loopback and no route, without Node on the path, as a
 * user without rights where this one may give them up. Ends with 0 when all of it worked.
 */
const root = resolve(import.meta.dirname, '../..')
const say = (text: string) => process.stdout.write(`${text}\n`)

function run(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options })
  if (status === 0) return
  say(`FAILED: ${command} ${args.join(' ')} ended with ${error?.message ?? status}`)
  process.exit(1)
}

function made(dir: string): string {
  run(process.execPath, [join(root, 'launch.js'), 'operate/bundle.ts', dir], { cwd: root })
  return join(
    dir,
    readdirSync(dir).find((name) => name.endsWith('.tar.gz'))!,
  )
}

const work = mkdtempSync(join(tmpdir(), 'watchfire-bundle-test-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
const archive = process.argv[2] ? resolve(process.argv[2]) : made(join(work, 'archive'))
run('sha256sum', ['-c', `${archive}.sha256`], { cwd: dirname(archive) })
const installed = join(work, 'installed')
const home = join(work, 'home')
mkdirSync(installed)
mkdirSync(home)
chmodSync(work, 0o755)
run('tar', ['-xzf', archive, '--strip-components=1', '--no-same-owner', '-C', installed])

const isRoot = process.getuid?.() === 0
const nobody = 65_534
if (isRoot) chownSync(home, nobody, nobody)
const ip = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'].find((path) => existsSync(path))
if (!ip) {
  say('FAILED: there is no ip (apt-get install iproute2)')
  process.exit(1)
}
const user = isRoot
  ? `/usr/bin/setpriv --reuid=${nobody} --regid=${nobody} --clear-groups --no-new-privs --bounding-set=-all`
  : ''
// A copy that a user without rights can read, wherever the checkout lies.
const driver = join(work, 'inside.ts')
copyFileSync(join(import.meta.dirname, 'inside.ts'), driver)
chmodSync(driver, 0o644)
run(
  '/usr/bin/unshare',
  [
    isRoot ? '-n' : '-rn',
    '--',
    '/bin/sh',
    '-c',
    `${ip} link set lo up && exec ${user} ${installed}/bin/node ${driver} ${installed} ${home}`,
  ],
  { cwd: home, env: { PATH: '/nonexistent' } },
)
say('the bundle works without a network')
