import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { PlatformError } from '../core/errors.ts'
import { inMiB } from './copying.ts'
import { sha256Of } from './manifest.ts'

/**
 * `npm run bundle [-- DIR]`: one archive that runs on a Linux of this machine's kind with nothing installed and no network:
 * Node, production dependencies, built pages, sources, start script, systemd units, everybody's licences.
 */
const root = resolve(import.meta.dirname, '..')
/** The folders of the program are those it is compiled from; these stand beside them. */
const beside = ['deploy', 'dist', 'docs']
/** Only whoever builds reads these. */
const notRun = /\.(map|d\.[cm]?ts)$/
const licence = /^(licen[cs]e|copying|notice)/i

type Locked = { version?: string; license?: string; dev?: boolean; optional?: boolean; os?: string[] }

class CannotBundle extends PlatformError {
  override readonly code = 'cannot-bundle'
}

async function bundle(target: string): Promise<{ archive: string; packages: number }> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const node = nodePackage()
  if (!existsSync(join(root, 'dist', 'wall')))
    throw new CannotBundle('the pages are not built: run npm run bundle, not this file')
  const name = `watchfire-${version}-linux-${process.arch}`
  const work = mkdtempSync(join(tmpdir(), 'watchfire-bundle-'))
  try {
    const to = join(work, name)
    mkdirSync(join(to, 'bin'), { recursive: true })
    cpSync(join(node, 'bin', 'node'), join(to, 'bin', 'node'))
    const sources = readdirSync(root).filter((file) => /\.ts$|^(launch\.js|package\.json|LICENSE|README\.md)$/.test(file))
    for (const path of [...programFolders(), ...beside, ...sources.filter((file) => file !== 'vitest.config.ts')])
      cpSync(join(root, path), join(to, path), { recursive: true })
    cpSync(join(root, 'deploy', 'watchfire'), join(to, 'watchfire'))
    const packages = productionPackages()
    for (const { path } of packages)
      cpSync(join(root, path), join(to, path), { recursive: true, filter: (file) => !notRun.test(file) })
    writeFileSync(join(to, 'THIRD-PARTY-NOTICES.txt'), notices([...packages, { path: node, version: process.versions.node }]))
    mkdirSync(target, { recursive: true })
    const archive = join(target, `${name}.tar.gz`)
    const tar = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-C', work, '-czf', archive, name]
    const { status, stderr } = spawnSync('tar', tar, { encoding: 'utf8' })
    if (status !== 0) throw new CannotBundle(`tar could not write ${archive}: ${stderr.trim()}`)
    writeFileSync(`${archive}.sha256`, `${await sha256Of(archive)}  ${basename(archive)}\n`)
    return { archive, packages: packages.length }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function programFolders(): string[] {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { include: string[] }
  return include.filter((path) => path !== '*.ts' && path !== 'tests')
}

function nodePackage(): string {
  const path = join(root, 'node_modules', `node-linux-${process.arch}`)
  if (process.platform === 'linux' && existsSync(join(path, 'bin', 'node'))) return path
  throw new CannotBundle(`${path} is not there: a bundle is made on the Linux it is for, after npm ci`)
}

type Package = { path: string; version: string; license?: string | undefined }

/** What the lock file says is needed to run, in the versions that are here. */
function productionPackages(): Package[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
  return Object.entries(lock.packages).flatMap(([path, { version = '', license, dev, optional, os }]) => {
    if (path === '' || dev || os || path.startsWith('node_modules/@types/')) return []
    if (existsSync(join(root, path))) return [{ path, version, license }]
    if (optional) return []
    throw new CannotBundle(`${path} is not installed: run npm ci`)
  })
}

/** Whose work is in the archive and on what terms, each with the words its author put beside it. */
function notices(packages: Package[]): string {
  const texts = packages.map(({ path, version, license }) => {
    const dir = resolve(root, path)
    const about = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as {
      name: string
      license?: string
      author?: unknown
    }
    const files = readdirSync(dir).filter((file) => licence.test(file) && statSync(join(dir, file)).isFile())
    const terms = license ?? about.license ?? 'see below'
    const words = files.map((file) => readFileSync(join(dir, file), 'utf8').trim()).join('\n\n')
    return `${about.name} ${version}: ${terms}\n\n${words || `(the package has no licence file; it declares ${terms})`}\n`
  })
  return [`Watchfire is distributed under the Apache License 2.0 (LICENSE). It contains:\n`, ...texts].join(
    `\n${'='.repeat(78)}\n\n`,
  )
}

try {
  const { archive, packages } = await bundle(resolve(process.argv[2] ?? 'bundle'))
  process.stdout.write(`${archive}: ${inMiB(statSync(archive).size)}, Node ${process.versions.node}, ${packages} packages\n`)
} catch (error) {
  if (!(error instanceof PlatformError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
