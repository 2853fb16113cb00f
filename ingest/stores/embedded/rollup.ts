import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { decodeRows, encodeRows } from './codec.ts'

/** What is left of the readings of a stretch of time: `bad` ones are only counted. */
export type Rollup = { start: number; good: number; bad: number; min: number; max: number; sum: number; last: number }

/** Since when a series has readings, and since when sums by the finer width; before there are coarser ones or none. */
export type Rolled = { raw: number; fine: number }

export const FINE_MS = 60_000
export const COARSE_MS = 3_600_000
/** Sums that are kept together begin at a multiple of this: 360 of them. */
const together = (widthMs: number) => widthMs * 360

const schema = `
  CREATE TABLE IF NOT EXISTS rollup (series INTEGER, width INTEGER, t0 NUMERIC, bytes BLOB, PRIMARY KEY (series, width, t0)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS rolled (series INTEGER PRIMARY KEY, raw NUMERIC, fine NUMERIC);
`

/**
 * Sums kept for longer than the readings they were made of. The first sum of a stretch stands: readings that come after
 * theirs is made are late by more than raw readings are kept, and a resend of them must not count twice.
 */
export class RollupTable {
  #find: StatementSync
  #put: StatementSync
  #drop: StatementSync
  #range: StatementSync
  #mark: StatementSync
  #rolled: StatementSync

  constructor(database: DatabaseSync) {
    database.exec(schema)
    this.#find = database.prepare('SELECT bytes FROM rollup WHERE series = ? AND width = ? AND t0 = ?')
    this.#put = database.prepare('INSERT OR REPLACE INTO rollup VALUES (?, ?, ?, ?)')
    this.#drop = database.prepare('DELETE FROM rollup WHERE series = ? AND width = ? AND t0 = ?')
    this.#range = database.prepare(
      'SELECT t0, bytes FROM rollup WHERE series = ? AND width = ? AND t0 >= ? AND t0 < ? ORDER BY t0 LIMIT 1',
    )
    this.#mark = database.prepare('INSERT OR REPLACE INTO rolled VALUES (?, ?, ?)')
    this.#rolled = database.prepare('SELECT series, raw, fine FROM rolled')
  }

  rolled(): Map<number, Rolled> {
    const rows = this.#rolled.all() as { series: number; raw: number; fine: number }[]
    return new Map(rows.map(({ series, raw, fine }) => [series, { raw, fine }]))
  }

  mark(series: number, { raw, fine }: Rolled): void {
    this.#mark.run(series, raw, fine)
  }

  /** Ascending; where there is a sum already it stays. */
  add(series: number, width: number, sums: readonly Rollup[]): void {
    for (let from = 0; from < sums.length;) {
      const t0 = this.#t0(width, sums[from]!.start)
      let to = from
      while (to < sums.length && this.#t0(width, sums[to]!.start) === t0) to++
      const known = this.#find.get(series, width, t0) as { bytes: Uint8Array } | undefined
      const all = new Map(sums.slice(from, to).map((one) => [one.start, one]))
      for (const one of known ? decode(known.bytes) : []) all.set(one.start, one)
      this.#write(
        series,
        width,
        t0,
        [...all.values()].sort((a, b) => a.start - b.start),
      )
      from = to
    }
  }

  /** Some sums at a time of those that start in a range, ascending. */
  *between(series: number, width: number, from: number, to: number): Generator<Rollup[]> {
    let t0 = Number.isFinite(from) ? this.#t0(width, from) : from
    for (;;) {
      const row = this.#range.get(series, width, t0, to) as { t0: number; bytes: Uint8Array } | undefined
      if (!row) return
      yield decode(row.bytes).filter(({ start }) => start >= from && start < to)
      t0 = row.t0 + 1
    }
  }

  /** Removes the oldest sums that lie before a time, as many as are kept together; empty when there are none. */
  takeOldest(series: number, width: number, before: number): Rollup[] {
    const row = this.#range.get(series, width, -Infinity, before) as { t0: number; bytes: Uint8Array } | undefined
    if (!row) return []
    const all = decode(row.bytes)
    const gone = all.filter(({ start }) => start + width <= before)
    if (gone.length > 0) this.#write(series, width, row.t0, all.slice(gone.length))
    return gone
  }

  #t0(width: number, start: number): number {
    return Math.floor(start / together(width)) * together(width)
  }

  #write(series: number, width: number, t0: number, sums: Rollup[]): void {
    if (sums.length === 0) this.#drop.run(series, width, t0)
    else this.#put.run(series, width, t0, encode(sums))
  }
}

/** Four tables of one number each by start; the counts ride along as what a reading's receipt is. */
const columns = [
  ['min', 'good'],
  ['max', 'bad'],
  ['last', null],
  ['sum', null],
] as const

export function encode(sums: readonly Rollup[]): Uint8Array {
  const n = sums.length
  const measuredAt = Float64Array.from(sums, ({ start }) => start)
  const parts = columns.map(([name, count]) => {
    const value = Float64Array.from(sums, (one) => one[name])
    const receivedAt = Float64Array.from(sums, (one) => one.start + (count === null ? 0 : one[count]))
    return encodeRows({ measuredAt, value, receivedAt, quality: new Uint8Array(n), deviceTimes: null }, 0, n)
  })
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const part of parts) {
    view.setUint32(at, part.length, true)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  return bytes
}

export function decode(bytes: Uint8Array): Rollup[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const [min, max, last, sum] = columns.map(() => {
    const length = view.getUint32(at, true)
    at += 4 + length
    return decodeRows(bytes.subarray(at - length, at))
  })
  return Array.from(min!.measuredAt, (start, i) => ({
    start,
    good: min!.receivedAt[i]! - start,
    bad: max!.receivedAt[i]! - start,
    min: min!.value[i]!,
    max: max!.value[i]!,
    sum: sum!.value[i]!,
    last: last!.value[i]!,
  }))
}

/** Sums of decimals end in noise that takes eight bytes to keep and says nothing: a sum next to a short decimal is that. */
export function withoutNoise(sum: number): number {
  const near = Math.round(sum * 1e6) / 1e6
  return Math.abs(near) < 1e9 && Math.abs(near - sum) <= 1e-12 * Math.abs(sum) ? near : sum
}
