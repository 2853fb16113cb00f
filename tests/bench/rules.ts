import { Value } from 'typebox/value'
import type { Device } from '../../core/registry.ts'
import type { Rule } from '../../core/rule.ts'
import { GOOD } from '../../core/quality.ts'
import { BlockBuilder, readBlock, type ReadingBlock } from '../../core/reading.ts'
import type { RecordEntry } from '../../core/record.ts'
import { Engine } from '../../alerts/engine.ts'
import { readRule, isReady } from '../../alerts/rulebook.ts'
import { ruleTypeOf } from '../../alerts/rules/index.ts'
import type { AnyDeviceRule, AnySeriesRule, DeviceSample, Sample, SeriesFacts } from '../../alerts/rules/rule.ts'
import { recordDraft } from '../../journal/codec.ts'
import { median, spread, whole, type Bench } from './report.ts'

const T0 = 1_767_225_600_000
const PERIOD_MS = 10_000
const limits = [
  { name: 'H', above: 25, level: 'yellow' },
  { name: 'HH', above: 50, level: 'red' },
]

/** One rule of each type, as a pack would have it. */
const samples: Record<string, Record<string, unknown>> = {
  threshold: { limits },
  'rate-of-change': { limits: [{ name: 'H', by: 10, level: 'yellow' }], withinMs: 60_000 },
  deviation: { limits: [{ name: 'H', spreads: 6, level: 'yellow' }] },
  forecast: { level: 'yellow', limits: [{ name: 'HH', above: 50 }] },
  stuck: { level: 'blue' },
  jump: { level: 'blue' },
  copied: { level: 'blue' },
  unusual: { level: 'blue' },
  expression: { level: 'orange', when: 'value > 40 && good && hour >= 6.0' },
  'bad-reading': { level: 'blue' },
  'no-substance': { level: 'blue' },
}
const metric = 'combustibleLel'
const facts: SeriesFacts = {
  expectedPeriodMs: PERIOD_MS,
  needsSubstance: false,
  substance: 'methane',
  hasLimits: true,
  attributes: {},
}

export function aRule(type: string, options: Record<string, unknown>): Rule {
  const text = { zh: '测', en: 'Bench' }
  const words = {
    id: `bench.${type}`,
    type,
    applies: {},
    latching: false,
    title: text,
    message: text,
    source: 'bench',
    guidance: [],
  }
  const about = ruleTypeOf(type)?.needsMetric ? { metric } : {}
  const read = readRule({ ...words, ...about, enabled: true, version: 1, origin: 'pack', ...options }, null)
  if (!isReady(read)) throw new Error(`${type}: ${read.path} ${read.message}`)
  return read.rule
}

/** A detector's air: off zero, never still, far from its limits. */
const valueAt = (series: number, step: number) => 3 + 4 * Math.abs(Math.sin((step + series) * 0.37))

/** Evaluations a second of one rule type, each series with its own state. */
function evaluations(type: AnySeriesRule, options: unknown, series: number, steps: number): { perSecond: number; bytes: number } {
  const states: unknown[] = Array.from({ length: series }, () => type.start)
  const began = performance.now()
  for (let step = 0; step < steps; step++) {
    for (let one = 0; one < series; one++) {
      const at = T0 + step * PERIOD_MS + one
      const sample: Sample = { value: valueAt(one, step), at, quality: 'good', reason: 'none', held: false, gap: false }
      states[one] = type.step(options, states[one], sample, facts).state
    }
  }
  const seconds = (performance.now() - began) / 1_000
  return { perSecond: (series * steps) / seconds, bytes: JSON.stringify(states[0]).length }
}

function deviceEvaluations(type: AnyDeviceRule, options: unknown, count: number): number {
  const began = performance.now()
  for (let i = 0; i < count; i++) {
    const at = T0 + i * 1_000
    const sample: DeviceSample = { at, heardAt: at - 500, countFrom: at - 500, expectedPeriodMs: PERIOD_MS, clockSuspectAt: null }
    type.step(options, sample)
  }
  return count / ((performance.now() - began) / 1_000)
}

const rulesAtWork = ['threshold', 'rate-of-change', 'stuck', 'jump', 'deviation']

