import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Data of others lies beside the repository, never in it. */
let dataDir = join(import.meta.dirname, '../../../shared/data')

/** Other files of the same shape: what was not there when the rules were written. */
export function readFrom(dir: string): void {
  dataDir = dir
}

/** The text of a data file; without the data nothing can be measured, and nothing may look as if it had been. */
export function readData(name: string): string {
  const file = join(dataDir, name)
  if (!existsSync(file)) {
    throw new Error(
      `${name} is not there: the evaluation needs the data sets in ../shared/data beside the repository, or --data <folder> (${file})`,
    )
  }
  return readFileSync(file, 'utf8')
}

/** Data rows of a CSV without quotes, header left out. */
export function readRows(name: string): string[][] {
  const lines = readData(name).trimEnd().split('\n')
  return lines.slice(1).map((line) => line.trimEnd().split(','))
}
