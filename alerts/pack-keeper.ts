import { basename } from 'node:path'
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import type { PackFault } from '../core/alarm-book.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { RecordEntry } from '../core/record.ts'
import { packChanges, readPacks, restatement, watchPacks, type LastGood } from './packs.ts'
import type { RulebookRow } from './rulebook.ts'

type Parts = {
  dirs: string[]
  clock: Clock
  log: Log
  rows: () => RulebookRow[]
  /** Resolves once the entries are in the record and the rules are in force. */
  record: (entries: { entry: RecordEntry; key?: string }[]) => Promise<void>
}

/** Keeps the rules of the pack files in force: at the start, when a file changes, when a person's rule is taken back. */
export class PackKeeper {
  #parts: Parts
  #faults: PackFault[] = []
  #lastGood: LastGood = new Map()
  #work: Promise<void> = Promise.resolve()
  #watch: { close(): void } | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get faults(): PackFault[] {
    return this.#faults
  }

  async start(): Promise<void> {
    const { dirs, log } = this.#parts
    await this.sync()
    const trouble = (error: Error) => log.warn('pack folder cannot be watched', { reason: error.message })
    this.#watch = watchPacks(dirs, () => void this.sync().catch(() => undefined), trouble)
  }

  /** One after the other: each looks at what the one before put in force. */
  sync(): Promise<void> {
    const next = this.#work.then(() => this.#sync())
    this.#work = next.catch((error: Error) => {
      this.#parts.log.error('packs could not be put in force', { reason: error.message })
    })
    return next
  }

  /** A person's rule was taken back: the pack's, which stands again, is recorded as doing so at once; then its file is looked at. */
  restate(row: RulebookRow): void {
    if (!this.#watch) return
    const stated = restatement(row)
    this.#work = this.#work
      .then(() => (stated ? this.#parts.record([stated]) : undefined))
      .catch((error: Error) => this.#parts.log.error('pack rule could not be put back', { reason: error.message }))
    void this.sync().catch(() => undefined)
  }

  stop(): void {
    this.#watch?.close()
  }

  async #sync(): Promise<void> {
    const { dirs, clock, log, rows, record } = this.#parts
    await yieldToOthers()
    const packs = readPacks(dirs, this.#lastGood)
    const before = this.#faults
    this.#faults = packs.faults.map(({ file, line, reason }): PackFault => {
      const name = basename(file)
      const known = before.find((one) => one.file === name && one.line === line && one.reason === reason)
      return known ?? { file: name, line, reason, since: clock.now() }
    })
    const fresh = this.#faults.filter((fault) => !before.includes(fault))
    for (const { file, line, reason } of fresh) log.warn('pack refused', { file, line, reason })
    const refused = fresh.map(({ file, line, reason }) => ({ entry: { kind: 'pack.refused', file, line, reason } as const }))
    const changes = packChanges(packs, rows())
    if (changes.length > 0) log.info('rules of packs put in force', { rules: changes.length })
    if (refused.length + changes.length > 0) await record([...refused, ...changes])
  }
}
