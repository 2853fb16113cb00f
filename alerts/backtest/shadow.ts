import type { BacktestQuestion, Shadow, ShadowQuestion } from '../../core/backtest.ts'
import { PlatformError } from '../../core/errors.ts'
import { factsOf, prepare, type Prepared } from './run.ts'
import type { Source } from './source.ts'
import { summarise } from './summary.ts'

/**
 * A version judged on the live journal by engines of its own. What they decide goes nowhere but into the answer: there is no record to
 * append to here and no channel to push through. After a restart it begins again at its first moment, and comes to the same answer.
 */
export class ShadowRun {
  readonly #source: Source
  readonly #question: BacktestQuestion
  readonly #id: string
  readonly #zone: string
  #prepared: Prepared | null = null
  #next = 0
  /** the head when the engines were made ready */
  #madeAt = 0
  #clock = 0
  #readings = 0
  #failure: string | null = null
  /** what it found by its end; its engines are gone then */
  #ended: Shadow | null = null
  #working: Promise<void> | null = null
  #stopped = false

  constructor(source: Source, { id, mode, from, until = Infinity, rule }: ShadowQuestion, zone: string) {
    this.#source = source
    this.#id = id
    this.#zone = zone
    this.#question = { mode, from, to: until, rule, incidents: [] }
  }

  /** Goes on to the head of the journal; who calls while it is on its way waits for that. */
  follow(): Promise<void> {
    this.#working ??= this.#follow()
      .catch((error: Error) => {
        this.#failure = error.message
        this.#prepared = null
        if (!(error instanceof PlatformError)) throw error
      })
      .finally(() => (this.#working = null))
    return this.#working
  }

  answer(): Shadow {
    const id = this.#id
    if (this.#ended) return this.#ended
    if (this.#failure !== null) return { id, state: 'failed', reason: this.#failure }
    const prepared = this.#prepared
    if (!prepared || this.#clock === 0) {
      const [start, head] = [prepared?.start ?? 0, this.#source.head()]
      return { id, state: 'catching-up', progress: prepared ? Math.min(1, (this.#next - start) / Math.max(1, head - start)) : 0 }
    }
    // Times of ticks reach the clock itself, and a range ends before its `to`.
    const question = { ...prepared.question, to: Math.max(this.#clock, prepared.question.from) + 1 }
    const result = summarise(question, this.#zone, { ...factsOf(prepared), readings: this.#readings })
    return { id, state: 'running', at: this.#clock, result }
  }

  get hasEnded(): boolean {
    return this.#ended !== null
  }

  get hasFailed(): boolean {
    return this.#failure !== null
  }

  stop(): void {
    this.#stopped = true
  }

  async #follow(): Promise<void> {
    if (this.#ended) return
    this.#failure = null
    this.#prepared ??= await this.#begin()
    let rulesChanged = false
    for (;;) {
      const batch = await this.#source.read(this.#next)
      for (const entry of batch.entries) {
        if (entry.receivedAt >= this.#question.to) return this.#end()
        if (entry.kind === 'block') this.#readings += entry.count
        if (entry.kind === 'rule.set' || entry.kind === 'rule.removed') rulesChanged ||= this.#isNews(entry.pos)
        for (const replay of this.#prepared.replays) replay.apply(entry)
      }
      const isAtHead = batch.next <= this.#next || batch.next >= this.#source.head()
      this.#next = Math.max(this.#next, batch.next)
      if (isAtHead) {
        // Everything before the end is in once time has come so far.
        if (batch.clock >= this.#question.to) return this.#end()
        for (const replay of this.#prepared.replays) replay.advance(batch.clock)
        this.#clock = batch.clock
        break
      }
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#stopped) return
    }
    // It stands beside the rules in force; when those change, what it would have raised is judged anew.
    if (rulesChanged) this.#prepared = null
  }

  #end(): void {
    for (const replay of this.#prepared!.replays) replay.advance(this.#question.to)
    this.#clock = this.#question.to
    const now = this.answer()
    if (now.state === 'running') this.#ended = { ...now, state: 'ended' }
    this.#prepared = null
  }

  /** Changes before the engines were made ready are in them. */
  #isNews(pos: number): boolean {
    return pos >= this.#madeAt
  }

  async #begin(): Promise<Prepared> {
    this.#madeAt = this.#source.head()
    this.#clock = 0
    this.#readings = 0
    const prepared = await prepare(this.#source, this.#question, this.#question.to)
    this.#next = prepared.start
    return prepared
  }
}
