import { Unavailable } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { readBlock, type ReadingBlock, type Series } from '../core/reading.ts'
import { readQuarantined, readRecordEntry, recordDraft } from '../journal/codec.ts'
import type { Batch, Entry, Follower, Journal } from '../journal/journal.ts'
import type { OutboxBook } from './outbox-book.ts'
import type { Quarantine } from './quarantine.ts'
import { Retention, type RetentionClass } from './retention.ts'
import { SeriesIndex } from './series-index.ts'
import type { Store } from './stores/store.ts'

/** A checkpoint comes after this many rows or this much time, whichever is first. */
const CHECKPOINT_ROWS = 500_000
const CHECKPOINT_MS = 30_000
const RETRY_MS = 1_000
/** How long a message nobody could use is kept: afterwards its device has room for new ones. */
const QUARANTINE_MS = 30 * 86_400_000
const HOUR = 3_600_000
/** Rows written before queries get their turn. */
const SLICE_ROWS = 4_096

type Options = {
  store: Store
  quarantine: Quarantine
  journal: Journal
  retention: RetentionClass[]
  /** whose hours sums by the hour are of */
  zone?: string
  /** where an outbox is: what it must not send */
  book?: OutboxBook
  log: Log
}

/** The journal's readings into the store, its quarantine entries into theirs, in journal order. */
export class Intake {
  readonly index = new SeriesIndex()
  #store: Store
  #quarantine: Quarantine
  #book: OutboxBook | null
  #journal: Journal
  #retention: Retention
  #log: Log
  #follower: Follower | null = null
  #series = new Map<number, Series>()
  #applied = 0
  #rowsSince = 0
  #sinceRest = 0
  #checkpointAt = performance.now()
  #quarantineTrimmedAt = -Infinity
  #fault: string | null = null
  #stopping = false
  #waiting = new Set<{ pos: number; done: () => void }>()

  constructor({ store, quarantine, journal, retention, zone, book, log }: Options) {
    this.#store = store
    this.#quarantine = quarantine
    this.#book = book ?? null
    this.#journal = journal
    this.#retention = new Retention(store, retention, zone)
    this.#log = log
  }

