import type { Aggregate } from '../../../core/history.ts'
import { isBad } from '../../../core/quality.ts'
import type { ChunkHead } from './chunk.ts'
import type { Rows } from './codec.ts'
import { withoutNoise, type Rollup } from './rollup.ts'

/** Sums of doubles near the limit overflow though their mean does not: kept beside, small enough to never do so. */
const SMALL = 2 ** -64

/** The readings of one bucket so far, `bad` ones left out. */
export class Accumulator {
  readonly start: number
  readonly end: number
  #count = 0
  #bad = 0
  #sum = 0
  #smallSum = 0
  #min = Infinity
  #max = -Infinity
  #last = 0
  #lastAt = -Infinity

  constructor(start: number, end: number) {
    this.start = start
    this.end = end
  }

  /** A whole chunk by its figures alone. Not for one whose sum overflowed. */
  addChunk(head: ChunkHead): void {
    this.#bad += head.n - head.good
    if (head.good === 0) return
    this.#count += head.good
    this.#sum += head.sum
    this.#smallSum += head.sum * SMALL
    if (head.min < this.#min) this.#min = head.min
    if (head.max > this.#max) this.#max = head.max
    if (head.lastAt > this.#lastAt) {
      this.#lastAt = head.lastAt
      this.#last = head.last
    }
  }

  addRow(rows: Rows, row: number): void {
    if (isBad(rows.quality[row]!)) {
      this.#bad++
      return
    }
    const value = rows.value[row]!
    this.#count++
    this.#sum += value
    this.#smallSum += value * SMALL
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    if (rows.measuredAt[row]! > this.#lastAt) {
      this.#lastAt = rows.measuredAt[row]!
      this.#last = value
    }
  }

  /** What is left of readings that are gone; later ones are added after it. */
  addRollup({ start, good, bad, min, max, sum, last }: Rollup): void {
    this.#bad += bad
    if (good === 0) return
    this.#count += good
    this.#sum += sum
    this.#smallSum += sum * SMALL
    if (min < this.#min) this.#min = min
    if (max > this.#max) this.#max = max
    if (start >= this.#lastAt) {
      this.#lastAt = start
      this.#last = last
    }
  }

  rollup(): Rollup {
    const { start } = this
    if (this.#count === 0) return { start, good: 0, bad: this.#bad, min: 0, max: 0, sum: 0, last: 0 }
    const sum = Number.isFinite(this.#sum) ? withoutNoise(this.#sum) : Math.sign(this.#smallSum) * Number.MAX_VALUE
    return { start, good: this.#count, bad: this.#bad, min: this.#min, max: this.#max, sum, last: this.#last }
  }

  /** Undefined when the bucket holds nothing that counts. */
  result(fn: Aggregate): number | undefined {
    if (this.#count === 0) return undefined
    if (fn === 'mean') return mean(this.#sum, this.#smallSum, this.#count)
    if (fn === 'min') return this.#min
    if (fn === 'max') return this.#max
    return fn === 'last' ? this.#last : this.#count
  }
}

/** A sum that has not overflowed is divided as it is. */
function mean(sum: number, smallSum: number, count: number): number {
  if (Number.isFinite(sum)) return sum / count
  const careful = smallSum / count / SMALL
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, careful))
}
