import { Unavailable } from '../../../core/errors.ts'
import { NotComputed } from '../store.ts'
import { credentials, TIMEOUT_MS, type InfluxOptions } from './options.ts'

const CHUNK_POINTS = 10_000
const REASON_LENGTH = 300

type Values = (number | null)[][]
type Result = { statement_id?: number; series?: { values?: Values }[]; error?: string }

/**
 * Sends InfluxQL statements in one request and hands out their rows as they come, the statements in order. False from `take`
 * ends it.
 */
export async function ask(
  options: InfluxOptions,
  statements: string[],
  take: (statement: number, rows: Values) => boolean,
): Promise<boolean> {
  const body = new URLSearchParams({
    q: statements.join('; '),
    db: options.bucket,
    epoch: 'ms',
    chunked: 'true',
    chunk_size: String(CHUNK_POINTS),
  })
  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)])
  try {
    const url = `${options.url.replace(/\/$/, '')}/query`
    const answer = await fetch(url, { method: 'POST', body, signal, headers: credentials(options) }).catch(unreachable)
    if (answer.status === 401 || answer.status === 403) {
      throw new Unavailable('influx-refused', `InfluxDB answers ${answer.status}: it does not let the platform read`)
    }
    if (!answer.body) return true
    for await (const line of linesOf(answer.body)) {
      for (const { statement_id = 0, series, error } of resultsOf(line, answer.status)) {
        if (error !== undefined)
          throw new Unavailable('influx-refused', `InfluxDB cannot answer: ${error.slice(0, REASON_LENGTH)}`)
        for (const { values } of series ?? []) if (values && !take(statement_id, values)) return false
      }
    }
    return true
  } finally {
    ending.abort()
  }
}

function resultsOf(line: string, status: number): Result[] {
  let answer: { results?: Result[]; error?: string }
  try {
    answer = JSON.parse(line) as typeof answer
  } catch {
    // What Go's encoder says in the place of an answer that holds an infinity.
    if (line.includes('unsupported value')) throw new NotComputed('InfluxDB computed a number that it cannot write down')
    throw new Unavailable('influx-refused', `InfluxDB answers ${status} with something that is not JSON`)
  }
  if (answer.error !== undefined) {
    throw new Unavailable('influx-refused', `InfluxDB answers ${status}: ${answer.error.slice(0, REASON_LENGTH)}`)
  }
  return answer.results ?? []
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = ''
  const decoder = new TextDecoder()
  const chunks = body[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await chunks.next().catch(unreachable)
    if (done) break
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line !== '') yield line
  }
  if (rest !== '') yield rest
}

function unreachable(error: unknown): never {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  throw new Unavailable('influx-unreachable', `InfluxDB does not answer (${cause?.code ?? message})`)
}
