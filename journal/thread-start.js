// Where every thread of a part begins: as fast as the process did, then on to the part's own file. Plain JavaScript: a .ts file
// here would load the type stripper in each thread before the cache that makes it unnecessary is open (40 ms each).
import { enableCompileCache, flushCompileCache } from 'node:module'
import { dirname } from 'node:path'
import { workerData } from 'node:worker_threads'

const { entry, cache } = workerData
if (cache !== undefined) enableCompileCache(dirname(cache))
await import('./packages.js')
await import(entry)
// A thread that is ended keeps nothing by itself, see launch.js.
setTimeout(() => flushCompileCache(), 5_000).unref()
