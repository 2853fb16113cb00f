import type { RowsQuery } from '../../core/history.ts'
import type { Mode } from '../../core/mode.ts'
import { BlockBuilder } from '../../core/reading.ts'
import { columnsOf, RowsBuilder, type ReadingRows } from '../../core/reading-rows.ts'
import type { Entry } from '../../journal/journal.ts'

/** What a history is asked for: readings by when they were measured. */
export type PastRows = (query: RowsQuery) => Promise<ReadingRows>

type Asked = { mode: Mode; quantities: string[]; from: number; to: number }

const HOUR = 3_600_000
/** Late by no more than this, a reading is still found by when it was received. */
export const LATE_MS = 24 * HOUR
/** No reading is measured later than this after it was received (semantics 12). */
const AHEAD_MS = 300_000
const [FEW, MANY] = [100_000, 500_000]

/**
 * The readings received in a time as entries of a journal, among the record's own, in the order (receivedAt, measuredAt): the order
 * within a millisecond is the only thing a history does not know. One entry a second, because ticks fall between seconds. Positions
 * are counted anew. `tell` hears up to when everything has been handed out.
 */
export async function* historyEntries(
  rows: PastRows,
  { mode, quantities, from, to }: Asked,
  record: readonly Entry[],
): AsyncGenerator<{ entries: Entry[]; through: number }> {
  let held: ReadingRows = new RowsBuilder().take()
  let next = 0
  let pos = 1
  let step = HOUR
  for (let start = from - LATE_MS; start < to + AHEAD_MS;) {
    const end = Math.min(start + step, to + AHEAD_MS)
    const found = await rows({ mode, quantities, from: start, to: end })
    const through = end === to + AHEAD_MS ? to : Math.max(from, end - AHEAD_MS)
    const { now, later } = divided([held, found], from, through, to)
    held = later
    const entries: Entry[] = []
    const take = (entry: Entry) => {
      entries.push({ ...entry, pos })
      pos += entry.count
    }
    for (const block of blocksOf(now)) {
      while (next < record.length && record[next]!.receivedAt <= block.receivedAt) take(record[next++]!)
      take(block)
    }
    while (next < record.length && record[next]!.receivedAt < through) take(record[next++]!)
    yield { entries, through }
    start = end
    if (found.count < FEW) step = Math.min(LATE_MS, step * 2)
    else if (found.count > MANY) step = Math.max(60_000, step / 2)
  }
}

/** What was received before a moment, in the order of its receipt, and what came later than that. */
function divided(parts: ReadingRows[], from: number, through: number, to: number): { now: ReadingRows; later: ReadingRows } {
  const [now, later] = [new RowsBuilder(), new RowsBuilder()]
  for (const part of parts) {
    const { series, measuredAt, receivedAt, value, quality } = columnsOf(part)
    for (let row = 0; row < part.count; row++) {
      const at = receivedAt[row]!
      if (at < from || at >= to) continue
      const into = at < through ? now : later
      into.add(series[row]!, measuredAt[row]!, at, value[row]!, quality[row]!)
    }
  }
  return { now: now.take(), later: later.take() }
}

function* blocksOf(rows: ReadingRows): Generator<Entry> {
  const { series, measuredAt, receivedAt, value, quality } = columnsOf(rows)
  const order = Uint32Array.from({ length: rows.count }, (_, row) => row).sort(
    (a, b) => receivedAt[a]! - receivedAt[b]! || measuredAt[a]! - measuredAt[b]! || series[a]! - series[b]!,
  )
  const builder = new BlockBuilder()
  let last = 0
  const block = (): Entry => {
    const { count } = builder
    return { pos: 0, count, stream: 'readings', kind: 'block', receivedAt: last, payload: builder.take(), key: null }
  }
  for (const row of order) {
    const at = receivedAt[row]!
    if (builder.count > 0 && Math.floor(at / 1_000) !== Math.floor(last / 1_000)) yield block()
    builder.add(series[row]!, measuredAt[row]!, at, value[row]!, quality[row]!)
    last = at
  }
  if (builder.count > 0) yield block()
}
