import type { Shadow, ShadowQuestion } from '../../core/backtest.ts'
import { Unavailable } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { ShadowRun } from './shadow.ts'
import type { Source } from './source.ts'

/** Each judges every reading twice more; so many leave the present its share of the machine. */
const AT_ONCE = 4
const EVERY_MS = 1_000
/** What failed is tried again after so many rounds. */
const RETRY_ROUNDS = 30

/** Versions that run in shadow, kept at the head of the journal. */
export class Shadows {
  #source: Source
  #zone: string
  #log: Log
  #runs = new Map<string, ShadowRun>()
  #timer: NodeJS.Timeout
  #round = 0

  constructor(source: Source, zone: string, log: Log) {
    this.#source = source
    this.#zone = zone
    this.#log = log
    this.#timer = setInterval(() => {
      const isRetry = ++this.#round % RETRY_ROUNDS === 0
      for (const [id, run] of this.#runs) if (!run.hasEnded && (!run.hasFailed || isRetry)) this.#follow(id, run)
    }, EVERY_MS).unref()
  }

  /** How it is; the first who asks begins it. */
  ask(question: ShadowQuestion): Shadow {
    let run = this.#runs.get(question.id)
    if (!run) {
      if ([...this.#runs.values()].filter(({ hasEnded }) => !hasEnded).length >= AT_ONCE) {
        throw new Unavailable('busy', `${AT_ONCE} versions run in shadow already: decide about one of them first`)
      }
      this.#runs.set(question.id, (run = new ShadowRun(this.#source, question, this.#zone)))
      this.#follow(question.id, run)
    }
    return run.answer()
  }

  end(id: string): void {
    this.#runs.get(id)?.stop()
    this.#runs.delete(id)
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const id of this.#runs.keys()) this.end(id)
  }

  #follow(id: string, run: ShadowRun): void {
    run.follow().catch((error: Error) => this.#log.error('a version could not be judged in shadow', { id, stack: error.stack }))
  }
}
