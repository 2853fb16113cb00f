/** Readings as columns in one piece of memory, so that they cross threads without being copied row by row. */
export type ReadingRows = {
  count: number
  bytes: Uint8Array<ArrayBuffer>
  /** before it only sums are left for some of the series */
  readingsFrom?: number
}

export type RowColumns = {
  measuredAt: Float64Array
  receivedAt: Float64Array
  value: Float64Array
  series: Uint32Array
  quality: Uint8Array
}

const ROW = 29

/** Views over `count` rows; the bytes begin at a multiple of eight. */
export function columnsOf({ count, bytes }: Pick<ReadingRows, 'count' | 'bytes'>): RowColumns {
  const { buffer, byteOffset } = bytes
  const at = (column: number) => byteOffset + 8 * column * count
  return {
    measuredAt: new Float64Array(buffer, at(0), count),
    receivedAt: new Float64Array(buffer, at(1), count),
    value: new Float64Array(buffer, at(2), count),
    series: new Uint32Array(buffer, at(3), count),
    quality: new Uint8Array(buffer, at(3) + 4 * count, count),
  }
}

/** Takes rows one by one. */
export class RowsBuilder {
  count = 0
  #columns = columnsOf(emptyRows(4_096))

  add(series: number, measuredAt: number, receivedAt: number, value: number, quality: number): void {
    if (this.count === this.#columns.value.length) this.#columns = copied(this.#columns, this.count, 2 * this.count)
    const row = this.count++
    this.#columns.series[row] = series
    this.#columns.measuredAt[row] = measuredAt
    this.#columns.receivedAt[row] = receivedAt
    this.#columns.value[row] = value
    this.#columns.quality[row] = quality
  }

  take(): ReadingRows {
    const { buffer } = copied(this.#columns, this.count, this.count).value
    return { count: this.count, bytes: new Uint8Array(buffer as ArrayBuffer) }
  }
}

const emptyRows = (count: number) => ({ count, bytes: new Uint8Array(Math.ceil((ROW * count) / 8) * 8) })

function copied(from: RowColumns, count: number, room: number): RowColumns {
  const to = columnsOf(emptyRows(room))
  for (const name of Object.keys(to) as (keyof RowColumns)[]) to[name].set(from[name].subarray(0, count))
  return to
}
