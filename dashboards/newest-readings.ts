import type { LatestReading } from '../core/history.ts'
import type { Mode } from '../core/mode.ts'
import type { ReadingBlock } from '../core/reading.ts'
import type { SeriesTable } from '../core/series.ts'
import type { LiveReading } from '../core/live.ts'

/** What a device has sent, without its registry row: it may send before we hear of its row, and after it has retired. `prefix` begins its readings' JSON. */
export type Sender = { index: number; id: string; series: number[]; prefix: string }

const grown = <T extends Float64Array | Uint32Array | Uint8Array>(old: T, size: number): T => {
  const bigger = new (old.constructor as new (size: number) => T)(size)
  bigger.set(old)
  return bigger
}

/**
 * The newest reading of every series, in columns by series number. This runs once per reading on the main thread, so a
 * row costs a few array writes and no allocation.
 */
export class NewestReadings {
  #table: SeriesTable
  #value = new Float64Array(1024)
  #measuredAt = new Float64Array(1024)
  #receivedAt = new Float64Array(1024)
  #quality = new Uint8Array(1024)
  /** sender of a series; 0 = series not met yet */
  #senderOf = new Uint32Array(1024)
  #modeOf: (Mode | undefined)[] = []
  #texts: string[] = []
  #textAt = new Float64Array(1024)
  #dirty = new Uint8Array(1024)
  #changed = new Uint32Array(1024)
  #changedCount = 0

  #senders: Sender[] = [{ index: 0, id: '', series: [], prefix: '["",' }]
  #byId = new Map<string, Sender>()
  #lastReceivedAt = new Float64Array(256)
  #rows = new Uint32Array(256)
  /** senders whose set of series has grown since last asked */
  #learned = new Set<string>()

  constructor(table: SeriesTable) {
    this.#table = table
  }

  apply(block: ReadingBlock): void {
    const { count, series, measuredAt, receivedAt, value, quality } = block
    for (let row = 0; row < count; row++) {
      const s = series[row]!
      let sender = this.#senderOf[s]
      if (!sender) {
        sender = this.#learn(s)
        if (!sender) continue
      }
      const arrived = receivedAt[row]!
      this.#lastReceivedAt[sender] = arrived
      this.#rows[sender]!++
      const measured = measuredAt[row]!
      // Equal stamps: the first acknowledged value stands (semantics 10). Older ones never rewrite what the screen knew.
      const shown = this.#measuredAt[s]!
      // No event is later than its receipt: a clock that ran ahead and was set right must not leave an old value standing.
      if (measured <= shown && (measured === shown || Math.min(measured, arrived) <= Math.min(shown, this.#receivedAt[s]!)))
        continue
      this.#measuredAt[s] = measured
      this.#receivedAt[s] = arrived
      this.#value[s] = value[row]!
      this.#quality[s] = quality[row]!
      this.#markChanged(s)
    }
  }

  /** What history knew at the start. */
  load(readings: LatestReading[]): void {
    for (const { series: s, value, measuredAt, receivedAt, quality } of readings) {
      const sender = this.#senderOf[s] || this.#learn(s)
      if (!sender) continue
      this.#lastReceivedAt[sender] = Math.max(this.#lastReceivedAt[sender]!, receivedAt)
      if (measuredAt <= this.#measuredAt[s]!) continue
      this.#measuredAt[s] = measuredAt
      this.#receivedAt[s] = receivedAt
      this.#value[s] = value
      this.#quality[s] = quality
    }
  }

  sender(deviceId: string): Sender | undefined {
    return this.#byId.get(deviceId)
  }

  lastReceivedAt(deviceId: string): number | null {
    const sender = this.#byId.get(deviceId)
    return (sender && this.#lastReceivedAt[sender.index]) || null
  }

  /** Rows since this was last asked of the device. */
  takeRows(deviceId: string): number {
    const sender = this.#byId.get(deviceId)
    if (!sender) return 0
    const rows = this.#rows[sender.index]!
    this.#rows[sender.index] = 0
    return rows
  }

  takeLearned(): string[] {
    if (this.#learned.size === 0) return []
    const learned = [...this.#learned]
    this.#learned.clear()
    return learned
  }

  /** Series with a new value since they were last taken, first come first, at most `max`; the rest waits for the next call. */
  takeChanged(max: number): Uint32Array {
    const count = Math.min(max, this.#changedCount)
    const taken = this.#changed.slice(0, count)
    this.#changed.copyWithin(0, count, this.#changedCount)
    this.#changedCount -= count
    for (const s of taken) this.#dirty[s] = 0
    return taken
  }

  /** The device has come into view: what it sent before goes out again. */
  resend(deviceId: string): void {
    for (const s of this.#byId.get(deviceId)?.series ?? []) this.#markChanged(s)
  }

  modeOf(series: number): Mode | undefined {
    return this.#modeOf[series]
  }

  deviceOf(series: number): string {
    return this.#senders[this.#senderOf[series]!]!.id
  }

  metricOf(series: number): string {
    return this.#table.get(series)?.metric ?? ''
  }

  /** The newest reading as the feed sends it, as JSON text. */
  text(series: number): string {
    const measuredAt = this.#measuredAt[series]!
    const kept = this.#texts[series]
    // A series' newest reading has another time whenever it is another reading.
    if (kept !== undefined && this.#textAt[series] === measuredAt) return kept
    const value = this.#value[series]!
    const numbers = `${Number.isFinite(value) ? value : 'null'},${measuredAt},${this.#receivedAt[series]},${this.#quality[series]}`
    this.#textAt[series] = measuredAt
    const { prefix } = this.#senders[this.#senderOf[series]!]!
    return (this.#texts[series] = `${prefix}${JSON.stringify(this.metricOf(series))},${numbers}]`)
  }

  reading(series: number): LiveReading {
    return [
      this.deviceOf(series),
      this.metricOf(series),
      this.#value[series]!,
      this.#measuredAt[series]!,
      this.#receivedAt[series]!,
      this.#quality[series]!,
    ]
  }

  #markChanged(s: number): void {
    if (this.#dirty[s] === 1) return
    this.#dirty[s] = 1
    this.#changed[this.#changedCount++] = s
  }

  #learn(number: number): number {
    const series = this.#table.get(number)
    if (!series) return 0
    if (number >= this.#senderOf.length) this.#growSeries(number)
    let sender = this.#byId.get(series.device)
    if (!sender) {
      sender = { index: this.#senders.length, id: series.device, series: [], prefix: `[${JSON.stringify(series.device)},` }
      this.#senders.push(sender)
      this.#byId.set(series.device, sender)
      if (sender.index >= this.#rows.length) {
        this.#rows = grown(this.#rows, this.#rows.length * 2)
        this.#lastReceivedAt = grown(this.#lastReceivedAt, this.#lastReceivedAt.length * 2)
      }
    }
    sender.series.push(number)
    this.#learned.add(series.device)
    this.#senderOf[number] = sender.index
    this.#modeOf[number] = series.mode
    return sender.index
  }

  #growSeries(number: number): void {
    let size = this.#senderOf.length
    while (size <= number) size *= 2
    this.#value = grown(this.#value, size)
    this.#measuredAt = grown(this.#measuredAt, size)
    this.#receivedAt = grown(this.#receivedAt, size)
    this.#quality = grown(this.#quality, size)
    this.#textAt = grown(this.#textAt, size)
    this.#senderOf = grown(this.#senderOf, size)
    this.#dirty = grown(this.#dirty, size)
    this.#changed = grown(this.#changed, size)
  }
}
