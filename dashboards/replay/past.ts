import { NotFound, Unavailable } from '../../core/errors.ts'
import type { KnownQuery, KnownReadings } from '../../core/history.ts'
import type { Mode } from '../../core/mode.ts'
import type { Entry } from '../../journal/journal.ts'
import { placeBefore, recordPlace, type Place } from '../../journal/moments.ts'
import { JournalReader } from '../../journal/reader.ts'
import { entriesAndBreaths } from '../../journal/record-reader.ts'
import { readRecordEntry } from '../../journal/codec.ts'
import { Sight } from '../sight.ts'
import { Drawing } from './drawing.ts'
import type { ChangeQuestion, WallMoment, WallQuestion } from './question.ts'
import { RecordFold } from './record-fold.ts'
import { View } from './view.ts'

export type PastOptions = {
  /** folder of the journal's files */
  dir: string
  knownAt: (query: KnownQuery) => Promise<KnownReadings>
  /** for deadlines only */
  elapsedMs: () => number
  /** most of the journal that is read to reach a moment; what lies before comes from history */
  windowBytes?: number
  longestMs?: number
}

const WINDOW_BYTES = 64 << 20
const CHUNK = 1 << 20
const LONGEST_MS = 20_000
const HOUR_MS = 3_600_000
const FOLDS_KEPT = 3
const KNOWN_KEPT = 2

const nothingYet = (at: number) => new NotFound('nothing had been recorded by then: the record begins later', { at })
const stillReading = () =>
  new Unavailable('catching-up', 'the way to that moment is long and not all of it has been read yet: ask again')

/**
 * What walls showed at moments that have passed. A moment is reached by running the live projection over the journal as it came in; what
 * lies before the stretch that is run is the record folded up and the readings known by then. Asked one question at a time.
 */
export class Past {
  #options: Required<PastOptions>
  #folds: RecordFold[] = []
  #known = new Map<string, Promise<KnownReadings>>()
  #view: View | null = null
  /** when the last entry at or before the moment was received */
  #lastAt = 0

  constructor(options: PastOptions) {
    this.#options = { windowBytes: WINDOW_BYTES, longestMs: LONGEST_MS, ...options }
  }

