import type { Author } from '../core/record.ts'
import type { StartStep } from '../core/start.ts'
import { readRecordEntry } from '../journal/codec.ts'
import type { Entry, Journal } from '../journal/journal.ts'
import type { Recorder } from './recorder.ts'

/** Which steps of the first login somebody left out knowingly. Only this process writes them. */
export class StartSteps {
  #journal: Journal
  #recorder: Recorder
  #skipped = new Set<StartStep>()
  #loading: Promise<void> | null = null

  constructor(journal: Journal, recorder: Recorder) {
    this.#journal = journal
    this.#recorder = recorder
  }

  async skipped(): Promise<ReadonlySet<StartStep>> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null
      throw error
    })
    await this.#loading
    return this.#skipped
  }

  set(step: StartStep, skipped: boolean, by: Author): Promise<void> {
    return this.#recorder.inTurn('start', async () => {
      if ((await this.skipped()).has(step) === skipped) return
      await this.#recorder.write([{ kind: 'start.step', step, skipped, by }])
      this.#note(step, skipped)
    })
  }

  async #load(): Promise<void> {
    for (const entry of await this.#journal.readRecord(1, ['start.step'])) this.#take(entry)
  }

  #take(entry: Entry): void {
    const said = readRecordEntry(entry)
    if (said.kind === 'start.step') this.#note(said.step, said.skipped)
  }

  #note(step: StartStep, skipped: boolean): void {
    if (skipped) this.#skipped.add(step)
    else this.#skipped.delete(step)
  }
}
