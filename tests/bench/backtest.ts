import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { runBacktest } from '../../alerts/backtest/run.ts'
import { isReady, readRule } from '../../alerts/rulebook.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder } from '../../core/reading.ts'
import type { Device } from '../../core/registry.ts'
import type { RecordEntry } from '../../core/record.ts'
import type { Rule } from '../../core/rule.ts'
import { recordDraft } from '../../journal/codec.ts'
import { openJournal } from '../../journal/embedded.ts'
import { OfflineJournal } from '../../journal/offline.ts'
import { temporaryDir } from '../flow/platform-process.ts'
import { median, spread, whole, type Bench } from './report.ts'

const DEVICES = 1_000
const ROWS = 10_000
const STEP_MS = 10_000
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const text = { zh: '测', en: 'bench' }

const tried: { name: string; target: number; rule: Record<string, unknown> }[] = [
  {
    name: 'threshold rule',
    target: 2_000_000,
    rule: {
      ...{ type: 'threshold', metric: 'combustibleLel' },
      limits: [
        { name: 'H', above: 20, level: 'yellow' },
        { name: 'HH', above: 50, level: 'red' },
      ],
    },
  },
  {
    name: 'voting rule, two of a zone within a minute',
    target: 300_000,
    rule: {
      type: 'voting',
      conditions: [{ metric: 'combustibleLel', above: 20 }],
      votes: [{ atLeast: 2, level: 'red' }],
    },
  },
]

/** Rules tried on a journal of a thousand detectors in a hundred zones, each with a rise now and then, through the live engine. */
export async function benchBacktest(bench: Bench): Promise<void> {
  const dir = temporaryDir()
  const readings = bench.quick ? 2_000_000 : 10_000_000
  await fill(dir, readings)
  for (const { name, target, rule } of tried) {
    const rates: number[] = []
    let alarms = 0
    for (let round = 0; round < bench.rounds; round++) {
      const source = new OfflineJournal(join(dir, 'journal'))
      const began = performance.now()
      const question = { mode: 'live' as const, from: 0, to: Date.now() + 1, rule: ready(rule), incidents: [] }
      const result = await runBacktest(source, question, 'Asia/Shanghai', () => undefined)
      rates.push(result.readings / ((performance.now() - began) / 1_000))
      alarms = result.total
      source.close()
    }
    bench.add({
      what: `backtest through the live engine, ${name}`,
      target: `≥ ${whole(target)} readings/s`,
      measured: `${spread(rates, whole)} readings/s`,
      met: median(rates) >= target,
      detail: `${whole(readings)} readings read from the journal's files and judged twice, by the rule and by those in force; ${alarms} alarms found`,
    })
  }
  rmSync(dir, { recursive: true, force: true })
}

function ready(options: Record<string, unknown>): Rule {
  const words = { id: 'bench.tried', applies: {}, latching: false, title: text, message: text, source: 'bench', guidance: [] }
  const read = readRule({ ...words, enabled: true, version: 1, origin: 'person', ...options }, null)
  if (!isReady(read)) throw new Error(`${read.path} ${read.message}`)
  return read.rule
}

async function fill(dir: string, readings: number): Promise<void> {
  const journal = await openJournal({ dir, cursors: [], log: quiet })
  const record = (entries: RecordEntry[]) => journal.append(entries.map((entry) => recordDraft(entry)))
  await record([{ kind: 'platform.started', version: 'bench', mode: 'live' }, ...tried.map(({ rule }) => inForce(rule))])
  for (let i = 0; i < DEVICES; i++) await record(detector(i))
  const start = Date.now() - (readings / DEVICES) * STEP_MS
  let step = 0
  const builder = new BlockBuilder(ROWS)
  for (let sent = 0; sent < readings; sent += ROWS) {
    for (let k = 0; k < ROWS / DEVICES; k++, step++) {
      const receivedAt = journal.clock.now()
      for (let i = 0; i < DEVICES; i++) {
        builder.add(i + 1, start + step * STEP_MS, receivedAt, valueAt(i, step), GOOD)
      }
    }
    await journal.append([{ stream: 'readings', kind: 'block', payload: builder.take(), count: ROWS }])
  }
  await journal.stop()
}

/** Far below every limit, but for one rise in some thousand steps. */
const valueAt = (device: number, step: number): number =>
  (step + (device % 100) * 37) % 3_000 < 5 ? 28 : 3 + 4 * Math.abs(Math.sin((step + device) * 0.37))

const inForce = (options: Record<string, unknown>): RecordEntry => {
  const rule = ready(options)
  return { kind: 'rule.set', rule: { ...rule, id: `bench.${rule.type}`, origin: 'pack' }, by: 'bench' }
}

function detector(i: number): RecordEntry[] {
  const row = { id: `D${i}`, enterpriseId: 'E', kind: 'gas-detector', name: `D${i}`, mode: 'live', zoneId: `Z${i % 100}` }
  const rest = { latitude: null, longitude: null, terminalPhone: null, unitAddress: null, serial: null, attributes: {} }
  const device = { ...row, ...rest, tokenHash: '0'.repeat(64), demo: false, createdAt: 0, retiredAt: null } as Device
  return [
    { kind: 'registry.changed', entity: 'device', row: device, before: null, by: 'bench' },
    { kind: 'series.defined', series: [{ id: i + 1, mode: 'live', device: device.id, metric: 'combustibleLel' }] },
  ]
}
