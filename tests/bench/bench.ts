import { parseArgs } from 'node:util'
import { benchBacktest } from './backtest.ts'
import { benchHistory } from './history.ts'
import { benchLatency } from './latency.ts'
import { benchMemory } from './memory.ts'
import { benchMqtt } from './mqtt.ts'
import { benchOpenAlarms } from './open-alarms.ts'
import { benchPainted } from './painted.ts'
import { benchRules } from './rules.ts'
import { benchSlowDisk } from './slow-disk.ts'
import { benchStart } from './start.ts'
import { benchWallFlood } from './wall-flood.ts'
import { type Bench, markdown, type Row, writePage } from './report.ts'

const sections: Record<string, (bench: Bench) => Promise<void>> = {
  mqtt: benchMqtt,
  latency: benchLatency,
  painted: benchPainted,
  'wall-flood': benchWallFlood,
  'slow-disk': benchSlowDisk,
  start: benchStart,
  history: benchHistory,
  rules: benchRules,
  'open-alarms': benchOpenAlarms,
  backtest: benchBacktest,
  memory: benchMemory,
}

const usage = `npm run bench -- [--quick] [--only ${Object.keys(sections).join(',')}] [--rounds N] [--seconds S] [--write]
  --quick   less of everything, a few minutes
  --only    these sections alone, comma separated
  --write   puts the table into docs/benchmarks.md
`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const chosen = values.only?.split(',') ?? Object.keys(sections)
if (values.help || chosen.some((name) => !Object.hasOwn(sections, name))) {
  process.stdout.write(usage)
  process.exit(values.help ? 0 : 1)
}

const rows: Row[] = []
const notes: string[] = []
const say = (text: string) => process.stderr.write(`${text}\n`)
const bench: Bench = {
  quick: values.quick,
  rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
  seconds: Number(values.seconds ?? (values.quick ? 3 : 8)),
  add: (row) => {
    rows.push(row)
    say(`${row.what}: ${row.measured} (target ${row.target}); ${row.detail}`)
  },
  note: (text) => {
    notes.push(text)
    say(text)
  },
}
for (const name of chosen) {
  say(`── ${name}`)
  await sections[name]!(bench)
}
const table = `${markdown(rows, values.quick)}${notes.map((note) => `- ${note}\n`).join('')}`
process.stdout.write(table)
if (values.write) writePage(table)
process.exit(0)
