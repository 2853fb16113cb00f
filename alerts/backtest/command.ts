import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import type { BacktestResult, FoundAlarm } from '../../core/backtest.ts'
import { PlatformError } from '../../core/errors.ts'
import { daySpan } from '../../core/local-time.ts'
import { modes, type Mode } from '../../core/mode.ts'
import type { Rule } from '../../core/rule.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { OfflineJournal } from '../../journal/offline.ts'
import { isReady, readRule, Rulebook } from '../rulebook.ts'
import type { PastRows } from './history-entries.ts'
import { isBeforeJournal, runOverHistory } from './over-history.ts'
import { runBacktest } from './run.ts'

const usage = `npm run backtest -- [rule.yaml] --from 2026-11-20 --to 2026-11-21 [--csv] [--data ./data] [--mode live] [--zone Asia/Shanghai]

Judges the past again with the production engine, from the journal in the data folder (a running platform is not disturbed), and
for the time before it begins from the history there.
rule.yaml: one rule, as in a pack or as PUT /rules/{id} takes it, with its id. Without it the rules as they were in force then are
run and compared with the alarms that were recorded. --from and --to are days (from the first moment of the one to the last of the
other), times with an offset (2026-11-20T08:00+08:00), or milliseconds. --csv prints one line an alarm.
`

class Unusable extends PlatformError {
  override readonly code = 'unusable'
}

type OpenHistory = (dataDir: string) => { rows: PastRows; close(): void }

async function run(openHistory: OpenHistory): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      csv: { type: 'boolean', default: false },
      data: { type: 'string', default: process.env['WATCHFIRE_DATA_DIR'] ?? './data' },
      mode: { type: 'string', default: process.env['WATCHFIRE_MODE'] ?? 'live' },
      zone: { type: 'string', default: process.env['WATCHFIRE_ZONE'] ?? 'Asia/Shanghai' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help || values.from === undefined || values.to === undefined) {
    process.stderr.write(usage)
    process.exitCode = values.help ? 0 : 2
    return
  }
  if (!(modes as readonly string[]).includes(values.mode)) throw new Unusable(`--mode is one of ${modes.join(', ')}`)
  const dir = join(resolve(values.data), 'journal')
  if (!existsSync(dir))
    throw new Unusable(`${dir} is not there: --data names the data folder of a platform, for example --data ./data-demo`)
  const source = new OfflineJournal(dir)
  const from = momentOf(values.from, values.zone, 'from')
  const to = momentOf(values.to, values.zone, 'to')
  if (from >= to) throw new Unusable('--from must lie before --to')
  const rule = positionals[0] === undefined ? null : await ruleFrom(positionals[0], source)
  const began = performance.now()
  const question = { mode: values.mode as Mode, from, to, rule, incidents: [] }
  const result = (await isBeforeJournal(source, question))
    ? await overHistory(resolve(values.data), openHistory, (rows) =>
        runOverHistory(source, rows, question, values.zone, progressLine()),
      )
    : await runBacktest(source, question, values.zone, progressLine())
  source.close()
  const seconds = (performance.now() - began) / 1000
  process.stderr.write(`\r${result.readings} readings judged in ${seconds.toFixed(1)} s\n`)
  process.stdout.write(values.csv ? csv(result) : report(result))
}

async function overHistory<T>(dataDir: string, open: OpenHistory, judge: (rows: PastRows) => Promise<T>): Promise<T> {
  if (!existsSync(join(dataDir, 'history.db')))
    throw new Unusable(`${dataDir} has no history, and its journal begins later than --from`)
  const history = open(dataDir)
  try {
    return await judge(history.rows)
  } finally {
    history.close()
  }
}

/** A day is its first moment as `from` and its end as `to`. */
function momentOf(text: string, zone: string, side: 'from' | 'to'): number {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return daySpan(text, zone)[side]
  const ms = /^\d{12,}$/.test(text) ? Number(text) : Date.parse(text)
  if (!Number.isFinite(ms)) throw new Unusable(`--${side} ${text} is no time: write 2026-11-20 or 2026-11-20T08:00+08:00`)
  return ms
}

