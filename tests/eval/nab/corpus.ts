import { readData, readRows } from '../data.ts'
import { profiles, optimised, type Result, type Scored, type Window } from './scoring.ts'
import type { Detector } from './simple-detectors.ts'

export type NabFile = { name: string; at: number[]; values: number[]; windows: Window[] }

/** Stamps of the corpus have no zone; read as UTC they keep their distances. */
const timeOf = (text: string) => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`)

/** The files of the benchmark that are here, windows as first and last row. */
export function readCorpus(): NabFile[] {
  const labelled = JSON.parse(readData('nab/windows.json')) as Record<string, [string, string][]>
  return Object.entries(labelled).map(([name, spans]) => {
    const rows = readRows(`nab/${name}`)
    const at = rows.map(([stamp]) => timeOf(stamp!))
    const values = rows.map(([, value]) => Number(value))
    const windows = spans.map(([first, last]): Window => {
      const [from, to] = [timeOf(first), timeOf(last)]
      return { from: at.findIndex((one) => one >= from), to: at.findLastIndex((one) => one <= to) }
    })
    return { name, at, values, windows: windows.toSorted((a, b) => a.from - b.from) }
  })
}

/** Runs a detector over each file from its beginning; the labels stay out of its reach. */
export function detect(files: readonly NabFile[], make: (file: NabFile) => Detector): Scored[] {
  return files.map((file) => {
    const detector = make({ ...file, windows: [] })
    const scores = new Float64Array(file.values.length)
    for (let row = 0; row < scores.length; row++) scores[row] = detector(file.values[row]!, file.at[row]!)
    return { windows: file.windows, scores }
  })
}

export const results = (scored: readonly Scored[]): Result[] => profiles.map((profile) => optimised(scored, profile))
