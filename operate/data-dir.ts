import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { BadSetting } from '../core/errors.ts'
import { UNFINISHED } from './manifest.ts'
import { migrations } from './migrations/index.ts'

/** Layout of the first data folders; every migration adds one. */
const FIRST_FORMAT = 1

/** The layout we read and write. A newer number means a newer Watchfire wrote the folder: we do not touch it. */
export const FORMAT: number = migrations.at(-1)?.to ?? FIRST_FORMAT

export type Mark = { format: number; demo: boolean; createdAt: string }

const markOf = (dir: string) => join(dir, 'format.json')

/**
 * Makes or checks the data folder: its format version, and that demo data and real data never share one (semantics 22).
 * Raises `BadSetting` when it is not ours to use. An older format is let through: `migrate` brings it up to date.
 */
export function openDataDir(dir: string, demo: boolean, format = FORMAT): void {
  try {
    makeFolder(dir)
    chmodSync(dir, 0o700)
    accessSync(dir, constants.W_OK)
  } catch (error) {
    throw new BadSetting(
      `${dir} cannot be used as the data folder (${(error as NodeJS.ErrnoException).code}): name a folder this user may write to, for example WATCHFIRE_DATA_DIR=./data`,
      { setting: 'WATCHFIRE_DATA_DIR' },
    )
  }
  if (existsSync(join(dir, UNFINISHED)))
    throw new BadSetting(`${dir} holds a restore that was not finished: remove it and restore again`)
  if (!existsSync(markOf(dir))) {
    if (existsSync(join(dir, 'journal')))
      throw new BadSetting(`${dir} has a journal but no format.json: it is not a whole data folder; restore it from a backup`)
    writeMark(dir, { format, demo, createdAt: new Date().toISOString() })
    return
  }
  const mark = readMark(dir)
  if (mark.format > format) {
    throw new BadSetting(
      `${dir} has data of format ${mark.format}, this Watchfire reads format ${format}: start the version that wrote it, or restore a backup`,
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

/**
 * A folder and those above it. Node's own way of making them all never comes back where nothing can be made, as in `/proc`: there the
 * parent exists and the folder is still `ENOENT`.
 */
export function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(dir).isDirectory()) return
    if (code !== 'ENOENT' || existsSync(dirname(dir))) throw error
    makeFolder(dirname(dir))
    mkdirSync(dir, { mode: 0o700 })
  }
}

/** What the folder says about itself. Raises `BadSetting` when it cannot be read. */
export function readMark(dir: string): Mark {
  try {
    const mark = JSON.parse(readFileSync(markOf(dir), 'utf8')) as Mark
    if (Number.isSafeInteger(mark.format) && mark.format >= FIRST_FORMAT && typeof mark.demo === 'boolean') return mark
  } catch {
    // Falls through to the same sentence: whatever is wrong with it, the remedy is one.
  }
  throw new BadSetting(`${markOf(dir)} cannot be read as a format mark: restore the folder from a backup`)
}

/** The number of the layout, null for a folder that is no data folder. */
export const readFormat = (dir: string): number | null => (existsSync(markOf(dir)) ? readMark(dir).format : null)

/** Flushed before it gets its name: a power cut may otherwise leave the name without the words. */
export function writeMark(dir: string, mark: Mark): void {
  writeFileSync(`${markOf(dir)}.new`, `${JSON.stringify(mark)}\n`, { mode: 0o600, flush: true })
  renameSync(`${markOf(dir)}.new`, markOf(dir))
}
