import type { Log } from '../core/log.ts'
import type { PartStatus } from '../core/part.ts'
import { readBlock, type Series } from '../core/reading.ts'
import { Unavailable } from '../core/errors.ts'
import type { Batch, Entry, Follower, Journal } from '../journal/journal.ts'
import { Delivery, type Backoff, type Outgoing } from './outbox-delivery.ts'
import type { Gap, OutboxBook } from './outbox-book.ts'
import { readingsOfGap } from './outbox-gap.ts'
import { outboxStatus } from './outbox-status.ts'
import type { Archive, Store } from './stores/store.ts'
import { TagHistory, Tags } from './tags.ts'

/** Readings in one request. */
const BATCH = 5_000
/** How long readings wait for others to come along. */
const LINGER_MS = 500
const SAVE_EVERY_MS = 1_000

type Options = {
  journal: Journal
  archive: Archive
  /** decides what is accepted; rows up to its cursor are decided for good */
  local: Store
  book: OutboxBook
  seriesOf: (id: number) => Series | undefined
  /** resolves once everything journalled below a position is decided */
  decided: (pos: number) => Promise<void>
  log: Log
  backoff?: Backoff
}

/** The journal's accepted readings to the archive, in order, as often as it takes; it may fall behind as far as the journal reaches, and further. */
export class Outbox {
  #journal: Journal
  #local: Store
  #book: OutboxBook
  #seriesOf: Options['seriesOf']
  #decided: Options['decided']
  #log: Log
  #delivery: Delivery
  #tags = new Tags()
  #follower: Follower | null = null
  /** where the journal is read on */
  #next = 0
  #waiting: Outgoing[] = []
  #waitingSince = 0
  #sent = { readings: 0, through: 0 }
  /** receipt time of the oldest reading that is not there yet */
  #oldestAt: number | null = null
  /** when nothing at all was owed */
  #evenAt = 0
  #gap: Gap | null
  #savedAt = -Infinity
  #saveFault: string | null = null
  #hurried = new Set<{ pos: number; done: () => void }>()
  #stopping = Promise.withResolvers<void>()
  #stopped = false

  constructor({ journal, archive, local, book, seriesOf, decided, log, backoff }: Options) {
    this.#journal = journal
    this.#local = local
    this.#book = book
    this.#seriesOf = seriesOf
    this.#decided = decided
    this.#log = log
    this.#delivery = new Delivery({ archive, journal, book, log, stopping: this.#stopping.promise, ...(backoff && { backoff }) })
    this.#gap = book.gap()
  }

