import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../core/errors.ts'
import type { PartStatus } from '../core/part.ts'
import type { RecordEntry } from '../core/record.ts'
import { AppendBuffer, type Waiting } from './append-buffer.ts'
import { recordDraft } from './codec.ts'
import { WriterClock } from './clock.ts'
import type { Cursors } from './cursors.ts'
import { DamageBook } from './damage-book.ts'
import { LocalFollower } from './follower.ts'
import { entryOf, GroupWriter, type Planned } from './group.ts'
import type { Batch, Damage, Draft, Entry, Follower, Journal } from './journal.ts'
import { journalStatus, type Stopped } from './journal-status.ts'
import type { Keys } from './keys.ts'
import { withDefaults, type JournalOptions, type Options } from './options.ts'
import { JournalReader } from './reader.ts'
import { recordedAt } from './proof.ts'
import { readRecord, type RecordedEntry } from './record-reader.ts'
import { recover, restoredMark, type Recovered } from './recovery.ts'
import { aheadOfJournal, publishHead, SHARED_BYTES, type JournalTicket } from './remote.ts'
import { Retention, type Trimmed } from './retention.ts'
import { scrub } from './scrub.ts'
import { HeadSeal, type Signature } from './seal.ts'
import { SegmentWriter } from './segment-writer.ts'

export type { JournalOptions } from './options.ts'

/** Building and summing a group holds the loop; this much is done in a few milliseconds. */
const GROUP_BYTES = 4 << 20
const READ_BYTES = 4 << 20
const TICK_MS = 250
const DAY = 86_400_000

export type { Stopped } from './journal-status.ts'

/**
 * The journal of one process, in segment files. One group at a time is on its way to the disk; the next one starts when the
 * flush before it has ended. All disk work is asynchronous; nothing here waits for it but those who asked to.
 */
export class EmbeddedJournal implements Journal {
  readonly clock: WriterClock
  readonly dir: string
  #options: Options
  #writer: SegmentWriter
  #groups = new GroupWriter()
  #cursors: Cursors
  #retention: Retention
  #seal: HeadSeal
  #buffer: AppendBuffer
  #keys: Keys
  #damage: DamageBook
  /** durable; what is under way begins here */
  #head: number
  #next: number
  /** position after the entry before the head */
  #follows: number
  #receivedAt: number
  #chain: Uint8Array
  #inFlight: { receivedAt: number } | null = null
  /** what the journal has to say about its stops, next */
  #marks: { entry: RecordEntry; at: number | null }[] = []
  #running: Promise<void> | null = null
  #stopped: Stopped | null = null
  #closing = new AbortController()
  #followers = new Set<LocalFollower>()
  #stateListeners = new Set<(stopped: Stopped | null) => void>()
  #headListeners = new Set<() => void>()
  #reader: JournalReader
  #shared = new BigInt64Array(new SharedArrayBuffer(SHARED_BYTES))
  #figures = { groups: 0, entries: 0, bytes: 0, failures: 0, flushMs: 0 }
  #ticking: NodeJS.Timeout
  #scrubbing: Promise<void>

