/** How long work may hold the thread before others get their turn. */
const SLICE_MS = 4

/** The clock is looked at this often: looking takes longer than a small piece of work. */
const LOOK_EVERY = 16

/** Long work asks now and then, after each small piece of it, whether it is time to let others in. */
export class Pace {
  #since = performance.now()
  #asked = 0

  get due(): boolean {
    return ++this.#asked % LOOK_EVERY === 0 && performance.now() - this.#since > SLICE_MS
  }

  async rest(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#since = performance.now()
  }
}
