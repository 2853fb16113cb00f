/** How long work may hold the thread before others get their turn. */
const SLICE_MS = 4

/** Long work asks now and then whether it is time to let others in. */
export class Pace {
  #since = performance.now()

  get due(): boolean {
    return performance.now() - this.#since > SLICE_MS
  }

  async rest(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#since = performance.now()
  }
}
