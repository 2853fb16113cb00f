/**
 * What the engine remembers of every series whether or not a rule is at work: one row of numbers each, in one typed array,
 * so that a quiet reading costs a few comparisons and a snapshot is a copy of bytes. Rows are grouped into pages; a page
 * that changed since the last snapshot is written again.
 */
export const STRIDE = 24
/** A good value strictly between these two changes nothing (derived from the rules, not restored). */
export const ABOVE = 0
export const BELOW = 1
/** the highest measuredAt seen */
export const HIGHEST = 2
/** newest reading: event time (never later than its receipt), receipt, value, quality code, position */
export const AT = 3
export const RECEIVED = 4
export const VALUE = 5
export const POS = 6
/** when any reading of the series last came, duplicates too */
export const HEARD = 7
export const QUALITY = 8
const SEEN_NEXT = 9
const SEEN = 10
const SEEN_COUNT = STRIDE - SEEN

const PAGE_SHIFT = 8
const PAGE_ROWS = 1 << PAGE_SHIFT
const PAGE_LENGTH = PAGE_ROWS * STRIDE

const emptyRow = new Float64Array(STRIDE)
emptyRow[ABOVE] = Infinity
emptyRow[BELOW] = -Infinity
emptyRow[HIGHEST] = -Infinity
emptyRow[AT] = -Infinity
emptyRow[RECEIVED] = -Infinity
emptyRow[HEARD] = -Infinity
emptyRow.fill(NaN, SEEN)

export class SeriesMemory {
  rows = new Float64Array(0)
  #dirty = new Uint8Array(0)

  /** Makes room for this series. */
  ensure(id: number): void {
    const pages = (id >> PAGE_SHIFT) + 1
    if (pages <= this.#dirty.length) return
    const from = this.rows.length
    const room = Math.max(pages, this.#dirty.length * 2)
    const rows = new Float64Array(room * PAGE_LENGTH)
    rows.set(this.rows)
    for (let at = from; at < rows.length; at += STRIDE) rows.set(emptyRow, at)
    const dirty = new Uint8Array(room)
    dirty.set(this.#dirty)
    this.rows = rows
    this.#dirty = dirty
  }

  /** The newest reading in event time. */
  note(id: number, measuredAt: number, receivedAt: number, value: number, quality: number, pos: number): void {
    const row = id * STRIDE
    const rows = this.rows
    if (measuredAt > rows[row + HIGHEST]!) rows[row + HIGHEST] = measuredAt
    rows[row + AT] = measuredAt < receivedAt ? measuredAt : receivedAt
    rows[row + RECEIVED] = receivedAt
    rows[row + HEARD] = receivedAt
    rows[row + VALUE] = value
    rows[row + QUALITY] = quality
    rows[row + POS] = pos
    this.see(id, measuredAt)
  }

  /** A reading whose stamp says nothing about when: it happened when it came. Event time may then be ahead of every stamp. */
  noteStanding(id: number, stamp: number, receivedAt: number, value: number, quality: number, pos: number): void {
    const row = id * STRIDE
    const rows = this.rows
    if (!this.hasSeen(id, stamp)) this.see(id, stamp)
    if (stamp > rows[row + HIGHEST]!) rows[row + HIGHEST] = stamp
    rows[row + AT] = receivedAt
    rows[row + RECEIVED] = receivedAt
    rows[row + HEARD] = receivedAt
    rows[row + VALUE] = value
    rows[row + QUALITY] = quality
    rows[row + POS] = pos
    this.#dirty[id >> PAGE_SHIFT] = 1
  }

  /** Remembers a stamp among the last few of the series. */
  see(id: number, measuredAt: number): void {
    const row = id * STRIDE
    const next = this.rows[row + SEEN_NEXT]!
    this.rows[row + SEEN + next] = measuredAt
    this.rows[row + SEEN_NEXT] = next + 1 === SEEN_COUNT ? 0 : next + 1
    this.#dirty[id >> PAGE_SHIFT] = 1
  }

  /** A reading with this stamp was judged not long ago: this one is a resend, whatever value it brings. */
  hasSeen(id: number, measuredAt: number): boolean {
    const from = id * STRIDE + SEEN
    for (let i = from; i < from + SEEN_COUNT; i++) if (this.rows[i] === measuredAt) return true
    return false
  }

  hear(id: number, receivedAt: number): void {
    this.rows[id * STRIDE + HEARD] = receivedAt
    this.#dirty[id >> PAGE_SHIFT] = 1
  }

  setQuiet(id: number, above: number, below: number): void {
    this.rows[id * STRIDE + ABOVE] = above
    this.rows[id * STRIDE + BELOW] = below
  }

  /** Pages changed since the last call, as bytes. */
  takePages(): [page: number, bytes: Uint8Array][] {
    const pages: [number, Uint8Array][] = []
    for (let page = 0; page < this.#dirty.length; page++) {
      if (this.#dirty[page] === 0) continue
      this.#dirty[page] = 0
      const columns = this.rows.slice(page * PAGE_LENGTH, (page + 1) * PAGE_LENGTH)
      pages.push([page, new Uint8Array(columns.buffer)])
    }
    return pages
  }

  restore(pages: Iterable<[page: number, bytes: Uint8Array]>): void {
    for (const [page, bytes] of pages) {
      this.ensure(((page + 1) << PAGE_SHIFT) - 1)
      this.rows.set(new Float64Array(bytes.slice().buffer), page * PAGE_LENGTH)
      for (let id = page << PAGE_SHIFT; id < (page + 1) << PAGE_SHIFT; id++) this.setQuiet(id, Infinity, -Infinity)
    }
  }
}
