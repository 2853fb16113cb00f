import { isBad } from '../../../core/quality.ts'
import type { Rows } from './codec.ts'

/** Rows that are summed together. A full chunk is a whole number of them, so forgetting one only moves the others up. */
export const BLOCK_ROWS = 40
const FIELDS = 4
const [GOOD, SUM, MIN, MAX] = [0, 1, 2, 3]
const UNKNOWN = -1

/** What is added up over rows, `bad` ones left out. */
export class Tally {
  good = 0
  sum = 0
  min = Infinity
  max = -Infinity

  clear(): void {
    this.good = this.sum = 0
    this.min = Infinity
    this.max = -Infinity
  }

  addRows({ value, quality }: Rows, from: number, to: number, mayHoldBad: boolean): void {
    let { good, sum, min, max } = this
    for (let row = from; row < to; row++) {
      if (mayHoldBad && isBad(quality[row]!)) continue
      const one = value[row]!
      good++
      sum += one
      if (one < min) min = one
      if (one > max) max = one
    }
    this.good = good
    this.sum = sum
    this.min = min
    this.max = max
  }
}

/**
 * Sums over blocks of the rows in memory, made when first asked for and kept until a row of theirs changes: screens ask for
 * the same minutes of every series again and again.
 */
export class Sums {
  #blocks: Float64Array

  constructor(mostRows: number) {
    this.#blocks = new Float64Array(Math.ceil(mostRows / BLOCK_ROWS) * FIELDS).fill(UNKNOWN)
  }

  /** Adds rows `from` ≤ i < `to` to a tally. */
  addTo(tally: Tally, rows: Rows, from: number, to: number, mayHoldBad: boolean): void {
    const first = Math.ceil(from / BLOCK_ROWS)
    const last = Math.floor(to / BLOCK_ROWS)
    if (first >= last) return tally.addRows(rows, from, to, mayHoldBad)
    tally.addRows(rows, from, first * BLOCK_ROWS, mayHoldBad)
    const blocks = this.#blocks
    for (let block = first; block < last; block++) {
      const at = block * FIELDS
      if (blocks[at + GOOD] === UNKNOWN) this.#sum(block, rows, mayHoldBad)
      tally.good += blocks[at + GOOD]!
      tally.sum += blocks[at + SUM]!
      if (blocks[at + MIN]! < tally.min) tally.min = blocks[at + MIN]!
      if (blocks[at + MAX]! > tally.max) tally.max = blocks[at + MAX]!
    }
    tally.addRows(rows, last * BLOCK_ROWS, to, mayHoldBad)
  }

  /** Rows from here on are not what they were. */
  changedFrom(row: number): void {
    this.#blocks.fill(UNKNOWN, Math.floor(row / BLOCK_ROWS) * FIELDS)
  }

  /** The oldest rows are gone, the others have moved up. */
  dropFirst(count: number): void {
    if (count % BLOCK_ROWS !== 0) return this.changedFrom(0)
    const gone = (count / BLOCK_ROWS) * FIELDS
    this.#blocks.copyWithin(0, gone)
    this.#blocks.fill(UNKNOWN, Math.max(0, this.#blocks.length - gone))
  }

  #sum(block: number, rows: Rows, mayHoldBad: boolean): void {
    const own = new Tally()
    own.addRows(rows, block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS, mayHoldBad)
    this.#blocks.set([own.good, own.sum, own.min, own.max], block * FIELDS)
  }
}
