import { parseArgs } from 'node:util'
import { Invalid, PlatformError } from '../core/errors.ts'
import { readColumnMap, readDuration, readMoment } from './column-map.ts'
import { TRY_TOKEN } from './district.ts'
import { replay, type ReplayOptions, type ReplayResult, type Spot } from './csv-replay.ts'

const HELP = `npm run replay -- FILE.csv --map 'metric=Column,…' (--time COLUMN | --start TIME --period 2s) [options]

Sends a CSV file over MQTT (QoS 1), measured times kept, and counts what was acknowledged.

What is sent
  --map 'temperatureC=Temperature[C],humidityRh=Humidity[%],fireAlarm=Fire Alarm'
                        each metric and the column it comes from; put a column with a comma in double quotes
  --map 'H01.pressureMpa=H01,H02.pressureMpa=H02'
                        wide files: device.metric=Column
A blank cell is no report: nothing is sent for it. true and false become 1 and 0. A cell that is no number is not sent, and counted.

When it was measured
  --time COLUMN         ISO 8601, "2025-03-01 00:05:00", "2025/3/1 0:05", or seconds or milliseconds since 1970
  --zone +08:00         for times that state no zone (default +08:00)
  --start TIME          for files without a clock: the time of the first row, or "now" …
  --period 2s           … and the time from row to row (500ms, 2s, 5min, 1h)
The platform keeps one value for each device, metric and millisecond: two rows with the same time are one report and a conflict.

As whom
  --token TOKEN         the device's token (default: the demo's device TRY-01); of a gateway when the mapping names devices
  --tokens H01=TOKEN,…  devices of the mapping that connect by themselves

How
  --speed N|max         N times as fast as it was measured, or as fast as it is acknowledged (default max)
  --url URL             where the platform listens (default mqtt://127.0.0.1 with the port of WATCHFIRE_MQTT_PORT, or 1883)
  --timeout S           give up when a message is not acknowledged for this long (default 30)
  --separator ';'       between cells (default ,)      --encoding gb18030    of the file (default utf-8)

Exit code: 0 everything readable was acknowledged, 1 something was not acknowledged or a row's time could not be read,
2 the command is wrong and nothing was sent.
`

/** Runs the command and says how it went; resolves with the exit code. */
export async function runReplay(args: string[], say: (line: string) => void): Promise<number> {
  try {
    const options = readOptions(args)
    if (options === null) {
      say(HELP)
      return 0
    }
    const result = await replay(options)
    report(result, say)
    return result.notAcknowledged > 0 || result.badTimes.count > 0 || result.stopped !== null ? 1 : 0
  } catch (error) {
    if (isMissingFile(error)) say(`no such file: ${error.path}`)
    else if (error instanceof Invalid) say(`${error.code}: ${error.message}\nnpm run replay -- --help tells all options`)
    else if (error instanceof PlatformError) {
      say(`${error.code}: ${error.message}`)
      return 1
    } else throw error
    return 2
  }
}

const isMissingFile = (error: unknown): error is { path: string } => (error as { code?: string }).code === 'ENOENT'

function readOptions(args: string[]): ReplayOptions | null {
  const { values, positionals } = parse(args)
  if (values.help) return null
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new Invalid('bad-command', 'name one CSV file')
  if (values.map === undefined) throw new Invalid('bad-command', "say which columns to send: --map 'metric=Column,…'")
  const speed = values.speed === 'max' ? Infinity : Number(values.speed)
  if (!(speed > 0)) throw new Invalid('bad-command', `--speed ${values.speed}: write a number above 0, or max`)
  if (!/^(Z|[+-]\d{2}:\d{2})$/.test(values.zone))
    throw new Invalid('bad-command', `--zone ${values.zone}: write for example +08:00`)
  if (values.separator.length !== 1 && values.separator !== '\\t')
    throw new Invalid('bad-command', '--separator is one character')
  const columns = readColumnMap(values.map)
  return {
    file,
    columns,
    time: readTime(values),
    speed,
    url: values.url,
    token: values.token ?? (columns.every(({ device }) => device === null) ? TRY_TOKEN : null),
    tokens: readTokens(values.tokens),
    timeoutMs: readDuration(values.timeout),
    separator: values.separator === '\\t' ? '\t' : values.separator,
    encoding: readEncoding(values.encoding),
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        map: { type: 'string' },
        time: { type: 'string' },
        zone: { type: 'string', default: '+08:00' },
        start: { type: 'string' },
        period: { type: 'string' },
        token: { type: 'string' },
        tokens: { type: 'string' },
        speed: { type: 'string', default: 'max' },
        url: { type: 'string', default: `mqtt://127.0.0.1:${Number(process.env['WATCHFIRE_MQTT_PORT']) || 1883}` },
        timeout: { type: 'string', default: '30' },
        separator: { type: 'string', default: ',' },
        encoding: { type: 'string', default: 'utf-8' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Invalid('bad-command', (error as Error).message)
  }
}

function readTime(values: { time?: string; zone: string; start?: string; period?: string }): ReplayOptions['time'] {
  if ((values.time === undefined) === (values.start === undefined)) {
    throw new Invalid('bad-command', 'say when it was measured: either --time COLUMN, or --start TIME --period 2s')
  }
  if (values.time !== undefined) return { column: values.time, zone: values.zone }
  if (values.period === undefined) throw new Invalid('bad-command', '--start needs --period, e.g. --period 2s')
  const start = values.start === 'now' ? Date.now() : readMoment(values.start!, values.zone)
  if (start === null)
    throw new Invalid('bad-command', `--start ${values.start}: write for example 2026-03-01T08:00:00+08:00, or now`)
  return { start, periodMs: readDuration(values.period) }
}

function readTokens(text: string | undefined): Map<string, string> {
  const pairs = (text ?? '').split(',').filter(Boolean)
  return new Map(
    pairs.map((pair) => {
      const [device, token] = pair.split('=')
      if (!device || !token) throw new Invalid('bad-command', '--tokens: write device=token,device=token')
      return [device.trim(), token.trim()]
    }),
  )
}

function readEncoding(name: string): string {
  try {
    return new TextDecoder(name).encoding
  } catch {
    throw new Invalid('bad-command', `--encoding ${name} is not known; write for example utf-8 or gb18030`)
  }
}

function report(result: ReplayResult, say: (line: string) => void): void {
  const n = (count: number) => count.toLocaleString('en')
  const at = (spot: Spot) => (spot.line === null ? '' : ` (first on line ${spot.line})`)
  const seconds = result.ms / 1_000
  say(`rows read         ${n(result.rows)}`)
  say(`values sent       ${n(result.sent)}`)
  say(`  acknowledged    ${n(result.acknowledged)}`)
  say(`  not             ${n(result.notAcknowledged)}`)
  say(`cells skipped     ${n(result.blank)} blank, ${n(result.notNumbers.count)} no number${at(result.notNumbers)}`)
  if (result.badTimes.count > 0)
    say(`rows not sent     ${n(result.badTimes.count)} with a time that cannot be read${at(result.badTimes)}`)
  say(`time taken        ${seconds.toFixed(1)} s, ${n(Math.round(result.acknowledged / seconds))} values/s`)
  if (result.stopped !== null) say(`stopped after row ${n(result.rows)}: ${result.stopped}`)
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await runReplay(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`))
}
