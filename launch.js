// Starts a TypeScript entry on the Node that runs this file. Plain JavaScript, so that an old Node can still say what is wrong.
import module from 'node:module'
import v8 from 'node:v8'
import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'

const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  process.stderr.write(
    `Watchfire needs Node 24 or newer; this is ${process.version} (${process.platform}-${process.arch}).\n` +
      'On Linux and Windows `npm ci` brings it along: start with the npm scripts, e.g. `npm start`. Elsewhere install Node 24 first.\n',
  )
  process.exit(1)
}
// Types stripped and code compiled once are kept for the next start; without a place to keep them every start is a first one.
module.enableCompileCache?.(resolve(import.meta.dirname, 'node_modules/.cache/watchfire'))
// Node 24 lets the young generation of each thread grow to 128 MB on a large machine. The platform has four threads and its
// garbage dies at once: 2 MB (threads) and what the main thread starts with cost no throughput that could be measured and save 300 MB.
v8.setFlagsFromString('--max-semi-space-size=2')
v8.setFlagsFromString('--semi-space-growth-factor=1')

const [entry, ...rest] = process.argv.slice(2)

// glibc raises its thresholds with the largest piece ever freed, and then gives nothing back: after a burst of logins or of
// strangers' junk 200 MB stayed with a process that used 40. Told once it keeps to what it starts with; it only listens at its start.
const steady = { MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' }
const isPlatform = entry === 'main.ts' || entry === 'demo.ts'
if (isPlatform && process.platform === 'linux' && process.execve && !('MALLOC_TRIM_THRESHOLD_' in process.env)) {
  process.removeAllListeners('warning') // that execve is new to Node
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    ...steady,
  })
}
const file = resolve(import.meta.dirname, entry)
process.argv = [process.argv[0], file, ...rest]
await import('./journal/packages.js')
await import(pathToFileURL(file).href)
// Kept now and not at the end: a process that is killed keeps nothing, and the next one loads the type stripper into every thread
// (40 to 60 MB, found when the benchmark's servers, which are always killed, had each begun without).
if (isPlatform) setTimeout(() => module.flushCompileCache?.(), 5_000).unref()
