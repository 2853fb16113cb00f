import { createReadStream } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Invalid, PlatformError } from '../core/errors.ts'
import { readCell, readMoment, type ColumnTarget } from './column-map.ts'
import { CsvReader, type CsvRow } from './csv.ts'
import { Link } from './link.ts'

/** Below the platform's 1,000 keys and 256 KiB a message. */
const VALUES_A_MESSAGE = 900
const MESSAGES_IN_FLIGHT = 32
/** Rows due within this stretch leave in one message. */
const GATHER_MS = 20

export type ReplayOptions = {
  file: string
  columns: ColumnTarget[]
  /** where a row's moment comes from: a column, or a beginning and a step */
  time: { column: string; zone: string } | { start: number; periodMs: number }
  /** times faster than it was measured; Infinity = as fast as it is acknowledged */
  speed: number
  url: string
  /** for the device itself, or of the gateway that speaks for the devices in the mapping */
  token: string | null
  /** devices of the mapping that have a connection of their own */
  tokens: Map<string, string>
  /** give up when a message is not acknowledged for this long */
  timeoutMs: number
  separator?: string
  encoding?: string
}

/** What became of every row and cell: sent = acknowledged + not acknowledged. */
export type ReplayResult = {
  rows: number
  sent: number
  acknowledged: number
  notAcknowledged: number
  blank: number
  notNumbers: Spot
  badTimes: Spot
  /** why it stopped before the end of the file */
  stopped: string | null
  ms: number
}
/** how often, and where for the first time */
export type Spot = { count: number; line: number | null }

type Item = { ts: number; values: Record<string, number> }
type Target = { line: Line; columns: { metric: string; index: number }[]; device: string | null }

/** Sends a CSV file over real MQTT, row by row in its order, with the measured times kept. */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const began = performance.now()
  const result: ReplayResult = {
    rows: 0,
    sent: 0,
    acknowledged: 0,
    notAcknowledged: 0,
    blank: 0,
    notNumbers: { count: 0, line: null },
    badTimes: { count: 0, line: null },
    stopped: null,
    ms: 0,
  }
  const outbox = new Outbox(result, options.timeoutMs)
  const lines: Line[] = []
  let targets: Target[] = []
  let momentOf: (row: CsvRow) => number | null = () => null
  let firstTs: number | null = null
  let pacedFrom = 0

  try {
    for await (const row of rowsOf(options)) {
      if (targets.length === 0) {
        momentOf = moments(options, row.cells, result)
        targets = await connect(options, row.cells, lines, outbox)
        continue
      }
      result.rows++
      const ts = momentOf(row)
      if (ts === null) {
        note(result.badTimes, row.line)
        continue
      }
      if (firstTs === null) {
        firstTs = ts
        pacedFrom = performance.now()
      }
      const aheadMs = (ts - firstTs) / options.speed - (performance.now() - pacedFrom)
      if (aheadMs > GATHER_MS) {
        await outbox.flush(lines)
        await sleep(aheadMs)
      }
      for (const { line, device, columns } of targets) {
        const values = read(columns, row, result)
        if (values !== null) await line.add(device, { ts, values })
      }
      if (outbox.failure) break
    }
    if (targets.length === 0) throw new Invalid('empty-file', `${options.file} has no header row`)
    await outbox.flush(lines)
    await outbox.settled()
  } finally {
    await Promise.all(lines.map(({ link }) => (outbox.failure ? link.cut() : link.close())))
  }
  result.stopped = outbox.failure?.message ?? null
  result.ms = performance.now() - began
  return result
}

async function* rowsOf({ file, separator, encoding = 'utf-8' }: ReplayOptions): AsyncGenerator<CsvRow> {
  const reader = new CsvReader(separator)
  // Its own byte order mark is the reader's business.
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
    } catch {
      throw new Invalid('not-text', `${file} is not ${encoding}; name its encoding, e.g. --encoding gb18030`)
    }
  }
  for await (const bytes of createReadStream(file, { highWaterMark: 256 * 1024 })) yield* reader.push(decode(bytes as Buffer))
  yield* reader.push(decode())
  if (reader.openQuoteSince !== null)
    throw new Invalid('open-quote', `the quotes opened on line ${reader.openQuoteSince} are never closed`)
  yield* reader.end()
}

function moments({ time }: ReplayOptions, header: string[], result: ReplayResult): (row: CsvRow) => number | null {
  if ('start' in time) return () => Math.round(time.start + (result.rows - 1) * time.periodMs)
  const index = indexOf(header, time.column)
  return ({ cells }) => readMoment(cells[index] ?? '', time.zone)
}

