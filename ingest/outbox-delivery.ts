import type { Log } from '../core/log.ts'
import type { Quarantined } from '../core/quarantine.ts'
import { Unavailable } from '../core/errors.ts'
import { quarantineDraft } from '../journal/codec.ts'
import type { Journal } from '../journal/journal.ts'
import type { OutboxBook } from './outbox-book.ts'
import { ArchiveAway, ArchiveRefuses, LinesRefused, type AcceptedReading, type Archive } from './stores/store.ts'

/** A reading on its way, with its place in the journal. */
export type Outgoing = AcceptedReading & { pos: number }

/** How long to wait before trying again: doubled each time, up to a most. Where somebody must act first, `holdMs`. */
export type Backoff = { firstMs: number; mostMs: number; holdMs: number }
const patience: Backoff = { firstMs: 250, mostMs: 5_000, holdMs: 5_000 }
const LONGEST_RETRY_AFTER_MS = 60_000
/** Old readings further apart are looked up apart. */
const LOOK_UP_MS = 3_600_000

/** Why nothing arrives at the moment; `holds`: it will not, until somebody changes a setting. */
export type Trouble = { since: number; reason: string; holds: boolean }

type Options = {
  archive: Archive
  journal: Journal
  book: OutboxBook
  log: Log
  stopping: Promise<void>
  backoff?: Backoff
}

/** Brings readings to the archive and does not give up; a line it never takes goes to quarantine, alone. */
export class Delivery {
  trouble: Trouble | null = null
  readonly figures = { requests: 0, failures: 0, quarantined: 0 }
  #archive: Archive
  #journal: Journal
  #book: OutboxBook
  #log: Log
  #stopping: Promise<void>
  #stopped = false
  #backoff: Backoff

  constructor({ archive, journal, book, log, stopping, backoff = patience }: Options) {
    this.#archive = archive
    this.#journal = journal
    this.#book = book
    this.#log = log
    this.#stopping = stopping
    this.#backoff = backoff
    void stopping.then(() => (this.#stopped = true))
  }

  /** True once every reading is with the archive or in quarantine; false when it is to stop before that. */
  async deliver(readings: Outgoing[]): Promise<boolean> {
    const fresh = await this.#unlessThere(readings)
    return fresh !== null && this.#send(fresh)
  }

  async #send(readings: Outgoing[]): Promise<boolean> {
    if (readings.length === 0) return true
    const lines = readings.map((reading) => this.#archive.line(reading))
    let refused: LinesRefused | null = null
    const arrived = await this.#untilItWorks(async () => {
      this.figures.requests++
      try {
        await this.#archive.send(lines)
      } catch (error) {
        if (!(error instanceof LinesRefused)) throw error
        refused = error
      }
    })
    if (!arrived || !refused) return arrived
    if (readings.length > 1) {
      const half = readings.length >> 1
      return (await this.#send(readings.slice(0, half))) && this.#send(readings.slice(half))
    }
    const { message } = refused as LinesRefused
    return this.#quarantine(readings[0]!, 'not-archived', `InfluxDB does not take this reading: ${message}`, lines[0]!)
  }

  /**
   * Readings so old that the store of this machine may have forgotten an earlier one of the same time are compared with what
   * the archive has: the first one stands.
   */
  async #unlessThere(readings: Outgoing[]): Promise<Outgoing[] | null> {
    const since = this.#book.localSince
    const old = readings.filter(({ measuredAt }) => measuredAt < since)
    if (old.length === 0) return readings
    const there = new Set<Outgoing>()
    for (const stretch of stretchesOf(old)) {
      const standing = new Map<number, number>()
      const selection = { series: [stretch[0]!.series], from: stretch[0]!.measuredAt, to: stretch.at(-1)!.measuredAt + 1 }
      const point = (at: number, value: number) => standing.set(at, value).size > 0
      if (!(await this.#untilItWorks(() => this.#archive.readings(selection, { begin() {}, point })))) return null
      for (const reading of stretch) {
        const value = standing.get(reading.measuredAt)
        if (value === undefined) continue
        there.add(reading)
        if (value === reading.value) continue
        const message = `${reading.series.metric} measured at ${reading.measuredAt} is ${value} already, so ${reading.value} was not stored`
        if (!(await this.#quarantine(reading, 'conflicting-resend', message, String(reading.value)))) return null
      }
    }
    return readings.filter((reading) => !there.has(reading))
  }

  /** True when it worked, false when it is to stop before that. */
  async #untilItWorks(attempt: () => Promise<void>): Promise<boolean> {
    for (let wait = this.#backoff.firstMs; !this.#stopped; wait = Math.min(2 * wait, this.#backoff.mostMs)) {
      try {
        await Promise.race([attempt(), this.#stopping])
        if (this.#stopped) return false
        this.#works()
        return true
      } catch (error) {
        if (!(error instanceof ArchiveAway || error instanceof ArchiveRefuses || error instanceof Unavailable)) throw error
        const holds = error instanceof ArchiveRefuses || error.code === 'influx-refused'
        this.#fails(error.message, holds)
        const asked = Math.min(Number(error.details['retryAfterMs'] ?? 0), LONGEST_RETRY_AFTER_MS)
        await this.#pause(Math.max(holds ? this.#backoff.holdMs : wait, asked))
      }
    }
    return false
  }

  #works(): void {
    if (!this.trouble) return
    const awayMs = this.#journal.clock.now() - this.trouble.since
    this.#log.info('InfluxDB takes readings again', { awayMs })
    this.trouble = null
  }

  #fails(reason: string, holds: boolean): void {
    this.figures.failures++
    if (this.trouble?.reason === reason) return
    if (!this.trouble || holds) {
      const text = holds
        ? 'InfluxDB refuses the platform: look at its address, token and bucket; readings wait'
        : 'InfluxDB does not take readings; they wait and are sent again'
      this.#log.warn(text, { reason })
    }
    this.trouble = { since: this.trouble?.since ?? this.#journal.clock.now(), reason, holds }
  }

  async #quarantine(reading: Outgoing, code: Quarantined['code'], message: string, line: string): Promise<boolean> {
    const { series, about, receivedAt } = reading
    const bytes = Buffer.from(line)
    const draft = quarantineDraft({
      receivedAt,
      deviceId: series.device,
      enterpriseId: about.enterprise || null,
      source: `device:${series.device}`,
      topic: null,
      code,
      message,
      position: null,
      key: series.metric,
      bytes: bytes.length,
      payload: bytes.toString('base64'),
    })
    const kept = await this.#untilItWorks(() => this.#journal.append([draft]).then(() => undefined))
    if (kept) this.figures.quarantined++
    return kept
  }

  async #pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([new Promise((resolve) => (timer = setTimeout(resolve, ms))), this.#stopping])
    clearTimeout(timer)
  }
}

/** Readings of one series that are near each other in time, in order. */
function stretchesOf(readings: Outgoing[]): Outgoing[][] {
  const stretches: Outgoing[][] = []
  const inOrder = readings.toSorted((a, b) => a.series.id - b.series.id || a.measuredAt - b.measuredAt)
  for (const reading of inOrder) {
    const last = stretches.at(-1)?.at(-1)
    if (last?.series === reading.series && reading.measuredAt - last.measuredAt < LOOK_UP_MS) stretches.at(-1)!.push(reading)
    else stretches.push([reading])
  }
  return stretches
}