/** An engine with so many detectors, five rules on each. */
function engineWith(devices: number): Engine {
  const engine = new Engine()
  let pos = 1
  const record = (entry: RecordEntry) => engine.apply({ ...recordDraft(entry), key: null, pos: pos++, receivedAt: T0 })
  record({ kind: 'platform.started', version: 'bench', mode: 'live' })
  for (const type of rulesAtWork) record({ kind: 'rule.set', rule: aRule(type, samples[type]!), by: 'bench' })
  for (let i = 1; i <= devices; i++) {
    const row = { id: `D${i}`, enterpriseId: 'E', kind: 'gas-detector', name: `D${i}`, mode: 'live', attributes: {} }
    const rest = { zoneId: null, latitude: null, longitude: null, terminalPhone: null, unitAddress: null, serial: null }
    const device = { ...row, ...rest, tokenHash: '0'.repeat(64), demo: false, createdAt: T0, retiredAt: null } as Device
    record({ kind: 'registry.changed', entity: 'device', row: device, before: null, by: 'bench' })
    record({ kind: 'series.defined', series: [{ id: i, mode: 'live', device: device.id, metric }] })
  }
  engine.take()
  return engine
}

function blockOf(devices: number, step: number): ReadingBlock {
  const builder = new BlockBuilder(devices)
  for (let i = 1; i <= devices; i++) {
    const at = T0 + step * PERIOD_MS + i / 10
    builder.add(i, at, at, valueAt(i, step), GOOD)
  }
  return readBlock(builder.take())
}

/** What each rule type costs, and ten thousand devices with five rules each, on one core. */
export function benchRules(bench: Bench): Promise<void> {
  const series = 1_000
  const steps = bench.quick ? 100 : 400
  for (const [name, options] of Object.entries(samples)) {
    const type = ruleTypeOf(name) as AnySeriesRule
    const ready = Value.Default(type.options, aRule(name, options)) as Record<string, unknown>
    const rounds = Array.from({ length: bench.rounds }, () => evaluations(type, ready, series, steps))
    const rates = rounds.map(({ perSecond }) => perSecond)
    bench.add({
      what: `evaluations a second, rule type ${name}`,
      target: 'reported',
      measured: spread(rates, whole),
      met: null,
      detail: `${whole(series)} series in turn on one core; state ${rounds[0]!.bytes} bytes as JSON`,
    })
  }
  const silent = ruleTypeOf('silent') as AnyDeviceRule
  const rates = Array.from({ length: bench.rounds }, () => deviceEvaluations(silent, { level: 'blue', periods: 3 }, 1_000_000))
  bench.add({
    what: 'evaluations a second, rule type silent',
    target: 'reported',
    measured: spread(rates, whole),
    met: null,
    detail: 'one core',
  })
  tenThousandDevices(bench)
  return Promise.resolve()
}

function tenThousandDevices(bench: Bench): void {
  const devices = 10_000
  const engine = engineWith(devices)
  const perSecond: number[] = []
  const heaps: number[] = []
  const blocks = 10
  let step = 0
  let pos = 1_000_000
  for (let round = 0; round < bench.rounds + 2; round++) {
    const ready = Array.from({ length: blocks }, () => blockOf(devices, step++))
    const began = performance.now()
    for (const block of ready) {
      engine.judgeBlock(block, pos)
      pos += block.count
      engine.advance(block.receivedAt[block.count - 1]!)
    }
    const rate = (blocks * devices) / ((performance.now() - began) / 1_000)
    engine.take()
    engine.takeState()
    globalThis.gc?.()
    // The first rounds fill what each series remembers.
    if (round >= 2) perSecond.push(rate)
    heaps.push(process.memoryUsage().heapUsed)
  }
  const grown = (heaps.at(-1)! - heaps[1]!) / 2 ** 20
  bench.add({
    what: 'readings a second through the engine, 10,000 devices × 5 rules, none of them quiet',
    target: '≥ 100,000 on one core',
    measured: spread(perSecond, whole),
    met: median(perSecond) >= 100_000,
    detail: `${rulesAtWork.join(', ')}; ${whole(heaps.at(-1)! / 2 ** 20)} MiB of heap, ${grown.toFixed(0)} MiB more than after the second round`,
  })
}
