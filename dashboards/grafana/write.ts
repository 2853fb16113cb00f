import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { grafanaFiles } from './files.ts'

/** `npm run grafana` writes what Grafana is given; with `--check` it only says what differs from what is committed. */
const dir = import.meta.dirname
const files = grafanaFiles()
const committed = globSync(['json/*.json', 'provisioning/*.yaml'], { cwd: dir }).map((path) => path.replaceAll('\\', '/'))
const stale = committed.filter((path) => !files.has(path))
const textOf = (path: string) => (committed.includes(path) ? readFileSync(join(dir, path), 'utf8') : null)
const differing = [...files].filter(([path, text]) => textOf(path) !== text).map(([path]) => path)

if (process.argv.includes('--check')) {
  const wrong = [...differing, ...stale].map((path) => `dashboards/grafana/${path}`)
  if (wrong.length > 0) {
    process.stderr.write(`${wrong.join('\n')}\nnot what the sources say: run npm run grafana and commit the result\n`)
    process.exit(1)
  }
} else {
  for (const path of stale) rmSync(join(dir, path))
  for (const path of differing) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), files.get(path)!)
  }
  process.stdout.write(`${files.size} files, ${differing.length + stale.length} changed\n`)
}