async function ruleFrom(file: string, source: OfflineJournal): Promise<Rule> {
  let given: unknown
  try {
    given = parse(readFileSync(file, 'utf8'), { schema: 'core', maxAliasCount: 0 })
  } catch (error) {
    throw new Unusable(`${file}: ${(error as Error).message}`)
  }
  const list = (given as { rules?: unknown[] } | null)?.rules
  if (list && list.length !== 1) throw new Unusable(`${file} holds ${list.length} rules: a backtest tries one, with its id`)
  const fields = (list ? list[0] : given) as Record<string, unknown> | null
  const rulebook = new Rulebook()
  for (const entry of await source.readRecord(1, ['rule.set', 'rule.removed'])) {
    const change = readRecordEntry(entry)
    if (change.kind === 'rule.set' || change.kind === 'rule.removed') rulebook.apply(change)
  }
  const inForce = rulebook.row(String(fields?.['id'] ?? ''))
  const read = readRule({ ...fields, version: (inForce?.version ?? 0) + 1, origin: 'person' }, inForce?.rule ?? null)
  if (!isReady(read)) throw new Unusable(`${file}: ${read.path === '' ? '' : `${read.path.slice(1)}: `}${read.message}`)
  return read.rule
}

function progressLine(): (progress: number) => void {
  let shown = -1
  return (progress) => {
    const percent = Math.floor(progress * 100)
    if (percent === shown || !process.stderr.isTTY) return
    shown = percent
    process.stderr.write(`\r${percent} %`)
  }
}

const time = (ms: number) => new Date(ms).toISOString()
const line = (alarm: FoundAlarm) => `${time(alarm.raisedAt)}  ${alarm.level.padEnd(6)}  ${alarm.ruleId}  ${alarm.subject}`

function report(result: BacktestResult): string {
  const { difference } = result
  const against = difference.against === 'record' ? 'the recorded alarms' : 'the rule in force'
  const lines = [
    `${time(result.from)} to ${time(result.to)}: ${result.total} alarms from ${result.readings} readings`,
    result.source === 'history'
      ? `from the history, before the journal begins: ordered by receipt, then by measurement, so the order is approximate`
      : result.exact
        ? 'exact: judged from the first entry of the journal'
        : `judged from ${time(result.warmUpFrom)} on, so that holds had settled${result.coldRules.length > 0 ? `; these had not learned as much as live: ${result.coldRules.join(', ')}` : ''}`,
    `against ${against}: +${difference.added.length} new  −${difference.gone.length} gone  ~${difference.moved.length} moved  =${difference.same} same`,
    `flooded for ${result.floodMinutes} min; ${result.atNight} red or orange between 22:00 and 06:00`,
    ...marksLine(result),
    '',
    'day         red  orange  yellow  blue',
    ...result.perDay.map(
      ({ day, red, orange, yellow, blue }) =>
        `${day}${String(red).padStart(5)}${String(orange).padStart(8)}${String(yellow).padStart(8)}${String(blue).padStart(6)}`,
    ),
    '',
    ...result.topPoints.map(({ subject, count }) => `${String(count).padStart(6)} × ${subject}`),
    ...difference.added.map((alarm) => `+ ${line(alarm)}`),
    ...difference.gone.map((alarm) => `− ${line(alarm)}`),
    ...difference.moved.map(
      ({ now, was }) => `~ ${line(now)}, was ${time(was.raisedAt)} ${was.level} by ${time(was.measuredAt)}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function marksLine({ marks }: BacktestResult): string[] {
  if (!marks || marks.falseAlarms + marks.real === 0) return []
  const { falseAlarms, removed, real, lost } = marks
  return [
    `of ${falseAlarms} alarms marked false ${removed} would be gone; of ${real} closed with a cause ${lost.length} would be missed`,
  ]
}

/** Spreadsheets take a leading = + - @ for a formula (semantics 26). */
const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`

function csv({ alarms, difference }: BacktestResult): string {
  const added = new Set(difference.added.map(({ id }) => id))
  const moved = new Set(difference.moved.map(({ now }) => now.id))
  const row = (alarm: FoundAlarm, change: string) =>
    [
      ...[change, alarm.level, cell(alarm.ruleId), cell(alarm.subject), cell(alarm.deviceId)],
      ...[time(alarm.measuredAt), time(alarm.raisedAt), String(alarm.late)],
    ].join(',')
  const rows = [
    'change,level,rule,subject,device,measuredAt,raisedAt,late',
    ...alarms.map((alarm) => row(alarm, added.has(alarm.id) ? 'new' : moved.has(alarm.id) ? 'moved' : 'same')),
    ...difference.gone.map((alarm) => row(alarm, 'gone')),
  ]
  return `${rows.join('\r\n')}\r\n`
}

export async function backtestCommand(openHistory: OpenHistory): Promise<void> {
  try {
    await run(openHistory)
  } catch (error) {
    if (!(error instanceof PlatformError) && !(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 2
  }
}