  private constructor(options: Options, found: Recovered, writer: SegmentWriter) {
    this.#options = options
    this.dir = join(options.dir, 'journal')
    this.#writer = writer
    this.#head = this.#next = found.next
    this.#follows = found.follows
    this.#receivedAt = found.receivedAt
    this.#chain = found.chain
    this.#keys = found.keys
    this.#cursors = found.cursors
    this.clock = new WriterClock(options.wallClock, options.monotonic, found.receivedAt)
    this.#buffer = new AppendBuffer(options.maxPendingBytes)
    this.#reader = new JournalReader(this.dir)
    this.#damage = new DamageBook(this.dir, options.disk)
    this.#retention = new Retention(this.dir, options.disk, options, this.#cursors, options.log)
    this.#seal = new HeadSeal(options.dir, options.disk, options.log)
    this.clock.onStep((byMs) => {
      options.log.warn('the wall clock has stepped', { byMs })
      this.#say({ kind: 'clock.stepped', byMs })
    })
    this.#ticking = setTimeout(() => this.#tick(), TICK_MS)
    this.#scrubbing = scrub(this.dir, (damage) => this.damaged(damage), this.#closing.signal).catch((error: Error) =>
      options.log.warn('old segments of the journal cannot be looked through', { error: error.message }),
    )
  }

  static async open(given: JournalOptions): Promise<EmbeddedJournal> {
    const options = withDefaults(given)
    const dir = join(options.dir, 'journal')
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const found = recover(dir, options.disk, options.cursors, options.log, options.yielding)
    const writer = await SegmentWriter.open(dir, options.disk, found.tail, options.segmentBytes, options.flushLedger)
    const journal = new EmbeddedJournal(options, found, writer)
    journal.#tellAbout(found)
    return journal
  }

  append(drafts: Draft[]): Promise<number[]> {
    if (drafts.length === 0) return Promise.resolve([])
    if (this.#closing.signal.aborted) return Promise.reject(closed())
    const appended = this.#buffer.push(drafts)
    this.#runSoon()
    return appended
  }

  pendingBytes(): number {
    return this.#buffer.bytes
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
    return Math.max(this.#receivedAt, this.#inFlight?.receivedAt ?? this.#marks[0]?.at ?? this.clock.now())
  }

  read(from: number, maxBytes = READ_BYTES): Batch {
    return this.#read(this.#reader, from, maxBytes)
  }

  follow(cursor: string, from: number, handle: (batch: Batch) => void | Promise<void>): Follower {
    this.#cursors.known(cursor)
    aheadOfJournal(cursor, from, this.#head)
    const reader = new JournalReader(this.dir)
    const follower = new LocalFollower(
      from,
      handle,
      (next) => this.#read(reader, next, READ_BYTES),
      () => this.#head,
    )
    this.#followers.add(follower)
    setImmediate(() => follower.wake()) // the caller has the follower in hand before the first batch comes
    return {
      release: (pos) => this.release(cursor, pos),
      stop: async () => {
        this.#followers.delete(follower)
        await follower.stop()
        reader.close()
      },
    }
  }

  release(cursor: string, pos: number): void {
    this.#cursors.release(cursor, pos)
  }

  readRecord(from: number, kinds: string[]): Promise<Entry[]> {
    return readRecord(this.dir, from, this.#head, new Set(kinds))
  }

  /** Record entries as they stand on disk, with the hashes that chain them: what evidence is made of. */
  recordedAt(positions: Iterable<number>): Promise<RecordedEntry[]> {
    return recordedAt(this.dir, positions)
  }

  /** Signs with the key of the published heads. */
  sign(bytes: Uint8Array): Signature {
    return this.#seal.sign(bytes)
  }

  /** Removes now what retention allows to be removed; otherwise it looks every ten seconds. */
  trim(): Promise<void> {
    return this.#retention.trim(this.clock.now(), this.#writer.current, (told) => this.#trimmed(told))
  }

  ticket(): JournalTicket {
    publishHead(this, this.#shared)
    return { dir: this.dir, shared: this.#shared.buffer }
  }

  /** A stretch that cannot be read: told once in the record, shown until its segment is gone. */
  damaged(damage: Damage): void {
    if (!this.#damage.add(damage)) return
    this.#options.log.error('journal damaged: a stretch cannot be read and is skipped', { ...damage })
    this.#say({ kind: 'journal.damaged', ...damage }, () => this.#damage.save())
  }

  status(): PartStatus {
    return journalStatus({
      head: this.#head,
      figures: this.#figures,
      pendingBytes: this.#buffer.bytes,
      damage: this.#damage.all(),
      clockAheadMs: this.clock.aheadMs,
      stopped: this.#stopped,
      bytes: this.#retention.bytes,
      overFull: this.#retention.overFull,
      slowest: this.#cursors.slowestName(),
      behind: Math.max(0, this.#head - this.#cursors.slowest()),
    })
  }

  /** What was handed in is still written, unless the disk refuses: what was never acknowledged need not be waited for. */
  async stop(): Promise<void> {
    clearTimeout(this.#ticking)
    this.#closing.abort()
    const followers = [...this.#followers].map((follower) => follower.stop())
    await this.#running
    this.#buffer.rejectAll(closed())
    await Promise.all(followers)
    await Promise.all([this.#retention.idle(), this.#damage.idle(), this.#seal.idle(), this.#scrubbing])
    await this.#cursors
      .save(this.#head)
      .catch((error: Error) =>
        this.#options.log.warn('the positions of the journal readers cannot be saved', { error: error.message }),
      )
    await this.#writer.close().catch(() => undefined)
    this.#reader.close()
  }

  #read(reader: JournalReader, from: number, maxBytes: number): Batch {
    const { entries, next, receivedAt, damaged } = reader.read(from, this.#head, maxBytes)
    for (const damage of damaged) this.damaged(damage)
    return { entries, next, damaged, clock: next >= this.#head ? this.safeClock() : receivedAt }
  }

  #runSoon(): void {
    // After this turn's sockets have been read, so that what came together is flushed together.
    this.#running ??= new Promise<void>((done) => setImmediate(() => void this.#run().then(done)))
  }

  async #run(): Promise<void> {
    for (;;) {
      const mark = this.#marks.shift()
      // A second stop while the first is being written down is told with the time at which that is done.
      if (mark) await this.#commit([own(mark.entry)], Math.max(mark.at ?? this.clock.now(), this.#receivedAt))
      else if (!this.#buffer.isEmpty && !(this.#closing.signal.aborted && this.#stopped))
        await this.#commit(this.#buffer.take(GROUP_BYTES), this.clock.now())
      else break
    }
    this.#running = null
    for (const follower of this.#followers) follower.wake()
  }

  async #commit(group: Waiting[], receivedAt: number): Promise<void> {
    const planned: Planned[] = []
    const fresh = new Map<string, number>()
    const answers = group.map(({ drafts }) =>
      drafts.map((draft) => {
        const known = draft.key === undefined ? undefined : (fresh.get(draft.key) ?? this.#keys.find(draft.key))
        if (known !== undefined) return known
        const pos = this.#next
        this.#next += draft.count
        if (draft.key !== undefined) fresh.set(draft.key, pos)
        planned.push({ draft, pos })
        return pos
      }),
    )
    if (planned.length > 0 && !(await this.#write(planned, receivedAt))) {
      this.#next = this.#head
      this.#buffer.done(group)
      for (const { reject } of group) reject(closed())
      return
    }
    for (const [key, pos] of fresh) this.#keys.add(key, pos)
    this.#buffer.done(group)
    for (let i = 0; i < group.length; i++) group[i]!.resolve(answers[i]!)
    this.#announce()
  }

  /** Tries until the group is on the disk; false when the journal is closed before that. */
  async #write(planned: Planned[], receivedAt: number): Promise<boolean> {
    const before = { first: this.#head, follows: this.#follows, receivedAt: this.#receivedAt, chain: this.#chain }
    const { bytes, head: chain } = this.#groups.write(planned, receivedAt, this.#chain)
    this.#inFlight = { receivedAt }
    for (let written = false; !written;) {
      const began = performance.now()
      try {
        await this.#writer.write(bytes, before)
        written = true
      } catch (error) {
        this.#figures.failures++
        this.#stop(error as NodeJS.ErrnoException, receivedAt)
        await delay(this.#options.retryMs, this.#closing.signal)
        if (this.#closing.signal.aborted) return false
      }
      this.#figures.flushMs += performance.now() - began
    }
    this.#inFlight = null
    this.#chain = chain
    this.#receivedAt = receivedAt
    const from = this.#head
    this.#head = this.#follows = this.#next
    this.#figures.groups++
    this.#figures.entries += planned.length
    this.#figures.bytes += bytes.length
    if (this.#stopped) this.#resumed(this.#stopped)
    if (this.#followers.size > 0) {
      const batch = { entries: planned.map((one) => entryOf(one, receivedAt)), next: this.#head, clock: receivedAt, damaged: [] }
      for (const follower of this.#followers) follower.offer(from, batch)
    }
    return true
  }

  #announce(): void {
    publishHead(this, this.#shared)
    for (const listener of this.#headListeners) listener()
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
    this.#marks.push({ entry: { kind: 'receiving.stopped', reason }, at: since })
    this.#marks.push({ entry: { kind: 'receiving.resumed', stoppedForMs }, at: null })
    for (const listener of this.#stateListeners) listener(null)
  }

  /** Something the journal has to tell about itself. */
  #say(entry: RecordEntry, then: () => void = () => undefined): void {
    if (this.#closing.signal.aborted) return
    this.#buffer.push([recordDraft(entry)], true).then(then, () => undefined)
    this.#runSoon()
  }

  #tellAbout({ cursors, damaged, restored }: Recovered): void {
    for (const { name, pos } of cursors.dropped)
      this.#say({ kind: 'cursor.dropped', name, pos }, () => void cursors.save(this.#head).catch(() => undefined))
    for (const damage of damaged) this.damaged(damage)
    if (restored) this.#say(restored, () => void this.#options.disk.remove(restoredMark(this.dir)).catch(() => undefined))
  }

  #trimmed({ entry, file }: Trimmed): void {
    this.#damage.forget(file)
    this.#say(entry)
  }

  #tick(): void {
    const now = this.clock.now()
    for (const follower of this.#followers) follower.wake()
    this.#announce()
    this.#keys.forgetBelow(this.#cursors.slowestFirm())
    this.#cursors.saveSoon(this.#head)
    if (now - this.#writer.begunAt > Math.min(DAY, this.#options.maxAgeMs / 4)) this.#writer.roll()
    this.#retention.lookSoon(now, this.#writer.current, (told) => this.#trimmed(told))
    this.#seal.daily(now, this.#head, this.#chain)
    // At once when a second begins: that is when ticks are derived.
    this.#ticking = setTimeout(() => this.#tick(), Math.min(TICK_MS, 1000 - (now % 1000)))
  }
}

const closed = () => new Unavailable('stopped', 'the journal has been closed')
const own = (entry: RecordEntry): Waiting => ({ drafts: [recordDraft(entry)], bytes: 0, resolve() {}, reject() {} })

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}

export const openJournal = (options: JournalOptions): Promise<EmbeddedJournal> => EmbeddedJournal.open(options)
