import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readFrom } from './data.ts'
import { evaluateGas } from './gas.ts'
import { evaluateHydrants } from './hydrants.ts'
import { detect, readCorpus, results } from './nab/corpus.ts'
import type { Result } from './nab/scoring.ts'
import { shippedDetector } from './nab/shipped.ts'
import { random, windowedGaussian } from './nab/simple-detectors.ts'
import { gasSection, hydrantSection, nabSection, smokeSection, trackSection } from './sections.ts'
import { evaluateSmoke } from './smoke.ts'
import { evaluateTracks } from './tracks.ts'

/*
 * `npm run eval`: how early the detectors that ship warn, and how often for nothing. `--write` puts the tables into
 * docs/early-warning.md; `--data <folder>` takes other files of the same shape; words choose sections (nab, hydrants, smoke, gas,
 * tracks).
 */
const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false }, data: { type: 'string' } },
  allowPositionals: true,
})
if (values.data !== undefined) readFrom(resolve(values.data))

const RANDOM_RUNS = 10
const seedOf = (text: string) => [...text].reduce((seed, letter) => (Math.imul(seed, 31) + letter.charCodeAt(0)) | 0, 7)

function meanOf(runs: Result[][]): Result[] {
  return runs[0]!.map((first, i) => {
    const mean = (of: (one: Result) => number) => runs.reduce((sum, run) => sum + of(run[i]!), 0) / runs.length
    return { ...first, raw: mean(({ raw }) => raw), normalised: mean(({ normalised }) => normalised) }
  })
}

function nab(): string {
  const files = readCorpus()
  const shipped = detect(files, shippedDetector)
  const randoms = Array.from({ length: RANDOM_RUNS }, (_, run) =>
    results(detect(files, ({ name }) => random(seedOf(`${run} ${name}`)))),
  )
  const runs = [
    { name: '**unusual** (ours)', results: results(shipped), scored: shipped },
    { name: 'Windowed Gaussian', results: results(detect(files, windowedGaussian)), scored: null },
    { name: `Random (mean of ${RANDOM_RUNS})`, results: meanOf(randoms), scored: null },
  ]
  const windows = files.reduce((sum, { windows }) => sum + windows.length, 0)
  return nabSection(runs, files.length, windows)
}

const sections: Record<string, () => string> = {
  nab,
  hydrants: () => hydrantSection(evaluateHydrants()),
  smoke: () => smokeSection(evaluateSmoke()),
  gas: () => gasSection(evaluateGas()),
  tracks: () => trackSection(evaluateTracks()),
}
const unknown = positionals.filter((word) => !(word in sections))
if (unknown.length > 0) {
  process.stderr.write(`no section ${unknown.join(', ')}: there are ${Object.keys(sections).join(', ')}\n`)
  process.exit(2)
}
if (values.write && (positionals.length > 0 || values.data !== undefined)) {
  process.stderr.write('--write is for all sections over the data the page speaks of\n')
  process.exit(2)
}

const parts: string[] = []
try {
  for (const [name, run] of Object.entries(sections)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    const part = run()
    process.stdout.write(`${part}\n\n`)
    parts.push(part)
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}

const BEGIN = '<!-- measured: npm run eval -- --write -->'
const END = '<!-- /measured -->'
if (values.write) {
  const page = join(import.meta.dirname, '../../docs/early-warning.md')
  const text = readFileSync(page, 'utf8')
  const [before, rest] = text.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`${page} has lost its marks ${BEGIN} … ${END}`)
  const machine = `${cpus().length} cores × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`
  const when = `Measured on ${machine}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}.`
  writeFileSync(page, `${before}${BEGIN}\n\n${when}\n\n${parts.join('\n\n')}\n\n${END}${after}`)
}
