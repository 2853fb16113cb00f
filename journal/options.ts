import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { realDisk, type Disk } from './disk.ts'
import { wallClock } from './wall-clock.ts'

export type JournalOptions = {
  /** the platform's data folder; the journal lives in `journal/` below it */
  dir: string
  cursors: string[]
  /** of the cursors, those that keep nothing back once the journal is over its size: their readers can go on from elsewhere */
  yielding?: string[]
  log: Log
  maxBytes?: number
  maxAgeMs?: number
  segmentBytes?: number
  /** bound of what waits for the disk */
  maxPendingBytes?: number
  disk?: Disk
  wallClock?: Clock
  monotonic?: () => number
  /** tell in `journal/flushed` how far the disk has been flushed */
  flushLedger?: boolean
  retryMs?: number
}

/** All of them, with what stands where nothing was said. */
export type Options = Required<JournalOptions>

const DAY = 86_400_000
const DEFAULTS = {
  yielding: [] as string[],
  maxBytes: 20 * 2 ** 30,
  maxAgeMs: 7 * DAY,
  segmentBytes: 64 << 20,
  maxPendingBytes: 64 << 20,
  disk: realDisk,
  wallClock,
  monotonic: () => performance.now(),
  flushLedger: false,
  retryMs: 1_000,
}

export function withDefaults(given: JournalOptions): Options {
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { ...DEFAULTS, ...said } as Options
}
