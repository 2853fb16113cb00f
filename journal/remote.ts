import type { MessagePort } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import { Unavailable } from '../core/errors.ts'
import type { PartStatus } from '../core/part.ts'
import { caller, serve } from '../core/rpc.ts'
import type { Batch, Damage, Draft, Entry, Follower, Journal } from './journal.ts'
import { readRecord } from './retention.ts'
import { JournalReader } from './segments.ts'

/** What a thread needs to open its own end of the journal. */
export type JournalTicket = { dir: string; shared: SharedArrayBuffer }

/** What an end in another thread needs from the journal that writes. */
export type JournalHost = Journal & {
  safeClock(): number
  onHead(listener: () => void): () => void
  release(cursor: string, pos: number): void
  damaged(damage: Damage): void
}

/** Shared numbers: head, clock, tail, pending bytes, and how often they have been set. */
const HEAD = 0
const CLOCK = 1
const TAIL = 2
const PENDING = 3
export const SHARED_BYTES = 32

export function publishHead(journal: JournalHost, shared: BigInt64Array): void {
  // The clock first would promise time the head does not have yet: whoever reads the new clock must see the new head.
  Atomics.store(shared, HEAD, BigInt(journal.head()))
  Atomics.store(shared, CLOCK, BigInt(journal.safeClock()))
  Atomics.store(shared, TAIL, BigInt(journal.tail()))
  Atomics.store(shared, PENDING, BigInt(journal.pendingBytes()))
}

/** The writer's side of a thread's end: appends for it, tells it when there is more. */
export function serveJournal(port: MessagePort, journal: JournalHost): void {
  let told = false
  const unsubscribe = journal.onHead(() => {
    // One message at a time: the thread asks for the next when it has read everything.
    if (told) return
    told = true
    port.postMessage('more')
  })
  port.on('close', unsubscribe)
  serve(port, {
    append: (drafts: Draft[]) => journal.append(drafts),
    release: (cursor: string, pos: number) => journal.release(cursor, pos),
    damaged: (damage: Damage) => journal.damaged(damage),
    more: () => {
      told = false
    },
  })
}

/** The thread's own end: reads the segment files itself, up to the durable head. */
export function connectJournal(port: MessagePort, ticket: JournalTicket): Journal {
  return new RemoteJournal(port, ticket)
}

class RemoteJournal implements Journal {
  readonly clock: Clock
  #shared: BigInt64Array
  #dir: string
  #call: ReturnType<typeof caller>['call']
  #wakes = new Set<() => void>()
  #port: MessagePort
  #stopped = false

  constructor(port: MessagePort, { dir, shared }: JournalTicket) {
    this.#dir = dir
    this.#shared = new BigInt64Array(shared)
    this.clock = { now: () => Number(Atomics.load(this.#shared, CLOCK)) }
    this.#port = port
    this.#call = caller(port).call
    port.on('message', (message: unknown) => {
      if (message !== 'more') return
      void this.#call('more')
      for (const wake of this.#wakes) wake()
    })
  }

  append(drafts: Draft[]): Promise<number[]> {
    if (this.#stopped) return Promise.reject(new Unavailable('stopped', 'the journal has been closed'))
    return this.#call('append', drafts)
  }

  pendingBytes(): number {
    return Number(Atomics.load(this.#shared, PENDING))
  }

  head(): number {
    return Number(Atomics.load(this.#shared, HEAD))
  }

  tail(): number {
    return Number(Atomics.load(this.#shared, TAIL))
  }

  read(from: number, maxBytes = 4 << 20): Batch {
    const reader = new JournalReader(this.#dir)
    try {
      return this.#read(reader, from, maxBytes)
    } finally {
      reader.close()
    }
  }

  /** `cursor` is checked where it is released; the reading is all ours. */
  follow(cursor: string, from: number, handle: (batch: Batch) => void | Promise<void>): Follower {
    const reader = new JournalReader(this.#dir)
    let stopped = false
    let nudged = false
    let nudge = () => {
      nudged = true
    }
    const wake = () => nudge()
    this.#wakes.add(wake)
    const run = async () => {
      let next = from
      while (!stopped) {
        const batch = this.#read(reader, next, 4 << 20)
        await handle(batch)
        next = batch.next
        if (next < this.head() || stopped) {
          // A long way to catch up must not keep calls waiting that arrive meanwhile.
          await new Promise((resolve) => setImmediate(resolve))
          continue
        }
        if (!nudged) await new Promise<void>((resolve) => (nudge = resolve))
        nudged = false
        nudge = () => {
          nudged = true
        }
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
      release: (pos) => void this.#call('release', cursor, pos),
      stop: async () => {
        stopped = true
        this.#wakes.delete(wake)
        nudge()
        await done
      },
    }
  }

  readRecord(from: number, kinds: string[]): Promise<Entry[]> {
    return readRecord(this.#dir, from, this.head(), new Set(kinds))
  }

  status(): PartStatus {
    return { name: 'journal', state: 'ok', figures: {} }
  }

  stop(): Promise<void> {
    this.#stopped = true
    this.#port.close()
    return Promise.resolve()
  }

  #read(reader: JournalReader, from: number, maxBytes: number): Batch {
    // The clock is read before the head: everything received before it is then below the head.
    const clock = this.clock.now()
    const head = this.head()
    const { entries, next, receivedAt, damaged } = reader.read(from, head, maxBytes)
    for (const damage of damaged) void this.#call('damaged', damage)
    return { entries, next, damaged, clock: next >= head ? clock : receivedAt }
  }
}
