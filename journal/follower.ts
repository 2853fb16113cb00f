import type { Batch } from './journal.ts'

/** Keeps at most this much of what was just flushed for a follower that is busy; beyond it, it reads from the files. */
const KEEP_BYTES = 4 << 20

/** A reader in the writer's own thread: takes just-flushed groups from memory while it keeps up, else from the files. */
export class LocalFollower {
  #next: number
  #handle: (batch: Batch) => void | Promise<void>
  #read: (from: number) => Batch
  #head: () => number
  #offered: Batch[] = []
  #offeredFrom = 0
  #offeredBytes = 0
  #running = false
  #idle: (() => void)[] = []
  #stopped = false
  #again = false

  constructor(from: number, handle: (batch: Batch) => void | Promise<void>, read: (from: number) => Batch, head: () => number) {
    this.#next = from
    this.#handle = handle
    this.#read = read
    this.#head = head
  }

  /** A group that has just become durable and begins at `from`. */
  offer(from: number, batch: Batch): void {
    const bytes = batch.entries.reduce((sum, { payload }) => sum + payload.byteLength, 0)
    if (this.#offered.length === 0) {
      this.#offeredFrom = from
      this.#offeredBytes = 0
    }
    if (this.#offeredBytes + bytes > KEEP_BYTES && this.#offered.length > 0) {
      this.#offered = []
      this.#offeredBytes = 0
    } else {
      this.#offered.push(batch)
      this.#offeredBytes += bytes
    }
    this.wake()
  }

  wake(): void {
    this.#again = true
    if (this.#running || this.#stopped) return
    this.#running = true
    // Not a promise kept in a field: a handler that returns nothing lets the whole run end before the call comes back.
    this.#run().then(
      () => this.#idle.splice(0).forEach((resolve) => resolve()),
      (error: unknown) =>
        setImmediate(() => {
          throw error // in shared state a bug ends the process, loudly
        }),
    )
  }

  /** Resolves when the batch being handled is done with; no further one follows. */
  stop(): Promise<void> {
    this.#stopped = true
    return this.#running ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve()
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      do {
        const batch = this.#take()
        this.#next = batch.next
        const handled = this.#handle(batch)
        if (handled) await handled
      } while (!this.#stopped && this.#next < this.#head())
    }
    this.#running = false
  }

  #take(): Batch {
    if (this.#offered.length > 0 && this.#offeredFrom === this.#next) {
      const batch = this.#offered.shift()!
      this.#offeredFrom = batch.next
      return batch
    }
    this.#offered = []
    return this.#read(this.#next)
  }
}
