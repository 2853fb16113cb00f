import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { Unavailable } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { PartStatus } from '../core/part.ts'
import { recordDraft } from './codec.ts'
import { WriterClock } from './clock.ts'
import { Cursors } from './cursors.ts'
import type { Disk } from './disk.ts'
import { realDisk } from './disk.ts'
import { LocalFollower } from './follower.ts'
import { entrySize, HEADER, writeGroup, type Planned } from './group.ts'
import type { Batch, Damage, Draft, Entry, Follower, Journal } from './journal.ts'
import { recover } from './recovery.ts'
import { publishHead, SHARED_BYTES, type JournalTicket } from './remote.ts'
import { Retention, readRecord } from './retention.ts'
import { HeadSeal } from './seal.ts'
import { SegmentWriter } from './segment-writer.ts'
import { JournalReader } from './segments.ts'

export type JournalOptions = {
  /** the platform's data folder; the journal lives in `journal/` below it */
  dir: string
  cursors: string[]
  log: Log
  maxBytes?: number
  maxAgeMs?: number
  segmentBytes?: number
  /** bound of what waits for the disk */
  maxPendingBytes?: number
  disk?: Disk
  wallClock?: Clock
  monotonic?: () => number
  /** tell in `journal/flushed` how far the disk has been flushed */
  flushLedger?: boolean
  retryMs?: number
}

const GROUP_BYTES = 8 << 20
const DEFAULTS = {
  maxBytes: 20 * 2 ** 30,
  maxAgeMs: 7 * 86_400_000,
  segmentBytes: 64 << 20,
  maxPendingBytes: 64 << 20,
  retryMs: 1_000,
}

type Waiting = { drafts: Draft[]; bytes: number; resolve: (positions: number[]) => void; reject: (error: Error) => void }

const waitingFor = (draft: Draft): Waiting => ({ drafts: [draft], bytes: 0, resolve() {}, reject() {} })

/** Why nothing can be acknowledged at the moment, and since when (ms UTC). */
export type Stopped = { reason: string; since: number }

/**
 * The journal of one process, in segment files. One group at a time is on its way to the disk; the next one starts when the
 * flush before it has ended. All disk work is asynchronous; nothing here waits for it but those who asked to.
 */
export class EmbeddedJournal implements Journal {
  readonly clock: WriterClock
  readonly dir: string
  #options: JournalOptions & typeof DEFAULTS
  #writer: SegmentWriter
  #cursors: Cursors
  #retention: Retention
  #seal: HeadSeal
  #queue: Waiting[] = []
  #pendingBytes = 0
  #next: number
  #head: number
  #chain: Uint8Array
  #keys: Map<string, number>
  #inFlight: { receivedAt: number } | null = null
  /** what the journal has to say about itself, next */
  #marks: { draft: Draft; at: number | null }[] = []
  #running: Promise<void> | null = null
  #stopped: Stopped | null = null
  #closing = false
  #followers = new Set<LocalFollower>()
  #stateListeners = new Set<(stopped: Stopped | null) => void>()
  #headListeners = new Set<() => void>()
  #damage = new Map<string, Damage>()
  #reader: JournalReader
  #shared = new BigInt64Array(new SharedArrayBuffer(SHARED_BYTES))
  #figures = { groups: 0, entries: 0, bytes: 0, failures: 0, flushMs: 0 }
  #ticking: NodeJS.Timeout

  private constructor(
    options: JournalOptions & typeof DEFAULTS,
    found: Awaited<ReturnType<typeof recover>>,
    writer: SegmentWriter,
  ) {
    this.#options = options
    this.dir = join(options.dir, 'journal')
    this.#writer = writer
    this.#next = found.head
    this.#head = found.head
    this.#chain = found.chain
    this.#keys = found.keys
    this.clock = new WriterClock(
      options.wallClock ?? { now: () => Date.now() },
      options.monotonic ?? (() => performance.now()),
      found.lastReceivedAt,
    )
    this.#cursors = found.cursors
    this.#reader = new JournalReader(this.dir)
    this.#retention = new Retention(this.dir, options, this.#cursors, () => this.#writer.current, options.log)
    this.#seal = new HeadSeal(options.dir, options.log)
    this.clock.onStep((byMs) => {
      options.log.warn('the wall clock has stepped', { byMs })
      void this.append([recordDraft({ kind: 'clock.stepped', byMs })])
    })
    this.#ticking = setInterval(() => this.#tick(), 250)
  }

  static async open(given: JournalOptions): Promise<EmbeddedJournal> {
    const options = {
      ...DEFAULTS,
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    } as JournalOptions & typeof DEFAULTS
    const dir = join(options.dir, 'journal')
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const found = await recover(dir, options.cursors, options.log)
    const writer = await SegmentWriter.open(
      dir,
      options.disk ?? realDisk,
      found.tail,
      found.head,
      options.segmentBytes,
      options.flushLedger ?? false,
    )
    const journal = new EmbeddedJournal(options, found, writer)
    for (const { name, pos } of found.dropped) await journal.append([recordDraft({ kind: 'cursor.dropped', name, pos })])
    for (const damage of found.damaged) journal.damaged(damage)
    return journal
  }