  /** Goes on where the store was left. Resolves once readings that are due to go are out of sight. */
  async start(): Promise<void> {
    for (const series of this.#store.all()) this.#learn(series)
    const cursor = this.#store.cursor()
    const head = this.#journal.head()
    let from = Math.max(cursor, this.#journal.tail())
    if (cursor > head) {
      this.#log.warn('history is ahead of the journal, which starts over: reading it from its beginning', { cursor, head })
      this.#quarantine.startOver()
      from = this.#journal.tail()
    }
    if (cursor < from || cursor > head) {
      const known = cursor > head ? 1 : Math.max(1, cursor)
      for (const entry of await this.#journal.readRecord(known, ['series.defined', 'registry.changed'])) {
        this.#record(entry)
      }
    }
    this.#applied = from
    await this.#trimStep()
    this.#log.info('history follows the journal', { from, head, series: this.#series.size })
    this.#follower = this.#journal.follow('history', from, (batch) => this.take(batch))
  }

  /** Position below which everything is in. */
  get applied(): number {
    return this.#applied
  }

  seriesOf(id: number): Series | undefined {
    return this.#series.get(id)
  }

  /** Resolves when everything journalled below `pos` is in; raises `catching-up` after `withinMs`, which may be infinite. */
  async reached(pos: number, withinMs = 2_000): Promise<void> {
    if (this.#applied >= pos) return
    await new Promise<void>((resolve, reject) => {
      const late = () => {
        this.#waiting.delete(one)
        const behind = pos - this.#applied
        reject(new Unavailable('catching-up', 'history has not taken in everything that was acknowledged yet', { behind }))
      }
      const timer = withinMs === Infinity ? undefined : setTimeout(late, withinMs)
      const one = {
        pos,
        done: () => {
          clearTimeout(timer)
          resolve()
        },
      }
      this.#waiting.add(one)
    })
  }

  async take(batch: Batch): Promise<void> {
    for (const damage of batch.damaged) this.#log.warn('a damaged stretch of the journal is missing in history', { ...damage })
    for (const entry of batch.entries) {
      if (entry.kind === 'block') await this.#block(entry)
      else if (entry.kind === 'quarantine') this.#quarantine.add(entry.pos, readQuarantined(entry))
      else if (entry.stream === 'record') this.#record(entry)
    }
    this.#applied = batch.next
    for (const one of this.#waiting) {
      if (one.pos > batch.next) continue
      this.#waiting.delete(one)
      one.done()
    }
    const age = performance.now() - this.#checkpointAt
    if (this.#rowsSince >= CHECKPOINT_ROWS || (age >= CHECKPOINT_MS && batch.next > this.#store.cursor())) await this.checkpoint()
    await this.#trimStep()
  }

  /** Tries until it works: meanwhile nothing more is taken in and the journal keeps everything. */
  async checkpoint(): Promise<void> {
    for (;;) {
      try {
        this.#quarantine.flush()
        this.#book?.save()
        await this.#store.checkpoint(this.#applied)
        this.#follower?.release(this.#applied)
        this.#rowsSince = 0
        this.#checkpointAt = performance.now()
        if (this.#fault !== null) this.#log.info('history is written again')
        this.#fault = null
        return
      } catch (error) {
        const reason = (error as Error).message
        if (this.#fault === null) this.#log.error('history cannot be written; readings stay in the journal', { reason })
        this.#fault = reason
        if (this.#stopping) return
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  status(): { fault: string | null; figures: Record<string, number> } {
    const behind = Math.max(0, this.#journal.head() - this.#applied)
    return {
      fault: this.#fault,
      figures: { ...this.#store.figures(), ...this.#quarantine.figures(), watchfire_history_behind_positions: behind },
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#follower?.stop()
    await this.checkpoint()
    await this.#store.close()
    this.#quarantine.close()
  }

  #record(entry: Entry): void {
    if (entry.kind === 'series.defined') {
      const change = readRecordEntry(entry)
      if (change.kind !== 'series.defined') return
      this.#store.define(change.series)
      for (const series of change.series) this.#learn(series)
    } else if (entry.kind === 'registry.changed') {
      const change = readRecordEntry(entry)
      if (change.kind === 'registry.changed' && change.entity === 'device') {
        this.#quarantine.own(change.row.id, change.row.enterpriseId)
      }
    }
  }

  #learn(series: Series): void {
    this.#series.set(series.id, series)
    this.index.add(series)
  }

  async #block(entry: Entry): Promise<void> {
    const block = readBlock(entry.payload)
    for (let from = 0; from < block.count; from += SLICE_ROWS) {
      const part = block.count <= SLICE_ROWS ? block : rowsOf(block, from, Math.min(from + SLICE_ROWS, block.count))
      const conflict = (row: number, standing: number) => {
        this.#book?.refuse(entry.pos + from + row)
        this.#conflict(entry.pos + from + row, block, from + row, standing)
      }
      await this.#store.write(part, conflict, (row) => this.#book?.refuse(entry.pos + from + row))
      if (this.#book?.isOld(part)) this.#book.set({ oldThrough: entry.pos + from + part.count })
      this.#rowsSince += part.count
      this.#sinceRest += part.count
      if (this.#sinceRest < SLICE_ROWS) continue
      this.#sinceRest = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #conflict(pos: number, block: ReadingBlock, row: number, standing: number): void {
    const { device, metric } = this.#series.get(block.series[row]!)!
    const [ts, value] = [block.measuredAt[row]!, block.value[row]!]
    const resent = JSON.stringify({ ts, values: { [metric]: value } })
    this.#quarantine.add(pos, {
      receivedAt: block.receivedAt[row]!,
      deviceId: device,
      enterpriseId: this.#quarantine.ownerOf(device),
      source: `device:${device}`,
      topic: null,
      code: 'conflicting-resend',
      message: `${metric} measured at ${ts} is ${standing} already, so ${value} was not stored`,
      position: null,
      key: metric,
      bytes: Buffer.byteLength(resent),
      payload: Buffer.from(resent).toString('base64'),
    })
  }

  #trimQuarantine(now: number): void {
    if (now - this.#quarantineTrimmedAt < HOUR) return
    if (!this.#quarantine.trim(now - QUARANTINE_MS)) this.#quarantineTrimmedAt = now
  }

  async #trimStep(): Promise<void> {
    try {
      this.#trimQuarantine(this.#journal.clock.now())
      const trimmed = await this.#retention.step(this.#journal.clock.now())
      if (!trimmed) return
      this.#log.info('history trimmed', trimmed)
      // Not awaited: while the disk is full the journal answers late, and queries must go on.
      this.#journal
        .append([recordDraft({ kind: 'history.trimmed', ...trimmed })])
        .catch((error: Error) =>
          this.#log.error('a trim of history could not be recorded', { ...trimmed, reason: error.message }),
        )
    } catch (error) {
      this.#log.error('history could not be trimmed; tried again in an hour', { reason: (error as Error).message })
      this.#retention.giveUp()
      this.#quarantineTrimmedAt = this.#journal.clock.now()
    }
  }
}

function rowsOf(block: ReadingBlock, from: number, to: number): ReadingBlock {
  const deviceTimes = new Map<number, number>()
  for (const [row, deviceTime] of block.deviceTimes) if (row >= from && row < to) deviceTimes.set(row - from, deviceTime)
  return {
    count: to - from,
    series: block.series.subarray(from, to),
    measuredAt: block.measuredAt.subarray(from, to),
    receivedAt: block.receivedAt.subarray(from, to),
    value: block.value.subarray(from, to),
    quality: block.quality.subarray(from, to),
    deviceTimes,
  }
}
