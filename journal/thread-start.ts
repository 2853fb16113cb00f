import { enableCompileCache } from 'node:module'
import { dirname } from 'node:path'
import { workerData } from 'node:worker_threads'

/** Where every thread of a part begins: as fast as the process did, then on to the part's own file. */
const { entry, cache } = workerData as { entry: string; cache: string | undefined }
if (cache !== undefined) enableCompileCache(dirname(cache))
await import(entry)
