import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BadSetting } from './core/errors.ts'

/** The layout of the data folder. A newer number than ours means a newer Watchfire wrote it: we do not touch it. */
export const FORMAT = 1

type Mark = { format: number; demo: boolean; createdAt: string }

/**
 * Makes or checks the data folder: its format version, and that demo data and real data never share one (semantics 22).
 * Raises `BadSetting` when it is not ours to use.
 */
export function openDataDir(dir: string, demo: boolean): void {
  try {
    mkdirSync(dir, { recursive: true })
    chmodSync(dir, 0o700)
    accessSync(dir, constants.W_OK)
  } catch (error) {
    throw new BadSetting(
      `${dir} cannot be used as the data folder (${(error as NodeJS.ErrnoException).code}): name a folder this user may write to, for example WATCHFIRE_DATA_DIR=./data`,
      { setting: 'WATCHFIRE_DATA_DIR' },
    )
  }
  const file = join(dir, 'format.json')
  if (!existsSync(file)) {
    if (existsSync(join(dir, 'journal')))
      throw new BadSetting(`${dir} has a journal but no format.json: it is not a whole data folder; restore it from a backup`)
    const mark: Mark = { format: FORMAT, demo, createdAt: new Date().toISOString() }
    // Flushed before it gets its name: a power cut may otherwise leave the name without the words.
    writeFileSync(`${file}.new`, `${JSON.stringify(mark)}\n`, { flush: true })
    renameSync(`${file}.new`, file)
    return
  }
  const mark = readMark(file)
  if (mark.format !== FORMAT) {
    throw new BadSetting(
      `${dir} has data of format ${mark.format}, this Watchfire reads format ${FORMAT}: start the version that wrote it, or restore a backup`,
    )
  }
  if (mark.demo !== demo) {
    throw new BadSetting(
      mark.demo
        ? `${dir} holds demo data, and real data never goes beside it: set WATCHFIRE_DATA_DIR to another folder, for example ./data`
        : `${dir} holds real data, and the demo never goes beside it: unset WATCHFIRE_DATA_DIR or name another folder, for example ./data-demo`,
    )
  }
}

function readMark(file: string): Mark {
  try {
    const mark = JSON.parse(readFileSync(file, 'utf8')) as Mark
    if (typeof mark.format === 'number' && typeof mark.demo === 'boolean') return mark
  } catch {
    // Falls through to the same sentence: whatever is wrong with it, the remedy is one.
  }
  throw new BadSetting(`${file} cannot be read as a format mark: restore the folder from a backup`)
}
