import { worried, worry } from '../core/part-words.ts'
import type { PartStatus } from '../core/part.ts'
import type { Damage } from './journal.ts'

/** Why nothing can be acknowledged at the moment, and since when (ms UTC). */
export type Stopped = { reason: string; since: number }

type Facts = {
  head: number
  figures: { groups: number; entries: number; bytes: number; failures: number; flushMs: number }
  pendingBytes: number
  damage: Damage[]
  clockAheadMs: number
  stopped: Stopped | null
  /** of all segments */
  bytes: number
  overFull: boolean
  slowest: string | null
  /** positions the slowest reader has not passed */
  behind: number
}

const NOTICED_CLOCK_MS = 2_000
const SHOWN_DAMAGE = 3

/** How the journal is, for /readyz, the wall and /metrics. */
export function journalStatus(facts: Facts): PartStatus {
  const figures = {
    watchfire_journal_head: facts.head,
    watchfire_journal_groups_total: facts.figures.groups,
    watchfire_journal_entries_total: facts.figures.entries,
    watchfire_journal_written_bytes_total: facts.figures.bytes,
    watchfire_journal_flush_seconds_total: facts.figures.flushMs / 1000,
    watchfire_journal_disk_failures_total: facts.figures.failures,
    watchfire_journal_pending_bytes: facts.pendingBytes,
    watchfire_journal_bytes: facts.bytes,
    watchfire_journal_slowest_reader_behind: facts.behind,
    watchfire_journal_damaged_stretches: facts.damage.length,
    watchfire_clock_ahead_seconds: facts.clockAheadMs / 1000,
  }
  if (facts.stopped)
    return { name: 'journal', state: 'down', ...worried(worry('journal-stopped', { reason: facts.stopped.reason })), figures }
  const worries = facts.damage
    .slice(0, SHOWN_DAMAGE)
    .map(({ file, offset, bytes }) => worry('journal-damaged', { file, offset, bytes }))
  if (facts.clockAheadMs > NOTICED_CLOCK_MS)
    worries.push(worry('clock-stepped-back', { s: Math.round(facts.clockAheadMs / 1000) }))
  if (facts.overFull) worries.push(worry('journal-over-full', { reader: facts.slowest ?? '?' }))
  if (worries.length === 0) return { name: 'journal', state: 'ok', figures }
  return { name: 'journal', state: 'degraded', ...worried(...worries), figures }
}
