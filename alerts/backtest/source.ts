import type { Batch, Entry } from '../../journal/journal.ts'

/** What a backtest reads: the journal's own end in a thread, or the files of a folder. */
export type Source = {
  head(): number
  tail(): number
  read(from: number, maxBytes?: number): Batch | Promise<Batch>
  readRecord(from: number, kinds: string[]): Promise<Entry[]>
}

/** The first position received at or after `time`; the head when there is none. Reads about forty groups. */
export async function positionAt(source: Source, time: number): Promise<number> {
  let low = source.tail()
  let high = source.head()
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { entries, next } = await source.read(middle, 1)
    const first = entries[0]
    if (!first) high = next > middle && next < high ? middle : Math.min(high, middle)
    else if (first.receivedAt >= time) high = middle
    else low = Math.max(middle + 1, first.pos + first.count)
  }
  return low
}

/** When the entry at or after a position was received; null at the head. */
export async function receivedAt(source: Source, pos: number): Promise<number | null> {
  return (await source.read(pos, 1)).entries[0]?.receivedAt ?? null
}
