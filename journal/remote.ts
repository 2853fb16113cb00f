import type { MessagePort } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import { PlatformError, Unavailable } from '../core/errors.ts'
import type { PartStatus } from '../core/part.ts'
import { caller, serve } from '../core/rpc.ts'
import type { Batch, Damage, Draft, Entry, Follower, Journal } from './journal.ts'
import { JournalReader } from './reader.ts'
import { readRecord } from './record-reader.ts'

/** What a thread needs to open its own end of the journal. */
export type JournalTicket = { dir: string; shared: SharedArrayBuffer }

/** What an end in another thread needs from the journal that writes. */
export type JournalHost = Journal & {
  safeClock(): number
  onHead(listener: () => void): () => void
  release(cursor: string, pos: number): void
  damaged(damage: Damage): void
}

/** Shared numbers of all ends: how far the journal is, how far time is there, the time now, the tail, the bytes waiting. */
const HEAD = 0
const CLOCK = 1
const NOW = 2
const TAIL = 3
const PENDING = 4
export const SHARED_BYTES = 40

/** How often released positions cross to the writer. */
const RELEASE_EVERY_MS = 100
const CHUNK = 4 << 20

type FromThread = { idle: SharedArrayBuffer } | { release: { cursor: string; pos: number } } | { damaged: Damage }

export function publishHead(journal: JournalHost, shared: BigInt64Array): void {
  // The clock first would promise time the head does not have yet: whoever reads the new clock must see the new head.
  Atomics.store(shared, HEAD, BigInt(journal.head()))
  Atomics.store(shared, CLOCK, BigInt(journal.safeClock()))
  Atomics.store(shared, NOW, BigInt(journal.clock.now()))
  Atomics.store(shared, TAIL, BigInt(journal.tail()))
  Atomics.store(shared, PENDING, BigInt(journal.pendingBytes()))
}

/** The writer's side of a thread's end: appends for it, wakes it when there is more and it waits for that. */
export function serveJournal(port: MessagePort, journal: JournalHost): void {
  let idle: Int32Array | null = null
  // A busy thread looks at the shared head by itself; only one that has read everything needs a message, and only one.
  const unsubscribe = journal.onHead(() => {
    if (idle && Atomics.exchange(idle, 0, 0) === 1) port.postMessage('more')
  })
  port.on('close', unsubscribe)
  port.on('message', (message: FromThread) => {
    if ('idle' in message) idle = new Int32Array(message.idle)
    else if ('release' in message) journal.release(message.release.cursor, message.release.pos)
    else if ('damaged' in message) journal.damaged(message.damaged)
  })
  serve(port, { append: (drafts: Draft[]) => journal.append(drafts) })
}

/** The thread's own end: reads the segment files itself, up to the durable head. */
export function connectJournal(port: MessagePort, ticket: JournalTicket): Journal {
  return new RemoteJournal(port, ticket)
}

/** Only the payload crosses, not the buffer it is a view of. */
const alone = (draft: Draft): Draft =>
  draft.payload.byteLength === draft.payload.buffer.byteLength ? draft : { ...draft, payload: Uint8Array.from(draft.payload) }

class RemoteJournal implements Journal {
  readonly clock: Clock
  #shared: BigInt64Array
  #dir: string
  #port: MessagePort
  #calls: ReturnType<typeof caller>
  #followers = new Set<() => void>()
  #reader: JournalReader
  #released = new Map<string, number>()
  #releasing: NodeJS.Timeout | null = null
  #idle = new Int32Array(new SharedArrayBuffer(4))
  #stopped = false

