import type { Aggregate, LatestReading } from '../../core/history.ts'
import { isBad } from '../../core/quality.ts'
import type { ReadingBlock, Series } from '../../core/reading.ts'
import { checkSame, type Buckets, type Conflict, type Selection, type Sink, type Store } from './store.ts'

type Row = { value: number; receivedAt: number; quality: number }

/** What a store has to do in as few words as possible, kept in maps: the model the others are compared with. */
export class MemoryStore implements Store {
  #series = new Map<number, Series>()
  #rows = new Map<number, Map<number, Row>>()
  #newest = new Map<number, number>()
  #since = new Map<number, number>()
  #cursor = 0

  cursor(): number {
    return this.#cursor
  }

  define(series: readonly Series[]): void {
    for (const one of series) {
      const known = this.#series.get(one.id)
      if (known) {
        checkSame(known, one)
        continue
      }
      this.#series.set(one.id, one)
      this.#rows.set(one.id, new Map())
    }
  }

  all(): Iterable<Series> {
    return this.#series.values()
  }

  write(block: ReadingBlock, conflict: Conflict, repeated?: (row: number) => void): void {
    for (let i = 0; i < block.count; i++) {
      const id = block.series[i]!
      const rows = this.#rows.get(id)
      const [at, value] = [block.measuredAt[i]!, block.value[i]!]
      const standing = rows?.get(at)
      if (!rows) {
        repeated?.(i)
        continue
      }
      if (!standing) {
        rows.set(at, { value, receivedAt: block.receivedAt[i]!, quality: block.quality[i]! })
        this.#newest.set(id, Math.max(at, this.#newest.get(id) ?? -Infinity))
      } else if (standing.value !== value) conflict(i, standing.value)
      else repeated?.(i)
    }
  }

  checkpoint(cursor: number): Promise<void> {
    this.#cursor = cursor
    return Promise.resolve()
  }

  readings({ series, from, to, firstFrom }: Selection, sink: Sink): Promise<void> {
    for (const [index, one] of series.entries()) {
      sink.begin(one)
      for (const [at, { value, quality, receivedAt }] of this.#range(one, index === 0 ? (firstFrom ?? from) : from, to)) {
        if (!sink.point(at, value, quality, receivedAt)) return Promise.resolve()
      }
    }
    return Promise.resolve()
  }

  buckets({ series, from, to, firstFrom }: Selection, fn: Aggregate, buckets: Buckets, sink: Sink): Promise<void> {
    for (const [index, one] of series.entries()) {
      sink.begin(one)
      const counted = this.#range(one, index === 0 ? (firstFrom ?? from) : from, to).filter(([, row]) => !isBad(row.quality))
      const groups = Map.groupBy(counted, ([at]) => buckets.at(at).start)
      for (const [start, rows] of groups) {
        const values = rows.map(([, row]) => row.value)
        if (!sink.point(start, aggregate(values, fn), 0, 0)) return Promise.resolve()
      }
    }
    return Promise.resolve()
  }

  latest(mode: string): LatestReading[] {
    return [...this.#newest].flatMap(([id, measuredAt]) => {
      const { device, metric, mode: its } = this.#series.get(id)!
      const row = this.#rows.get(id)!.get(measuredAt)!
      return its === mode ? [{ series: id, device, metric, measuredAt, ...row }] : []
    })
  }

  *trim(series: readonly Series[], before: number): Generator<number> {
    for (const { id } of series) {
      this.#since.set(id, Math.max(before, this.#since.get(id) ?? -Infinity))
      const old = [...(this.#rows.get(id)?.keys() ?? [])].filter((at) => at < before && at !== this.#newest.get(id))
      for (const at of old) this.#rows.get(id)!.delete(at)
      yield old.length
    }
  }

  figures(): Record<string, number> {
    return {}
  }

  close(): void {}

  #range({ id }: Series, from: number, to: number): [number, Row][] {
    const start = Math.max(from, this.#since.get(id) ?? -Infinity)
    return [...(this.#rows.get(id) ?? [])].filter(([at]) => at >= start && at < to).sort(([a], [b]) => a - b)
  }
}

function aggregate(values: number[], fn: Aggregate): number {
  if (fn === 'count') return values.length
  if (fn === 'last') return values.at(-1)!
  if (fn === 'min') return values.reduce((a, b) => Math.min(a, b))
  if (fn === 'max') return values.reduce((a, b) => Math.max(a, b))
  return values.reduce((mean, value) => mean + value / values.length, 0)
}
