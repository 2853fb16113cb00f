import { setTimeout as pause } from 'node:timers/promises'
import { PlatformError } from '../core/errors.ts'
import type { Draft, Journal } from '../journal/journal.ts'

const RETRY_MS = 100

/**
 * Writes decisions into the record in the order they were made: one append at a time, everything decided meanwhile in the next.
 * A full journal is waited out, never skipped.
 */
export class ChangeWriter {
  #journal: Journal
  #queue: Draft[] = []
  #writing: Promise<void> | null = null
  #stopped = false
  written = 0

  constructor(journal: Journal) {
    this.#journal = journal
  }

  add(drafts: Draft[]): void {
    if (drafts.length === 0) return
    this.#queue.push(...drafts)
    this.#start()
  }

  get pending(): number {
    return this.#queue.length
  }

  /** Everything added so far is on disk. */
  async flushed(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  stop(): void {
    this.#stopped = true
  }

  #start(): void {
    if (this.#writing || this.#queue.length === 0 || this.#stopped) return
    this.#writing = this.#write().finally(() => {
      this.#writing = null
      this.#start()
    })
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stopped) {
      const drafts = this.#queue.slice(0, 1000)
      try {
        await this.#journal.append(drafts)
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== 'journal-full') throw error
        await pause(RETRY_MS)
        continue
      }
      this.written += drafts.length
      this.#queue.splice(0, drafts.length)
    }
  }
}
