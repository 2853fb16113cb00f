import { parseArgs } from 'node:util'
import { metricOf } from '../core/metrics.ts'
import { PlatformError } from '../core/errors.ts'
import { TRY_TOKEN } from './district.ts'
import { findJsonFault } from './json-fault.ts'
import { Link } from './link.ts'

const HELP = `npm run send -- '{"combustibleLel":60}' [options]

Publishes one reading over MQTT with QoS 1 and waits for the acknowledgement, which means: it is on disk.
The JSON is what a device sends: {"metric":value,…}, {"ts":milliseconds,"values":{…}} or an array of the latter.

  --token TOKEN    the device's access token (default: the demo's device TRY-01)
  --device ID      log in as this device, with the token as password
  --url URL        where the platform listens (default mqtt://127.0.0.1 with the port of WATCHFIRE_MQTT_PORT, or 1883)
  --timeout S      seconds to wait for the login and for the acknowledgement (default 5)

Exit code: 0 acknowledged, 1 not acknowledged, 2 the command is wrong and nothing was sent.
`

/** Publishes one reading and says in words how it went; resolves with the exit code. */
export async function send(args: string[], say: (line: string) => void): Promise<number> {
  let options
  try {
    options = parseArgs({
      args,
      allowPositionals: true,
      options: {
        token: { type: 'string', default: TRY_TOKEN },
        device: { type: 'string' },
        url: { type: 'string', default: `mqtt://127.0.0.1:${Number(process.env['WATCHFIRE_MQTT_PORT']) || 1883}` },
        timeout: { type: 'string', default: '5' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    say(`${(error as Error).message}\n\n${HELP}`)
    return 2
  }
  const { values, positionals } = options
  if (values.help) {
    say(HELP)
    return 0
  }
  const [json] = positionals
  const timeoutMs = Number(values.timeout) * 1_000
  const wrong =
    positionals.length !== 1
      ? `one reading is needed${positionals.length > 1 ? '; put the JSON in single quotes' : ''}, for example: npm run send -- '{"combustibleLel":60}'`
      : !(timeoutMs > 0)
        ? `--timeout ${values.timeout} is not a number of seconds`
        : faultOf(json!)
  if (wrong !== null) {
    say(wrong)
    return 2
  }
  for (const note of notesOn(json!)) say(note)
  const { url, token, device } = values
  try {
    const link = await Link.open({ url, token, timeoutMs, ...(device === undefined ? {} : { device }) })
    const sentAt = performance.now()
    try {
      await link.publish('v1/devices/me/telemetry', json!, timeoutMs)
      say(`acknowledged after ${(performance.now() - sentAt).toFixed(1)} ms: ${json}`)
      await link.close()
      return 0
    } catch (error) {
      link.cut()
      throw error
    }
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    say(`${error.code}: ${error.message}`)
    return 1
  }
}

/** What is wrong with the text as a reading, with the place marked; null when it can be sent. */
function faultOf(json: string): string | null {
  const fault = findJsonFault(json)
  if (fault) {
    const line = json.slice(json.lastIndexOf('\n', fault.position - 1) + 1).split('\n')[0]!
    const column = fault.position - (json.lastIndexOf('\n', fault.position - 1) + 1)
    const found = fault.position < json.length ? `found ${JSON.stringify(json[fault.position])}` : 'the text ends'
    const hint = json.includes('"') ? '' : '\nThe shell has eaten the double quotes: put the whole reading in single quotes.'
    return `not JSON at position ${fault.position}: expected ${fault.expected}, ${found}\n  ${line}\n  ${' '.repeat(column)}^${hint}`
  }
  const value: unknown = JSON.parse(json)
  return typeof value === 'object' && value !== null
    ? null
    : `a reading is an object such as {"combustibleLel":60}, not ${json.trim()}`
}

/** What is sent all the same, because the platform has to cope with it, but will not become a value on a screen. */
function notesOn(json: string): string[] {
  const value: unknown = JSON.parse(json)
  const items = (Array.isArray(value) ? value : [value]) as Record<string, unknown>[]
  const pairs = items.flatMap((item) =>
    Object.entries(typeof item?.['values'] === 'object' && item['values'] !== null ? item['values'] : (item ?? {})),
  )
  const keys = new Map(pairs.filter(([key]) => key !== 'ts'))
  return [...keys].flatMap(([key, one]) => [
    ...(metricOf(key) ? [] : [`note: "${key}" is not in the catalogue of metrics; it is stored under this name, unmapped`]),
    ...(one === null || one === '' || typeof one === 'object' || !Number.isFinite(Number(one))
      ? [`note: "${key}" is not a number; the platform acknowledges it, keeps it in quarantine and shows it at /admin#quarantine`]
      : []),
  ])
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await send(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`))
}