function indexOf(header: string[], column: string): number {
  const index = header.findIndex((name) => name.trim() === column)
  if (index < 0)
    throw new Invalid(
      'no-such-column',
      `the file has no column "${column}"; it has: ${header.map((name) => name.trim()).join(', ')}`,
    )
  return index
}

/** Opens the connections the mapping needs: one for each device with a token of its own, one for all the others. */
async function connect(options: ReplayOptions, header: string[], lines: Line[], outbox: Outbox): Promise<Target[]> {
  const { columns, tokens, token, url } = options
  const indexed = columns.map((column) => ({ ...column, index: indexOf(header, column.column) }))
  const devices = [...new Set(columns.map(({ device }) => device))]
  const without = devices.filter((device) => device === null || !tokens.has(device))
  if (without.length > 0 && token === null) {
    throw new Invalid('no-token', `give the token of ${without.join(', ')} with --tokens, or of their gateway with --token`)
  }
  const open = async (token: string) => {
    const line = new Line(await Link.open({ url, token, reconnect: true }), outbox)
    lines.push(line)
    return line
  }
  let shared: Line | undefined
  const targets: Target[] = []
  for (const device of devices) {
    const own = device === null ? undefined : tokens.get(device)
    const line = own === undefined ? (shared ??= await open(token!)) : await open(own)
    targets.push({
      line,
      device: own === undefined ? device : null,
      columns: indexed.filter((column) => column.device === device),
    })
  }
  return targets
}

function read(columns: Target['columns'], { cells, line }: CsvRow, result: ReplayResult): Record<string, number> | null {
  let values: Record<string, number> | null = null
  for (const { metric, index } of columns) {
    const value = readCell(cells[index] ?? '')
    if (value === 'blank') result.blank++
    else if (value === 'not-a-number') note(result.notNumbers, line)
    else (values ??= {})[metric] = value
  }
  return values
}

function note(spot: Spot, line: number): void {
  spot.count++
  spot.line ??= line
}

/** Counts what is on its way and never lets it be more than a few messages. */
class Outbox {
  failure: PlatformError | null = null
  #result: ReplayResult
  #timeoutMs: number
  #waiting = new Set<Promise<void>>()

  constructor(result: ReplayResult, timeoutMs: number) {
    this.#result = result
    this.#timeoutMs = timeoutMs
  }

  async send(link: Link, topic: string, payload: unknown, values: number): Promise<void> {
    this.#result.sent += values
    const sent: Promise<void> = link
      .publish(topic, JSON.stringify(payload), this.#timeoutMs)
      .then(
        () => void (this.#result.acknowledged += values),
        (error: unknown) => {
          if (!(error instanceof PlatformError)) throw error
          this.#result.notAcknowledged += values
          this.failure ??= error
        },
      )
      .finally(() => this.#waiting.delete(sent))
    this.#waiting.add(sent)
    if (this.#waiting.size >= MESSAGES_IN_FLIGHT) await Promise.race(this.#waiting)
  }

  async flush(lines: Line[]): Promise<void> {
    for (const line of lines) await line.flush()
  }

  async settled(): Promise<void> {
    await Promise.all(this.#waiting)
  }
}

/** One connection and what gathers for its next message. */
class Line {
  readonly link: Link
  #outbox: Outbox
  #own: Item[] = []
  #behind: Record<string, Item[]> = {}
  #ownValues = 0
  #behindValues = 0

  constructor(link: Link, outbox: Outbox) {
    this.link = link
    this.#outbox = outbox
  }

  async add(device: string | null, item: Item): Promise<void> {
    const size = Object.keys(item.values).length
    if (device === null) {
      if (this.#ownValues + size > VALUES_A_MESSAGE) await this.flush()
      this.#own.push(item)
      this.#ownValues += size
    } else {
      if (this.#behindValues + size > VALUES_A_MESSAGE) await this.flush()
      ;(this.#behind[device] ??= []).push(item)
      this.#behindValues += size
    }
  }

  async flush(): Promise<void> {
    const [own, ownValues, behind, behindValues] = [this.#own, this.#ownValues, this.#behind, this.#behindValues]
    this.#own = []
    this.#behind = {}
    this.#ownValues = this.#behindValues = 0
    if (ownValues > 0) await this.#outbox.send(this.link, 'v1/devices/me/telemetry', own, ownValues)
    if (behindValues > 0) await this.#outbox.send(this.link, 'v1/gateway/telemetry', behind, behindValues)
  }
}
