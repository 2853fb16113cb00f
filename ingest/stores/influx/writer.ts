import { HttpError, InfluxDB, setLogger, type WriteApi } from '@influxdata/influxdb-client'
import { ArchiveAway, ArchiveRefuses, LinesRefused } from '../store.ts'
import { credentials, TIMEOUT_MS, type InfluxOptions } from './options.ts'

/** No batch comes near these: the client must never send by itself, what it sends by itself fails in silence. */
const NEVER = 1_000_000_000
const GZIP_FROM_BYTES = 1_024
const REASON_LENGTH = 500

/** One call, one request. Repeating is left to whoever calls: the client's own retries forget, in memory, what does not fit. */
export class Writer {
  #api: WriteApi

  constructor(options: InfluxOptions) {
    setLogger({ error() {}, warn() {} }) // every failure is raised; the client would print it as well
    const { url, bucket, org = '', dialect, timeoutMs: timeout = TIMEOUT_MS } = options
    const influx = new InfluxDB({ url, timeout, headers: credentials(options) })
    this.#api = influx.getWriteApi(org, bucket, 'ms', {
      batchSize: NEVER,
      maxBatchBytes: NEVER,
      flushInterval: 0,
      maxRetries: 0,
      gzipThreshold: GZIP_FROM_BYTES,
    })
    // In the class, not in the interface: the only way to the older address.
    if (dialect === 'v1') this.#api.path = `/write?db=${encodeURIComponent(bucket)}&precision=ms`
  }

  async send(lines: string[]): Promise<void> {
    this.#api.writeRecords(lines)
    try {
      await this.#api.flush()
    } catch (error) {
      throw meaning(error as Error)
    }
  }
}

/** What a failure lets us do. */
function meaning(error: Error): Error {
  if (!(error instanceof HttpError)) {
    const { code } = error as NodeJS.ErrnoException
    return new ArchiveAway(`InfluxDB does not answer (${code ?? error.message})`)
  }
  const { statusCode } = error
  const reason = reasonOf(error)
  const text = `InfluxDB answers ${statusCode}: ${reason}`
  if (statusCode === 401 || statusCode === 403 || statusCode === 404) return new ArchiveRefuses(text, { statusCode })
  if (statusCode === 429 || statusCode === 408 || statusCode >= 500 || statusCode < 400) {
    const retryAfterS = Number(error.retryAfter())
    return new ArchiveAway(text, { statusCode, ...(retryAfterS > 0 && { retryAfterMs: retryAfterS * 1_000 }) })
  }
  return new LinesRefused(reason, { statusCode })
}

/** The server's own words, without the lines it may quote at any length. */
function reasonOf(error: HttpError): string {
  const json = error.json as { error?: unknown; message?: unknown } | undefined
  const said = [json?.error, json?.message, error.body].find((text) => typeof text === 'string' && text !== '')
  return String(said ?? error.statusMessage).slice(0, REASON_LENGTH)
}