  append(drafts: Draft[]): Promise<number[]> {
    if (drafts.length === 0) return Promise.resolve([])
    const bytes = drafts.reduce((sum, draft) => sum + entrySize(draft), 0)
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > this.#options.maxPendingBytes) {
      return Promise.reject(
        new Unavailable('journal-full', 'the disk does not keep up: too much waits to be written', {
          pendingBytes: this.#pendingBytes,
        }),
      )
    }
    this.#pendingBytes += bytes
    return new Promise((resolve, reject) => {
      this.#queue.push({ drafts, bytes, resolve, reject })
      // After this turn's sockets have been read, so that what came together is flushed together.
      this.#running ??= new Promise<void>((done) => setImmediate(() => void this.#run().then(done)))
    })
  }

  pendingBytes(): number {
    return this.#pendingBytes
  }

  head(): number {
    return this.#head
  }

  tail(): number {
    return this.#retention.tail
  }

  stoppedState(): Stopped | null {
    return this.#stopped
  }

  onStateChange(listener: (stopped: Stopped | null) => void): void {
    this.#stateListeners.add(listener)
  }

  /** Told when the durable head or the clock has moved; for ends of the journal in other threads. */
  onHead(listener: () => void): () => void {
    this.#headListeners.add(listener)
    return () => this.#headListeners.delete(listener)
  }

  /** Every entry received before this will be found below the head. */
  safeClock(): number {
    return this.#inFlight?.receivedAt ?? this.#marks[0]?.at ?? this.clock.now()
  }

  read(from: number, maxBytes = 4 << 20): Batch {
    const { entries, next, receivedAt, damaged } = this.#reader.read(from, this.#head, maxBytes)
    for (const damage of damaged) this.damaged(damage)
    return { entries, next, damaged, clock: next >= this.#head ? this.safeClock() : receivedAt }
  }

  follow(cursor: string, from: number, handle: (batch: Batch) => void | Promise<void>): Follower {
    this.#cursors.known(cursor)
    const follower = new LocalFollower(
      from,
      handle,
      (next) => this.read(next),
      () => this.#head,
    )
    this.#followers.add(follower)
    setImmediate(() => follower.wake()) // the caller has the follower in hand before the first batch comes
    return {
      release: (pos) => this.release(cursor, pos),
      stop: async () => {
        this.#followers.delete(follower)
        await follower.stop()
      },
    }
  }

  release(cursor: string, pos: number): void {
    this.#cursors.release(cursor, pos)
  }

  readRecord(from: number, kinds: string[]): Promise<Entry[]> {
    return readRecord(this.dir, from, this.#head, new Set(kinds))
  }

  ticket(): JournalTicket {
    publishHead(this, this.#shared)
    return { dir: this.dir, shared: this.#shared.buffer }
  }

  /** A stretch that cannot be read: told once in the record, shown until somebody has looked after it. */
  damaged(damage: Damage): void {
    const id = `${damage.file}:${damage.offset}`
    if (this.#damage.has(id)) return
    this.#damage.set(id, damage)
    this.#options.log.error('journal damaged: a stretch cannot be read and is skipped', { ...damage })
    void this.append([recordDraft({ kind: 'journal.damaged', ...damage }, `damage:${id}`)]).catch(() => undefined)
  }

  status(): PartStatus {
    const figures = {
      watchfire_journal_head: this.#head,
      watchfire_journal_groups_total: this.#figures.groups,
      watchfire_journal_entries_total: this.#figures.entries,
      watchfire_journal_written_bytes_total: this.#figures.bytes,
      watchfire_journal_flush_seconds_total: this.#figures.flushMs / 1000,
      watchfire_journal_disk_failures_total: this.#figures.failures,
      watchfire_journal_pending_bytes: this.#pendingBytes,
      watchfire_journal_bytes: this.#retention.bytes,
      watchfire_journal_damaged_stretches: this.#damage.size,
      watchfire_clock_ahead_seconds: this.clock.aheadMs / 1000,
    }
    if (this.#stopped)
      return { name: 'journal', state: 'down', detail: `nothing can be acknowledged: ${this.#stopped.reason}`, figures }
    const worries = [
      ...[...this.#damage.values()]
        .slice(0, 3)
        .map(({ file, offset, bytes }) => `journal damaged: ${file} at byte ${offset}, ${bytes} bytes skipped`),
      ...(this.clock.aheadMs > 2_000 ? [`the machine's clock stepped back by ${Math.round(this.clock.aheadMs / 1000)} s`] : []),
      ...(this.#retention.overFull ? ['the journal is over its size because a reader has not caught up'] : []),
    ]
    return {
      name: 'journal',
      state: worries.length > 0 ? 'degraded' : 'ok',
      ...(worries.length > 0 && { detail: worries.join('; ') }),
      figures,
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticking)
    this.#closing = true
    // A disk that still refuses keeps what was never acknowledged from being written; there is nothing to wait for.
    if (!this.#stopped) await this.#running
    for (const { reject } of this.#queue.splice(0)) reject(new Unavailable('stopped', 'the journal has been closed'))
    await Promise.all([...this.#followers].map((follower) => follower.stop()))
    await this.#retention.idle()
    await this.#cursors.save()
    await this.#writer.close()
    this.#reader.close()
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const mark = this.#marks.shift()
        if (mark) await this.#commit([waitingFor(mark.draft)], mark.at ?? this.clock.now())
        else if (this.#queue.length > 0) await this.#commit(this.#takeGroup(), this.clock.now())
        else break
      }
    } catch (error) {
      if (!this.#closing) throw error
    } finally {
      this.#running = null
    }
    for (const follower of this.#followers) follower.wake()
  }

  #takeGroup(): Waiting[] {
    let bytes = HEADER
    let n = 0
    while (n < this.#queue.length && (n === 0 || bytes + this.#queue[n]!.bytes <= GROUP_BYTES)) bytes += this.#queue[n++]!.bytes
    return this.#queue.splice(0, n)
  }

  async #commit(group: Waiting[], receivedAt: number): Promise<void> {
    const planned: Planned[] = []
    const fresh = new Map<string, number>()
    const answers = group.map(({ drafts }) =>
      drafts.map((draft) => {
        const known = draft.key === undefined ? undefined : (fresh.get(draft.key) ?? this.#keys.get(draft.key))
        if (known !== undefined) return known
        const pos = this.#next
        this.#next += draft.count
        if (draft.key !== undefined) fresh.set(draft.key, pos)
        planned.push({ draft, pos })
        return pos
      }),
    )
    let entries: Entry[] = []
    if (planned.length > 0) {
      const { bytes, head } = writeGroup(planned, receivedAt, this.#chain)
      this.#inFlight = { receivedAt }
      try {
        await this.#write(bytes, planned[0]!.pos, receivedAt)
      } catch (error) {
        for (const { reject } of group) reject(error as Error)
        throw error
      }
      this.#inFlight = null
      this.#chain = head
      for (const [key, pos] of fresh) this.#keys.set(key, pos)
      entries = planned.map(({ draft, pos }) => ({
        pos,
        count: draft.count,
        stream: draft.stream,
        kind: draft.kind,
        receivedAt,
        key: draft.key ?? null,
        payload: draft.payload,
      }))
      const from = this.#head
      this.#head = this.#next
      this.#figures.groups++
      this.#figures.entries += planned.length
      this.#figures.bytes += bytes.length
      for (const follower of this.#followers) follower.offer(from, { entries, next: this.#head, clock: receivedAt, damaged: [] })
    }
    group.forEach(({ resolve, bytes }, i) => {
      this.#pendingBytes -= bytes
      resolve(answers[i]!)
    })
    this.#announce()
  }

  #announce(): void {
    publishHead(this, this.#shared)
    for (const listener of this.#headListeners) listener()
  }

  /** Tries until it is on the disk. After a failed flush the same file is never trusted again. */
  async #write(bytes: Uint8Array, first: number, receivedAt: number): Promise<void> {
    for (;;) {
      const began = performance.now()
      try {
        await this.#writer.write(bytes, first)
        this.#figures.flushMs += performance.now() - began
        if (this.#stopped) this.#resumed(this.#stopped)
        return
      } catch (error) {
        this.#figures.failures++
        this.#stop(error as NodeJS.ErrnoException, receivedAt)
        await new Promise((resolve) => setTimeout(resolve, this.#options.retryMs))
        if (this.#closing) throw new Unavailable('stopped', 'the journal was closed while the disk was failing')
      }
    }
  }

  #stop(error: NodeJS.ErrnoException, since: number): void {
    const reason = error.code === 'ENOSPC' ? 'the disk is full (ENOSPC)' : `the disk fails (${error.code ?? error.message})`
    if (!this.#stopped)
      this.#options.log.error('nothing can be acknowledged: the journal cannot be written', { reason, error: error.message })
    this.#stopped = { reason, since: this.#stopped?.since ?? since }
    for (const listener of this.#stateListeners) listener(this.#stopped)
  }

  /** Written down with the time at which it stopped, before time goes on: silence did not count meanwhile. */
  #resumed({ reason, since }: Stopped): void {
    this.#stopped = null
    const stoppedForMs = this.clock.now() - since
    this.#options.log.warn('the journal can be written again', { stoppedForMs })
    this.#marks.push({ draft: recordDraft({ kind: 'receiving.stopped', reason }), at: since })
    this.#marks.push({ draft: recordDraft({ kind: 'receiving.resumed', stoppedForMs }), at: null })
    for (const listener of this.#stateListeners) listener(null)
  }

  #tick(): void {
    for (const follower of this.#followers) follower.wake()
    this.#announce()
    this.#cursors.saveSoon()
    this.#retention.run(this.#head, (entry) => void this.append([recordDraft(entry)]).catch(() => undefined))
    this.#seal.daily(this.clock.now(), this.#head, this.#chain)
  }
}

export const openJournal = (options: JournalOptions): Promise<EmbeddedJournal> => EmbeddedJournal.open(options)
