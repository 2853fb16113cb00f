import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { makeFolder } from './data-dir.ts'

/**
 * `npm run cert [-- name …]`: a CA of this machine and a certificate of the server by it, for phones that open `/m`. Node makes keys but no
 * certificates, so the program `openssl` does.
 */
const dir = resolve(process.env['WATCHFIRE_DATA_DIR'] ?? 'data', 'tls')
const path = (name: string) => join(dir, name)
const CA_DAYS = 3650
/** Phones take no certificate of a server that is valid for longer. */
const SERVER_DAYS = 397

function openssl(...args: string[]): void {
  try {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: dir })
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer }
    const text =
      code === 'ENOENT'
        ? 'the program openssl is missing: install it (Debian: apt-get install openssl) and run this again'
        : stderr
    process.stderr.write(`no certificate was made: ${String(text).trim()}\n`)
    process.exit(1)
  }
}

const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
const own = addresses.filter((address) => !address.startsWith('fe80:'))
const names = [...new Set([...process.argv.slice(2), hostname(), 'localhost', ...own])]
const subject = names.map((name) => `${isIP(name) ? 'IP' : 'DNS'}:${name}`).join(',')

process.umask(0o077)
makeFolder(dir)
if (!existsSync(path('ca.crt'))) {
  const limits = ['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:0', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key']
  openssl(
    'req',
    '-x509',
    ...key,
    '-out',
    'ca.crt',
    '-days',
    String(CA_DAYS),
    '-subj',
    `/CN=Watchfire local CA ${hostname()}`,
    ...limits,
  )
}
if (!existsSync(path('ca.key'))) {
  process.stderr.write(
    `no certificate was made: ${path('ca.key')} is not here (no backup has it). Put it back to go on with this CA; or remove ${dir} and run this again for a new one, which every phone has to install\n`,
  )
  process.exit(1)
}
const asked = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'server.key', '-out', 'server.csr']
openssl('req', '-new', ...asked, '-subj', '/CN=Watchfire')
writeFileSync(
  path('server.ext'),
  `subjectAltName=${subject}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n`,
)
const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(SERVER_DAYS), '-sha256']
openssl('x509', '-req', '-in', 'server.csr', ...by, '-extfile', 'server.ext', '-out', 'server.crt')
for (const name of ['ca.key', 'ca.crt', 'server.key', 'server.crt']) chmodSync(path(name), 0o600)

process.stdout.write(`Made for: ${names.join(', ')}

1. Start the platform with
     WATCHFIRE_TLS_CERT=${path('server.crt')}
     WATCHFIRE_TLS_KEY=${path('server.key')}
2. On every phone open https://<name>:<port>/ca.crt and install it as a CA certificate:
     Android: 设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书
     iPhone:  设置 → 已下载描述文件 → 安装; then 通用 → 关于本机 → 证书信任设置 → on
3. Open https://<name>:<port>/m and choose "添加到主屏幕".
The certificate of the server holds ${SERVER_DAYS} days; run this again before. Whoever has ca.key can pretend to be any
site to these phones: keep it, and take it off this machine if you can.
`)
