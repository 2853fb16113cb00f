import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'

/** One line of the table: what was measured, what was wanted, what came out, and the facts needed to read it. */
export type Row = { what: string; target: string; measured: string; met: boolean | null; detail: string }

/** What a section may do: measure less in quick mode, and hand rows to the table as soon as it has them. */
export type Bench = { quick: boolean; rounds: number; seconds: number; add(row: Row): void; note(text: string): void }

export const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
export const whole = (value: number): string => Math.round(value).toLocaleString('en')
export const ms = (value: number): string => (value < 10 ? value.toFixed(1) : whole(value))
/** `3.1 (2.9–3.4)`: the median and, when measured more than once, the range. */
export const spread = (values: number[], show: (value: number) => string): string =>
  values.length > 1 ? `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})` : show(values[0]!)

export function machine(): string {
  const cores = cpus()
  const model = cores[0]?.model.trim() ?? 'unknown processor'
  const governor = `${cores.length} cores × ${model}, ${whole(totalmem() / 2 ** 30)} GiB`
  return `${governor}, Node ${process.versions.node}, ${process.platform}, ${new Date().toISOString().slice(0, 16)}Z`
}

const sign = (met: boolean | null) => (met === null ? '' : met ? 'yes' : '**no**')

export function markdown(rows: Row[], quick: boolean): string {
  const lines = rows.map(
    ({ what, target, measured, met, detail }) => `| ${what} | ${target} | ${measured} | ${sign(met)} | ${detail} |`,
  )
  return [
    `Measured on ${machine()}${quick ? ' (quick run)' : ''}. Where peers are compared each server runs on core 0; the load client on core 1. Start, history and the slow disk have both cores.`,
    '',
    '| what | target | measured: median (range) | met | how |',
    '|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}

const BEGIN = '<!-- measured: npm run bench -- --write -->'
const END = '<!-- /measured -->'
const page = join(import.meta.dirname, '../../docs/benchmarks.md')

/** Puts the table between the marks of docs/benchmarks.md; the words around it are people's. */
export function writePage(table: string): void {
  const text = readFileSync(page, 'utf8')
  const [before, rest] = text.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`${page} has lost its marks ${BEGIN} … ${END}`)
  writeFileSync(page, `${before}${BEGIN}\n\n${table}\n${END}${after}`)
}