  async wallAt(question: WallQuestion): Promise<WallMoment> {
    const { mode, at, throughPos } = question
    const until = this.#options.elapsedMs() + this.#options.longestMs
    const place = placeBefore(this.#options.dir, at, this.#options.windowBytes)
    const view = this.#standing(mode, at, place) ?? (await this.#begin(mode, at, place, throughPos, until))
    const started = view.source === 'journal' ? await this.#goTo(view, at, throughPos, until) : false
    const drawing = new Drawing(view, question, new Sight(question.sight, view.directory.registry))
    return drawing.moment(started ? (view.stoppedSince ?? this.#lastAt) : view.stoppedSince)
  }

  /** Looks through the record hour by hour, each look longer than the one before. */
  async changeNear({ direction, ...question }: ChangeQuestion): Promise<number | null> {
    const { at } = question
    const until = this.#options.elapsedMs() + this.#options.longestMs
    const fold = new RecordFold()
    // Whose an alarm is says the registry; of the sight only where an enterprise lies then.
    if (question.sight.regions.length + question.sight.sectors.length > 0) {
      const known = await this.#foldTo(question.throughPos, at, question.throughPos, until)
      fold.directory.load([...known.directory.registry.rows()], [])
    }
    const sight = new Sight(question.sight, fold.directory.registry)
    const isShown = (entry: Entry): boolean => {
      if (entry.kind === 'registry.changed') fold.directory.apply(entry)
      if (entry.kind !== 'alarm.changed') return false
      const said = readRecordEntry(entry)
      if (said.kind !== 'alarm.changed' || said.alarm.mode !== question.mode) return false
      const { enterpriseId } = said.alarm
      return question.enterpriseId === null ? sight.covers(enterpriseId) : enterpriseId === question.enterpriseId
    }
    if (direction === 'next') {
      for await (const entry of this.#record(recordPlace(this.#options.dir, at), question.throughPos, until))
        if (entry.receivedAt > at && isShown(entry)) return entry.receivedAt
      return null
    }
    for (let back = HOUR_MS, to = at; to > 0; back *= 8) {
      const from = Math.max(0, at - back)
      let last: number | null = null
      for await (const entry of this.#record(recordPlace(this.#options.dir, from), question.throughPos, until)) {
        if (entry.receivedAt >= to) break
        if (entry.receivedAt >= from && isShown(entry)) last = entry.receivedAt
      }
      if (last !== null) return last
      to = from
    }
    return null
  }

  #standing(mode: Mode, at: number, place: Place | null): View | null {
    const view = this.#view
    if (view?.mode !== mode || view.at > at) return null
    if (view.source === 'history') return view.at === at && !place ? view : null
    return place && view.next >= place.pos ? view : null
  }

  async #begin(mode: Mode, at: number, place: Place | null, throughPos: number, until: number): Promise<View> {
    const fold = await this.#foldTo(place?.pos ?? throughPos, place ? Infinity : at, throughPos, until)
    if (!place && fold.next === 1) throw nothingYet(at)
    const knownAt = place?.receivedAt ?? at
    const seriesBelow = (fold.directory.series.all().at(-1)?.id ?? 0) + 1
    const known = await this.#knownAt({ mode, at: knownAt, seriesBelow, throughPos }, until)
    this.#lastAt = fold.at
    const view = new View(mode, fold, known, place ? 'journal' : 'history', place?.pos ?? fold.next, knownAt)
    if (!place) view.stand(at)
    return (this.#view = view)
  }

  /** True when the next thing that was recorded is a start: the platform was not running. */
  async #goTo(view: View, at: number, throughPos: number, until: number): Promise<boolean> {
    const reader = new JournalReader(this.#options.dir)
    try {
      for (;;) {
        const read = reader.read(view.next, throughPos, CHUNK)
        for (const entry of read.entries) {
          if (entry.receivedAt > at) {
            this.#stand(view, at)
            return entry.kind === 'platform.started'
          }
          view.apply(entry)
          this.#lastAt = entry.receivedAt
        }
        if (read.next <= view.next && read.entries.length === 0) break
        view.next = Math.max(view.next, read.next)
        await this.#breathe(until)
      }
    } finally {
      reader.close()
    }
    this.#stand(view, at)
    return false
  }

  #stand(view: View, at: number): void {
    if (view.next <= 1) throw nothingYet(at)
    view.stand(at)
  }

  /** It goes on also when time is up, and is there for the next try. */
  async #knownAt(query: KnownQuery, until: number): Promise<KnownReadings> {
    if (query.at === 0) return { readings: [], keptSince: 0 }
    const key = `${query.mode} ${query.at}`
    let known = this.#known.get(key)
    if (!known) {
      this.#known.set(key, (known = this.#options.knownAt(query)))
      known.catch(() => this.#known.delete(key))
      for (const old of [...this.#known.keys()].slice(0, -KNOWN_KEPT)) this.#known.delete(old)
    }
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(stillReading()), Math.max(0, until - this.#options.elapsedMs()))
    return Promise.race([known, late.promise]).finally(() => clearTimeout(timer))
  }

  /** The record below `pos` and not later than `at`, from the nearest fold that is kept; what was reached counts also when time is up. */
  async #foldTo(pos: number, at: number, throughPos: number, until: number): Promise<RecordFold> {
    const before = this.#folds.filter((fold) => fold.next <= pos && fold.at <= at).sort((a, b) => b.next - a.next)[0]
    const fold = before?.copy() ?? new RecordFold()
    let hourBefore: RecordFold | null = null
    try {
      for await (const entry of this.#record(fold.next, Math.min(pos, throughPos), until)) {
        if (entry.receivedAt > at) break
        // Going back some minutes must not begin with the first day.
        if (hourBefore === null && entry.receivedAt > at - HOUR_MS) hourBefore = fold.copy()
        fold.apply(entry)
      }
    } finally {
      if (hourBefore && hourBefore.next > 1) this.#keep(hourBefore)
      if (fold.next > 1) this.#keep(fold)
    }
    return fold
  }

  #keep(fold: RecordFold): void {
    this.#folds = [...this.#folds.filter(({ next }) => next !== fold.next), fold].slice(-FOLDS_KEPT)
  }

  async *#record(from: number, throughPos: number, until: number): AsyncGenerator<Entry> {
    let passed = 0
    for (const one of entriesAndBreaths(this.#options.dir, from)) {
      if (one && one.entry.pos >= throughPos) return
      if (!one || ++passed % 2_000 === 0) await this.#breathe(until)
      if (one) yield one.entry
    }
  }

  async #breathe(until: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#options.elapsedMs() > until) throw stillReading()
  }
}