  constructor(port: MessagePort, { dir, shared }: JournalTicket) {
    this.#dir = dir
    this.#shared = new BigInt64Array(shared)
    this.clock = { now: () => this.#number(NOW) }
    this.#reader = new JournalReader(dir)
    this.#port = port
    this.#calls = caller(port)
    port.on('message', (message: unknown) => {
      if (message === 'more') for (const wake of this.#followers) wake()
    })
    this.#send({ idle: this.#idle.buffer as SharedArrayBuffer })
  }

  append(drafts: Draft[]): Promise<number[]> {
    if (this.#stopped) return Promise.reject(new Unavailable('stopped', 'the journal has been closed'))
    return this.#calls.call('append', drafts.map(alone))
  }

  pendingBytes(): number {
    return this.#number(PENDING)
  }

  head(): number {
    return this.#number(HEAD)
  }

  tail(): number {
    return this.#number(TAIL)
  }

  read(from: number, maxBytes = CHUNK): Batch {
    return this.#read(this.#reader, from, maxBytes)
  }

  /** `cursor` is checked where it is released; the reading is all ours. */
  follow(cursor: string, from: number, handle: (batch: Batch) => void | Promise<void>): Follower {
    aheadOfJournal(cursor, from, this.head())
    const reader = new JournalReader(this.#dir)
    let stopped = false
    let awake = Promise.withResolvers<void>()
    const wake = () => awake.resolve()
    this.#followers.add(wake)
    const run = async () => {
      await Promise.resolve() // the caller has the follower in hand before the first batch comes
      let next = from
      while (!stopped) {
        const batch = this.#read(reader, next, CHUNK)
        await handle(batch)
        next = batch.next
        if (stopped) break
        if (next < this.head()) {
          // A long way to catch up must not keep calls waiting that arrive meanwhile.
          await new Promise((resolve) => setImmediate(resolve))
          continue
        }
        awake = Promise.withResolvers<void>()
        Atomics.store(this.#idle, 0, 1)
        // Something may have come between the last look and the flag.
        if (next >= this.head()) await awake.promise
      }
      reader.close()
    }
    const done = run()
    done.catch((error: Error) =>
      setImmediate(() => {
        throw error // in shared state a bug ends the process, loudly
      }),
    )
    return {
      release: (pos) => this.#release(cursor, pos),
      stop: async () => {
        stopped = true
        this.#followers.delete(wake)
        wake()
        await done
      },
    }
  }

  readRecord(from: number, kinds: string[]): Promise<Entry[]> {
    return readRecord(this.#dir, from, this.head(), new Set(kinds))
  }

  /** The writer's end tells how the journal is. */
  status(): PartStatus {
    return { name: 'journal', state: 'ok', figures: {} }
  }

  stop(): Promise<void> {
    this.#stopped = true
    this.#sendReleased()
    this.#reader.close()
    this.#port.close()
    this.#calls.fail(new Unavailable('stopped', 'the journal has been closed'))
    return Promise.resolve()
  }

  #number(cell: number): number {
    return Number(Atomics.load(this.#shared, cell))
  }

  #send(message: FromThread): void {
    this.#port.postMessage(message)
  }

  /** The first at once, so that a thread that stops soon after has said how far it was; later ones together. */
  #release(cursor: string, pos: number): void {
    this.#released.set(cursor, pos)
    if (this.#releasing || this.#stopped) return
    this.#sendReleased()
    this.#releasing = setTimeout(() => {
      this.#releasing = null
      this.#sendReleased()
    }, RELEASE_EVERY_MS).unref()
  }

  #sendReleased(): void {
    for (const [cursor, pos] of this.#released) this.#send({ release: { cursor, pos } })
    this.#released.clear()
  }

  #read(reader: JournalReader, from: number, maxBytes: number): Batch {
    // The clock is read before the head: everything received before it is then below the head.
    const clock = this.#number(CLOCK)
    const head = this.head()
    const { entries, next, receivedAt, damaged } = reader.read(from, head, maxBytes)
    for (const damage of damaged) this.#send({ damaged: damage })
    return { entries, next, damaged, clock: next >= head ? clock : receivedAt }
  }
}

/** A reader that knows more than the journal holds has been put beside the wrong one; going on would lose what comes next. */
export function aheadOfJournal(cursor: string, from: number, head: number): void {
  if (from > head) {
    throw new PlatformError(
      `reader ${cursor} is at position ${from} and the journal ends at ${head}: they do not belong together; restore the whole data folder from one backup`,
      { cursor, from, head },
    )
  }
}