  /** `decidedFrom`: what was journalled before was decided in an earlier life of the platform. */
  async start(decidedFrom: number): Promise<void> {
    const head = this.#journal.head()
    let cursor = this.#book.cursor
    if (cursor !== null && cursor > head) {
      this.#log.warn('the outbox is ahead of the journal, which starts over: sending it from its beginning', { cursor, head })
      this.#book.startOver()
      cursor = this.#journal.tail()
      this.#book.set({ cursor })
    }
    if (cursor === null) {
      // Which of the older rows were accepted is known only here, not from the journal.
      cursor = Math.max(decidedFrom, this.#journal.tail())
      if (decidedFrom > 0) this.#lose({ toPos: cursor, receivedFrom: null, receivedTo: Infinity, series: 0 })
      this.#book.set({ cursor })
      this.#book.save()
    }
    const known = await this.#journal.readRecord(1, ['registry.changed'])
    for (const entry of known) if (entry.pos < cursor) this.#tags.apply(entry)
    this.#next = this.#sent.through = cursor
    this.#evenAt = this.#book.receivedAt ?? this.#journal.clock.now()
    this.#log.info('the outbox follows the journal', { from: cursor, head })
    this.#follower = this.#journal.follow('influx', cursor, (batch) => this.#take(batch))
  }

  /** Resolves when everything journalled below `pos` is with the archive; raises `catching-up` after `withinMs`. */
  async reached(pos: number, withinMs = 2_000): Promise<void> {
    if (this.#sent.through >= pos) return
    await new Promise<void>((resolve, reject) => {
      const one = { pos, done: resolve }
      this.#hurried.add(one)
      const late = setTimeout(() => {
        this.#hurried.delete(one)
        const trouble = this.#delivery.trouble
        if (trouble) reject(new Unavailable('influx-unreachable', `${trouble.reason}: what was asked for is not all there yet`))
        else reject(new Unavailable('catching-up', 'InfluxDB has not everything yet that was acknowledged'))
      }, withinMs)
      one.done = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  /** Nothing is owed but what has just come: readings may leave the store of this machine. */
  current(): boolean {
    return this.#follower !== null && this.#gap === null && !this.#delivery.trouble && this.#lagMs() < 60_000
  }

  status(): PartStatus {
    return outboxStatus({
      lagRows: Math.max(0, this.#journal.head() - this.#sent.through),
      lagMs: this.#lagMs(),
      trouble: this.#delivery.trouble,
      gap: this.#gap,
      saveFault: this.#saveFault,
      sent: this.#sent.readings,
      ...this.#delivery.figures,
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopping.resolve()
    await this.#follower?.stop()
    this.#save()
  }

  async #take(batch: Batch): Promise<void> {
    await Promise.race([this.#decided(batch.next), this.#stopping.promise])
    if (this.#stopped) return
    const first = batch.entries[0]
    if (first && first.pos > this.#next) {
      await this.#flush()
      const receivedFrom = this.#book.receivedAt
      this.#lose({ toPos: first.pos, receivedFrom, receivedTo: first.receivedAt, series: 0 })
    }
    if (this.#gap) await this.#fill(this.#gap)
    for (const entry of batch.entries) {
      if (this.#stopped) return
      if (entry.kind === 'registry.changed') this.#tags.apply(entry)
      else if (entry.kind === 'block') await this.#block(entry)
    }
    if (this.#stopped) return
    this.#next = batch.next
    const due = this.#hurried.size > 0 || performance.now() - this.#waitingSince >= LINGER_MS
    if (this.#waiting.length === 0) this.#arrived(batch.next)
    else if (due) await this.#flush()
    this.#saveSoon()
  }

  async #block(entry: Entry): Promise<void> {
    const { count, series, measuredAt, receivedAt, value, quality, deviceTimes } = readBlock(entry.payload)
    const refused = this.#book.refusedIn(entry.pos, count)
    for (let row = 0; row < count; row++) {
      const of = this.#seriesOf(series[row]!)
      if (!of || refused?.has(row)) continue
      if (this.#waiting.length === 0) this.#waitingSince = performance.now()
      this.#waiting.push({
        pos: entry.pos + row,
        series: of,
        about: this.#tags.of(of.device),
        measuredAt: measuredAt[row]!,
        receivedAt: receivedAt[row]!,
        value: value[row]!,
        quality: quality[row]!,
        deviceTime: deviceTimes.get(row),
      })
      if (this.#waiting.length < BATCH) continue
      this.#next = entry.pos + row + 1
      await this.#flush()
      if (this.#stopped) return
    }
  }

  /** Sends what waits; returns when it has arrived, or when the outbox is to stop. */
  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return
    const [sending, through] = [this.#waiting, this.#next]
    this.#oldestAt = sending[0]!.receivedAt
    if (!(await this.#delivery.deliver(sending))) return
    this.#waiting = []
    this.#oldestAt = null
    this.#sent.readings += sending.length
    this.#book.set({ receivedAt: sending.at(-1)!.receivedAt })
    this.#arrived(through)
    this.#saveSoon()
  }

  /** Everything below is with the archive. */
  #arrived(through: number): void {
    this.#sent.through = through
    this.#book.set({ cursor: through })
    if (through >= this.#journal.head()) this.#evenAt = this.#journal.clock.now()
    for (const one of this.#hurried) {
      if (one.pos > through) continue
      this.#hurried.delete(one)
      one.done()
    }
  }

  #lose(gap: Gap): void {
    this.#log.error('readings that InfluxDB has not got are no longer in the journal: they are sent from the embedded store', {
      ...gap,
    })
    this.#gap = gap
    this.#book.setGap(gap)
  }

  async #fill(gap: Gap): Promise<void> {
    this.#oldestAt = gap.receivedFrom
    const tags = new TagHistory(await this.#journal.readRecord(1, ['registry.changed']))
    for await (const { readings, throughSeries } of readingsOfGap(gap, this.#local, tags, BATCH)) {
      const sending = readings.map((reading) => ({ pos: gap.toPos - 1, ...reading }))
      if (!(await this.#delivery.deliver(sending))) return
      this.#sent.readings += readings.length
      if (throughSeries > gap.series) this.#book.setGap((this.#gap = gap = { ...gap, series: throughSeries }))
    }
    this.#log.info('the gap in InfluxDB is closed from the embedded store', { toPos: gap.toPos })
    this.#book.setGap((this.#gap = null))
    this.#oldestAt = null
    this.#arrived(Math.max(gap.toPos, this.#sent.through))
  }

  #lagMs(): number {
    const unread = this.#sent.through < this.#journal.head() ? this.#evenAt : undefined
    const oldest = this.#oldestAt ?? this.#waiting[0]?.receivedAt ?? unread
    return oldest === undefined ? 0 : Math.max(0, this.#journal.clock.now() - oldest)
  }

  #saveSoon(): void {
    if (performance.now() - this.#savedAt >= SAVE_EVERY_MS) this.#save()
  }

  #save(): void {
    this.#savedAt = performance.now()
    try {
      this.#book.save()
      if (this.#book.cursor !== null) this.#follower?.release(this.#book.cursor)
      this.#saveFault = null
    } catch (error) {
      // Sending again what has arrived changes nothing: it only costs.
      const reason = (error as Error).message
      if (this.#saveFault === null) this.#log.error('how far the outbox is cannot be written down', { reason })
      this.#saveFault = reason
    }
  }
}
